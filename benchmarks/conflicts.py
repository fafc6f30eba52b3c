"""How often the candidates made without a model hold what a person made of a conflict.

`python -m benchmarks.conflicts FILE [--half learn|judge|all] [--learn]`: FILE is a corpus of real
conflicts (see `benchmarks.corpus`). The rank table is learned on one half only (`--learn` writes
it) and judged on the other. Merging by tokens alone is the baseline.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import Case, Half, Sameness, by_hand, groups, load, place
from benchmarks.measure import RESULTS, CannotMeasureError, Finding, benchmark, report
from benchmarks.weights import choices, learned, write
from ropewalk.merging.resolve.alignment import myers
from ropewalk.merging.resolve.candidates import METHODS, candidates
from ropewalk.merging.resolve.features import unspaced
from ropewalk.merging.resolve.parse import marked_line, why_unparsable
from ropewalk.merging.resolve.regions import cut
from ropewalk.merging.resolve.tokens import Manner, Sides, token_merges

_FIRST = (1, 4, 16)
_GOALS = {1: 35.0, 16: 55.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one case: where the person's text is, by each way to compare."""

    case: Case
    contents: tuple[bytes, ...]
    places: dict[Sameness, int | None]
    baseline: dict[Sameness, int | None]
    parsed: int
    must_parse: bool
    took_s: float

    @property
    def is_wrong_but_parses(self) -> bool:
        """Whether the first candidate looks sound and is not what the person made."""
        path = self.case.conflict.path
        return (
            bool(self.contents)
            and self.places[Sameness.SPACE] != 0
            and why_unparsable(path, self.contents[0]) is None
        )


def see(case: Case) -> Seen:
    conflict = case.conflict
    started = time.perf_counter()
    contents = tuple(each.content for each in candidates(conflict, limit=max(_FIRST)))
    took = time.perf_counter() - started
    sides = Sides(base=conflict.base or b"", ours=conflict.ours, theirs=conflict.theirs)
    merged = token_merges(sides, Manner(align=myers, touching=True), ())
    alone = tuple(text for _, text in merged)
    return Seen(
        case=case,
        contents=contents,
        places={each: place(contents, case.resolved, each) for each in Sameness},
        baseline={each: place(alone, case.resolved, each) for each in Sameness},
        parsed=sum(why_unparsable(conflict.path, each) is None for each in contents),
        must_parse=any(
            why_unparsable(conflict.path, each) is None for each in (sides.ours, sides.theirs)
        ),
        took_s=took,
    )


def worth(cases: Sequence[Case]) -> tuple[int, dict[str, tuple[int, int]]]:
    """Return the regions whose resolution is known, and for each method those it found.

    The second figure of a method counts the regions that no other method found.
    """
    found, alone, regions = Counter[str](), Counter[str](), 0
    for case in cases:
        parts = cut(case.conflict)
        for region, lines in zip(parts.regions, by_hand(parts, case.resolved), strict=True):
            if lines is None:
                continue
            regions += 1
            wanted = unspaced(lines)
            hits = [
                name
                for name, method in METHODS
                if any(unspaced(offer.lines) == wanted for offer in method(region))
            ]
            found.update(hits)
            alone.update(hits if len(hits) == 1 else ())
    return regions, {name: (found[name], alone[name]) for name, _ in METHODS}


def table(seen: Sequence[Seen]) -> list[str]:
    rows = [
        f"{'kind':<8}{'files':>6}  {'tokens':>12}" + "".join(f"{f'in {n}':>14}" for n in _FIRST)
    ]
    for group, cases in groups([one.case for one in seen]):
        ids = {case.id for case in cases}
        some = [one for one in seen if one.case.id in ids]
        cells = [_cell(_within(some, first, Sameness.SPACE), len(some)) for first in _FIRST]
        alone = _cell(sum(one.baseline[Sameness.SPACE] == 0 for one in some), len(some))
        rows.append(f"{group:<8}{len(some):>6}  {alone:>12}" + "".join(f"{c:>14}" for c in cells))
    return rows


def _within(seen: Sequence[Seen], first: int, sameness: Sameness) -> int:
    places = (one.places[sameness] for one in seen)
    return sum(place is not None and place < first for place in places)


def _cell(count: int, of: int) -> str:
    return f"{count} ({100 * count / of:.1f} %)"


def measure(file: Path, half: Half, *, folder: Path = RESULTS) -> None:
    cases = load(file, half)
    if not cases:
        raise CannotMeasureError(f"{file} has no case in this half")
    seen = [see(case) for case in cases]
    regions, methods = worth(cases)
    print(f"{half} half: {len(cases)} files; the same means: {Sameness.SPACE}")
    print("\n".join(table(seen)))
    print(f"\nmethods: of {regions} regions found, found by no other")
    for name, (found, alone) in sorted(methods.items(), key=lambda item: -item[1][0]):
        print(f"  {name:<40}{found:>5}{alone:>5}")
    report(
        f"conflicts_{half}",
        _findings(seen),
        figures=_figures(seen, regions, methods),
        notes=_notes(seen),
        folder=folder,
    )


def _findings(seen: Sequence[Seen]) -> list[Finding]:
    return [
        Finding(
            what=f"the person's text not among the first {first}",
            against="all files",
            measured=100 - 100 * _within(seen, first, Sameness.SPACE) / len(seen),
            goal=100 - _GOALS[first] if first in _GOALS else None,
            unit="%",
        )
        for first in _FIRST
    ]


def _notes(seen: Sequence[Seen]) -> list[str]:
    notes = []
    for sameness in Sameness:
        counts = ", ".join(f"{_within(seen, first, sameness)} in {first}" for first in _FIRST)
        alone = sum(one.baseline[sameness] == 0 for one in seen)
        notes.append(f"{sameness}: {counts}; tokens alone {alone}")
    wrong = sum(one.is_wrong_but_parses for one in seen)
    notes.append(f"first candidate parses and is not the person's: {wrong} of {len(seen)} files")
    python = [one for one in seen if one.case.group == "python"]
    readable = [one for one in python if one.must_parse]
    made, parsed = sum(len(one.contents) for one in readable), sum(one.parsed for one in readable)
    notes.append(
        f"Python candidates that parse: {parsed} of {made} in {len(readable)} files of which a "
        f"side parses; in {len(python) - len(readable)} files neither does"
    )
    marked = sum(marked_line(text) is not None for one in seen for text in one.contents)
    notes.append(f"candidates with conflict markers: {marked}")
    times = sorted(one.took_s for one in seen)
    notes.append(
        f"time for a file: median {times[len(times) // 2]:.2f} s, longest {times[-1]:.2f} s, "
        f"all {sum(times):.0f} s"
    )
    return notes


def _figures(
    seen: Sequence[Seen], regions: int, methods: dict[str, tuple[int, int]]
) -> dict[str, object]:
    return {
        "files": len(seen),
        "by_kind": {
            group: {
                str(first): _within(
                    [one for one in seen if one.case in cases], first, Sameness.SPACE
                )
                for first in _FIRST
            }
            | {"files": len(cases)}
            for group, cases in groups([one.case for one in seen])
        },
        "regions": regions,
        "methods": {name: {"found": f, "alone": a} for name, (f, a) in methods.items()},
    }


def learn(file: Path) -> None:
    cases = load(file, Half.LEARN)
    seen = tuple(choices(cases))
    weights = learned(seen)
    path = write(weights, regions=len(seen), files=len(cases))
    print(f"{len(weights)} weights from {len(seen)} regions of {len(cases)} files -> {path}")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conflicts", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="the corpus, gzipped JSON lines")
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.JUDGE)
    parser.add_argument("--learn", action="store_true", help="write the rank table instead")
    options = parser.parse_args(argv)
    if options.learn:
        return benchmark(lambda: learn(options.file))
    return benchmark(lambda: measure(options.file, options.half))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Learns the weights of the rank table: which of the options of a region a person would take.

A conditional logit: the chance of an option is its exponentiated score over the sum of all
options' of its region. The weights are those that make the persons' choices likeliest, each held
back by a penalty, so that what was seen a few times weighs little. No randomness, no dependency.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from pathlib import Path

from benchmarks.corpus import Case, by_hand
from ropewalk.merging.resolve import rank_table
from ropewalk.merging.resolve.candidates import offered
from ropewalk.merging.resolve.features import unspaced
from ropewalk.merging.resolve.rank import score
from ropewalk.merging.resolve.regions import cut

PENALTY = 2.0
_STEPS = 150
_RATE = 0.5
_SMALLEST = 0.005
_TABLE = '''"""The weights by which candidates are ranked, measured on real conflicts; see `rank`.

Written by `python -m benchmarks.conflicts FILE --learn`: fitted to {regions} regions of {files}
files in conflict, half of a corpus from public histories, and to what the maintainers committed.
How well they do is measured on the other half. A weight is what a feature adds to the logarithm
of the odds.
"""

from collections.abc import Mapping

WEIGHTS: Mapping[str, float] = {{
{lines}
}}
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was found of each option of a region, and the number of the one a person took."""

    found: tuple[Mapping[str, float], ...]
    taken: int


def choices(cases: Sequence[Case]) -> Iterator[Choice]:
    """Yield the regions of which one option is what the person made of it."""
    for case in cases:
        parts = cut(case.conflict)
        hands = by_hand(parts, case.resolved)
        for region, lines in zip(parts.regions, hands, strict=True):
            if lines is None:
                continue
            options = offered(region)
            wanted = unspaced(lines)
            taken = [at for at, each in enumerate(options) if unspaced(each.texts[0]) == wanted]
            if taken:
                yield Choice(found=tuple(each.features for each in options), taken=taken[0])


def learned(seen: Sequence[Choice], *, penalty: float = PENALTY) -> dict[str, float]:
    """Return the weights that make the choices likeliest (steps sized by each weight's past)."""
    weights: defaultdict[str, float] = defaultdict(float)
    past: defaultdict[str, float] = defaultdict(float)
    for _ in range(_STEPS):
        slope: defaultdict[str, float] = defaultdict(float)
        for choice in seen:
            for chance, is_taken, found in _chances(choice, weights):
                for name, value in found.items():
                    slope[name] += (chance - is_taken) * value
        for name in sorted(slope):
            step = slope[name] + penalty * weights[name]
            past[name] += step * step
            weights[name] -= _RATE * step / sqrt(past[name] + 1e-9)
    return {
        name: round(weights[name], 2) for name in sorted(weights) if abs(weights[name]) >= _SMALLEST
    }


def write(weights: Mapping[str, float], *, regions: int, files: int) -> Path:
    """Write the table into the package; return where."""
    path = Path(rank_table.__file__)
    lines = "\n".join(f'    "{name}": {weight},' for name, weight in weights.items())
    path.write_text(_TABLE.format(lines=lines, regions=regions, files=files), encoding="utf-8")
    return path


def _chances(
    choice: Choice, weights: Mapping[str, float]
) -> Iterator[tuple[float, bool, Mapping[str, float]]]:
    scores = [score(found, weights) for found in choice.found]
    top = max(scores)
    powers = [exp(each - top) for each in scores]
    whole = sum(powers)
    for at, (power, found) in enumerate(zip(powers, choice.found, strict=True)):
        yield power / whole, at == choice.taken, found

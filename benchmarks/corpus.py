"""A corpus of conflicts with what people made of them, and where that stands among candidates.

One JSON object a line, gzipped: id, kind, base, ours, theirs, resolved. A half of it is for
learning, the other for judging; the id decides which, so that it never changes.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.measure import CannotMeasureError
from ropewalk.merging.resolve.alignment import myers
from ropewalk.merging.resolve.features import unspaced
from ropewalk.merging.resolve.regions import Cut, lines_of
from ropewalk.merging.resolve.values import FileConflict, Lines

_ENDINGS = {"python": ".py", "text": ""}
_GROUPS = {"python": "python", "rst": "rst"}
_RUN = re.compile(rb"[ \t\r\n\f\v]+")
_FIELDS = ("id", "kind", "base", "ours", "theirs", "resolved")


class Half(StrEnum):
    LEARN = "learn"
    JUDGE = "judge"
    ALL = "all"


class Sameness(StrEnum):
    """What two texts may differ in and still count as the same."""

    SPACE = "all white space removed"
    RUNS = "every run of white space as one blank"
    LINES = "blank lines and white space at line ends removed, indentation kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A conflict and its resolution by a person."""

    id: str
    group: str
    conflict: FileConflict
    resolved: bytes


def load(file: Path, half: Half) -> tuple[Case, ...]:
    """Return the cases of a half of the corpus, in the order of the file."""
    try:
        with gzip.open(file, "rb") as stream:
            cases = [_case(json.loads(line)) for line in stream if line.strip()]
    except (OSError, EOFError, ValueError, KeyError) as error:
        fields = ", ".join(_FIELDS)
        raise CannotMeasureError(
            f"{file} is not a gzipped file of JSON lines with {fields}: {error}"
        ) from error
    return tuple(case for case in cases if half in (Half.ALL, _half(case.id)))


def same_as(text: bytes, sameness: Sameness) -> bytes:
    """Return what a text is compared by."""
    match sameness:
        case Sameness.SPACE:
            return unspaced((text,))
        case Sameness.RUNS:
            return _RUN.sub(b" ", text).strip()
        case Sameness.LINES:
            lines = (line.rstrip() for line in text.split(b"\n"))
            return b"\n".join(line for line in lines if line)


def place(contents: Sequence[bytes], resolved: bytes, sameness: Sameness) -> int | None:
    """Return where the person's text is among ``contents``, from 0; None: nowhere."""
    wanted = same_as(resolved, sameness)
    places = (at for at, each in enumerate(contents) if same_as(each, sameness) == wanted)
    return next(places, None)


def by_hand(parts: Cut, resolved: bytes) -> tuple[Lines | None, ...]:
    """Return what the person put in the place of each region; None where that cannot be told."""
    lines = lines_of(resolved)
    theirs = [unspaced((line,)) for line in lines]
    mine: list[bytes | int] = []
    marks: list[int] = []
    for number, stretch in enumerate(parts.stable):
        mine += [unspaced((line,)) for line in stretch]
        if number < len(parts.regions):
            marks.append(len(mine))
            mine.append(number)
    found = {
        row + step: column + step
        for row, column, count in myers(mine, theirs)
        for step in range(count)
    }
    return tuple(_between(mine, mark, found, lines) for mark in marks)


def _between(
    mine: Sequence[bytes | int], mark: int, found: dict[int, int], lines: Lines
) -> Lines | None:
    above = next((at for at in range(mark - 1, -1, -1) if mine[at] != b""), -1)
    below = next((at for at in range(mark + 1, len(mine)) if mine[at] != b""), len(mine))
    places = {-1: -1, len(mine): len(lines)} | found
    if above not in places or below not in places:
        return None
    return lines[places[above] + 1 : places[below]]


def _case(fields: dict[str, str]) -> Case:
    kind = fields["kind"]
    base, ours, theirs, resolved = (
        fields[name].encode("utf-8", "surrogateescape")
        for name in ("base", "ours", "theirs", "resolved")
    )
    path = f"file{_ENDINGS.get(kind, f'.{kind}')}"
    return Case(
        id=str(fields["id"]),
        group=_GROUPS.get(kind, "other"),
        conflict=FileConflict(path=path, base=base, ours=ours, theirs=theirs),
        resolved=resolved,
    )


def _half(id_: str) -> Half:
    digest = int(hashlib.sha256(id_.encode()).hexdigest(), 16)
    return Half.LEARN if digest % 2 == 0 else Half.JUDGE


def groups(cases: Sequence[Case]) -> Iterator[tuple[str, tuple[Case, ...]]]:
    """Yield the cases by kind, and all of them."""
    for group in sorted({case.group for case in cases}):
        yield group, tuple(case for case in cases if case.group == group)
    yield "all", tuple(cases)

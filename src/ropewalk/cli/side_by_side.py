"""A region of a conflict in two columns, each side with its own line numbers. Pure.

No line is wider than what is asked for, counted in columns of the screen, and nothing that stands
in a file reaches the terminal but as plain text.
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from ropewalk.cli import words
from ropewalk.model.conflict import ConflictRegion, Excerpt
from ropewalk.report.conflict_words import line_range
from ropewalk.store.text import safe_text

MOST_LINES: Final = 6
_BETWEEN: Final = " │ "
_TAB: Final = 4
_BEFORE: Final = 12


def side_by_side(
    region: ConflictRegion,
    *,
    names: tuple[str, str],
    width: int,
    most: int = MOST_LINES,
) -> Iterator[str]:
    """Yield the lines of a region, ours to the left, theirs to the right.

    Args:
        region: what the two sides hold.
        names: what the sides are called.
        width: columns that may be used.
        most: how many lines of a side are shown; how many more there are is said.
    """
    room = (width - len(_BETWEEN)) // 2
    left = _column(region.ours, names[0], most, beside=region.theirs, room=room)
    right = _column(region.theirs, names[1], most, beside=region.ours, room=room)
    for mine, other in zip_longest(left, right, fillvalue=""):
        yield f"{words.pad(mine, room)}{_BETWEEN}{words.fit(other, room)}".rstrip()


def _column(excerpt: Excerpt, name: str, most: int, *, beside: Excerpt, room: int) -> Iterator[str]:
    where = line_range(excerpt) or ("takes it away" if excerpt.start else "has no such file")
    yield f"{words.plain(name)}, {where}" if excerpt.count else f"{words.plain(name)} {where}"
    shown = excerpt.lines[:most]
    digits = len(str(excerpt.start + len(shown) - 1))
    pairs = zip_longest(shown, beside.lines[: len(shown)], fillvalue="")
    for number, (line, other) in enumerate(pairs, start=excerpt.start):
        text = _from_difference(_flat(line), _flat(other), room - digits - 2)
        yield f"{number:>{digits}}  {text}".rstrip()
    if excerpt.count > len(shown):
        more = words.count(excerpt.count - len(shown), "more line")
        yield f"{'':>{digits}}  … {more}"


def _from_difference(line: str, other: str, room: int) -> str:
    """Return a line from shortly before it differs, where it would be cut off before that."""
    differs = (place for place, (a, b) in enumerate(zip(line, other, strict=False)) if a != b)
    same = next(differs, min(len(line), len(other)))
    if len(line) <= room or same + _BEFORE < room:
        return line
    return f"…{line[max(0, same - _BEFORE) :]}"


def _flat(line: str) -> str:
    return safe_text(line).expandtabs(_TAB).replace("\n", " ")

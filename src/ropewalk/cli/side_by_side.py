"""A region of a conflict in two columns, each side with its own line numbers. Pure.

No line is wider than what is asked for, counted in columns of the screen, and nothing that stands
in a file reaches the terminal but as plain text.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from rich.cells import cell_len, chop_cells

from ropewalk.cli import words
from ropewalk.model.conflict import ConflictRegion, Excerpt
from ropewalk.report.conflict_words import line_range
from ropewalk.store.text import safe_text

MOST_LINES: Final = 6
_BETWEEN: Final = " │ "
_TAB: Final = 4
_BEFORE: Final = 12
_NARROWEST: Final = 4


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
    room = max(_NARROWEST, (width - len(_BETWEEN)) // 2)
    left = _column(region.ours, names[0], most, beside=region.theirs, room=room)
    right = _column(region.theirs, names[1], most, beside=region.ours, room=room)
    for rows in zip_longest(left, right, fillvalue=()):
        for mine, other in zip_longest(*rows, fillvalue=""):
            yield f"{words.pad(mine, room)}{_BETWEEN}{words.fit(other, room)}".rstrip()


def _column(
    excerpt: Excerpt, name: str, most: int, *, beside: Excerpt, room: int
) -> Iterator[tuple[str, ...]]:
    """Yield the heading of a side and its lines, each as the rows that it takes."""
    where = line_range(excerpt) or ("takes it away" if excerpt.start else "has no such file")
    name = words.plain(name)
    yield (f"{name}, {where}" if excerpt.count else f"{name} {where}",)
    shown = excerpt.lines[:most]
    digits = len(str(excerpt.start + len(shown) - 1))
    others = [_flat(line) for line in beside.lines]
    for number, line in enumerate(map(_flat, shown), start=excerpt.start):
        rows = _rows(line, others, max(_NARROWEST, room - digits - 2))
        heads = (number, *("" for _row in rows[1:]))
        yield tuple(
            f"{head:>{digits}}  {row}".rstrip() for head, row in zip(heads, rows, strict=True)
        )
    if excerpt.count > len(shown):
        more = words.count(excerpt.count - len(shown), "more line")
        yield (f"{'':>{digits}}  … {more}",)


def _rows(line: str, others: Sequence[str], room: int) -> tuple[str, ...]:
    """Return a line in one row or two; what fits in no two begins shortly before it differs.

    It differs from the line of the other side with which it has the longest beginning in common.
    """
    if cell_len(line) > 2 * room and line not in others:
        same = max((_same(line, other) for other in others), default=0)
        line = f"…{line[same - _BEFORE :]}" if same > _BEFORE else line
    first, *rest = chop_cells(line, room) or [""]
    return (first, words.fit("".join(rest), room)) if rest else (first,)


def _same(line: str, other: str) -> int:
    """Return how many letters two lines have in common before they differ."""
    differs = (at for at, (one, two) in enumerate(zip(line, other, strict=False)) if one != two)
    return next(differs, min(len(line), len(other)))


def _flat(line: str) -> str:
    return safe_text(line).expandtabs(_TAB).replace("\n", " ")

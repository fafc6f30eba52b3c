"""What two sequences have in common: stretches of equal elements, from the first to the last.

`myers` finds the shortest script of edits, as git does by default; `patience` first pairs what
occurs once on both sides, which keeps unlike blocks apart. Both fall back to the other where the
sequences differ too much for the shortest script to be found in bounded time.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

# A stretch of equal elements: where it begins in the first sequence, in the second, its length.
Match = tuple[int, int, int]
Align = Callable[[Sequence[Hashable], Sequence[Hashable]], "tuple[Match, ...]"]
_MOST_EDITS = 400
_DEEPEST = 40


def myers(first: Sequence[Hashable], second: Sequence[Hashable]) -> tuple[Match, ...]:
    """Align by the shortest script; by what occurs once where that script would be too long."""
    return _joined(_between(first, second, (0, len(first)), (0, len(second)), shortest=True))


def patience(first: Sequence[Hashable], second: Sequence[Hashable]) -> tuple[Match, ...]:
    """Align by what occurs once on both sides, and by the shortest script in between."""
    return _joined(_between(first, second, (0, len(first)), (0, len(second)), shortest=False))


def _between(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    rows: tuple[int, int],
    columns: tuple[int, int],
    *,
    shortest: bool,
    depth: int = 0,
) -> list[Match]:
    (top, bottom), (left, right) = rows, columns
    head = _common(first, second, range(top, bottom), range(left, right))
    top, left = top + head, left + head
    tail = _common(first, second, range(bottom - 1, top - 1, -1), range(right - 1, left - 1, -1))
    bottom, right = bottom - tail, right - tail
    middle: list[Match] = []
    if top < bottom and left < right:
        inner = (top, bottom), (left, right)
        middle = _middle(first, second, *inner, shortest=shortest, depth=depth)
    return [(top - head, left - head, head), *middle, (bottom, right, tail)]


def _middle(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    rows: tuple[int, int],
    columns: tuple[int, int],
    *,
    shortest: bool,
    depth: int,
) -> list[Match]:
    if shortest:
        found = _shortest(first[slice(*rows)], second[slice(*columns)])
        if found is not None:
            return [(rows[0] + row, columns[0] + column, 1) for row, column in found]
    anchors = _anchors(first, second, rows, columns) if depth < _DEEPEST else []
    if not anchors:
        return [] if shortest else _middle(first, second, rows, columns, shortest=True, depth=depth)
    matches: list[Match] = []
    row, column = rows[0], columns[0]
    for to_row, to_column in [*anchors, (rows[1], columns[1])]:
        matches += _between(
            *(first, second, (row, to_row), (column, to_column)),
            shortest=shortest,
            depth=depth + 1,
        )
        row, column = to_row, to_column
    return matches


def _common(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    rows: Iterable[int],
    columns: Iterable[int],
) -> int:
    count = 0
    for row, column in zip(rows, columns, strict=False):
        if first[row] != second[column]:
            break
        count += 1
    return count


def _shortest(
    first: Sequence[Hashable], second: Sequence[Hashable]
) -> list[tuple[int, int]] | None:
    """Return the longest common subsequence (E. Myers, 1986); None: too far apart."""
    rows, columns = len(first), len(second)
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(rows + columns, _MOST_EDITS) + 1):
        trace.append(furthest.copy())
        for diagonal in range(-edits, edits + 1, 2):
            below, beside = furthest.get(diagonal + 1, -1), furthest.get(diagonal - 1, -1)
            go_down = diagonal == -edits or (diagonal != edits and beside < below)
            row = below if go_down else beside + 1
            column = row - diagonal
            while row < rows and column < columns and first[row] == second[column]:
                row, column = row + 1, column + 1
            furthest[diagonal] = row
            if row >= rows and column >= columns:
                return _backtrack(trace, rows, columns)
    return None


def _backtrack(trace: Sequence[dict[int, int]], row: int, column: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for edits in range(len(trace) - 1, -1, -1):
        furthest = trace[edits]
        diagonal = row - column
        below, beside = furthest.get(diagonal + 1, -1), furthest.get(diagonal - 1, -1)
        came_down = diagonal == -edits or (diagonal != edits and beside < below)
        earlier = diagonal + 1 if came_down else diagonal - 1
        to_row = furthest[earlier] if edits else 0
        to_column = to_row - earlier if edits else 0
        while row > to_row and column > to_column:
            row, column = row - 1, column - 1
            pairs.append((row, column))
        row, column = to_row, to_column
    pairs.reverse()
    return pairs


def _anchors(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    rows: tuple[int, int],
    columns: tuple[int, int],
) -> list[tuple[int, int]]:
    """Return pairs of elements that occur once on either side, the longest run in order."""
    here, there = Counter(first[slice(*rows)]), Counter(second[slice(*columns)])
    at = {
        element: column
        for column, element in enumerate(second[slice(*columns)], columns[0])
        if there[element] == 1 == here[element]
    }
    pairs = [
        (row, at[element])
        for row, element in enumerate(first[slice(*rows)], rows[0])
        if element in at
    ]
    return _longest_rising(pairs)


def heaviest_pairs(likeness: Sequence[Sequence[float]], *, least: float) -> list[tuple[int, int]]:
    """Return the pairs, both in rising order, whose likenesses give the greatest sum.

    Args:
        likeness: a row for each element of the first sequence, a column for each of the second.
        least: the likeness from which on two may be a pair.
    """
    rows, columns = len(likeness), len(likeness[0]) if likeness else 0
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for row in reversed(range(rows)):
        for column in reversed(range(columns)):
            like = likeness[row][column]
            both = like + best[row + 1][column + 1] if like >= least else 0.0
            best[row][column] = max(both, best[row + 1][column], best[row][column + 1])
    pairs: list[tuple[int, int]] = []
    row = column = 0
    while row < rows and column < columns:
        if best[row][column] == best[row + 1][column]:
            row += 1
        elif best[row][column] == best[row][column + 1]:
            column += 1
        else:
            pairs.append((row, column))
            row, column = row + 1, column + 1
    return pairs


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for index, (_, column) in enumerate(pairs):
        place = bisect_left(ends, column)
        before.append(last[place - 1] if place else None)
        ends[place : place + 1] = [column]
        last[place : place + 1] = [index]
    rising: list[tuple[int, int]] = []
    step = last[-1] if last else None
    while step is not None:
        rising.append(pairs[step])
        step = before[step]
    rising.reverse()
    return rising


def _joined(matches: Iterable[Match]) -> tuple[Match, ...]:
    joined: list[Match] = []
    for row, column, count in matches:
        if joined and count:
            to_row, to_column, length = joined[-1]
            if (to_row + length, to_column + length) == (row, column):
                joined[-1] = (to_row, to_column, length + count)
                continue
        if count:
            joined.append((row, column, count))
    return tuple(joined)

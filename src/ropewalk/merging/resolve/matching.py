"""Which element of one sequence is which of another: equal ones first, then likely ones between."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from ropewalk.merging.resolve.alignment import myers

T = TypeVar("T")
_MOST_COMPARED = 600
_LEAST_LIKE = 0.5


def matches(
    before: Sequence[T],
    after: Sequence[T],
    *,
    key: Callable[[T], Hashable],
    alike: Callable[[T, T], float],
) -> dict[int, int]:
    """Return where in `after` the elements of `before` are, both in rising order.

    Args:
        before: The one sequence.
        after: The other.
        key: Elements with equal keys are equal.
        alike: From 0 to 1, how likely two that are not equal are versions of one.
    """
    equal = myers([key(one) for one in before], [key(one) for one in after])
    pairs: dict[int, int] = {}
    low, low_after = 0, 0
    for at, at_after, size in (*equal, (len(before), len(after), 0)):
        between = _alike(before[low:at], after[low_after:at_after], alike)
        pairs.update((low + row, low_after + column) for row, column in between)
        pairs.update((at + step, at_after + step) for step in range(size))
        low, low_after = at + size, at_after + size
    return pairs


def _alike(
    before: Sequence[T], after: Sequence[T], alike: Callable[[T, T], float]
) -> list[tuple[int, int]]:
    """Match what has no equal, in order, so that the sum of likeness is the greatest."""
    if not before or not after or len(before) * len(after) > _MOST_COMPARED:
        return []
    likeness = [[alike(one, other) for other in after] for one in before]
    best = [[0.0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for row in reversed(range(len(before))):
        for column in reversed(range(len(after))):
            like = likeness[row][column]
            both = like + best[row + 1][column + 1] if like >= _LEAST_LIKE else 0.0
            best[row][column] = max(both, best[row + 1][column], best[row][column + 1])
    return _traced(best)


def _traced(best: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    row = column = 0
    while row < len(best) - 1 and column < len(best[0]) - 1:
        if best[row][column] == best[row + 1][column]:
            row += 1
        elif best[row][column] == best[row][column + 1]:
            column += 1
        else:
            pairs.append((row, column))
            row, column = row + 1, column + 1
    return pairs

"""Which element of one sequence is which of another: equal ones first, then likely ones between."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from ropewalk.merging.resolve.alignment import heaviest_pairs, myers

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
    return heaviest_pairs(likeness, least=_LEAST_LIKE)

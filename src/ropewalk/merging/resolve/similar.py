"""Lines that are alike, not equal: which line of a side stands where which of the base stood."""

from collections import Counter
from collections.abc import Hashable, Sequence

from ropewalk.merging.resolve.alignment import Match, heaviest_pairs, myers
from ropewalk.merging.resolve.tokens import words
from ropewalk.merging.resolve.values import Lines

Bag = Counter[bytes]
# From this share of common words on a line is taken for an edited form of another.
ALIKE = 0.5
_MOST_PAIRS = 2_500


def bag(line: bytes) -> Bag:
    """Return how often each word is in a line."""
    return Counter(word.text for word in words(line) if word.text)


def likeness(first: Bag, second: Bag) -> float:
    """Return the share of words that two lines have in common, 0 to 1."""
    together = first.total() + second.total()
    return 2 * sum((first & second).values()) / together if together else 0.0


def slots(
    base: Lines, ours: Lines, theirs: Lines
) -> tuple[Sequence[Hashable], Sequence[Hashable], Sequence[Hashable]] | None:
    """Return a key for each line, the same for lines that stand in one place; None: too many."""
    mine, other = _places(base, ours), _places(base, theirs)
    if mine is None or other is None:
        return None
    return range(len(base)), _keys(ours, mine), _keys(theirs, other)


def _keys(side: Lines, places: dict[int, int]) -> Sequence[Hashable]:
    return [places.get(index, line) for index, line in enumerate(side)]


def _places(base: Lines, side: Lines) -> dict[int, int] | None:
    places: dict[int, int] = {}
    row = column = 0
    end: Match = (len(base), len(side), 0)
    for to_row, to_column, count in (*myers(base, side), end):
        if (to_row - row) * (to_column - column) > _MOST_PAIRS:
            return None
        for one, two in _best_pairs(base[row:to_row], side[column:to_column]):
            places[column + two] = row + one
        places |= {to_column + step: to_row + step for step in range(count)}
        row, column = to_row + count, to_column + count
    return places


def _best_pairs(first: Lines, second: Lines) -> list[tuple[int, int]]:
    bags = [bag(line) for line in second]
    alike = [[likeness(one, two) for two in bags] for one in map(bag, first)]
    return heaviest_pairs(alike, least=ALIKE)

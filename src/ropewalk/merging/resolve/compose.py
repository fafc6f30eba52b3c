"""From regions to files: the likeliest combinations first, made one at a time.

A combination that fills every region by one method is among the first by itself, because a method
that suits one region of a file is likely in the others too; a bonus for it found no resolution
more on real conflicts.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from ropewalk.merging.resolve.rank import Option
from ropewalk.merging.resolve.regions import Cut

# White space alone: rarely does more than the first text parse where that one does not.
_VARIANTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A file with one option for each region: ``texts`` are the same but for white space."""

    texts: tuple[bytes, ...]
    options: tuple[Option, ...]

    @property
    def score(self) -> float:
        """The logarithm of the chance that all regions are resolved so."""
        return sum(option.chance for option in self.options)


def compositions(parts: Cut, ranked: Sequence[Sequence[Option]]) -> Iterator[Composition]:
    """Yield the combinations, the likeliest first; each further one costs a step for a region.

    Args:
        parts: The file.
        ranked: The options of each region, the likeliest first.
    """
    if not all(ranked):
        return
    start = (0,) * len(ranked)
    waiting, seen = [(0.0, start)], {start}
    while waiting:
        _, places = heapq.heappop(waiting)
        chosen = tuple(options[place] for options, place in zip(ranked, places, strict=True))
        yield Composition(texts=_texts(parts, chosen), options=chosen)
        for at in range(len(places)):
            further = (*places[:at], places[at] + 1, *places[at + 1 :])
            if further[at] < len(ranked[at]) and further not in seen:
                seen.add(further)
                heapq.heappush(waiting, (_cost(ranked, further), further))


def _cost(ranked: Sequence[Sequence[Option]], places: Sequence[int]) -> float:
    return -sum(options[place].chance for options, place in zip(ranked, places, strict=True))


def _texts(parts: Cut, chosen: Sequence[Option]) -> tuple[bytes, ...]:
    variants = islice(product(*(option.texts for option in chosen)), _VARIANTS)
    return tuple(parts.filled(lines) for lines in variants)

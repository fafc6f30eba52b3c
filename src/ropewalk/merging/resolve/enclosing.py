"""The lines around a region that complete its statements, so that every bracket closes.

A region may begin in the middle of a list or end in the middle of a call. Only as much is added as
is needed, the same for all three versions; what never closes nearby is left as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ropewalk.merging.resolve.languages import Language
from ropewalk.merging.resolve.values import Lines, Offer, Region

_FURTHEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """The three versions of a region with the lines ``above`` and ``below`` that they share."""

    above: Lines
    below: Lines
    base: bytes
    ours: bytes
    theirs: bytes

    @property
    def versions(self) -> tuple[bytes, bytes, bytes]:
        """Base, ours and theirs, each with the shared lines."""
        return self.base, self.ours, self.theirs

    def offers(self, merges: Iterable[tuple[str, bytes]]) -> Iterator[Offer]:
        """Yield what stands for the region in merges of the versions, each text once.

        Args:
            merges: The method and the merge. One that changed the shared lines is no offer.
        """
        above, below = b"".join(self.above), b"".join(self.below)
        seen: set[bytes] = set()
        for method, merged in merges:
            end = len(merged) - len(below)
            inner = merged[len(above) : end]
            is_whole = merged.startswith(above) and merged.endswith(below) and end >= len(above)
            if is_whole and inner not in seen:
                seen.add(inner)
                yield Offer(lines=tuple(inner.splitlines(keepends=True)), method=method)


def enclosed(region: Region, language: Language) -> Enclosed:
    """Return the region with as many lines around it as make it whole."""
    sides = (region.base, region.ours, region.theirs)
    above, below = _around(region, sides, language)
    base, ours, theirs = (b"".join((*above, *side, *below)) for side in sides)
    return Enclosed(above=above, below=below, base=base, ours=ours, theirs=theirs)


def _around(region: Region, sides: Sequence[Lines], language: Language) -> tuple[Lines, Lines]:
    opened = _open_above(region.before[-_FURTHEST:], language)
    for up in dict.fromkeys((opened, 0)):
        above = region.before[len(region.before) - up :]
        ends = [_balance(b"".join((*above, *side)), language) for side in sides]
        down = _closing_below(ends, region.after[:_FURTHEST], language)
        if down is not None:
            return above, region.after[:down]
    return (), ()


def _open_above(before: Lines, language: Language) -> int:
    """Return how many of the last lines belong to a bracket that is still open behind them."""
    opened: list[int] = []
    number = 0
    for sign in _signs(b"".join(before), language):
        if sign in language.joins:
            opened.append(number)
        elif sign in language.closes and opened:
            opened.pop()
        number += sign.count(b"\n")
    return len(before) - opened[0] if opened else 0


def _closing_below(ends: Sequence[tuple[int, int]], after: Lines, language: Language) -> int | None:
    """Return how many of the next lines close all brackets, or None where they never do."""
    for down in range(len(after) + 1):
        if not any(closed or opened for closed, opened in ends):
            return down
        if any(closed for closed, _ in ends) or down == len(after):
            return None
        closed, opened = _balance(after[down], language)
        ends = [(max(0, closed - left), max(0, left - closed) + opened) for _, left in ends]
    return None


def _balance(content: bytes, language: Language) -> tuple[int, int]:
    """Return how many brackets close that were not opened, and how many are left open."""
    closed = opened = 0
    for sign in _signs(content, language):
        if sign in language.joins:
            opened += 1
        elif sign in language.closes:
            closed, opened = (closed, opened - 1) if opened else (closed + 1, 0)
    return closed, opened


def _signs(content: bytes, language: Language) -> Iterator[bytes]:
    """Yield brackets, line ends, and strings and comments whole."""
    return (found.group() for found in language.scan.finditer(content))

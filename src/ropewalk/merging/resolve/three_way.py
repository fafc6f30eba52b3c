"""Three versions of a sequence cut into parts that say which sides changed them.

The parts follow each other without a gap in all three versions, so that each version is what its
slices give when they are joined.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ropewalk.merging.resolve.alignment import Align, Match, myers

Keys = Sequence[Hashable]


class Changed(StrEnum):
    """Which side differs from the base in a part; `BOTH` when they do so in different ways."""

    NEITHER = "neither"
    OURS = "ours"
    THEIRS = "theirs"
    ALIKE = "alike"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of the three versions that belongs together."""

    changed: Changed
    base: slice
    ours: slice
    theirs: slice


@dataclass(frozen=True, slots=True)
class _Edit:
    """A stretch of the base that a side replaced, and by how much longer the new one is."""

    start: int
    end: int
    growth: int
    is_ours: bool


def three_way(
    base: Keys, ours: Keys, theirs: Keys, *, align: Align = myers, touching: bool = True
) -> tuple[Part, ...]:
    """Return the parts of three versions.

    Args:
        base: What both sides began with.
        ours: The one side.
        theirs: The other.
        align: Finds what a side has in common with the base.
        touching: Changes of the two sides that only touch each other are one part, as in git;
            else only those that overlap or that insert at one place.
    """
    # Slices are compared below: those of a range and of a list are never equal.
    base, ours, theirs = tuple(base), tuple(ours), tuple(theirs)
    edits = [
        *_edits(base, ours, align(base, ours), is_ours=True),
        *_edits(base, theirs, align(base, theirs), is_ours=False),
    ]
    parts: list[Part] = []
    at = _Place(0, 0, 0)
    for group in _groups(edits, touching=touching):
        start, end = group[0].start, max(edit.end for edit in group)
        before = at.moved(start - at.base)
        after = before.moved(
            end - start,
            ours=sum(edit.growth for edit in group if edit.is_ours),
            theirs=sum(edit.growth for edit in group if not edit.is_ours),
        )
        parts += (_part(at, before), _part(before, after))
        at = after
    parts.append(_part(at, _Place(len(base), len(ours), len(theirs))))
    return tuple(_named(part, base, ours, theirs) for part in parts if _is_something(part))


@dataclass(frozen=True, slots=True)
class _Place:
    base: int
    ours: int
    theirs: int

    def moved(self, by: int, *, ours: int = 0, theirs: int = 0) -> "_Place":
        return _Place(self.base + by, self.ours + by + ours, self.theirs + by + theirs)


def _part(start: _Place, end: _Place) -> Part:
    return Part(
        changed=Changed.NEITHER,
        base=slice(start.base, end.base),
        ours=slice(start.ours, end.ours),
        theirs=slice(start.theirs, end.theirs),
    )


def _is_something(part: Part) -> bool:
    return any(each.start < each.stop for each in (part.base, part.ours, part.theirs))


def _named(part: Part, base: Keys, ours: Keys, theirs: Keys) -> Part:
    was, mine, other = base[part.base], ours[part.ours], theirs[part.theirs]
    if mine == other:
        changed = Changed.NEITHER if mine == was else Changed.ALIKE
    elif mine == was:
        changed = Changed.THEIRS
    else:
        changed = Changed.OURS if other == was else Changed.BOTH
    return Part(changed=changed, base=part.base, ours=part.ours, theirs=part.theirs)


def _edits(base: Keys, side: Keys, matches: Sequence[Match], *, is_ours: bool) -> Iterator[_Edit]:
    """Yield what lies between the matches; pure insertions and deletions slid down, as git does."""
    row = column = 0
    for to_row, to_column, count in (*matches, (len(base), len(side), 0)):
        slid = 0
        if (to_row > row) != (to_column > column):
            longer, start, end = (base, row, to_row) if to_row > row else (side, column, to_column)
            while slid < count and longer[start + slid] == longer[end + slid]:
                slid += 1
        if to_row > row or to_column > column:
            growth = (to_column - column) - (to_row - row)
            yield _Edit(row + slid, to_row + slid, growth, is_ours)
        row, column = to_row + count, to_column + count


def _groups(edits: Sequence[_Edit], *, touching: bool) -> Iterator[list[_Edit]]:
    group: list[_Edit] = []
    end = 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if group and not _belongs(edit, group, end, touching=touching):
            yield group
            group = []
        end = max(end, edit.end) if group else edit.end
        group.append(edit)
    if group:
        yield group


def _belongs(edit: _Edit, group: Sequence[_Edit], end: int, *, touching: bool) -> bool:
    if edit.start != end:
        return edit.start < end
    if touching or any(each.is_ours == edit.is_ours and each.end == end for each in group):
        return True
    return edit.end == end and any(each.start == each.end == end for each in group)

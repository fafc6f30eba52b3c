"""White space for what came to stand elsewhere: entries between brackets, lines in a block."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ropewalk.merging.resolve.elements import Side
from ropewalk.merging.resolve.reading import with_space
from ropewalk.merging.resolve.syntax import Entry, Group, Line, Text

_NEAR = 50
_MARKS = (b"-", b"*", b"+")


def laid_out(
    entries: Sequence[Entry], base: Group, ours: Group, theirs: Group
) -> tuple[Entry, ...]:
    """Lay entries out as the side does that changed the layout, and new ones like its others."""
    laid = _laid(base, ours, theirs)
    spaces = _spaces(laid)
    if not spaces:
        return tuple(entries)
    if len(spaces) == len(entries):
        return tuple(map(_with_space, entries, spaces))
    known = dict(zip((entry.key for entry in laid.entries[1:]), spaces[1:], strict=True))
    uniform = len(set(spaces[1:])) == 1
    between = spaces[1] if uniform else spaces[0] if b"\n" in spaces[0] else b" "
    first = [_with_space(entry, spaces[0]) for entry in entries[:1]]
    return (
        *first,
        *(
            _with_space(
                entry,
                known.get(entry.key, between if uniform or not entry.space else entry.space),
            )
            for entry in entries[1:]
        ),
    )


def placed(lines: Sequence[Line], ours: Text, theirs: Text) -> tuple[Line, ...]:
    """Indent lines that one side added as deep as that side's lines beside them now are.

    What was the first line of a side and no longer is one gets the blank lines of its kind.
    """
    mine = {id(line) for line in ours.lines}
    other = {id(line) for line in theirs.lines}
    found: list[Line] = []
    for at, line in enumerate(lines):
        if id(line) in mine:
            found.append(_placed(lines, at, Side.OURS, ours, theirs))
        elif id(line) in other:
            found.append(_placed(lines, at, Side.THEIRS, theirs, ours))
        else:
            found.append(line)
    return tuple(found)


def _laid(base: Group, ours: Group, theirs: Group) -> Group:
    """Return the side whose layout counts: the one that changed it, else the one of more lines."""
    if _spaces(theirs) == _spaces(base):
        return ours
    if _spaces(ours) == _spaces(base):
        return theirs
    return ours if ours.raw.count(b"\n") >= theirs.raw.count(b"\n") else theirs


def _spaces(group: Group) -> list[bytes]:
    """Return the white space before each entry, comments left out."""
    spaces = [entry.space for entry in group.entries]
    return [space[space.rfind(b"\n") :] if space.strip() else space for space in spaces]


def _with_space(entry: Entry, space: bytes) -> Entry:
    if entry.space.strip():
        return entry  # a comment stands before it
    return replace(entry, items=(with_space(entry.items[0], space), *entry.items[1:]))


def _placed(lines: Sequence[Line], at: int, side: Side, own: Text, opposite: Text) -> Line:
    line = lines[at]
    if at and line is own.lines[0] and not line.blank:
        line = replace(line, blank=own.tail or opposite.tail)
    if at and _is_next_entry(lines[at - 1], line) and line.blank:
        line = replace(line, blank=_between_entries(own) or _between_entries(opposite))
    beside = (*reversed(lines[max(0, at - _NEAR) : at]), *lines[at + 1 : at + _NEAR])
    known = [one for one in beside if _indent(one, side) is not None]
    level = [one for one in known if _indent(one, side) == line.indent]
    for one in (*level[:1], *known[:1]):
        indent = _moved(line.indent, _indent(one, side) or b"", one.indent)
        if indent is not None:
            return replace(line, indent=indent)
    return line


def _is_next_entry(line: Line, following: Line) -> bool:
    """Tell whether both lines are entries of one list in prose."""
    mark = line.items[0].raw
    return mark in _MARKS and mark == following.items[0].raw and line.indent == following.indent


def _between_entries(text: Text) -> bytes:
    pairs = (pair for pair in pairwise(text.lines) if _is_next_entry(*pair))
    return next((following.blank for _, following in pairs), b"")


def _indent(line: Line, side: Side) -> bytes | None:
    return line.our_indent if side is Side.OURS else line.their_indent


def _moved(indent: bytes, was: bytes, now: bytes) -> bytes | None:
    """Return `indent` as it is where a line beside it went from `was` to `now`."""
    if indent.startswith(was):
        return now + indent[len(was) :]
    step = was[len(indent) :]
    return now[: len(now) - len(step)] if was.startswith(indent) and now.endswith(step) else None

"""Stretches of Python source read by Python's own parser: a block, and a region in its place."""

import ast
from collections.abc import Callable, Sequence
from functools import partial

from ropewalk.merging.resolve.parse import python_tree
from ropewalk.merging.resolve.values import Lines, Region

_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_CONTINUES = (b"else", b"elif", b"except", b"finally", b"case")


def statements(content: bytes) -> list[ast.stmt] | None:
    """Return the statements of a block, or None where it is no sequence of whole statements.

    Line numbers are one too high: a line that opens the block is put before it.
    """
    indented = content.lstrip(b"\r\n")[:1] in (b" ", b"\t")
    try:
        body = python_tree((b"if 1:\n" if indented else b"\n") + content).body
    except _UNREADABLE:
        return None
    if not indented:
        return body
    return body[0].body if len(body) == 1 and isinstance(body[0], ast.If) else None


def parser_at(region: Region) -> Callable[[Lines], bool]:
    """Return what tells whether lines in the place of a region can be parsed.

    As little as possible is parsed: the definition that the region stands in, where our side of it
    can be read by itself, else the file. Where our side cannot be read at all, anything passes.
    """
    for above, below in (_definition(region), (region.before, region.after)):
        if _is_readable((*above, *region.ours, *below)):
            return partial(_is_readable_between, above, below)
    return lambda _lines: True


def _definition(region: Region) -> tuple[Lines, Lines]:
    begins = (at for at in range(len(region.before) - 1, 0, -1) if _begins(region.before[at]))
    ends = (at for at, line in enumerate(region.after) if _begins(line))
    return region.before[next(begins, 0) :], region.after[: next(ends, len(region.after))]


def _begins(line: bytes) -> bool:
    """Tell whether a statement of the module begins here, as far as one line can tell."""
    return line[:1].isalpha() and not line.startswith(_CONTINUES)


def _is_readable_between(above: Lines, below: Lines, lines: Lines) -> bool:
    return _is_readable((*above, *lines, *below))


def _is_readable(lines: Sequence[bytes]) -> bool:
    try:
        python_tree(b"".join(lines))
    except _UNREADABLE:
        return False
    return True

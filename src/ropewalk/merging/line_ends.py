"""Conflicts that come from line ends alone. Pure."""

from collections.abc import Sequence
from typing import Final

_REMEDY: Final = "'* text=auto' in the .gitattributes of the target keeps them alike"


def line_end_words(
    base: bytes | None, ours: bytes, theirs: bytes, *, names: Sequence[str]
) -> str | None:
    """Return a sentence when the two sides write their line ends in different ways, else None.

    Args:
        base: what both sides began with, None where there was nothing.
        ours: the one side.
        theirs: the other.
        names: what people call the two sides.
    """
    mine, other = _style(ours), _style(theirs)
    if mine == other or None in (mine, other):
        return None
    who = f"line ends are {mine} in {names[0]} and {other} in {names[1]}"
    plain, plain_ours, plain_theirs = (_unified(side) for side in (base, ours, theirs))
    if plain_ours == plain_theirs or plain in (plain_ours, plain_theirs):
        return f"{who}, and nothing else is in conflict: {_REMEDY}"
    return f"{who}, so that every line counts as changed: {_REMEDY}"


def _style(content: bytes) -> str | None:
    lines = content.count(b"\n")
    both = content.count(b"\r\n")
    if lines == 0:
        return None
    if both == 0:
        return "LF"
    return "CRLF" if both == lines else "mixed"


def _unified(content: bytes | None) -> bytes | None:
    return None if content is None else content.replace(b"\r\n", b"\n")

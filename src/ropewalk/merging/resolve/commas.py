"""Commas where a language wants them between lines and not behind the last: JSON."""

from collections.abc import Sequence
from dataclasses import replace

from ropewalk.merging.resolve.languages import CLOSING
from ropewalk.merging.resolve.syntax import Line, Text, Token

_CLOSERS = tuple(CLOSING.values())
_COMMA = Token(space=b"", text=b",", key=b",")


def with_commas(text: Text, below: Sequence[bytes]) -> Text:
    """Return lines of which each but the last in its brackets ends in a comma.

    Args:
        text: Lines that may come from two sides, either with its own last one.
        below: The lines of the file that follow them.
    """
    following = next((line.strip() for line in below if line.strip()), b"")
    beginnings = [*(line.items[0].raw for line in text.lines[1:]), following]
    lines = map(_with_comma, text.lines, beginnings)
    return Text(lines=tuple(lines), tail=text.tail)


def _with_comma(line: Line, following: bytes) -> Line:
    last = line.items[-1]
    ends = last.text if isinstance(last, Token) else b""
    if ends == b"," and following.startswith(_CLOSERS) and len(line.items) > 1:
        return replace(line, items=line.items[:-1])
    if ends in (b",", b":", *CLOSING) or not following or following.startswith(_CLOSERS):
        return line
    return replace(line, items=(*line.items, _COMMA))

"""Lines for people: the answer to stdout, narration to stderr, colour as a second signal."""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

import click

from ropewalk.cli.session import Session
from ropewalk.cli.words import ATTENTION, BUSY, DONE, FAILED
from ropewalk.store.text import safe_text

COLOURS = {DONE: "green", BUSY: "cyan", ATTENTION: "yellow", FAILED: "red"}
_LEAST_WIDTH = 60
_GLYPH = re.compile(rf"(\s*(?:[\d:]+ )?)([{''.join(COLOURS)}])")


def columns() -> int:
    """Return how wide the screen is; 80 where there is none."""
    return max(_LEAST_WIDTH, shutil.get_terminal_size().columns)


def has_colour(stream: TextIO) -> bool:
    """Return whether colour helps on this stream."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream.isatty()


def show(lines: Iterable[str]) -> None:
    """Write the answer."""
    _write(lines, sys.stdout)


def tell(session: Session, lines: Iterable[str]) -> None:
    """Write narration, unless the person wants none."""
    if not session.quiet:
        _write(lines, sys.stderr)


def paint(line: str) -> str:
    """Colour the glyph at the beginning of a line, which a time may stand before."""
    found = _GLYPH.match(line)
    if found is None:
        return line
    before, glyph = found.groups()
    return before + click.style(glyph, fg=COLOURS[glyph]) + line[found.end() :]


def _write(lines: Iterable[str], stream: TextIO) -> None:
    colour = has_colour(stream)
    for line in lines:
        safe = safe_text(line)
        click.echo(paint(safe) if colour else safe, file=stream, color=colour)

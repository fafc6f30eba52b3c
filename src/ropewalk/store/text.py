"""Text that is safe to show: what agents and files say never reaches a terminal as it is."""

import re
from os import SEEK_END
from pathlib import Path
from typing import Final

_UNSAFE = re.compile(
    # Strings that a terminal swallows whole: OSC, DCS, SOS, PM, APC, up to their terminator.
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    # Control sequences such as colours and cursor moves.
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    # All other escape sequences, then every single control character but newline and tab.
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    # Controls that reorder text on the screen.
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_OF_MAKE = re.compile(r"make(\[\d+\])?: ")
_TAIL_BYTES: Final = 8192
_LONGEST: Final = 160


def safe_text(text: str) -> str:
    """Return ``text`` without anything that moves, colours, hides or reorders other text.

    Escape sequences, control characters but newline and tab, and bidirectional controls are taken
    out; lone surrogates, which no UTF-8 output takes, are written as their number.
    """
    return escape_surrogates(_UNSAFE.sub("", text))


def last_line(log: Path) -> str:
    """Return the last line of a log that says something, made harmless and cut.

    What make adds about a command that failed says nothing. Empty where no line does, or where the
    log cannot be read.
    """
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, SEEK_END) - _TAIL_BYTES))
            tail = stream.read().decode(errors="replace")
    except OSError:
        return ""
    lines = (" ".join(safe_text(line).split()) for line in reversed(tail.splitlines()))
    said = next((line for line in lines if line and not _OF_MAKE.match(line)), "")
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def escape_surrogates(text: str, *, backslash: str = "\\") -> str:
    """Write lone surrogates as visible text, so that the result can be encoded as UTF-8."""
    return _SURROGATE.sub(lambda match: f"{backslash}u{ord(match.group()):04x}", text)

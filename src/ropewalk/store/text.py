"""Text that is safe to show: what agents and files say never reaches a terminal as it is."""

import re

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


def safe_text(text: str) -> str:
    """Return ``text`` without anything that moves, colours, hides or reorders other text.

    Escape sequences, control characters but newline and tab, and bidirectional controls are taken
    out; lone surrogates, which no UTF-8 output takes, are written as their number.
    """
    return escape_surrogates(_UNSAFE.sub("", text))


def escape_surrogates(text: str, *, backslash: str = "\\") -> str:
    """Write lone surrogates as visible text, so that the result can be encoded as UTF-8."""
    return _SURROGATE.sub(lambda match: f"{backslash}u{ord(match.group()):04x}", text)

"""Delimiters for text from outside in a prompt, so that it cannot pass itself off as ours.

Invariant: the word of a fence occurs in none of the texts that it was made for, and what stands
between its lines is bounded.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from ropewalk.store.files import safe_text

MAX_TEXT: Final = 40_000


class Fence:
    """Delimiters that none of ``texts`` holds."""

    def __init__(self, texts: Sequence[str]) -> None:
        # As they will be shown: cleaning can join what was apart.
        everything = "\n".join(map(safe_text, texts)).casefold()
        number = 0
        while f"data-{number}" in everything:
            number += 1
        self.word = f"data-{number}"

    def enclose(self, text: str, *, limit: int = MAX_TEXT) -> str:
        """Return the text between delimiters, cut where it is too long."""
        clean = safe_text(text).strip()
        if len(clean) > limit:
            clean = f"{clean[:limit]}\n[… {len(clean) - limit} characters left out …]"
        return f"<<<{self.word}\n{clean}\n{self.word}>>>"

    def enclose_lines(self, lines: Iterable[str]) -> str:
        """Return names or commands between delimiters, one a line whatever they hold."""
        return self.enclose("\n".join(map(one_line, lines)))


def one_line(text: str) -> str:
    """Return the text as it is, or quoted where it would not stay on its line."""
    return text if text.isprintable() else json.dumps(text)

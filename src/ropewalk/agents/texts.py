"""Texts that come in pieces: a long text is several events, and none of it is lost.

Programs tell what a model says word by word, or whole; an event holds `MAX_TEXT` characters at
most. A piece with `goes_on` belongs to the text before it. An answer is all that was said after the
last thing that was done.
"""

from collections.abc import Sequence
from io import StringIO

from ropewalk.agents.base import MAX_ANSWER, MAX_TEXT, AgentEvent, TextEvent, ToolEvent


def split_text(text: str, *, goes_on: bool = False) -> tuple[TextEvent, ...]:
    """Return a text as events; nothing for nothing.

    Args:
        text: the text, of any length; what is beyond `MAX_ANSWER` is dropped.
        goes_on: whether it is a piece of the text before it.
    """
    starts = range(0, min(len(text), MAX_ANSWER), MAX_TEXT)
    return tuple(
        TextEvent(text=text[start : start + MAX_TEXT], goes_on=goes_on or start > 0)
        for start in starts
    )


class GrowingText:
    """A text and the pieces that belong to it; a piece costs the same however long the text is."""

    def __init__(self, first: TextEvent) -> None:
        self._goes_on = first.goes_on
        self._all = StringIO()
        self._length = 0
        self.beginning = ""
        self.add(first)

    def add(self, piece: TextEvent) -> None:
        """Add a piece; what is beyond `MAX_ANSWER` is dropped."""
        fitting = piece.text[: MAX_ANSWER - self._length]
        self._length += self._all.write(fitting)
        self.beginning += fitting[: MAX_TEXT - len(self.beginning)]

    @property
    def event(self) -> TextEvent:
        """The whole of it so far."""
        return TextEvent(text=self._all.getvalue(), goes_on=self._goes_on)


def find_last_text(events: Sequence[AgentEvent]) -> str:
    """Return the last text, empty when something was done after it."""
    pieces: list[str] = []
    for event in reversed(events):
        if isinstance(event, ToolEvent):
            break
        if isinstance(event, TextEvent):
            pieces.append(event.text)
            if not event.goes_on:
                break
    return "".join(reversed(pieces))[:MAX_ANSWER]

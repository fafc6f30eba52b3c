"""What is asked of a model or an agent, and what comes back. Values only.

Whoever asks is a function: it takes a question and returns an answer, however that ended. It raises
only what a person has to put right before it makes sense to ask at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from ropewalk.model.result import TokenUsage

NO_USAGE: Final = TokenUsage()


class End(StrEnum):
    """How an answer ended."""

    WHOLE = "whole"
    CUT_OFF = "cut_off"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A named part of a question."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        parts: in order; those that change least come first, so that a provider can remember them.
        schema: JSON Schema of the answer, as text.
    """

    parts: tuple[Part, ...]
    schema: str

    @property
    def text(self) -> str:
        """The whole question as one text."""
        return "\n\n".join(part.text for part in self.parts) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `problem` says why it is not whole, in words for people."""

    text: str
    end: End = End.WHOLE
    problem: str = ""
    usage: TokenUsage = NO_USAGE


Ask: TypeAlias = Callable[[Question], Answer]

"""What is asked of a model, and what comes back: values, whoever answers.

An answer is what a model said to its own end; everything else is a trouble of some kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ropewalk.agents.base import NO_USAGE
from ropewalk.agents.message_blocks import Block
from ropewalk.model.result import TokenUsage
from ropewalk.model.values import JsonObject


class Kind(StrEnum):
    """What came in place of an answer."""

    BUSY = "busy"
    BROKEN = "broken"
    SILENT = "silent"
    DENIED = "denied"
    FULL = "full"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the model is asked; everything is JSON as the API takes it."""

    model: str
    max_tokens: int
    system: Sequence[JsonObject]
    tools: Sequence[JsonObject]
    messages: Sequence[JsonObject]
    schema: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model answered; `cut` are the ids of calls whose arguments are not whole."""

    stop_reason: str
    blocks: tuple[Block, ...]
    usage: TokenUsage
    cut: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """Return everything that it says in words."""
        return "\n\n".join(text for block in self.blocks if (text := _words(block)))

    @property
    def calls(self) -> tuple[Block, ...]:
        """Return the calls of tools."""
        return tuple(block for block in self.blocks if block.get("type") == "tool_use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why there is no answer; `usage` is what the provider had counted by then."""

    kind: Kind
    text: str
    retry_after_s: float | None = None
    usage: TokenUsage = NO_USAGE


class Model(Protocol):
    """Whoever answers questions."""

    def ask(self, question: Question) -> Answer | Trouble:
        """Ask once."""
        ...


def _words(block: Block) -> str:
    return str(block.get("text", "")).strip() if block.get("type") == "text" else ""

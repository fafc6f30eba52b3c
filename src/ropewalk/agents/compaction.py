"""Makes room in a conversation that has become too long for its model.

Invariants: the first prompt and every later word to the model stay; a call of a tool goes together
with its answer; what went is named, so that the model knows what it did.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ropewalk.agents.message_blocks import Block, blocks_of
from ropewalk.agents.toolspecs import detail_of
from ropewalk.model.values import JsonObject
from ropewalk.store.fence import one_line

MAX_TOLD: Final = 60
_MAX_DETAIL: Final = 120
_MAX_OLD_ANSWER: Final = 2000
_KEPT_TURNS: Final = (6, 1)


def compact(messages: Sequence[JsonObject], number: int) -> list[JsonObject] | None:
    """Return a conversation with fewer turns; None when nothing more can go.

    Args:
        messages: roles in turn, the first prompt first.
        number: how often that has been done since the model last answered, from 0; the more often,
            the fewer turns are kept.
    """
    shorter = (_keep(messages, count) for count in _KEPT_TURNS[number:])
    return next((found for found in shorter if found != messages), None)


def _keep(messages: Sequence[JsonObject], count: int) -> list[JsonObject]:
    """Return the messages with so many turns kept; the very last one with short answers only."""
    kept = _last_turns(messages, count)
    if count == 1:
        kept = [_shorten(message) for message in kept]
    dropped = messages[1 : len(messages) - len(kept)]
    words = [block for message in dropped for block in _texts_of_ours(message)]
    note = [{"type": "text", "text": _note(dropped)}] if dropped else []
    head = {"role": "user", "content": [*blocks_of(messages[0]), *words, *note]}
    return [head, *kept]


def _last_turns(messages: Sequence[JsonObject], count: int) -> list[JsonObject]:
    """Return the last messages, from the answer of the model that is so many turns ago."""
    answers = [at for at, one in enumerate(messages) if at and one["role"] == "assistant"]
    return list(messages[answers[-count:][0] :]) if answers else []


def _shorten(message: JsonObject) -> JsonObject:
    return {**message, "content": [_shorten_block(block) for block in blocks_of(message)]}


def _shorten_block(block: Block) -> Block:
    text = block.get("content")
    if block.get("type") != "tool_result" or not isinstance(text, str):
        return block
    if len(text) <= _MAX_OLD_ANSWER:
        return block
    return {**block, "content": f"{text[:_MAX_OLD_ANSWER]}\n[… left out to save room …]"}


def _texts_of_ours(message: JsonObject) -> list[Block]:
    is_ours = message["role"] == "user"
    return [block for block in blocks_of(message) if is_ours and block.get("type") == "text"]


def _note(dropped: Sequence[JsonObject]) -> str:
    calls = [
        block
        for message in dropped
        for block in blocks_of(message)
        if block.get("type") == "tool_use"
    ]
    lines = [f"- {_told(call)}" for call in calls[-MAX_TOLD:]]
    if len(calls) > MAX_TOLD:
        lines.insert(0, f"- {len(calls) - MAX_TOLD} earlier ones")
    return "\n".join(
        (
            "To save room, these calls of tools and their answers were left out here. What they",
            "changed in the worktree is still there; read again what you need:",
            *(lines or ("- none",)),
        )
    )


def _told(call: Block) -> str:
    arguments = call.get("input")
    name = str(call.get("name"))
    detail = detail_of(name, arguments) if isinstance(arguments, Mapping) else ""
    return one_line(f"{name} {detail[:_MAX_DETAIL]}".strip())

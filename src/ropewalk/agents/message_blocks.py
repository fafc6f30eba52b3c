"""Messages to and from a model, as JSON: blocks of content, in turn."""

from collections.abc import Iterable
from typing import TypeAlias

from ropewalk.model.values import JsonObject

Block: TypeAlias = JsonObject


def tool_result(call_id: str, text: str, *, ok: bool) -> Block:
    """Return the answer to a call of a tool."""
    known: Block = {"type": "tool_result", "tool_use_id": call_id, "content": text}
    return known if ok else {**known, "is_error": True}


def blocks_of(message: JsonObject) -> list[Block]:
    """Return the blocks of a message."""
    content = message.get("content")
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def in_turn(messages: Iterable[JsonObject]) -> list[dict[str, object]]:
    """Return the messages with neighbours of one role put together."""
    joined: list[dict[str, object]] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1]["content"] = [*blocks_of(joined[-1]), *blocks_of(message)]
        else:
            joined.append({"role": message["role"], "content": blocks_of(message)})
    return joined

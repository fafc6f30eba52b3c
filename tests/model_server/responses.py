"""OpenAI Responses: `/v1/responses`, plain and streamed."""

from collections.abc import Iterator
from typing import Final

from ropewalk.agents.fields import Fields, below, objects_at, text_at
from ropewalk.model.values import JsonObject
from tests.model_server.exchange import (
    Conversation,
    Offer,
    Reply,
    Stop,
    event,
    halves,
    new_id,
    object_at,
    text_of,
)
from tests.model_server.openai import count, error
from tests.model_server.scene import TokenCounts

__all__ = ["count", "error", "read", "stream", "stream_error", "whole"]

_RESULTS: Final = frozenset(
    ("function_call_output", "custom_tool_call_output", "local_shell_call_output")
)


def read(body: JsonObject, path: str) -> Conversation:
    """Return what a request holds."""
    del path
    return Conversation(
        model=text_at(body, "model"),
        streams=body.get("stream") is True,
        offers=tuple(
            Offer(
                name=text_at(tool, "name"),
                schema=below(tool, "parameters"),
                is_free_form=text_at(tool, "type") == "custom",
            )
            for tool in _tools(body)
        ),
        answered=tuple(
            text_at(item, "call_id")
            for item in objects_at(body, "input")
            if text_at(item, "type") in _RESULTS
        ),
        text=text_of(body),
        wanted=object_at(below(body, "text", "format"), "schema"),
    )


def _tools(body: JsonObject) -> Iterator[Fields]:
    """Yield every tool, also those that a message adds and those that stand in a group."""
    added = (tool for item in objects_at(body, "input") for tool in objects_at(item, "tools"))
    for tool in (*objects_at(body, "tools"), *added):
        yield from objects_at(tool, "tools") or (tool,)


def whole(reply: Reply, model: str) -> JsonObject:
    """Return the answer to a request that does not stream."""
    return _ended(reply, _response(model), tuple(_items(reply)))


def stream(reply: Reply, model: str) -> tuple[bytes, ...]:
    """Return the events of a streamed answer."""
    events = enumerate(_events(reply, model))
    return tuple(
        event({**data, "sequence_number": number}, str(data["type"])) for number, data in events
    )


def stream_error() -> bytes:
    """Return the event by which a stream that has begun ends in an error."""
    told = {"code": "server_error", "message": "The server had an error."}
    failed = {"id": new_id("resp"), "object": "response", "status": "failed", "error": told}
    return event({"type": "response.failed", "response": failed}, "response.failed")


def _events(reply: Reply, model: str) -> Iterator[JsonObject]:
    begun, items = _response(model), tuple(_items(reply))
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items):
        at = {"output_index": index}
        empty = {**item, "status": "in_progress", **_emptied(item)}
        yield {"type": "response.output_item.added", **at, "item": empty}
        for data in _item_events(reply, item):
            yield {**data, **at, "item_id": item["id"]}
        yield {"type": "response.output_item.done", **at, "item": item}
    ended = _ended(reply, begun, items)
    yield {"type": f"response.{ended['status']}", "response": ended}


def _item_events(reply: Reply, item: JsonObject) -> Iterator[JsonObject]:
    match item["type"]:
        case "message":
            yield from _message_events(reply)
        case "function_call":
            yield from _delta_events("function_call_arguments", "arguments", reply.input_text)
        case _:
            yield from _delta_events("custom_tool_call_input", "input", reply.input_text)


def _message_events(reply: Reply) -> Iterator[JsonObject]:
    part = _part(reply)
    at = {"content_index": 0}
    kind, name = ("refusal", "refusal") if "refusal" in part else ("output_text", "text")
    yield {"type": "response.content_part.added", **at, "part": {**part, name: ""}}
    for data in _delta_events(kind, name, reply.text):
        yield {**data, **at}
    yield {"type": "response.content_part.done", **at, "part": part}


def _delta_events(kind: str, name: str, text: str) -> Iterator[JsonObject]:
    for part in halves(text):
        yield {"type": f"response.{kind}.delta", "delta": part}
    yield {"type": f"response.{kind}.done", name: text}


def _items(reply: Reply) -> Iterator[JsonObject]:
    if reply.text:
        content = [_part(reply)]
        said = {"role": "assistant", "status": "completed", "content": content}
        yield {"type": "message", "id": new_id("msg"), **said}
    if reply.call is None:
        return
    called = {"call_id": reply.call.id, "name": reply.call.name, "status": "completed"}
    if reply.call.text is None:
        yield {"type": "function_call", "id": new_id("fc"), **called, "arguments": reply.input_text}
    else:
        yield {"type": "custom_tool_call", "id": new_id("ctc"), **called, "input": reply.input_text}


def _emptied(item: JsonObject) -> JsonObject:
    match item["type"]:
        case "message":
            return {"content": []}
        case "function_call":
            return {"arguments": ""}
        case _:
            return {"input": ""}


def _part(reply: Reply) -> JsonObject:
    if reply.stop is Stop.REFUSAL:
        return {"type": "refusal", "refusal": reply.text}
    return {"type": "output_text", "text": reply.text, "annotations": []}


def _ended(reply: Reply, begun: JsonObject, items: tuple[JsonObject, ...]) -> JsonObject:
    is_short = reply.stop is Stop.LENGTH
    return {
        **begun,
        "status": "incomplete" if is_short else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if is_short else None,
        "output": items,
        "usage": _usage(reply.usage),
    }


def _response(model: str) -> JsonObject:
    return {
        "id": new_id("resp"),
        "object": "response",
        "created_at": 0,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "parallel_tool_calls": False,
        "tools": [],
        "tool_choice": "auto",
        "usage": None,
    }


def _usage(counts: TokenCounts) -> JsonObject:
    read = counts.input_tokens + counts.cache_read_tokens + counts.cache_write_tokens
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": counts.cache_read_tokens},
        "output_tokens": counts.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + counts.output_tokens,
    }

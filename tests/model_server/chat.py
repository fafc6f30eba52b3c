"""OpenAI Chat Completions: `/v1/chat/completions`, plain and streamed."""

from collections.abc import Iterator, Mapping
from typing import Final

from ropewalk.agents.fields import below, objects_at, text_at
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
from tests.model_server.scene import FaultKind, TokenCounts

__all__ = ["count", "error", "read", "stream", "stream_error", "whole"]

_STOPS: Final[Mapping[Stop, str]] = {
    Stop.END: "stop",
    Stop.TOOL: "tool_calls",
    Stop.LENGTH: "length",
    Stop.REFUSAL: "content_filter",
}


def read(body: JsonObject, path: str) -> Conversation:
    """Return what a request holds."""
    del path
    functions = [below(tool, "function") for tool in objects_at(body, "tools")]
    return Conversation(
        model=text_at(body, "model"),
        streams=body.get("stream") is True,
        offers=tuple(
            Offer(name=text_at(one, "name"), schema=below(one, "parameters")) for one in functions
        ),
        answered=tuple(
            text_at(message, "tool_call_id")
            for message in objects_at(body, "messages")
            if text_at(message, "role") == "tool"
        ),
        text=text_of(body),
        wanted=object_at(below(body, "response_format", "json_schema"), "schema"),
    )


def whole(reply: Reply, model: str) -> JsonObject:
    """Return the answer to a request that does not stream."""
    message: JsonObject = {"role": "assistant", "content": _text(reply) or None}
    if reply.call is not None:
        message = {**message, "tool_calls": [_call(reply, reply.input_text)]}
    choice = {"index": 0, "message": message, "finish_reason": _STOPS[reply.stop]}
    return {
        **_completion("chat.completion", model),
        "choices": [choice],
        "usage": _usage(reply.usage),
    }


def stream(reply: Reply, model: str) -> tuple[bytes, ...]:
    """Return the events of a streamed answer."""
    chunk = _completion("chat.completion.chunk", model)
    chunks = [{**chunk, "choices": [choice]} for choice in _choices(reply)]
    last = {**chunk, "choices": [], "usage": _usage(reply.usage)}
    return (*(event(data) for data in (*chunks, last)), b"data: [DONE]\n\n")


def stream_error() -> bytes:
    """Return the event by which a stream that has begun ends in an error."""
    return event(error(FaultKind.SERVER_ERROR, None))


def _choices(reply: Reply) -> Iterator[JsonObject]:
    yield _choice({"role": "assistant", "content": ""})
    for part in halves(_text(reply)):
        yield _choice({"content": part})
    if reply.call is not None:
        yield _choice({"tool_calls": [_call(reply, "")]})
        for part in halves(reply.input_text):
            more = {"index": 0, "function": {"arguments": part}}
            yield _choice({"tool_calls": [more]})
    yield _choice({}, _STOPS[reply.stop])


def _choice(delta: JsonObject, finish_reason: str | None = None) -> JsonObject:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}


def _call(reply: Reply, arguments: str) -> JsonObject:
    if reply.call is None:
        return {}
    function = {"name": reply.call.name, "arguments": arguments}
    return {"index": 0, "id": reply.call.id, "type": "function", "function": function}


def _text(reply: Reply) -> str:
    return "" if reply.stop is Stop.REFUSAL else reply.text


def _completion(kind: str, model: str) -> JsonObject:
    return {"id": new_id("chatcmpl"), "object": kind, "created": 0, "model": model}


def _usage(counts: TokenCounts) -> JsonObject:
    read = counts.input_tokens + counts.cache_read_tokens + counts.cache_write_tokens
    return {
        "prompt_tokens": read,
        "completion_tokens": counts.output_tokens,
        "total_tokens": read + counts.output_tokens,
        "prompt_tokens_details": {"cached_tokens": counts.cache_read_tokens},
    }

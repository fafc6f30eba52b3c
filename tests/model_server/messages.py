"""Anthropic Messages: `/v1/messages`, plain and streamed."""

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
from tests.model_server.faults import problem_of
from tests.model_server.scene import FaultKind, TokenCounts

_STOPS: Final[Mapping[Stop, str]] = {
    Stop.END: "end_turn",
    Stop.TOOL: "tool_use",
    Stop.LENGTH: "max_tokens",
    Stop.REFUSAL: "refusal",
}
_TYPES: Final[Mapping[FaultKind, str]] = {
    FaultKind.RATE_LIMIT: "rate_limit_error",
    FaultKind.OVERLOADED: "overloaded_error",
    FaultKind.UNAUTHORIZED: "authentication_error",
    FaultKind.FORBIDDEN: "permission_error",
    FaultKind.NOT_FOUND: "not_found_error",
    FaultKind.CONTEXT: "invalid_request_error",
    FaultKind.CREDIT: "invalid_request_error",
}
_MESSAGES: Final[Mapping[FaultKind, str]] = {
    FaultKind.UNAUTHORIZED: "invalid x-api-key",
    FaultKind.CONTEXT: "prompt is too long: 215301 tokens > 200000 maximum",
    FaultKind.CREDIT: "Your credit balance is too low to access the Anthropic API.",
}


def read(body: JsonObject, path: str) -> Conversation:
    """Return what a request holds."""
    del path
    blocks = (
        block
        for message in objects_at(body, "messages")
        for block in objects_at(message, "content")
    )
    return Conversation(
        model=text_at(body, "model"),
        streams=body.get("stream") is True,
        offers=tuple(
            Offer(name=text_at(tool, "name"), schema=below(tool, "input_schema"))
            for tool in objects_at(body, "tools")
        ),
        answered=tuple(
            text_at(block, "tool_use_id")
            for block in blocks
            if text_at(block, "type") == "tool_result"
        ),
        text=text_of(body),
        wanted=object_at(below(body, "output_config", "format"), "schema")
        or object_at(below(body, "output_format"), "schema"),
    )


def whole(reply: Reply, model: str) -> JsonObject:
    """Return the answer to a request that does not stream."""
    return {
        **_message(model),
        "content": list(_blocks(reply)),
        "stop_reason": _STOPS[reply.stop],
        "usage": _usage(reply.usage),
    }


def stream(reply: Reply, model: str) -> tuple[bytes, ...]:
    """Return the events of a streamed answer."""
    return tuple(event(data, str(data["type"])) for data in _events(reply, model))


def error(kind: FaultKind, retry_after_s: float | None) -> JsonObject:
    """Return the body of an answer with an error status."""
    del retry_after_s  # said in a header
    message = _MESSAGES.get(kind, problem_of(kind).message)
    return _error(_TYPES.get(kind, "api_error"), message)


def count(tokens: int) -> JsonObject:
    """Return the answer to a request that counts tokens."""
    return {"input_tokens": tokens}


def stream_error() -> bytes:
    """Return the event by which a stream that has begun ends in an error."""
    return event(_error("overloaded_error", "Overloaded"), "error")


def _events(reply: Reply, model: str) -> Iterator[JsonObject]:
    usage = _usage(reply.usage)
    yield {"type": "message_start", "message": {**_message(model), "usage": usage}}
    yield {"type": "ping"}
    for index, block in enumerate(_blocks(reply)):
        at = {"index": index}
        empty: JsonObject = {"input": {}} if block["type"] == "tool_use" else {"text": ""}
        yield {"type": "content_block_start", **at, "content_block": {**block, **empty}}
        for delta in _deltas(block, reply):
            yield {"type": "content_block_delta", **at, "delta": delta}
        yield {"type": "content_block_stop", **at}
    delta = {"stop_reason": _STOPS[reply.stop], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


def _deltas(block: JsonObject, reply: Reply) -> Iterator[JsonObject]:
    if block["type"] == "text":
        return ({"type": "text_delta", "text": part} for part in halves(reply.text))
    parts = halves(reply.input_text)
    return ({"type": "input_json_delta", "partial_json": part} for part in parts)


def _blocks(reply: Reply) -> Iterator[JsonObject]:
    if reply.text and reply.stop is not Stop.REFUSAL:
        yield {"type": "text", "text": reply.text}
    if reply.call is not None:
        called = {"id": reply.call.id, "name": reply.call.name}
        yield {"type": "tool_use", **called, "input": reply.arguments}


def _message(model: str) -> JsonObject:
    return {
        "id": new_id("msg"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _usage(counts: TokenCounts) -> JsonObject:
    return {
        "input_tokens": counts.input_tokens,
        "output_tokens": counts.output_tokens,
        "cache_read_input_tokens": counts.cache_read_tokens,
        "cache_creation_input_tokens": counts.cache_write_tokens,
    }


def _error(type_: str, message: str) -> JsonObject:
    error = {"type": type_, "message": message}
    return {"type": "error", "error": error, "request_id": new_id("req")}

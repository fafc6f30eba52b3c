"""Gemini: `/v1beta/models/MODEL:generateContent`, `:streamGenerateContent` and `:countTokens`."""

from collections.abc import Iterator, Mapping
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
from tests.model_server.faults import problem_of
from tests.model_server.scene import FaultKind, TokenCounts

_STOPS: Final[Mapping[Stop, str]] = {
    Stop.END: "STOP",
    Stop.TOOL: "STOP",
    Stop.LENGTH: "MAX_TOKENS",
    Stop.REFUSAL: "SAFETY",
}
_THOUGHT: Final = {"text": "Considering the files", "thought": True}
_RETRY_TYPE: Final = "type.googleapis.com/google.rpc.RetryInfo"
_STATUSES: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    529: "UNAVAILABLE",
}
_MESSAGES: Final[Mapping[FaultKind, str]] = {
    FaultKind.UNAUTHORIZED: "API key not valid. Please pass a valid API key.",
    FaultKind.CONTEXT: "The input token count (1215301) exceeds the maximum number of tokens "
    "allowed (1048576).",
    FaultKind.CREDIT: "Billing is not enabled for this project.",
    FaultKind.RATE_LIMIT: "You exceeded your current quota.",
}


def read(body: JsonObject, path: str) -> Conversation:
    """Return what a request holds."""
    plain = path.partition("?")[0]
    config = below(body, "generationConfig")
    return Conversation(
        model=plain.rpartition("/")[2].partition(":")[0],
        streams=plain.endswith(":streamGenerateContent"),
        offers=tuple(
            Offer(name=text_at(one, "name"), schema=_schema(one))
            for tool in objects_at(body, "tools")
            for one in objects_at(tool, "functionDeclarations")
        ),
        answered=tuple(
            text_at(below(part, "functionResponse"), "id")
            for content in objects_at(body, "contents")
            for part in objects_at(content, "parts")
        ),
        text=text_of(body),
        wanted=object_at(config, "responseJsonSchema") or object_at(config, "responseSchema"),
    )


def whole(reply: Reply, model: str) -> JsonObject:
    """Return the answer to a request that does not stream."""
    chunk = _chunk(list(_parts(reply)), model, stop=_stop(reply), usage=reply.usage)
    return {**chunk, "responseId": new_id("response")}


def stream(reply: Reply, model: str) -> tuple[bytes, ...]:
    """Return the events of a streamed answer."""
    chunks = [_chunk([part], model) for part in _streamed(reply)]
    last = _chunk([], model, stop=_stop(reply), usage=reply.usage)
    one = {"responseId": new_id("response")}
    return tuple(event({**chunk, **one}) for chunk in (*chunks, last))


def error(kind: FaultKind, retry_after_s: float | None) -> JsonObject:
    """Return the body of an answer with an error status."""
    known = problem_of(kind)
    told = {
        "code": known.status,
        "message": _MESSAGES.get(kind, known.message),
        "status": _STATUSES[known.status],
    }
    if retry_after_s is None:
        return {"error": told}
    details = [{"@type": _RETRY_TYPE, "retryDelay": f"{retry_after_s:g}s"}]
    return {"error": {**told, "details": details}}


def count(tokens: int) -> JsonObject:
    """Return the answer to a request that counts tokens."""
    return {"totalTokens": tokens}


def stream_error() -> bytes:
    """Return the event by which a stream that has begun ends in an error."""
    return event(error(FaultKind.UNAVAILABLE, None))


def _parts(reply: Reply) -> Iterator[JsonObject]:
    if reply.stop is not Stop.REFUSAL:
        for part in halves(reply.text):
            yield {"text": part}
    if reply.call is not None and not reply.cut:
        called = {"id": reply.call.id, "name": reply.call.name, "args": reply.arguments}
        yield {"functionCall": called}


def _streamed(reply: Reply) -> Iterator[JsonObject]:
    """Yield what a stream consists of: one that says something begins with a thought."""
    parts = tuple(_parts(reply))
    return iter((_THOUGHT, *parts) if parts else ())


def _stop(reply: Reply) -> str:
    if reply.cut and reply.stop is Stop.TOOL:
        return "MALFORMED_FUNCTION_CALL"
    return _STOPS[reply.stop]


def _chunk(
    parts: list[JsonObject], model: str, *, stop: str = "", usage: TokenCounts | None = None
) -> JsonObject:
    candidate: JsonObject = {"content": {"role": "model", "parts": parts}, "index": 0}
    if stop:
        candidate = {**candidate, "finishReason": stop}
    chunk: JsonObject = {"candidates": [candidate], "modelVersion": model}
    return chunk if usage is None else {**chunk, "usageMetadata": _usage(usage)}


def _usage(counts: TokenCounts) -> JsonObject:
    read = counts.input_tokens + counts.cache_read_tokens + counts.cache_write_tokens
    return {
        "promptTokenCount": read,
        "cachedContentTokenCount": counts.cache_read_tokens,
        "candidatesTokenCount": counts.output_tokens,
        "totalTokenCount": read + counts.output_tokens,
    }


def _schema(declaration: Fields) -> JsonObject:
    return object_at(declaration, "parametersJsonSchema") or below(declaration, "parameters")

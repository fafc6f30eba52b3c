"""The protocols, and which path speaks which."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ropewalk.model.values import JsonObject
from tests.model_server import chat, gemini, messages, responses
from tests.model_server.exchange import Conversation, Reply
from tests.model_server.scene import FaultKind

MODEL: Final = "model-1"
_LONG_AGO: Final = "2025-01-01T00:00:00Z"


class Wire(Protocol):
    """A protocol: reads requests, and spells answers and errors."""

    def read(self, body: JsonObject, path: str) -> Conversation:
        """Return what a request holds."""
        ...

    def whole(self, reply: Reply, model: str) -> JsonObject:
        """Return the answer to a request that does not stream."""
        ...

    def stream(self, reply: Reply, model: str) -> tuple[bytes, ...]:
        """Return the events of a streamed answer."""
        ...

    def error(self, kind: FaultKind, retry_after_s: float | None) -> JsonObject:
        """Return the body of an answer with an error status."""
        ...

    def count(self, tokens: int) -> JsonObject:
        """Return the answer to a request that counts tokens."""
        ...

    def stream_error(self) -> bytes:
        """Return the event by which a stream that has begun ends in an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a path leads: `counts` is whether tokens are only counted there."""

    protocol: str
    wire: Wire
    counts: bool = False


_ROUTES: Final[Mapping[str, Route]] = {
    "/messages": Route(protocol="messages", wire=messages),
    "/messages/count_tokens": Route(protocol="messages", wire=messages, counts=True),
    "/responses": Route(protocol="responses", wire=responses),
    "/responses/input_tokens": Route(protocol="responses", wire=responses, counts=True),
    "/chat/completions": Route(protocol="chat", wire=chat),
    ":generateContent": Route(protocol="gemini", wire=gemini),
    ":streamGenerateContent": Route(protocol="gemini", wire=gemini),
    ":countTokens": Route(protocol="gemini", wire=gemini, counts=True),
}


def find_route(path: str) -> Route | None:
    """Return where a path without its query leads, None for nowhere."""
    return next((route for end, route in _ROUTES.items() if path.endswith(end)), None)


def wire_of(path: str, headers: Mapping[str, str]) -> Wire:
    """Return the protocol that errors of any other path are told in."""
    if "/v1beta/" in path or "x-goog-api-key" in headers:
        return gemini
    return messages if "anthropic-version" in headers else chat


def list_models(path: str, headers: Mapping[str, str]) -> JsonObject:
    """Return the models there are, in the shape of the protocol that asks."""
    wire = wire_of(path, headers)
    if wire is gemini:
        return {"models": [{"name": f"models/{MODEL}", "displayName": MODEL}]}
    if wire is messages:
        one = {"type": "model", "id": MODEL, "display_name": MODEL, "created_at": _LONG_AGO}
        return {"data": [one], "has_more": False, "first_id": MODEL, "last_id": MODEL}
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0}]}

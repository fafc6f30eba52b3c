"""What both protocols of OpenAI share: their errors, their way to count, their lists."""

from collections.abc import Mapping
from typing import Final

from ropewalk.model.values import JsonObject
from tests.model_server.faults import problem_of
from tests.model_server.scene import FaultKind

_CODES: Final[Mapping[FaultKind, tuple[str, str]]] = {
    FaultKind.RATE_LIMIT: ("requests", "rate_limit_exceeded"),
    FaultKind.UNAUTHORIZED: ("invalid_request_error", "invalid_api_key"),
    FaultKind.FORBIDDEN: ("invalid_request_error", "permission_denied"),
    FaultKind.NOT_FOUND: ("invalid_request_error", "model_not_found"),
    FaultKind.CONTEXT: ("invalid_request_error", "context_length_exceeded"),
    FaultKind.CREDIT: ("insufficient_quota", "insufficient_quota"),
}
_MESSAGES: Final[Mapping[FaultKind, str]] = {
    FaultKind.UNAUTHORIZED: "Incorrect API key provided.",
    FaultKind.CONTEXT: "This model's maximum context length is 128000 tokens. Shorten the input.",
    FaultKind.CREDIT: "You exceeded your current quota, please check your plan and billing.",
}


def error(kind: FaultKind, retry_after_s: float | None) -> JsonObject:
    """Return the body of an answer with an error status."""
    del retry_after_s  # said in a header
    message = _MESSAGES.get(kind, problem_of(kind).message)
    type_, code = _CODES.get(kind, ("server_error", "server_error"))
    return {"error": {"message": message, "type": type_, "param": None, "code": code}}


def count(tokens: int) -> JsonObject:
    """Return the answer to a request that counts tokens."""
    return {"object": "response.input_tokens", "input_tokens": tokens}

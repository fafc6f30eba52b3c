"""How each fault looks on the wire.

A fault is one of three things: an answer with an error status, a reply that says something else
than the scene wanted, or a delivery that breaks.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.model_server.exchange import REFUSAL_TEXT, Reply, Stop, new_id
from tests.model_server.scene import FaultKind

_HTML: Final = b"<html><head><title>Gateway</title></head><body>Please log in</body></html>\n"
_HALF_JSON: Final = b'{"id": "msg_1", "type": '
_HALF_EVENT: Final = (
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "index":\n\n'
)
_SLOW_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An answer with an error status; each protocol has its own body for it."""

    status: int
    message: str


class End(StrEnum):
    """How a delivery ends after its last piece."""

    WELL = "well"
    STALL = "stall"
    RESET = "reset"
    DROP = "drop"
    HANG = "hang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An answer as it goes over the connection.

    `streams` is whether the pieces are events, else their `length` is told beforehand, which is
    more than they have where one breaks off; `delay_s` passes before all of it and `pause_s`
    before each piece; one that hangs sends not even a status.
    """

    pieces: tuple[bytes, ...]
    status: int = 200
    content_type: str = "application/json"
    streams: bool = False
    end: End = End.WELL
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    pause_s: float = 0.0
    length: int | None = None

    @property
    def length_told(self) -> int:
        """The length that is told beforehand."""
        return sum(map(len, self.pieces)) if self.length is None else self.length


_PROBLEMS: Final[Mapping[FaultKind, Problem]] = {
    FaultKind.RATE_LIMIT: Problem(status=429, message="This request would exceed your rate limit."),
    FaultKind.OVERLOADED: Problem(status=529, message="Overloaded"),
    FaultKind.SERVER_ERROR: Problem(status=500, message="Internal server error"),
    FaultKind.UNAVAILABLE: Problem(status=503, message="The service is unavailable."),
    FaultKind.UNAUTHORIZED: Problem(status=401, message="The API key is not valid."),
    FaultKind.FORBIDDEN: Problem(status=403, message="The key has no permission for this."),
    FaultKind.NOT_FOUND: Problem(status=404, message="There is no such model or resource."),
    FaultKind.CONTEXT: Problem(status=400, message="The input is longer than the context."),
    FaultKind.CREDIT: Problem(status=400, message="The credit balance is too low."),
}


_ENDS: Final[Mapping[FaultKind, End]] = {
    FaultKind.HANG: End.HANG,
    FaultKind.STALL: End.STALL,
    FaultKind.RESET: End.RESET,
    FaultKind.DROP: End.DROP,
}


def is_problem(kind: FaultKind) -> bool:
    """Whether a fault is an answer with an error status."""
    return kind in _PROBLEMS


def problem_of(kind: FaultKind) -> Problem:
    """Return the status of an error, and words for protocols that have none of their own."""
    return _PROBLEMS[kind]


def alter(reply: Reply, kind: FaultKind | None) -> Reply:
    """Return what is said in place of a reply; the reply itself unless the fault is about words."""
    match kind:
        case FaultKind.EMPTY:
            return dataclasses.replace(reply, text="", call=None, stop=Stop.END)
        case FaultKind.REFUSAL:
            return dataclasses.replace(reply, text=REFUSAL_TEXT, call=None, stop=Stop.REFUSAL)
        case FaultKind.MAX_TOKENS:
            text = reply.text or "I will begin with"
            return dataclasses.replace(reply, text=text, call=None, stop=Stop.LENGTH)
        case FaultKind.MAX_TOKENS_IN_TOOL:
            return dataclasses.replace(_cut(reply), stop=Stop.LENGTH)
        case FaultKind.TRUNCATED_TOOL:
            return _cut(reply)
        case _:
            return reply


def _cut(reply: Reply) -> Reply:
    """Return a reply whose call breaks off; its id is no progress, so that it has to come again."""
    call = None if reply.call is None else dataclasses.replace(reply.call, id=new_id("cut"))
    return dataclasses.replace(reply, call=call, cut=True)


def spoil(
    delivery: Delivery, kind: FaultKind | None, stream_error: Callable[[], bytes]
) -> Delivery:
    """Return how a delivery breaks; the delivery itself unless the fault is about that."""
    match kind:
        case FaultKind.HANG | FaultKind.STALL | FaultKind.RESET | FaultKind.DROP:
            return dataclasses.replace(_begun(delivery), end=_ENDS[kind])
        case FaultKind.SSE_ERROR if delivery.streams:
            return _begun(delivery, stream_error())
        case FaultKind.MALFORMED_SSE if delivery.streams:
            return _begun(delivery, _HALF_EVENT)
        case FaultKind.BAD_JSON | FaultKind.SSE_ERROR | FaultKind.MALFORMED_SSE:
            return Delivery(pieces=(_HALF_JSON,))
        case FaultKind.HTML:
            return Delivery(pieces=(_HTML,), content_type="text/html")
        case FaultKind.SLOW:
            return dataclasses.replace(delivery, pause_s=_SLOW_S)
        case _:
            return delivery


def _begun(delivery: Delivery, *more: bytes) -> Delivery:
    """Return the first half of a delivery, with what follows in place of the rest."""
    if delivery.streams:
        half = delivery.pieces[: max(1, len(delivery.pieces) // 2)]
    else:
        half = tuple(piece[: len(piece) // 2] for piece in delivery.pieces)
    return dataclasses.replace(delivery, pieces=(*half, *more), length=delivery.length_told)

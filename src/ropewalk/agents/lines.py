"""The JSON lines by which ropewalk's own agent programs tell what they do.

One event is one line. `format_event` and `parse_line` are each other's inverse for every event
whose texts are within bounds; a line that is no event is no error, it says nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from ropewalk.agents.base import (
    MAX_ANSWER,
    MAX_TEXT,
    RETRYABLE,
    AgentEvent,
    FinalEvent,
    Finish,
    SessionEvent,
    TextEvent,
    ToolEvent,
    TroubleEvent,
    UsageEvent,
    outcome_of,
    session_of,
    usage_of,
)
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import Ended

_TYPES: Final[Mapping[type, str]] = {
    SessionEvent: "session",
    TextEvent: "text",
    ToolEvent: "tool",
    TroubleEvent: "trouble",
    UsageEvent: "usage",
    FinalEvent: "final",
}
_COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
USAGE_FIELDS: Final = (*_COUNTS, "cost_usd")
_MAX_COUNT: Final = 10**15


def format_event(event: AgentEvent) -> str:
    """Return an event as one line of JSON, without a newline."""
    fields = asdict(event.usage if isinstance(event, UsageEvent) else event)
    return json.dumps({"type": _TYPES[type(event)], **fields})


def parse_line(line: bytes) -> tuple[AgentEvent, ...]:
    """Return the event that a line holds, if it holds one."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(fields, dict):
        return ()
    event = _to_event(fields)
    return () if event is None else (event,)


def finish_by_final(ended: Ended, events: Sequence[AgentEvent]) -> Finish:
    """Return how an attempt ended whose agent always says a last word.

    The end of the process outweighs the word: a deadline stays a deadline. Without the word, an
    orderly exit is a crash all the same.
    """
    final = next((event for event in reversed(events) if isinstance(event, FinalEvent)), None)
    outcome = _decide(outcome_of(ended), final)
    session = session_of(events)
    return Finish(
        outcome=outcome,
        summary="" if final is None else final.summary,
        answer="" if final is None else final.answer,
        session_id=session.session_id,
        version=session.version,
        model=session.model,
        usage=usage_of(events),
        said_nothing_to_do=outcome is Outcome.NOTHING_TO_DO,
        retryable=outcome in RETRYABLE,
    )


def _decide(by_process: Outcome, final: FinalEvent | None) -> Outcome:
    match by_process:
        case Outcome.OK:
            return Outcome.CRASHED if final is None else final.outcome
        case Outcome.NONZERO_EXIT:
            is_good = final is None or final.outcome in (Outcome.OK, Outcome.NOTHING_TO_DO)
            return Outcome.CRASHED if final is None or is_good else final.outcome
        case _:
            return by_process


def _to_event(fields: Mapping[str, object]) -> AgentEvent | None:
    match fields.get("type"):
        case "session":
            return SessionEvent(
                session_id=_optional(fields, "session_id"),
                version=_optional(fields, "version"),
                model=_optional(fields, "model"),
            )
        case "text":
            return TextEvent(text=_text(fields, "text"), goes_on=fields.get("goes_on") is True)
        case "tool":
            kind, detail, status = (_text(fields, name) for name in ("kind", "detail", "status"))
            return ToolEvent(kind=kind, detail=detail, status=status)
        case "usage":
            return UsageEvent(usage=usage_from(fields))
        case "trouble":
            return _trouble(fields)
        case "final":
            outcome = _outcome(fields) or Outcome.ERROR
            answer = fields.get("answer")
            return FinalEvent(
                outcome=outcome,
                summary=_text(fields, "summary"),
                answer=answer[:MAX_ANSWER] if isinstance(answer, str) else "",
            )
        case _:
            return None


def _trouble(fields: Mapping[str, object]) -> TroubleEvent:
    return TroubleEvent(
        text=_text(fields, "text"),
        outcome=_outcome(fields),
        fatal=fields.get("fatal") is True,
        retry_after_s=_cost(fields.get("retry_after_s")),
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def _optional(fields: Mapping[str, object], name: str) -> str | None:
    return _text(fields, name) or None


def _outcome(fields: Mapping[str, object]) -> Outcome | None:
    value = fields.get("outcome")
    return next((outcome for outcome in Outcome if outcome.value == value), None)


def usage_from(fields: Mapping[str, object]) -> TokenUsage:
    """Return the amounts that a JSON object holds; None for each that is missing or no amount."""
    return TokenUsage(
        **{name: _count(fields.get(name)) for name in _COUNTS},
        cost_usd=_cost(fields.get("cost_usd")),
    )


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MAX_COUNT else None


def _cost(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _MAX_COUNT else None

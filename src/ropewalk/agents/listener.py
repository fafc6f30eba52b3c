"""Listens to an agent at work: keeps what matters for its end, tells what it does, within bounds.

Invariants: nothing leaves unmasked; at most two activities in any second; memory is bounded however
much an agent prints. Usage is summed up as it comes, so that none of it is forgotten.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from ropewalk.agents.base import (
    NO_USAGE,
    Adapter,
    AgentEvent,
    FinalEvent,
    SessionEvent,
    TextEvent,
    ToolEvent,
    TroubleEvent,
    UsageEvent,
    add_usage,
    session_of,
    usage_since,
)
from ropewalk.agents.texts import GrowingText
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.store.files import safe_text
from ropewalk.store.redact import Redactor

MAX_ACTIVITY: Final = 160
_KEPT: Final = 500
_PER_SECOND: Final = 2
_SESSION: Final = re.compile(r"\w[\w.:/=+@~-]{0,255}", re.ASCII)
_WORDS: Final = {
    "edit": "editing ",
    "write": "writing ",
    "read": "reading ",
    "glob": "looking for ",
    "grep": "searching ",
    "run": "running: ",
}


class EmitActivity(Protocol):
    """Takes an event about an attempt; `sync` waits until it is on the disk."""

    def __call__(self, type_: str, data: JsonObject, /, *, sync: bool = False) -> object:
        """Take one event."""
        ...


class Stop(threading.Event):
    """Ends an agent when the caller says so, or when the agent itself gave a reason to.

    `outcome` is that reason, None while there is none. `is_last_word` says that what it tells now
    comes with its last word.
    """

    def __init__(self, outer: threading.Event) -> None:
        super().__init__()
        self._outer = outer
        self.outcome: Outcome | None = None
        self.is_last_word = False

    def is_set(self) -> bool:
        """Whether the agent is to be ended."""
        return super().is_set() or self._outer.is_set()

    def give_reason(self, outcome: Outcome) -> None:
        """End the agent; the first reason counts."""
        if not self.is_set():
            self.outcome = outcome
            self.set()


class Listener:
    """Takes the lines of one agent; ``watch`` sees each event, masked, as it is kept."""

    def __init__(
        self,
        adapter: Adapter,
        redactor: Redactor,
        *,
        tell: Callable[[str], None],
        stop: Stop,
        watch: Callable[[AgentEvent], None] | None = None,
        used_before: TokenUsage = NO_USAGE,
    ) -> None:
        self._adapter = adapter
        self._redactor = redactor
        self._tell = tell
        self._stop = stop
        self._watch = watch
        self._used_before = used_before
        self._recent = deque[AgentEvent](maxlen=_KEPT)
        self._growing: GrowingText | None = None
        self._session = SessionEvent()
        self._usage = NO_USAGE
        self._told_at = deque[float](maxlen=_PER_SECOND)
        self._told = ""

    @property
    def events(self) -> tuple[AgentEvent, ...]:
        """Who the agent is, what it used in all, and the last things that it said and did."""
        self._end_text()
        usage = () if self._usage == NO_USAGE else (UsageEvent(usage=self._usage),)
        # A secret that came in two pieces is found in the joined text only.
        return (self._session, *usage, *(_mask(event, self._redactor) for event in self._recent))

    def take(self, line: bytes) -> None:
        """Take one line of stdout."""
        parsed = self._adapter.parse(self._redactor.redact(line))
        events = tuple(_with_plain_session(event) for event in parsed)
        self._stop.is_last_word = any(isinstance(event, FinalEvent) for event in events)
        for event in events:
            self.take_event(event)

    def take_event(self, event: AgentEvent) -> None:
        """Take what is known otherwise."""
        told = self._keep(_mask(event, self._redactor))
        self._tell_now(describe(told))
        if self._watch is not None:
            self._watch(told)

    def _keep(self, event: AgentEvent) -> AgentEvent:
        """Keep an event, and return what is to be told: of a piece, the text that it belongs to."""
        last = self._recent[-1] if self._recent else None
        match event:
            case TextEvent(goes_on=True) if isinstance(last, TextEvent):
                growing = self._grow(last, event)
                return _mask(replace(event, text=growing.beginning), self._redactor)
            case SessionEvent():
                self._session = session_of((self._session, event))
            case UsageEvent(usage=usage, of_session=of_session):
                used = usage_since(usage, self._used_before) if of_session else usage
                self._usage = add_usage(self._usage, used)
                return UsageEvent(usage=used)
            case TroubleEvent(fatal=True):
                self._append(event)
                self._stop.give_reason(event.outcome or Outcome.ERROR)
            case _:
                self._append(event)
        return event

    def _grow(self, last: TextEvent, piece: TextEvent) -> GrowingText:
        if self._growing is None:
            self._growing = GrowingText(last)
        self._growing.add(piece)
        return self._growing

    def _append(self, event: AgentEvent) -> None:
        self._end_text()
        self._recent.append(event)

    def _end_text(self) -> None:
        """Keep the text that was growing; it is the last of what is kept."""
        if self._growing is not None:
            self._recent[-1] = self._growing.event
            self._growing = None

    def _tell_now(self, activity: str) -> None:
        now = time.monotonic()
        is_full = len(self._told_at) == _PER_SECOND and now - self._told_at[0] < 1.0
        if activity and activity != self._told and not is_full:
            self._told_at.append(now)
            self._told = activity
            self._tell(activity)


def describe(event: AgentEvent) -> str:
    """Return what an event says on one line, empty when there is nothing to show."""
    match event:
        case TextEvent(text=text):
            return _one_line(text)
        case ToolEvent(kind=kind, detail=detail):
            return _one_line(_WORDS.get(kind, f"{kind} ") + detail)
        case TroubleEvent(text=text):
            return _one_line(f"trouble: {text}")
        case _:
            return ""


def _one_line(text: str) -> str:
    line = " ".join(safe_text(text).split())
    return line if len(line) <= MAX_ACTIVITY else line[: MAX_ACTIVITY - 1] + "…"


def _with_plain_session(event: AgentEvent) -> AgentEvent:
    """Forget a session that has no plain name: it would be taken for an option of the program."""
    if not isinstance(event, SessionEvent) or event.session_id is None:
        return event
    return event if _SESSION.fullmatch(event.session_id) else replace(event, session_id=None)


def _mask(event: AgentEvent, redactor: Redactor) -> AgentEvent:
    mask = redactor.redact_text
    match event:
        case TextEvent(text=text) | TroubleEvent(text=text):
            return replace(event, text=mask(text))
        case ToolEvent(detail=detail):
            return replace(event, detail=mask(detail))
        case FinalEvent(summary=summary, answer=answer):
            return replace(event, summary=mask(summary), answer=mask(answer))
        case SessionEvent(session_id=session_id, version=version, model=model):
            return SessionEvent(
                session_id=session_id and mask(session_id),
                version=version and mask(version),
                model=model and mask(model),
            )
        case UsageEvent():
            return event

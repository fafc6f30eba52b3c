"""The readable story of an attempt: what the agent said, did and met, written as it happens.

Invariants: it is made of masked events only; what the agent said is quoted, so that it cannot pass
itself off as a line of ours; its size is bounded, the raw log is not replaced by it. A disk that
refuses ends the story, never the attempt. What a command agent prints is readable as it is: it has
no transcript.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ropewalk.agents.base import (
    MAX_TEXT,
    AgentEvent,
    AgentTask,
    FinalEvent,
    SessionEvent,
    TextEvent,
    ToolEvent,
    TroubleEvent,
    UsageEvent,
)
from ropewalk.model.config import AgentKind
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.store.files import safe_text

MAX_BYTES: Final = 4 * 1024 * 1024
_BREAK: Final = "\n"
_QUOTED_BREAK: Final = "\n> "
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_DONE: Final = frozenset(("", "ok", "started", "success", "completed", "running", "pending"))


def transcript_path(log: Path) -> Path:
    """Return where the transcript of the attempt with this log is."""
    return log.with_name(f"{log.name.removesuffix('.log')}.transcript.md")


class Transcript:
    """Writes the story of one attempt; what was there before is replaced.

    Args:
        task: the attempt.
        kind: of its agent.
        is_live: whether events come as they happen, so that their times mean something.
    """

    def __init__(self, task: AgentTask, kind: AgentKind, *, is_live: bool = True) -> None:
        self._path = transcript_path(task.log)
        self._is_open = kind is not AgentKind.COMMAND
        self._began = time.monotonic() if is_live else None
        self._left = MAX_BYTES
        self._said = ""
        self._told_of = SessionEvent()
        self._last: tuple[str, str] | None = None
        if self._is_open:
            self._path.unlink(missing_ok=True)
            self._write(f"# {task.domain}, attempt {task.number} ({kind.value})\n")

    def beside(self, other: Callable[[AgentEvent], None]) -> Callable[[AgentEvent], None]:
        """Return what gives each event to `other` and then to this transcript."""

        def take(event: AgentEvent) -> None:
            other(event)
            self.take(event)

        return take

    def take(self, event: AgentEvent) -> None:
        """Write one masked event; of a text that goes on, the whole of it so far is expected."""
        match event:
            case TextEvent(text=text, goes_on=goes_on):
                self._hear(text, goes_on=goes_on)
            case ToolEvent(kind=kind, detail=detail, status=status):
                self._do(kind, detail, status)
            case TroubleEvent(text=text):
                self._line(f"▲ trouble: {_one_line(text)}")
            case SessionEvent():
                self._introduce(event)
            case FinalEvent(outcome=outcome, summary=summary):
                if safe_text(summary).strip()[:MAX_TEXT] != self._said.strip():
                    self._hear(summary, goes_on=False)
                self._line(f"the agent says that it ended: {outcome.value.replace('_', ' ')}")
            case UsageEvent():
                pass

    def end(self, outcome: Outcome, usage: TokenUsage, seconds: float) -> None:
        """Write how the attempt ended, by our own account."""
        parts = (outcome.value.replace("_", " "), f"{seconds:.1f} s", *_amounts(usage))
        self._line(f"ended: {' · '.join(parts)}")

    def _hear(self, text: str, *, goes_on: bool) -> None:
        if not goes_on:
            self._close_text()
        self._said = safe_text(text)[:MAX_TEXT]

    def _do(self, kind: str, detail: str, status: str) -> None:
        same = self._last == (kind, detail)
        failed = "" if status in _DONE else f": {_one_line(status)}"
        if not same:
            self._line(f"- {self._clock()}{_one_line(kind)} {_one_line(detail)}{failed}".rstrip())
        elif failed:
            self._line(f"  {failed.removeprefix(': ')}")
        self._last = (kind, detail)

    def _introduce(self, event: SessionEvent) -> None:
        known = self._told_of
        news = [
            f"{what} {_one_line(now)}"
            for what, now, before in (
                ("version", event.version, known.version),
                ("model", event.model, known.model),
                ("session", event.session_id, known.session_id),
            )
            if now and now != before
        ]
        if news:
            self._line(f"agent: {', '.join(news)}")
            self._told_of = event

    def _clock(self) -> str:
        if self._began is None:
            return ""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        return f"{minutes:02}:{seconds:02} "

    def _line(self, text: str) -> None:
        self._close_text()
        self._write(f"{text}\n")
        self._last = None

    def _close_text(self) -> None:
        """Write what was said last: only when it is whole, no secret in it is in two pieces."""
        said, self._said = self._said.strip(), ""
        if said:
            more = " [...]" if len(said) >= MAX_TEXT else ""
            self._write(f"\n> {said.replace(_BREAK, _QUOTED_BREAK)}{more}\n\n")
            self._last = None

    def _write(self, text: str) -> None:
        if not self._is_open:
            return
        data = text.encode("utf-8", errors="replace")
        if len(data) > self._left:
            data, self._is_open = b"\n[... the rest is in the log: --raw ...]\n", False
        self._left -= len(data)
        try:
            descriptor = os.open(self._path, _FLAGS, 0o600)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError:
            self._is_open = False


def _one_line(text: str) -> str:
    return " ".join(safe_text(text).split())


def _amounts(usage: TokenUsage) -> tuple[str, ...]:
    amounts = (
        ("tokens in", usage.input_tokens),
        ("tokens out", usage.output_tokens),
        ("tokens from the cache", usage.cache_read_tokens),
    )
    counted = tuple(f"{amount:,} {what}" for what, amount in amounts if amount is not None)
    return counted if usage.cost_usd is None else (*counted, f"{usage.cost_usd:.4f} USD")

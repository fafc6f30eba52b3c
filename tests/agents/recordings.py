"""What the real programs printed, heard once more; `recording.py` made the files."""

import json
import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from ropewalk.agents.base import NO_USAGE, AgentEvent, Finish, ToolEvent, TroubleEvent
from ropewalk.agents.listener import Listener, Stop
from ropewalk.agents.table import adapter_of
from ropewalk.model.config import AgentKind
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import Ended, EndedBy
from ropewalk.store.redact import Redactor

RECORDED = Path(__file__).with_name("recorded")
_NAMES = ("type", "subtype", "item", "message", "content", "usage", "error", "errors", "changes")
_WORDS = ("system", "init", "api_retry", "retry", "assistant", "result", "text", "tool_use")
_TYPES = ("item.completed", "turn.completed", "turn.failed", "command_execution", "file_change")
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from((*_WORDS, *_TYPES)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner),
    max_leaves=8,
)
ANY_LINES = st.binary(max_size=100) | _values.map(lambda value: json.dumps(value).encode())


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What was heard; `stopped` is why the program would have been ended."""

    events: Sequence[AgentEvent]
    finish: Finish
    stopped: Outcome | None

    @property
    def tools(self) -> list[tuple[str, str, str]]:
        found = [event for event in self.events if isinstance(event, ToolEvent)]
        return [(event.kind, event.detail, event.status) for event in found]

    @property
    def troubles(self) -> list[TroubleEvent]:
        return [event for event in self.events if isinstance(event, TroubleEvent)]


def names_of(kind: AgentKind) -> set[str]:
    """Return the names of all recordings of a program."""
    return {path.stem for path in (RECORDED / kind).glob("*.jsonl")}


def hear(
    kind: AgentKind,
    lines: str | Sequence[bytes],
    *,
    exit_code: int | None = 0,
    ended_by: EndedBy = EndedBy.EXIT,
    tail: tuple[str, ...] = (),
    used_before: TokenUsage = NO_USAGE,
) -> Heard:
    """Let the adapter hear a recording, or lines."""
    if isinstance(lines, str):
        lines = (RECORDED / kind / f"{lines}.jsonl").read_bytes().splitlines()
    adapter, stop = adapter_of(kind), Stop(threading.Event())
    listener = Listener(
        adapter, Redactor(()), tell=lambda _text: None, stop=stop, used_before=used_before
    )
    for line in lines:
        listener.take(line)
    ended = Ended(
        exit_code=exit_code,
        signal=None,
        ended_by=ended_by,
        duration_s=1.0,
        usage=None,
        tail=tail,
        output=b"",
        output_bytes=0,
        truncated=False,
        swept=0,
    )
    finish = adapter.finish(ended, listener.events)
    return Heard(events=listener.events, finish=finish, stopped=stop.outcome)


def write_program(path: Path, body: str) -> Path:
    """Write a shell script that plays the part of a program."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path

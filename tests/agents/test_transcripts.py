"""What an agent said, did and met can be read while it works and afterwards; nothing is leaked."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.agents.base import (
    AgentEvent,
    AgentTask,
    FinalEvent,
    SessionEvent,
    TextEvent,
    ToolEvent,
    TroubleEvent,
    UsageEvent,
)
from ropewalk.agents.runner import recover_attempt, run_attempt
from ropewalk.agents.transcript import MAX_BYTES, Transcript, transcript_path
from ropewalk.model.config import AgentConfig, AgentKind
from ropewalk.model.result import Outcome, TokenUsage
from tests.agents.conftest import QUICK, Journal

EVENTS: Sequence[AgentEvent] = (
    SessionEvent(session_id="s-1", version="2.1", model="m"),
    SessionEvent(session_id="s-1"),
    TextEvent(text="I look at the\n# routes first."),
    TextEvent(text="Then"),
    TextEvent(text="Then I change them.", goes_on=True),
    UsageEvent(usage=TokenUsage(input_tokens=10)),
    ToolEvent(kind="read", detail="api/routes.py", status="started"),
    ToolEvent(kind="read", detail="api/routes.py", status="ok"),
    ToolEvent(kind="run", detail="pytest\n-q", status="started"),
    ToolEvent(kind="run", detail="pytest\n-q", status="failed"),
    TroubleEvent(text="the provider is busy", retry_after_s=2.0),
    TextEvent(text="Done.\x1b[2J"),
    FinalEvent(outcome=Outcome.OK, summary="Done.\x1b[2J"),
)
STORY = """\
# backend, attempt 1 (claude)
agent: version 2.1, model m, session s-1

> I look at the
> # routes first.


> Then I change them.

- read api/routes.py
- run pytest -q
  failed
▲ trouble: the provider is busy

> Done.

the agent says that it ended: ok
ended: ok · 2.0 s · 1,234 tokens in · 5 tokens out · 0.0100 USD
"""


@pytest.fixture
def told(task: AgentTask) -> AgentTask:
    task.log.parent.mkdir(parents=True)
    return task


def read(task: AgentTask) -> str:
    return transcript_path(task.log).read_text()


def test_a_transcript_tells_what_was_said_done_and_met(told: AgentTask) -> None:
    transcript = Transcript(told, AgentKind.CLAUDE, is_live=False)
    for event in EVENTS:
        transcript.take(event)
    usage = TokenUsage(input_tokens=1234, output_tokens=5, cost_usd=0.01)
    transcript.end(Outcome.OK, usage, 2.0)

    assert read(told) == STORY


def test_what_happened_can_be_read_while_the_agent_works(told: AgentTask) -> None:
    transcript = Transcript(told, AgentKind.CODEX)
    transcript.take(ToolEvent(kind="edit", detail="a.py", status="started"))

    assert read(told).endswith("- 00:00 edit a.py\n")


def test_a_transcript_is_bounded_and_says_so(told: AgentTask) -> None:
    transcript = Transcript(told, AgentKind.CLAUDE)
    for number in range(MAX_BYTES // 1900 + 10):
        transcript.take(TextEvent(text=f"{number} {'x' * 1900}"))
    transcript.end(Outcome.OK, TokenUsage(), 1.0)

    assert transcript_path(told.log).stat().st_size <= MAX_BYTES + 100
    assert read(told).endswith("[... the rest is in the log: --raw ...]\n")


def test_a_command_agent_has_none_its_log_is_readable(told: AgentTask) -> None:
    Transcript(told, AgentKind.COMMAND).take(TextEvent(text="hello"))

    assert not transcript_path(told.log).exists()


def test_a_link_in_its_place_is_not_followed(told: AgentTask, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    transcript = Transcript(told, AgentKind.CLAUDE)
    transcript_path(told.log).unlink()
    transcript_path(told.log).symlink_to(precious)
    transcript.end(Outcome.OK, TokenUsage(), 1.0)

    assert precious.read_text() == "mine"


def test_a_real_attempt_leaves_a_transcript_without_secrets_and_recovering_makes_the_same(
    task: AgentTask, journal: Journal
) -> None:
    secret = "canary-4711-secret"
    script = [
        {"say": f"the key is {secret}"},
        {"tool": "write", "path": "a.txt", "content": "a"},
        {"tool": "run", "command": f"echo {secret}"},
        {"say": "done"},
    ]
    (task.repository / "turns.json").write_text(json.dumps(script))
    config = AgentConfig(kind=AgentKind.SCRIPT, script="turns.json", env={"API_KEY": secret})
    run_attempt(task, config, emit=journal, cancel=threading.Event(), limits=QUICK)
    live = read(task)

    recover_attempt(replace(task), config)

    assert "> the key is [redacted]" in live
    assert "write a.txt" in live
    assert "ended: " in live
    assert secret not in live
    without_times = [line.replace("- 00:00 ", "- ") for line in live.splitlines()]
    assert read(task).splitlines()[:-1] == without_times[:-1]

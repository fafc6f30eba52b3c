"""Agents that speak the Agent Client Protocol, played by `acp_agent.py`."""

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.agents.acp import AcpAdapter
from ropewalk.agents.base import AgentTask
from ropewalk.agents.runner import AttemptReport, run_attempt
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import Limits
from tests.agents.conftest import Journal
from tests.agents.leftovers import left_behind
from tests.process.trees import wait_until

AGENT = Path(__file__).with_name("acp_agent.py")
SOON = Limits(interrupt_s=0.5, grace_s=0.5)
Play = Callable[..., AttemptReport]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes.jsonl"


@pytest.fixture
def play(task: AgentTask, journal: Journal, notes: Path) -> Play:
    def run(
        part: str,
        *,
        on_task: AgentTask = task,
        cancel: threading.Event | None = None,
        limits: Limits | None = None,
        **settings: object,
    ) -> AttemptReport:
        config = AgentConfig(
            kind=AgentKind.ACP,
            argv=(sys.executable, str(AGENT), part, str(notes)),
            home=Home.PRIVATE,
            **settings,  # type: ignore[arg-type]
        )
        return run_attempt(
            on_task, config, emit=journal, cancel=cancel or threading.Event(), limits=limits
        )

    return run


def asked(notes: Path) -> list[str]:
    messages = [json.loads(line) for line in notes.read_text().splitlines()]
    return [message["method"] for message in messages if "method" in message]


def params(notes: Path, method: str) -> dict[str, object]:
    messages = [json.loads(line) for line in notes.read_text().splitlines()]
    return next(one["params"] for one in messages if one.get("method") == method)


def test_an_agent_edits_after_it_was_allowed_by_the_kind_of_an_option(
    play: Play, task: AgentTask, journal: Journal
) -> None:
    report = play("edit")

    assert (report.outcome, report.answer) == (Outcome.OK, "allow_once")
    assert (task.worktree / "api" / "new.py").read_text() == "edited\n"
    assert journal.texts()[0] == "I will edit."
    assert "editing api/new.py" in journal.texts()
    assert (report.session_id, report.version) == ("session-1", "tester 1.2.3")
    assert report.usage == TokenUsage(
        input_tokens=5, output_tokens=6, cache_read_tokens=7, cost_usd=0.75
    )


@pytest.mark.parametrize(
    ("part", "permission", "answer"),
    [
        ("outside", Permission.EDIT, "reject_once"),
        ("edit", Permission.READ, "reject_once"),
        ("outside", Permission.FULL, "allow_once"),
    ],
)
def test_what_an_agent_may_do_goes_by_its_permission(
    play: Play, notes: Path, part: str, permission: Permission, answer: str
) -> None:
    report = play(part, permission=permission)

    assert report.answer == answer
    modes = {Permission.READ: "plan", Permission.FULL: "yolo"}
    if permission in modes:
        assert params(notes, "session/set_mode")["modeId"] == modes[permission]
    else:
        assert "session/set_mode" not in asked(notes)


def test_an_agent_without_a_mode_for_reading_does_not_begin_to_read(
    play: Play, notes: Path
) -> None:
    report = play("modeless", permission=Permission.READ)

    assert (report.outcome, report.exit_code) == (Outcome.ERROR, 2)
    assert "no mode in which it only reads" in report.summary
    assert "session/prompt" not in asked(notes)


def test_mode_model_and_log_in_are_set_as_configured(play: Play, notes: Path) -> None:
    report = play("end_turn", args=("--mode", "yolo", "--login", "api-key"), model="some-model")

    assert (report.outcome, report.model) == (Outcome.OK, "some-model")
    assert params(notes, "authenticate") == {"methodId": "api-key"}
    assert params(notes, "session/set_mode")["modeId"] == "yolo"
    assert params(notes, "session/set_model")["modelId"] == "some-model"


def test_a_mode_may_be_an_option_of_the_session(play: Play, notes: Path) -> None:
    play("options", permission=Permission.READ)

    chosen = params(notes, "session/set_config_option")
    assert (chosen["configId"], chosen["value"]) == ("the-mode", "x/modes#plan")


@pytest.mark.parametrize(
    ("part", "outcome", "words"),
    [
        ("end_turn", Outcome.OK, "so it is"),
        ("max_tokens", Outcome.LIMIT, "so it is"),
        ("max_turn_requests", Outcome.LIMIT, "so it is"),
        ("refusal", Outcome.REFUSED, "so it is"),
        ("something_new", Outcome.ERROR, "so it is"),
        ("silent", Outcome.ERROR, "without a word"),
        ("stranger", Outcome.AUTH, "api-key, oauth"),
        ("busy", Outcome.RATE_LIMITED, "429"),
        ("dies", Outcome.CRASHED, "the program ended"),
        ("newer", Outcome.ERROR, "version 2"),
        ("curious", Outcome.OK, "code -32601"),
    ],
)
def test_every_end_has_its_outcome(play: Play, part: str, outcome: Outcome, words: str) -> None:
    report = play(part)

    assert report.outcome is outcome
    assert words in report.summary


@pytest.mark.parametrize(("part", "limits"), [("sleep", None), ("deaf", SOON)])
def test_an_agent_that_is_cancelled_stops_its_tools_and_leaves_nothing(
    play: Play, task: AgentTask, notes: Path, part: str, limits: Limits | None
) -> None:
    cancel = threading.Event()

    def stop() -> None:
        wait_until((task.worktree / "asleep").exists, patience_s=20.0)
        cancel.set()

    stopper = threading.Thread(target=stop)
    stopper.start()
    report = play(part, cancel=cancel, limits=limits)
    stopper.join()

    assert (task.worktree / "asleep").exists()
    assert (report.outcome, report.survivors) == (Outcome.CANCELLED, ())
    assert left_behind(task) == []
    assert asked(notes)[-1] == "session/cancel"
    assert "Traceback" not in task.log.read_text()


def test_a_session_goes_on_without_being_told_again(
    play: Play, task: AgentTask, journal: Journal, notes: Path
) -> None:
    again = replace(task, session_id="session-1", used_before=TokenUsage(cost_usd=0.5))

    report = play("edit", on_task=again)

    assert report.session_id == "session-1"
    assert "session/new" not in asked(notes)
    assert not any("said before" in text for text in journal.texts())
    assert report.usage.cost_usd == pytest.approx(0.25)


def test_a_program_that_is_missing_is_said_so(task: AgentTask) -> None:
    adapter = AcpAdapter()
    agent = AgentConfig(kind=AgentKind.ACP)

    assert "no argv" in adapter.probe(agent, {"PATH": "/bin"}).problem
    missing = adapter.probe(replace(agent, argv=("no-such-agent", "acp")), {"PATH": "/bin"})
    assert missing.problem == "the program 'no-such-agent' is not found"
    with pytest.raises(InvalidInput, match="no argv"):
        adapter.command(task, agent)

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given

from ropewalk.agents.base import AgentTask
from ropewalk.agents.qwen import QwenAdapter
from ropewalk.model.config import AgentConfig, AgentKind, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import EndedBy
from tests.agents.recordings import ANY_LINES, hear, names_of

KIND = AgentKind.QWEN
CONFIG = AgentConfig(kind=KIND)
ENDS = {
    "ok": (0, Outcome.OK),
    "resumed": (0, Outcome.OK),
    "schema": (0, Outcome.OK),
    "rate_limited_once": (0, Outcome.OK),
    "truncated_tool": (0, Outcome.OK),
    # The program says in no way that the limit was met: git and the checks decide.
    "max_tokens": (0, Outcome.OK),
    "unauthorized": (1, Outcome.AUTH),
    "credit": (1, Outcome.AUTH),
    "context": (1, Outcome.LIMIT),
    "turns": (53, Outcome.LIMIT),
    "rate_limited": (1, Outcome.RATE_LIMITED),
    "overloaded": (1, Outcome.RATE_LIMITED),
    "server_error": (1, Outcome.ERROR),
    "dropped": (1, Outcome.ERROR),
    "malformed_stream": (1, Outcome.ERROR),
    "no_model": (1, Outcome.ERROR),
    "refusal": (1, Outcome.ERROR),
    "empty": (1, Outcome.ERROR),
    "empty_after_work": (0, Outcome.ERROR),
    "no_session": (1, Outcome.CRASHED),
    "interrupted": (130, Outcome.CRASHED),
}


@pytest.mark.parametrize("name", sorted(names_of(KIND) | ENDS.keys()))
def test_each_recorded_end_is_what_really_happened(name: str) -> None:
    exit_code, outcome = ENDS[name]

    assert hear(KIND, name, exit_code=exit_code).finish.outcome is outcome


def test_a_run_tells_who_it_is_what_it_did_said_and_used() -> None:
    heard = hear(KIND, "ok")

    assert [tool[0] for tool in heard.tools] == ["write", "run"]
    assert (heard.finish.answer, heard.finish.version) == ("done", "0.24.4")
    assert heard.finish.usage == TokenUsage(
        input_tokens=300, output_tokens=60, cache_read_tokens=120
    )


def test_a_session_that_goes_on_counts_its_own_tokens_only() -> None:
    before = hear(KIND, "ok").finish

    later = hear(KIND, "resumed", used_before=before.usage).finish

    assert later.session_id == before.session_id
    assert (later.usage.input_tokens, later.usage.output_tokens) == (200, 40)


def test_the_json_that_was_asked_for_is_the_answer() -> None:
    assert json.loads(hear(KIND, "schema").finish.answer) == {"name": "search"}


def test_a_provider_that_asks_for_patience_is_heard() -> None:
    trouble = hear(KIND, "rate_limited", exit_code=1).troubles[0]

    assert trouble.outcome is Outcome.RATE_LIMITED
    assert trouble.retry_after_s == 5


def test_a_limit_says_what_the_program_wrote_about_it() -> None:
    tail = ("Reached max session turns for this session.",)

    assert hear(KIND, "turns", exit_code=53, tail=tail).finish.summary == tail[0]
    assert hear(KIND, "turns", ended_by=EndedBy.IDLE).finish.outcome is Outcome.IDLE


def test_a_missing_log_in_is_named() -> None:
    line = {"type": "result", "is_error": True, "error": {"message": "No auth type is selected."}}

    assert hear(KIND, [json.dumps(line).encode()], exit_code=1).finish.outcome is Outcome.AUTH


@given(ANY_LINES)
def test_any_line_is_read_without_an_error(line: bytes) -> None:
    assert isinstance(QwenAdapter().parse(line), tuple)


def test_settings_stand_in_files_of_the_attempt_and_not_below_home(task: AgentTask) -> None:
    launch = QwenAdapter().command(task, CONFIG)

    above = json.loads(launch.files["qwen-settings.json"])
    assert launch.env["QWEN_CODE_SYSTEM_SETTINGS_PATH"] == str(task.folder / "qwen-settings.json")
    assert above["general"]["enableAutoUpdate"] is False
    assert above["telemetry"]["enabled"] is False
    assert "security" not in above
    assert not any(name.startswith("home/") for name in launch.files)


def test_rights_limits_schema_and_sessions_are_handed_on(task: AgentTask) -> None:
    config = replace(CONFIG, model="m", max_turns=3, permission=Permission.READ, args=("--debug",))
    first = QwenAdapter().command(task, CONFIG).argv

    later = QwenAdapter().command(replace(task, schema="{}", session_id="s1"), config).argv

    options = dict(itertools.pairwise(later))
    assert options["--approval-mode"] == "plan"
    assert options["--model"] == "m"
    assert options["--max-session-turns"] == "3"
    assert options["--json-schema"] == "{}"
    assert options["--resume"] == "s1"
    assert later[-1] == "--debug"
    assert "enter_worktree" in later
    assert "--session-id" in first
    assert first[first.index("--approval-mode") + 1] == "auto-edit"

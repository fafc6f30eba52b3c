import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from ropewalk.agents.base import MAX_TEXT, AgentTask, TroubleEvent
from ropewalk.agents.codex import CodexAdapter
from ropewalk.model.config import AgentConfig, AgentKind, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import EndedBy
from tests.agents.recordings import ANY_LINES, RECORDED, hear, names_of, write_program

KIND = AgentKind.CODEX
CONFIG = AgentConfig(kind=KIND)
ENDS = {
    "ok": (0, Outcome.OK),
    "patched": (0, Outcome.OK),
    "resumed": (0, Outcome.OK),
    "schema": (0, Outcome.OK),
    "denied": (0, Outcome.OK),
    "rate_limited_once": (0, Outcome.OK),
    "truncated_tool": (0, Outcome.OK),
    "unauthorized": (1, Outcome.AUTH),
    "credit": (1, Outcome.AUTH),
    "max_tokens": (1, Outcome.LIMIT),
    "context": (1, Outcome.LIMIT),
    "rate_limited": (1, Outcome.RATE_LIMITED),
    "overloaded": (1, Outcome.RATE_LIMITED),
    "server_error": (1, Outcome.ERROR),
    "dropped": (1, Outcome.ERROR),
    "malformed_stream": (1, Outcome.ERROR),
    "no_model": (1, Outcome.ERROR),
    "refusal": (0, Outcome.ERROR),
    "empty": (0, Outcome.ERROR),
    "empty_after_work": (0, Outcome.ERROR),
    "no_sandbox": (0, Outcome.ERROR),
    "no_session": (1, Outcome.CRASHED),
    "interrupted": (1, Outcome.CRASHED),
}
SANDBOX_FAILS = """\
if [ "$1" = sandbox ]; then echo 'bwrap: Creating new namespace failed' >&2; exit 1; fi
echo 'codex-cli 0.169.0'"""


@pytest.mark.parametrize("name", sorted(names_of(KIND) | ENDS.keys()))
def test_each_recorded_end_is_what_really_happened(name: str) -> None:
    exit_code, outcome = ENDS[name]

    assert hear(KIND, name, exit_code=exit_code).finish.outcome is outcome


def test_a_run_tells_who_it_is_what_it_did_said_and_used() -> None:
    heard = hear(KIND, "patched")

    assert heard.tools == [
        ("write", "/repo/a.txt", "started"),
        ("write", "/repo/a.txt", "ok"),
        ("run", "cat a.txt", "started"),
        ("run", "cat a.txt", "ok"),
    ]
    assert heard.finish.answer == "done"
    assert heard.finish.session_id is not None
    assert heard.finish.usage == TokenUsage(
        input_tokens=300, output_tokens=60, cache_read_tokens=120, cache_write_tokens=0
    )


def test_a_session_that_goes_on_counts_its_own_tokens_only() -> None:
    before = hear(KIND, "ok").finish

    later = hear(KIND, "resumed", used_before=before.usage).finish

    assert later.session_id == before.session_id
    assert (later.usage.input_tokens, later.usage.output_tokens) == (200, 40)


def test_the_json_that_was_asked_for_is_the_answer() -> None:
    assert json.loads(hear(KIND, "schema").finish.answer) == {"name": "search"}


def test_a_warning_at_the_start_is_no_failure() -> None:
    trouble = hear(KIND, "ok").troubles[0]

    assert trouble.text.startswith("Model metadata for `model-1` not found")
    assert (trouble.outcome, trouble.fatal) == (None, False)


def test_a_sandbox_that_does_not_work_ends_the_run_and_says_what_to_do() -> None:
    heard = hear(KIND, "no_sandbox")

    assert heard.stopped is Outcome.ERROR
    assert "bwrap: Creating new namespace failed" in heard.finish.summary
    assert "permission = 'full'" in heard.finish.summary


def test_a_log_in_that_is_refused_again_ends_the_run_but_not_the_first_time() -> None:
    text = "Reconnecting... {}/5 (unexpected status 401 Unauthorized: no, url: http://x/)"
    first, second = (
        json.dumps({"type": "error", "message": text.format(number)}).encode() for number in (1, 2)
    )

    assert hear(KIND, [first]).stopped is None
    assert hear(KIND, [first, second]).stopped is Outcome.AUTH


def test_a_rate_limit_is_named_and_its_patience_is_told() -> None:
    line = {"type": "error", "message": "Rate limit reached, try again in 7s"}

    (trouble,) = CodexAdapter().parse(json.dumps(line).encode())

    assert isinstance(trouble, TroubleEvent)
    assert trouble.outcome is Outcome.RATE_LIMITED
    assert trouble.retry_after_s == 7


def test_an_end_by_the_watchdog_outweighs_what_was_said() -> None:
    assert hear(KIND, "ok", ended_by=EndedBy.TIMEOUT).finish.outcome is Outcome.TIMEOUT
    cancelled = hear(KIND, "interrupted", exit_code=1, ended_by=EndedBy.CANCELLED)
    assert cancelled.finish.outcome is Outcome.CANCELLED


def test_a_turn_that_was_not_completed_is_a_crash_whatever_was_said_before() -> None:
    lines = (RECORDED / KIND / "ok.jsonl").read_bytes().splitlines()[:-1]

    assert hear(KIND, []).finish.outcome is Outcome.CRASHED
    assert hear(KIND, lines).finish.outcome is Outcome.CRASHED


def test_a_long_answer_is_whole() -> None:
    text = "long " * MAX_TEXT
    said = {"type": "item.completed", "item": {"type": "agent_message", "text": text}}
    end = {"type": "turn.completed", "usage": {}}

    finish = hear(KIND, [json.dumps(line).encode() for line in (said, end)]).finish

    assert finish.answer == text
    assert len(finish.summary) == MAX_TEXT


@given(ANY_LINES)
def test_any_line_is_read_without_an_error(line: bytes) -> None:
    assert isinstance(CodexAdapter().parse(line), tuple)


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (Permission.READ, 'sandbox_mode="read-only"'),
        (Permission.EDIT, 'sandbox_mode="workspace-write"'),
        (Permission.FULL, "--dangerously-bypass-approvals-and-sandbox"),
    ],
)
def test_the_sandbox_is_as_wide_as_the_permission(
    task: AgentTask, permission: Permission, expected: str
) -> None:
    argv = CodexAdapter().command(task, replace(CONFIG, permission=permission)).argv

    widths = ('sandbox_mode="', "--dangerously")
    assert [part for part in argv if part.startswith(widths)] == [expected]


def test_a_session_schema_model_and_own_arguments_are_handed_on(task: AgentTask) -> None:
    config = replace(CONFIG, model="m", args=("-c", 'model_provider="own"'), program="bin/x")

    launch = CodexAdapter().command(replace(task, schema="{}", session_id="s1"), config)

    assert launch.argv[:2] == (str(task.repository / "bin/x"), "exec")
    assert launch.argv[-5:] == ("-c", 'model_provider="own"', "resume", "s1", "-")
    schema = launch.argv[launch.argv.index("--output-schema") + 1]
    assert launch.files[Path(schema).name] == b"{}"
    assert Path(schema).parent == task.folder
    assert launch.stdin == task.prompt.encode()
    assert not any("CODEX_HOME" in name for name in launch.env)


def test_a_machine_without_a_sandbox_is_found_before_any_work(tmp_path: Path) -> None:
    write_program(tmp_path / "codex", SANDBOX_FAILS)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    confined = CodexAdapter().probe(CONFIG, env)
    free = CodexAdapter().probe(replace(CONFIG, permission=Permission.FULL), env)

    assert not confined.usable
    assert "bwrap: Creating new namespace failed" in confined.problem
    assert "permission = 'full'" in confined.problem
    assert free.usable

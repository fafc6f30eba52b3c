import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from ropewalk.agents.base import MAX_TEXT, Ability, AgentTask
from ropewalk.agents.claude import ClaudeAdapter
from ropewalk.agents.runner import run_attempt
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import EndedBy
from tests.agents.conftest import QUICK, Journal
from tests.agents.recordings import ANY_LINES, RECORDED, hear, names_of, write_program

KIND = AgentKind.CLAUDE
CONFIG = AgentConfig(kind=KIND)
ENDS = {
    "ok": (0, Outcome.OK),
    "resumed": (0, Outcome.OK),
    "schema": (0, Outcome.OK),
    "denied": (0, Outcome.OK),
    "rate_limited_once": (0, Outcome.OK),
    "truncated_tool": (0, Outcome.OK),
    "unauthorized": (1, Outcome.AUTH),
    "credit": (1, Outcome.AUTH),
    "refusal": (1, Outcome.REFUSED),
    "max_tokens": (1, Outcome.LIMIT),
    "context": (1, Outcome.LIMIT),
    "turns": (1, Outcome.LIMIT),
    "budget": (1, Outcome.BUDGET),
    "rate_limited": (1, Outcome.RATE_LIMITED),
    "overloaded": (1, Outcome.RATE_LIMITED),
    "server_error": (1, Outcome.ERROR),
    "dropped": (1, Outcome.ERROR),
    "malformed_stream": (1, Outcome.ERROR),
    "no_model": (1, Outcome.ERROR),
    "no_session": (1, Outcome.ERROR),
    "empty": (0, Outcome.ERROR),
    "empty_after_work": (0, Outcome.ERROR),
    "interrupted": (0, Outcome.ERROR),
}


def options(config: AgentConfig, task: AgentTask) -> tuple[str, ...]:
    return ClaudeAdapter().command(task, config).argv


def after(name: str, argv: tuple[str, ...]) -> str:
    return argv[argv.index(name) + 1]


@pytest.mark.parametrize("name", sorted(names_of(KIND) | ENDS.keys()))
def test_each_recorded_end_is_what_really_happened(name: str) -> None:
    exit_code, outcome = ENDS[name]

    heard = hear(KIND, name, exit_code=exit_code)

    assert heard.finish.outcome is outcome
    assert heard.finish.summary


def test_a_run_tells_who_it_is_what_it_did_said_and_used() -> None:
    heard = hear(KIND, "ok")

    assert heard.tools == [("write", "a.txt", "started"), ("run", "cat a.txt", "started")]
    assert (heard.finish.answer, heard.finish.version) == ("done", "2.1.328")
    assert heard.finish.model == "claude-sonnet-5"
    assert heard.finish.session_id == "306c43fe-4b76-5eee-8618-751fd7664da7"
    assert heard.finish.usage == TokenUsage(
        input_tokens=300,
        output_tokens=60,
        cache_read_tokens=120,
        cache_write_tokens=0,
        cost_usd=0.001224,
    )


def test_a_session_that_goes_on_pays_once_for_what_it_cost_before() -> None:
    before = hear(KIND, "ok").finish

    later = hear(KIND, "resumed", used_before=before.usage).finish

    assert later.session_id == before.session_id
    assert later.usage.cost_usd == pytest.approx(0.000816)
    assert (later.usage.input_tokens, later.usage.output_tokens) == (200, 40)


def test_the_json_that_was_asked_for_is_the_answer() -> None:
    assert json.loads(hear(KIND, "schema").finish.answer) == {"name": "search"}


def test_what_was_not_permitted_is_said_although_the_run_went_well() -> None:
    heard = hear(KIND, "denied")

    assert heard.finish.summary == "not permitted: Write /elsewhere/a.txt. done"
    assert any("haven't granted" in trouble.text for trouble in heard.troubles)


def test_a_log_in_that_is_refused_again_ends_the_run_but_not_the_first_time() -> None:
    lines = (RECORDED / KIND / "unauthorized.jsonl").read_bytes().splitlines()

    assert hear(KIND, lines[:2]).stopped is None
    assert hear(KIND, lines[:2]).troubles[0].outcome is Outcome.AUTH
    assert hear(KIND, lines[:3]).stopped is Outcome.AUTH


def test_the_refused_log_in_for_which_a_run_was_ended_is_its_summary() -> None:
    lines = (RECORDED / KIND / "unauthorized.jsonl").read_bytes().splitlines()
    aborted = {"type": "result", "is_error": True, "terminal_reason": "aborted_streaming"}

    heard = hear(KIND, (*lines[:3], json.dumps(aborted).encode()))

    assert heard.finish.outcome is Outcome.AUTH
    assert heard.finish.summary == heard.troubles[1].text
    assert "the provider answered 401" in heard.finish.summary


def test_a_rate_limit_says_how_long_to_wait() -> None:
    trouble = hear(KIND, "rate_limited_once").troubles[0]

    assert trouble.outcome is Outcome.RATE_LIMITED
    assert trouble.retry_after_s is not None
    assert trouble.retry_after_s >= 1


def test_an_end_by_the_watchdog_outweighs_the_last_line_and_keeps_its_costs() -> None:
    heard = hear(KIND, "interrupted", ended_by=EndedBy.IDLE).finish

    assert heard.outcome is Outcome.IDLE
    assert heard.usage.cost_usd == 0.000408


def test_a_run_without_a_last_line_is_a_crash_and_its_complaint_is_kept() -> None:
    silent = hear(KIND, [])
    wrong = hear(KIND, [], exit_code=1, tail=("error: unknown option '--nonsense'", ""))

    assert silent.finish.outcome is Outcome.CRASHED
    assert (wrong.finish.outcome, wrong.finish.summary) == (
        Outcome.CRASHED,
        "error: unknown option '--nonsense'",
    )


def test_a_long_answer_is_whole_and_its_summary_is_not() -> None:
    line = {"type": "result", "is_error": False, "result": "long " * MAX_TEXT}

    finish = hear(KIND, [json.dumps(line).encode()]).finish

    assert finish.answer == line["result"]
    assert len(finish.summary) == MAX_TEXT


@given(ANY_LINES)
def test_any_line_is_read_without_an_error(line: bytes) -> None:
    assert isinstance(ClaudeAdapter().parse(line), tuple)


def test_reading_offers_no_tool_that_writes_and_editing_ends_at_the_worktree(
    task: AgentTask,
) -> None:
    read = options(replace(CONFIG, permission=Permission.READ), task)
    edit = options(CONFIG, task)
    full = options(replace(CONFIG, permission=Permission.FULL), task)

    assert after("--tools", read) == "Read,Grep,Glob"
    assert after("--permission-mode", edit) == "acceptEdits"
    assert after("--allowedTools", edit) == "Bash"
    assert after("--permission-mode", full) == "bypassPermissions"
    assert all("EnterWorktree" in after("--disallowedTools", argv) for argv in (read, edit, full))


def test_only_a_root_that_may_do_everything_says_that_it_is_confined(task: AgentTask) -> None:
    full = ClaudeAdapter().command(task, replace(CONFIG, permission=Permission.FULL))
    edit = ClaudeAdapter().command(task, CONFIG)

    assert ("IS_SANDBOX" in full.env) is (os.geteuid() == 0)
    assert "IS_SANDBOX" not in edit.env
    assert edit.env["CLAUDE_CODE_MAX_RETRIES"] == "2"


def test_an_attempt_names_its_session_and_a_later_one_goes_on_with_it(task: AgentTask) -> None:
    first = after("--session-id", options(CONFIG, task))
    elsewhere = replace(task, folder=task.folder.with_name("other"))
    later = options(CONFIG, replace(task, number=2, session_id=first))

    assert after("--session-id", options(CONFIG, task)) == first
    assert after("--session-id", options(CONFIG, elsewhere)) != first
    assert after("--resume", later) == first
    assert "--session-id" not in later


def test_limits_schema_model_and_own_arguments_are_handed_on(task: AgentTask) -> None:
    config = replace(
        CONFIG, model="opus", max_turns=7, budget_usd=0.5, args=("--effort", "low"), program="bin/c"
    )

    launch = ClaudeAdapter().command(replace(task, schema="{}"), config)

    assert launch.argv[0] == str(task.repository / "bin/c")
    assert launch.stdin == task.prompt.encode()
    assert after("--model", launch.argv) == "opus"
    assert after("--max-turns", launch.argv) == "7"
    assert after("--max-budget-usd", launch.argv) == "0.500000"
    assert after("--json-schema", launch.argv) == "{}"
    assert launch.argv[-2:] == ("--effort", "low")


def test_an_old_program_is_named_with_the_version_that_is_needed(tmp_path: Path) -> None:
    program = write_program(tmp_path / "claude", "echo '2.0.5 (Claude Code)'")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    old = ClaudeAdapter().probe(CONFIG, env)
    write_program(program, "echo '2.2.0 (Claude Code)'")
    new = ClaudeAdapter().probe(CONFIG, env)

    assert (old.usable, old.version) == (False, "2.0.5")
    assert "2.1.328 is needed" in old.problem
    assert (new.usable, new.version) == (True, "2.2.0")
    assert Ability.RESUME in new.abilities
    assert "any command" in new.allowed


def test_a_program_that_goes_on_asking_with_a_wrong_key_is_ended_at_once(
    tmp_path: Path, task: AgentTask, journal: Journal
) -> None:
    recording = RECORDED / KIND / "unauthorized.jsonl"
    program = write_program(tmp_path / "claude", f"head -3 {recording}; exec sleep 60")
    config = replace(CONFIG, program=str(program), home=Home.PRIVATE)

    report = run_attempt(task, config, emit=journal, cancel=threading.Event(), limits=QUICK)

    assert report.outcome is Outcome.AUTH
    assert not report.retryable
    assert report.duration_s < 30
    assert report.survivors == ()

import json
import threading
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from ropewalk.agents.base import AgentTask
from ropewalk.agents.copilot import CopilotAdapter
from ropewalk.agents.runner import run_attempt
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import EndedBy
from tests.agents.conftest import QUICK, Journal
from tests.agents.mangled import mangled_lines
from tests.agents.recordings import ANY_LINES, RECORDED, hear, names_of, write_program

KIND = AgentKind.COPILOT
CONFIG = AgentConfig(kind=KIND)
ADAPTER = CopilotAdapter()
ENDS = {
    "ok": (0, Outcome.OK),
    "resumed": (0, Outcome.OK),
    "no_session": (0, Outcome.OK),
    "denied": (0, Outcome.OK),
    "rate_limited_once": (0, Outcome.OK),
    "server_error_once": (0, Outcome.OK),
    # The program tells nothing of an answer that was cut off; the diff and the checks do.
    "max_tokens": (0, Outcome.OK),
    "empty_after_work": (0, Outcome.ERROR),
    "unauthorized": (1, Outcome.AUTH),
    "refusal": (0, Outcome.REFUSED),
    "empty": (1, Outcome.ERROR),
    "rate_limited": (1, Outcome.RATE_LIMITED),
    "context": (1, Outcome.LIMIT),
    "interrupted": (0, Outcome.CRASHED),
}


def error_line(**data: object) -> bytes:
    return json.dumps({"type": "session.error", "data": data}).encode()


RESULT = b'{"type": "result", "sessionId": "s1", "exitCode": 0}'


@pytest.mark.parametrize("name", sorted(names_of(KIND)))
def test_each_recorded_end_is_what_really_happened(name: str) -> None:
    exit_code, outcome = ENDS[name]

    assert hear(KIND, name, exit_code=exit_code).finish.outcome is outcome


def test_a_run_tells_who_it_is_what_it_did_and_said_but_no_tokens() -> None:
    heard = hear(KIND, "ok")

    assert heard.tools == [("write", "/repo/a.txt", "started"), ("run", "cat a.txt", "started")]
    assert heard.finish.answer == heard.finish.summary == "done"
    assert heard.finish.model == "claude-sonnet-4-5"
    assert heard.finish.usage == TokenUsage()


def test_a_session_goes_on_under_its_id() -> None:
    before, later = hear(KIND, "ok").finish, hear(KIND, "resumed").finish

    assert later.session_id == before.session_id


def test_tools_that_were_denied_are_troubles_and_no_end() -> None:
    heard = hear(KIND, "denied")

    assert [trouble.outcome for trouble in heard.troubles] == [None, None]
    assert "denied" in heard.troubles[0].text
    assert heard.finish.summary == "done"


def test_a_failure_that_was_overcome_is_told_and_forgotten() -> None:
    heard = hear(KIND, "rate_limited_once")

    assert [trouble.outcome for trouble in heard.troubles] == [Outcome.RATE_LIMITED]
    assert heard.finish.outcome is Outcome.OK


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        ({"errorType": "authorization", "message": "no"}, Outcome.AUTH),
        ({"errorType": "quota", "message": "no"}, Outcome.RATE_LIMITED),
        ({"errorType": "context_limit", "message": "no"}, Outcome.LIMIT),
        ({"errorType": "query", "statusCode": 403, "message": "no"}, Outcome.AUTH),
        ({"errorType": "query", "message": "no"}, Outcome.ERROR),
        ({}, Outcome.ERROR),
    ],
)
def test_an_error_outweighs_an_exit_code_of_0(data: dict[str, object], outcome: Outcome) -> None:
    assert hear(KIND, [error_line(**data), RESULT]).finish.outcome is outcome


def test_what_a_helper_of_the_agent_says_is_not_its_answer() -> None:
    lines = (
        {"type": "assistant.message", "data": {"content": "mine"}},
        {"type": "assistant.message", "data": {"content": "theirs", "parentToolCallId": "c1"}},
    )

    finish = hear(KIND, [*(json.dumps(line).encode() for line in lines), RESULT]).finish

    assert finish.answer == "mine"


def test_an_end_without_the_last_line_is_a_crash() -> None:
    lines = (RECORDED / KIND / "ok.jsonl").read_bytes().splitlines()[:-1]

    assert hear(KIND, []).finish.outcome is Outcome.CRASHED
    assert hear(KIND, lines).finish.outcome is Outcome.CRASHED


def test_an_end_by_the_watchdog_outweighs_what_was_said() -> None:
    assert hear(KIND, "ok", ended_by=EndedBy.TIMEOUT).finish.outcome is Outcome.TIMEOUT


@given(ANY_LINES | mangled_lines(KIND))
def test_any_line_is_read_without_an_error(line: bytes) -> None:
    assert isinstance(ADAPTER.parse(line), tuple)


def test_the_session_of_an_attempt_that_was_killed_is_known(
    tmp_path: Path, task: AgentTask, journal: Journal
) -> None:
    program = write_program(tmp_path / "copilot", "kill -9 $$")
    config = replace(CONFIG, program=str(program))

    report = run_attempt(task, config, emit=journal, cancel=threading.Event(), limits=QUICK)

    assert report.outcome is Outcome.CRASHED
    session_id = ADAPTER.command(task, config).session_id
    assert report.session_id == session_id == str(uuid.UUID(session_id))
    assert ("agent_session", session_id) in [
        (type_, data.get("session_id")) for type_, data, _ in journal.events
    ]


def test_a_session_goes_on_or_begins_with_the_same_option(task: AgentTask) -> None:
    other = replace(task, number=2)

    first, second = (ADAPTER.command(one, CONFIG) for one in (task, other))
    again = ADAPTER.command(replace(other, session_id=first.session_id), CONFIG)

    assert first.session_id != second.session_id
    assert again.session_id == first.session_id
    assert f"--session-id={first.session_id}" in again.argv


def test_private_homes_share_what_the_program_unpacks(task: AgentTask) -> None:
    user = ADAPTER.command(task, CONFIG)
    private = ADAPTER.command(task, replace(CONFIG, home=Home.PRIVATE))

    assert "COPILOT_CACHE_HOME" not in user.env
    cache = Path(private.env["COPILOT_CACHE_HOME"])
    assert cache.is_relative_to(task.repository / ".workflow" / "cache")
    assert not private.files


@pytest.mark.parametrize(
    ("permission", "given", "not_given"),
    [
        (Permission.READ, "--deny-tool=shell", "--allow-tool=write"),
        (Permission.EDIT, "--allow-tool=write", "--allow-all"),
        (Permission.FULL, "--allow-all", "--deny-tool=url"),
    ],
)
def test_a_permission_is_a_list_of_tools(
    task: AgentTask, permission: Permission, given: str, not_given: str
) -> None:
    argv = ADAPTER.command(task, replace(CONFIG, permission=permission)).argv

    assert given in argv
    assert not_given not in argv


def test_a_prompt_of_any_length_goes_to_stdin(task: AgentTask) -> None:
    prompt = "many words " * 100_000

    launch = ADAPTER.command(replace(task, prompt=prompt), CONFIG)

    assert launch.stdin == prompt.encode()
    assert sum(map(len, launch.argv)) < 2000


def test_model_program_and_own_arguments_are_handed_on(task: AgentTask) -> None:
    config = replace(CONFIG, model="m", program="bin/c", args=("--max-ai-credits", "5"))

    argv = ADAPTER.command(task, config).argv

    assert argv[0] == str(task.repository / "bin/c")
    assert argv[argv.index("--model") + 1] == "m"
    assert argv[-2:] == ("--max-ai-credits", "5")


def test_a_missing_program_is_named_with_the_command_that_installs_it() -> None:
    info = ADAPTER.probe(CONFIG, {"PATH": ""})

    assert not info.usable
    assert "npm install -g @github/copilot" in info.problem

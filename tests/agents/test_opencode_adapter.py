import json
from dataclasses import replace

import pytest
from hypothesis import given

from ropewalk.agents.base import MAX_TEXT, AgentTask
from ropewalk.agents.opencode import OpenCodeAdapter
from ropewalk.model.config import AgentConfig, AgentKind, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.process import EndedBy
from tests.agents.mangled import mangled_lines
from tests.agents.recordings import ANY_LINES, RECORDED, hear, names_of

KIND = AgentKind.OPENCODE
CONFIG = AgentConfig(kind=KIND)
ADAPTER = OpenCodeAdapter()
ENDS = {
    "ok": (0, Outcome.OK),
    "resumed": (0, Outcome.OK),
    "denied": (0, Outcome.OK),
    "rate_limited_once": (0, Outcome.OK),
    "server_error_once": (0, Outcome.OK),
    "empty_after_work": (0, Outcome.ERROR),
    "empty": (0, Outcome.ERROR),
    "max_tokens": (0, Outcome.LIMIT),
    "context": (1, Outcome.LIMIT),
    "unauthorized": (1, Outcome.AUTH),
    "refusal": (1, Outcome.REFUSED),
    "rate_limited": (1, Outcome.RATE_LIMITED),
    "interrupted": (0, Outcome.CRASHED),
}


def settings_of(task: AgentTask, config: AgentConfig) -> JsonObject:
    settings: JsonObject = json.loads(ADAPTER.command(task, config).env["OPENCODE_CONFIG_CONTENT"])
    return settings


def permissions_of(task: AgentTask, permission: Permission) -> JsonObject:
    settings = settings_of(task, replace(CONFIG, permission=permission))
    found = settings["permission"]
    assert isinstance(found, dict)
    # The agent that works has rights of its own in the user's settings, which ours replace.
    assert settings["agent"] == {"build": {"permission": found}}
    return found


def step_that_ends(reason: str, **more: object) -> bytes:
    part = {"reason": reason, "tokens": {"input": 1, "output": 2, "reasoning": 3}, **more}
    return json.dumps({"type": "step_finish", "sessionID": "s", "part": part}).encode()


def said(text: str) -> bytes:
    return json.dumps({"type": "text", "part": {"text": text}}).encode()


@pytest.mark.parametrize("name", sorted(names_of(KIND)))
def test_each_recorded_end_is_what_really_happened(name: str) -> None:
    exit_code, outcome = ENDS[name]

    assert hear(KIND, name, exit_code=exit_code).finish.outcome is outcome


def test_a_run_tells_who_it_is_what_it_did_said_and_used() -> None:
    heard = hear(KIND, "ok")

    assert heard.tools == [("write", "a.txt", "ok"), ("run", "cat a.txt", "ok")]
    assert heard.finish.answer == heard.finish.summary == "done"
    assert heard.finish.session_id is not None
    assert heard.finish.usage.cost_usd == pytest.approx(0.001836)
    assert replace(heard.finish.usage, cost_usd=None) == TokenUsage(
        input_tokens=300, output_tokens=60, cache_read_tokens=120, cache_write_tokens=0
    )


def test_a_session_that_goes_on_tells_its_own_tokens_only() -> None:
    before, later = hear(KIND, "ok").finish, hear(KIND, "resumed").finish

    assert later.session_id == before.session_id
    assert (later.usage.input_tokens, later.usage.output_tokens) == (200, 40)


def test_a_tool_that_was_denied_has_failed_and_the_run_goes_on() -> None:
    heard = hear(KIND, "denied")

    assert heard.tools == [("write", "/elsewhere/a.txt", "failed")]
    assert [trouble.outcome for trouble in heard.troubles] == [None]
    assert heard.finish.summary == "done"


def test_a_full_context_ends_the_run_before_it_asks_for_ever() -> None:
    heard = hear(KIND, "context")

    assert heard.stopped is Outcome.LIMIT
    assert "too long" in heard.finish.summary


def test_a_program_that_exits_in_order_without_a_finished_step_has_crashed() -> None:
    lines = (RECORDED / KIND / "ok.jsonl").read_bytes().splitlines()

    assert hear(KIND, []).finish.outcome is Outcome.CRASHED
    assert hear(KIND, lines[:2]).finish.outcome is Outcome.CRASHED
    assert hear(KIND, lines[:3]).finish.outcome is Outcome.CRASHED


def test_an_end_by_the_watchdog_outweighs_what_was_said() -> None:
    assert hear(KIND, "ok", ended_by=EndedBy.IDLE).finish.outcome is Outcome.IDLE


def test_a_model_without_a_price_costs_an_unknown_amount() -> None:
    usage = hear(KIND, [said("x"), step_that_ends("stop", cost=0)]).finish.usage

    assert usage == TokenUsage(input_tokens=1, output_tokens=5)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("stop", Outcome.OK),
        ("length", Outcome.LIMIT),
        ("content-filter", Outcome.REFUSED),
        ("tool-calls", Outcome.CRASHED),
        ("unknown", Outcome.ERROR),
        ("splendid", Outcome.ERROR),
    ],
)
def test_the_last_step_says_how_it_ended(reason: str, outcome: Outcome) -> None:
    assert hear(KIND, [said("x"), step_that_ends(reason)]).finish.outcome is outcome


def test_the_last_text_is_the_whole_answer() -> None:
    text = "long " * MAX_TEXT

    finish = hear(KIND, [said("before"), said(text), step_that_ends("stop")]).finish

    assert finish.answer == text
    assert len(finish.summary) == MAX_TEXT


@given(ANY_LINES | mangled_lines(KIND))
def test_any_line_is_read_without_an_error(line: bytes) -> None:
    assert isinstance(ADAPTER.parse(line), tuple)


def test_permissions_leave_nothing_to_ask_a_person_for(task: AgentTask) -> None:
    read, edit, full = (permissions_of(task, permission) for permission in Permission)

    assert {name for name, right in read.items() if right == "allow"} == {"glob", "grep", "list"}
    assert (read["*"], read["edit"], read["bash"]) == ("deny", "deny", "deny")
    assert (edit["*"], edit["edit"], edit["bash"]) == ("deny", "allow", "allow")
    assert edit["external_directory"] == "deny"
    assert set(full.values()) == {"allow"}
    assert '"ask"' not in json.dumps([read, edit, full])


def test_only_what_must_be_is_laid_over_the_users_settings(task: AgentTask) -> None:
    settings = settings_of(task, CONFIG)

    assert set(settings) == {"autoupdate", "share", "permission", "agent"}
    assert (settings["autoupdate"], settings["share"]) == (False, "disabled")


def test_session_model_program_and_own_arguments_are_handed_on(task: AgentTask) -> None:
    config = replace(CONFIG, model="p/m", program="bin/o", args=("--variant", "high"))

    launch = ADAPTER.command(replace(task, session_id="s1"), config)

    assert launch.argv[0] == str(task.repository / "bin/o")
    assert launch.argv[-6:] == ("--model", "p/m", "--session", "s1", "--variant", "high")
    assert launch.stdin == task.prompt.encode()
    assert not launch.files


def test_an_agent_of_the_users_own_can_be_named(task: AgentTask) -> None:
    launch = ADAPTER.command(task, replace(CONFIG, args=("--agent", "mine")))

    assert launch.argv.count("--agent") == 1


def test_a_missing_program_is_named_with_the_command_that_installs_it() -> None:
    info = ADAPTER.probe(CONFIG, {"PATH": ""})

    assert not info.usable
    assert "npm install -g opencode-ai" in info.problem

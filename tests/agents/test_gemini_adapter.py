import json
from dataclasses import replace

import pytest
from hypothesis import given

from ropewalk.agents.base import MAX_TEXT, Ability, AgentTask, Finish
from ropewalk.agents.gemini import GeminiAdapter
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import EndedBy
from tests.agents.mangled import mangled_lines
from tests.agents.recordings import ANY_LINES, RECORDED, hear, names_of

KIND = AgentKind.GEMINI
CONFIG = AgentConfig(kind=KIND)
ADAPTER = GeminiAdapter()
SETTINGS = "home/.gemini/settings.json"
POLICY = "gemini-policy.toml"
ENDS = {
    "ok": (0, Outcome.OK),
    "resumed": (0, Outcome.OK),
    "denied": (0, Outcome.OK),
    "rate_limited_once": (0, Outcome.OK),
    "server_error_once": (0, Outcome.OK),
    # The program tells nothing of an answer that was cut off; the diff and the checks do.
    "max_tokens": (0, Outcome.OK),
    "empty_after_work": (0, Outcome.ERROR),
    "unauthorized": (145, Outcome.AUTH),
    "refusal": (0, Outcome.REFUSED),
    "empty": (0, Outcome.ERROR),
    "rate_limited": (173, Outcome.RATE_LIMITED),
    "context": (144, Outcome.LIMIT),
    "turns": (53, Outcome.LIMIT),
    "interrupted": (0, Outcome.CRASHED),
}


def said(text: str) -> bytes:
    line = {"type": "message", "role": "assistant", "content": text, "delta": True}
    return json.dumps(line).encode()


def ended_without_a_word(exit_code: int, *tail: str) -> Finish:
    return hear(KIND, [], exit_code=exit_code, tail=tail).finish


@pytest.mark.parametrize("name", sorted(names_of(KIND)))
def test_each_recorded_end_is_what_really_happened(name: str) -> None:
    exit_code, outcome = ENDS[name]

    assert hear(KIND, name, exit_code=exit_code).finish.outcome is outcome


def test_a_run_tells_who_it_is_what_it_did_said_and_used() -> None:
    heard = hear(KIND, "ok")

    assert heard.tools == [("write", "/repo/a.txt", "started"), ("run", "cat a.txt", "started")]
    assert heard.finish.answer == heard.finish.summary == "done"
    assert heard.finish.model == "gemini-2.5-pro"
    assert heard.finish.session_id is not None
    assert heard.finish.usage == TokenUsage(
        input_tokens=300, output_tokens=60, cache_read_tokens=120
    )


def test_a_session_that_goes_on_tells_its_own_tokens_only() -> None:
    before, later = hear(KIND, "ok").finish, hear(KIND, "resumed").finish

    assert later.session_id == before.session_id
    assert (later.usage.input_tokens, later.usage.output_tokens) == (200, 40)


def test_a_tool_that_was_denied_is_a_trouble_and_no_end() -> None:
    heard = hear(KIND, "denied")

    assert [trouble.outcome for trouble in heard.troubles] == [None]
    assert "Path not in workspace" in heard.troubles[0].text
    assert heard.stopped is None


def test_what_a_model_says_in_pieces_is_one_answer_however_long() -> None:
    pieces = [said(f"{number} " * 50) for number in range(700)]
    end = (RECORDED / KIND / "ok.jsonl").read_bytes().splitlines()[-1]

    finish = hear(KIND, [said("before"), *pieces, said("long " * MAX_TEXT), end]).finish

    assert finish.answer.startswith("before0 0 ")
    assert finish.answer.endswith("699 " + "long " * MAX_TEXT)
    assert len(finish.summary) == MAX_TEXT


def test_thoughts_count_as_output() -> None:
    stats = {"total_tokens": 1000, "input_tokens": 600, "output_tokens": 150, "cached": 200}
    line = {"type": "result", "status": "success", "stats": stats}

    usage = hear(KIND, [json.dumps(line).encode()]).finish.usage

    assert usage == TokenUsage(input_tokens=400, output_tokens=400, cache_read_tokens=200)


def test_a_rate_limit_tells_how_long_to_wait() -> None:
    trouble = hear(KIND, "rate_limited").troubles[-1]

    assert (trouble.outcome, trouble.retry_after_s) == (Outcome.RATE_LIMITED, 1.0)


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("The model response was blocked due to recitation/copyright filters.", Outcome.REFUSED),
        ("Model response was truncated because it exceeded the token limit.", Outcome.LIMIT),
        ("Loop detected, stopping execution", Outcome.LIMIT),
        ("Something new happened", Outcome.OK),
    ],
)
def test_the_last_trouble_names_an_end_that_is_called_a_success(
    message: str, outcome: Outcome
) -> None:
    lines = (
        said("I begin."),
        json.dumps({"type": "error", "severity": "warning", "message": message}).encode(),
        json.dumps({"type": "result", "status": "success", "stats": {}}).encode(),
    )

    assert hear(KIND, lines).finish.outcome is outcome


def test_exit_codes_explain_an_end_without_a_word() -> None:
    no_log_in = ended_without_a_word(41, "Please set an Auth method")

    assert (no_log_in.outcome, no_log_in.summary) == (Outcome.AUTH, "Please set an Auth method")
    assert ended_without_a_word(403 % 256).outcome is Outcome.AUTH
    assert ended_without_a_word(53).outcome is Outcome.LIMIT
    assert ended_without_a_word(429 % 256).outcome is Outcome.RATE_LIMITED
    assert ended_without_a_word(0).outcome is Outcome.CRASHED
    assert ended_without_a_word(1).outcome is Outcome.CRASHED


def test_an_end_by_the_watchdog_outweighs_what_was_said() -> None:
    late = hear(KIND, "ok", ended_by=EndedBy.TIMEOUT).finish
    cancelled = hear(KIND, "interrupted", ended_by=EndedBy.CANCELLED).finish

    assert (late.outcome, cancelled.outcome) == (Outcome.TIMEOUT, Outcome.CANCELLED)
    assert cancelled.session_id is not None


@given(ANY_LINES | mangled_lines(KIND))
def test_any_line_is_read_without_an_error(line: bytes) -> None:
    assert isinstance(ADAPTER.parse(line), tuple)


def test_the_users_home_gets_no_file_and_the_prompt_goes_to_stdin(task: AgentTask) -> None:
    launch = ADAPTER.command(task, CONFIG)

    assert set(launch.files) == {POLICY}
    assert launch.stdin == task.prompt.encode()
    assert launch.argv[1:3] == ("--prompt", "")
    assert launch.env["GEMINI_CLI_NO_RELAUNCH"] == "true"


def test_a_private_home_gets_settings_with_limits_and_no_telemetry(task: AgentTask) -> None:
    config = replace(CONFIG, home=Home.PRIVATE, max_turns=7)
    vertex = replace(config, env_pass=("GOOGLE_GENAI_USE_VERTEXAI",))

    settings = json.loads(ADAPTER.command(task, config).files[SETTINGS])
    with_vertex = json.loads(ADAPTER.command(task, vertex).files[SETTINGS])

    assert settings["model"] == {"maxSessionTurns": 7}
    assert settings["privacy"] == {"usageStatisticsEnabled": False}
    assert settings["general"]["enableAutoUpdate"] is False
    assert settings["security"]["auth"]["selectedType"] == "gemini-api-key"
    assert with_vertex["security"]["auth"]["selectedType"] == "vertex-ai"


def test_turns_are_limited_in_a_private_home_alone() -> None:
    env = {"PATH": ""}

    user = ADAPTER.probe(CONFIG, env)
    private = ADAPTER.probe(replace(CONFIG, home=Home.PRIVATE), env)

    assert Ability.MAX_TURNS not in user.abilities
    assert Ability.MAX_TURNS in private.abilities
    assert "npm install -g @google/gemini-cli" in user.problem


@pytest.mark.parametrize(
    ("permission", "mode", "policy"),
    [
        (Permission.READ, "default", 'toolName = "*"\ndecision = "deny"'),
        (Permission.EDIT, "auto_edit", 'toolName = "run_shell_command"\ndecision = "allow"'),
        (Permission.FULL, "yolo", ""),
    ],
)
def test_a_permission_is_a_mode_and_a_policy(
    task: AgentTask, permission: Permission, mode: str, policy: str
) -> None:
    launch = ADAPTER.command(task, replace(CONFIG, permission=permission))

    assert launch.argv[launch.argv.index("--approval-mode") + 1] == mode
    assert ("--admin-policy" in launch.argv) is bool(policy)
    assert policy.encode() in launch.files.get(POLICY, b"")


def test_session_model_program_and_own_arguments_are_handed_on(task: AgentTask) -> None:
    config = replace(CONFIG, model="m", program="bin/g", args=("--extensions", "none"))

    argv = ADAPTER.command(replace(task, session_id="s1"), config).argv

    assert argv[0] == str(task.repository / "bin/g")
    assert argv[-6:] == ("--model", "m", "--resume", "s1", "--extensions", "none")

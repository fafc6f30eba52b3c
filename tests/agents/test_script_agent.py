import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.agents import script_player
from ropewalk.agents.base import AgentTask
from ropewalk.agents.runner import AttemptReport, read_claim, run_attempt
from ropewalk.agents.turns import End, FailOnAttempt, Say, Sleep, UseTool, load_turns
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind
from ropewalk.model.result import AgentClaim, Outcome, TokenUsage
from tests.agents.conftest import QUICK, Journal

Play = Callable[..., AttemptReport]


@pytest.fixture
def play(task: AgentTask, journal: Journal) -> Play:
    """Plays turns as an agent of kind script."""

    def run(turns: object, *, number: int = 1, **settings: object) -> AttemptReport:
        (task.repository / "script.json").write_text(json.dumps(turns))
        config = AgentConfig(kind=AgentKind.SCRIPT, script="script.json", **settings)  # type: ignore[arg-type]
        numbered = replace(task, number=number)
        return run_attempt(numbered, config, emit=journal, cancel=threading.Event(), limits=QUICK)

    return run


def test_a_script_works_through_tools_and_tells_so(
    play: Play, task: AgentTask, journal: Journal
) -> None:
    report = play(
        [
            {"say": "looking around"},
            {"sleep": 0.6},
            {"tool": "write", "path": "api/search.py", "content": "FOUND = []\n"},
            {"tool": "edit", "path": "api/search.py", "old": "[]", "new": "[1]"},
            {"tool": "run", "command": "grep -c FOUND api/search.py"},
            {"usage": {"input_tokens": 7, "cost_usd": 0.25}},
            {"final": {"status": "done", "summary": "search is there"}},
            {"say": "never said"},
        ]
    )

    assert report.outcome is Outcome.OK
    assert report.summary == "search is there"
    assert (task.worktree / "api" / "search.py").read_text() == "FOUND = [1]\n"
    assert journal.texts()[:2] == ["looking around", "writing api/search.py"]
    assert "never said" not in task.log.read_text()
    assert report.usage == TokenUsage(
        input_tokens=7, output_tokens=0, cache_read_tokens=0, cache_write_tokens=0, cost_usd=0.25
    )


def test_a_script_says_that_it_is_one(play: Play, task: AgentTask) -> None:
    report = play([])

    assert report.model == "scripted"
    assert str(report.version).startswith("scripted ")
    assert report.session_id == "backend-1"
    claim = read_claim(task.worktree, task.result_path)
    assert isinstance(claim, AgentClaim)
    assert "scripted" in str(claim.notes)


def test_a_script_leaves_an_account_of_its_files(play: Play, task: AgentTask) -> None:
    (task.worktree / "old.txt").write_text("a")

    play(
        [
            {"tool": "write", "path": "new.txt", "content": "x"},
            {"tool": "write", "path": "old.txt", "content": "x"},
        ]
    )

    claim = read_claim(task.worktree, task.result_path)
    assert isinstance(claim, AgentClaim)
    assert (claim.status, claim.files_created, claim.files_modified) == (
        "success",
        ("new.txt",),
        ("old.txt",),
    )


def test_turns_are_chosen_by_domain(play: Play, task: AgentTask) -> None:
    report = play(
        {
            "frontend": [{"tool": "write", "path": "wrong", "content": ""}],
            "backend": [{"tool": "write", "path": "right", "content": ""}],
        }
    )

    assert report.outcome is Outcome.OK
    assert [path.name for path in task.worktree.iterdir() if path.is_file()] == ["right"]


def test_a_star_stands_for_all_other_domains(play: Play) -> None:
    assert play({"frontend": [], "*": [{"final": {"status": "no_changes"}}]}).outcome is (
        Outcome.NOTHING_TO_DO
    )


def test_a_domain_without_turns_is_an_error_with_a_reason(play: Play) -> None:
    report = play({"frontend": []})

    assert (report.outcome, report.exit_code) == (Outcome.ERROR, 2)
    assert "no turns for the domain 'backend'" in report.summary


def test_a_failure_can_be_told_to_one_attempt(play: Play) -> None:
    turns = [{"fail_on_attempt": 1, "message": "the model is away"}, {"say": "now it works"}]

    first, second = play(turns, number=1), play(turns, number=2)

    assert (first.outcome, first.summary) == (Outcome.ERROR, "the model is away")
    assert first.retryable
    assert second.outcome is Outcome.OK


def test_a_tool_that_fails_ends_the_script(play: Play, task: AgentTask) -> None:
    report = play(
        [
            {"tool": "edit", "path": "nothing.py", "old": "a", "new": "b"},
            {"tool": "write", "path": "later", "content": ""},
        ]
    )

    assert (report.outcome, report.exit_code) == (Outcome.ERROR, 1)
    assert report.summary.startswith("turn 1, edit nothing.py: ")
    assert not (task.worktree / "later").exists()


def test_a_tool_may_be_allowed_to_fail(play: Play, task: AgentTask) -> None:
    report = play(
        [
            {"tool": "run", "command": "exit 1", "may_fail": True},
            {"tool": "write", "path": "later", "content": ""},
        ]
    )

    assert report.outcome is Outcome.OK
    assert (task.worktree / "later").exists()


def test_a_script_cannot_leave_its_worktree(play: Play, task: AgentTask) -> None:
    report = play([{"tool": "write", "path": "../../escaped", "content": ""}])

    assert report.outcome is Outcome.ERROR
    assert not (task.worktree.parent.parent / "escaped").exists()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("success", Outcome.OK),
        ("nothing_to_do", Outcome.NOTHING_TO_DO),
        ("refused", Outcome.REFUSED),
        ("rate_limited", Outcome.RATE_LIMITED),
        ("budget", Outcome.BUDGET),
    ],
)
def test_the_last_word_is_the_outcome(play: Play, status: str, outcome: Outcome) -> None:
    report = play([{"final": {"status": status}}])

    assert report.outcome is outcome
    assert report.said_nothing_to_do is (outcome is Outcome.NOTHING_TO_DO)


def test_a_result_can_be_written_word_for_word(play: Play, task: AgentTask) -> None:
    play([{"result": '{"status": '}])

    assert task.result_path.read_text() == '{"status": '


def test_an_agent_over_its_budget_is_ended(play: Play) -> None:
    report = play([{"usage": {"cost_usd": 0.5}}, {"usage": {"cost_usd": 0.6}}, {"sleep": 60}],
                  budget_usd=1.0)  # fmt: skip

    assert report.outcome is Outcome.BUDGET
    assert not report.retryable
    assert report.usage.cost_usd == pytest.approx(1.1)


def test_an_agent_within_its_budget_goes_on(play: Play) -> None:
    assert play([{"usage": {"cost_usd": 0.5}}], budget_usd=1.0).outcome is Outcome.OK


def test_a_script_can_be_played_slowly(play: Play) -> None:
    report = play([{"say": "a"}, {"say": "b"}, {"say": "c"}], args=("--pace", "0.2"))

    assert report.duration_s >= 0.4


def test_modules_in_the_worktree_are_not_imported(play: Play, task: AgentTask) -> None:
    (task.worktree / "json.py").write_text("raise SystemExit('taken over')\n")
    (task.worktree / "ropewalk").mkdir()
    (task.worktree / "ropewalk" / "__init__.py").write_text("raise SystemExit('taken over')\n")

    assert play([]).outcome is Outcome.OK


def test_a_script_that_is_interrupted_says_so(task: AgentTask, journal: Journal) -> None:
    (task.repository / "script.json").write_text('[{"say": "begun"}, {"sleep": 60}]')
    cancel = threading.Event()

    def emit(type_: str, data: object, /, *, sync: bool = False) -> None:
        if type_ == "agent_activity":
            cancel.set()

    config = AgentConfig(kind=AgentKind.SCRIPT, script="script.json")
    report = run_attempt(task, config, emit=emit, cancel=cancel)

    assert report.outcome is Outcome.CANCELLED
    assert report.summary == "interrupted"


def test_an_agent_without_a_script_is_refused(task: AgentTask, journal: Journal) -> None:
    with pytest.raises(InvalidInput, match="no script"):
        run_attempt(
            task, AgentConfig(kind=AgentKind.SCRIPT), emit=journal, cancel=threading.Event()
        )


def test_a_script_may_be_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text('{"say": "a"}\n\n{"sleep": 1}\n')

    assert load_turns(path, "any") == (Say(text="a"), Sleep(seconds=1.0))


def test_a_script_may_be_a_single_turn(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text('{"fail_on_attempt": 2}')

    assert load_turns(path, "any") == (FailOnAttempt(number=2, message="told to fail"),)


def test_turns_become_values(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text('[{"tool": "glob", "pattern": "*"}, {"final": {"status": "done"}}]')

    assert load_turns(path, "any") == (
        UseTool(tool="glob", arguments={"pattern": "*"}, may_fail=False),
        End(outcome=Outcome.OK, summary=""),
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("not json", "neither JSON"),
        ('{"say": "a"}\nbroken', "neither JSON"),
        ("[1]", "not a turn"),
        ('[{"do": "it"}]', "not a turn"),
        ('[{"say": "a", "loud": true}]', "not a turn"),
        ('[{"say": 1}]', "not a turn"),
        ('[{"sleep": -1}]', "sleep"),
        ('[{"sleep": true}]', "sleep"),
        ('[{"sleep": NaN}]', "sleep"),
        ('[{"sleep": 1e9}]', "sleep"),
        ('[{"usage": {"tokens": 1}}]', "usage"),
        ('[{"usage": {"input_tokens": -1}}]', "usage"),
        ('[{"final": {"status": "splendid"}}]', "status"),
        ('[{"final": {"status": "done", "mood": "fine"}}]', "status"),
        ('[{"tool": "write", "path": "a"}]', "content"),
        ('[{"tool": "delete"}]', "no tool"),
        ("[" * 100_000, "neither JSON"),
    ],
)
def test_what_is_no_script_is_refused_with_its_place(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)

    with pytest.raises(InvalidInput, match=word) as refused:
        load_turns(path, "any")

    assert str(path) in refused.value.where


def test_a_missing_or_unreadable_script_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'[{"say": "caf\xe9"}]')

    with pytest.raises(InvalidInput, match="UTF-8"):
        load_turns(tmp_path / "latin.json", "any")
    with pytest.raises(InvalidInput, match="no file"):
        load_turns(tmp_path / "missing.json", "any")


def test_the_player_prints_one_event_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.json"
    script.write_text('[{"say": "hello"}, {"tool": "write", "path": "a", "content": ""}]')
    result = tmp_path / "deep" / "result.json"

    code = script_player.main([str(script)], env={"ROPEWALK_RESULT": str(result)}, cwd=tmp_path)

    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert [event["type"] for event in printed] == (
        ["session", "usage", "text", "tool", "tool", "final"]
    )
    assert json.loads(result.read_text())["status"] == "success"


def test_the_player_ends_badly_where_the_script_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.json"
    turns = [
        {"tool": "read", "path": "nothing", "may_fail": True},
        {"usage": {"input_tokens": 1}},
        {"fail_on_attempt": 2},
        {"sleep": 0},
        {"result": "mine"},
        {"fail_on_attempt": 1},
    ]
    script.write_text(json.dumps(turns))
    result = tmp_path / "result.json"

    codes = (
        script_player.main([str(script)], env={"ROPEWALK_RESULT": str(result)}, cwd=tmp_path),
        script_player.main([str(script), "--attempt", "3"], env={}, cwd=tmp_path),
        script_player.main([str(tmp_path / "missing")], env={}, cwd=tmp_path),
    )

    assert codes == (1, 0, 2)
    assert result.read_text() == "mine"
    assert '"trouble"' in capsys.readouterr().out

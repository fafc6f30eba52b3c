"""Going on by hand, looking at what an agent did, and letting another one go on."""

import json
import stat
import threading
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.errors import InvalidInput
from ropewalk.model.event import Event
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus, Reason
from tests.cli.running import ropewalk
from tests.conftest import RunGit
from tests.harness import Epic
from tests.phases.rounds import WRITE, parallel, plan

SESSION = "0c0ffee0-1111-4222-8333-444455556666"
WORDS = (
    {"type": "system", "subtype": "init", "session_id": SESSION, "model": "m"},
    {
        "type": "assistant",
        "message": {
            "content": [
                {"type": "text", "text": "I write the file."},
                {"type": "tool_use", "id": "t", "name": "Write", "input": {"file_path": "a.txt"}},
            ]
        },
    },
    {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "result": "Written.",
        "session_id": SESSION,
        "usage": {"input_tokens": 3, "output_tokens": 2},
        "total_cost_usd": 0.01,
    },
)
# Speaks like the real program: says its version, or who it is, what it does, how it ended.
CLAUDE = f"""#!/bin/sh
if [ "$1" = --version ]; then echo "2.1.328 (Claude Code)"; exit; fi
cat > /dev/null
echo "$ROPEWALK_DOMAIN" >> "$ROPEWALK_DOMAIN.txt"
cat << 'END'
{chr(10).join(map(json.dumps, WORDS))}
END
"""


@pytest.fixture
def claude(epic: Epic, tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(CLAUDE)
    program.chmod(0o755)
    write_config(epic, program)
    return program


def write_config(epic: Epic, program: Path, *, more: str = "") -> None:
    (epic.repository / "ropewalk.toml").write_text(
        f'[agents.claude]\nkind = "claude"\nprogram = "{program}"\n{more}'
        "[agents.other]\nkind = \"command\"\nshell = 'echo other >> a.txt; cat'\n"
    )


def test_the_session_of_an_agent_can_be_gone_on_with_by_hand(epic: Epic, claude: Path) -> None:
    plan(epic, [{"name": "a", "agent": "claude", "command": None}, {"name": "b"}])
    epic.run(parallel())

    shown = ropewalk(epic.repository, "attach", "rounds", "a")
    answer = api.attach(epic.workspace, "rounds", "a")
    plain = api.attach(epic.workspace, "rounds", "b")
    write_config(epic, Path("bin/claude"))
    of_repository = api.attach(epic.workspace, "rounds", "a")

    assert of_repository.commands[1].endswith(f" {epic.repository}/bin/claude --resume {SESSION}")
    assert answer.session_id == SESSION
    assert answer.commands[0] == f"cd {epic.worktree('a')}"
    assert answer.commands[1].endswith(f" {claude} --resume {SESSION}")
    assert "COMPOSE_PROJECT_NAME=" in answer.commands[1]
    assert "HOME" not in answer.env
    assert answer.next_commands == ("ropewalk collect rounds a",)
    assert f"  cd {epic.worktree('a')}\n" in shown.out
    assert "next: ropewalk collect rounds a" in shown.out
    assert len(plain.commands) == 1
    assert "no session of an agent is known" in plain.notes[0]


def test_a_private_home_is_named_because_the_session_is_in_it(epic: Epic, claude: Path) -> None:
    write_config(epic, claude, more='home = "private"\nenv = { API_KEY = "canary-secret" }\n')
    plan(epic, [{"name": "a", "agent": "claude", "command": None}, {"name": "b"}])
    epic.run(parallel())

    shown = ropewalk(epic.repository, "attach", "rounds", "a", "--json")
    answer = json.loads(shown.out)

    home = Path(answer["env"]["HOME"])
    assert home.is_dir()
    assert home.name == "work-a.1"
    assert not home.is_relative_to(epic.repository / ".workflow")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert answer["notes"] == ["its agent also saw API_KEY"]
    assert "canary" not in shown.out


def test_attach_promises_no_session_that_nobody_can_go_on_with(epic: Epic) -> None:
    turns = [{"tool": "run", "command": "echo x > a.txt"}]
    (epic.repository / "turns.json").write_text(json.dumps(turns))
    config = epic.repository / "ropewalk.toml"
    config.write_text('[agents.player]\nkind = "script"\nscript = "turns.json"\n')
    plan(epic, [{"name": "a", "agent": "player", "command": None}, {"name": "b"}])
    epic.run(parallel())

    scripted = api.attach(epic.workspace, "rounds", "a").notes
    config.write_text('[agents.player]\nkind = "anthropic"\nmodel = "m"\n')
    built_in = api.attach(epic.workspace, "rounds", "a").notes
    config.write_text("")
    gone = api.attach(epic.workspace, "rounds", "a").notes

    (said,) = scripted
    assert said.startswith("player keeps no sessions; another attempt goes on with its work: ")
    assert said.endswith("ropewalk retry rounds a --message '…'")
    assert "another attempt goes on with it" in built_in[0]
    assert gone == ("the agent of its session, player, is not in ropewalk.toml any more",)


def test_attach_says_when_an_agent_is_at_work_and_when_the_worktree_is_gone(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    seen: list[api.Attachment] = []

    def look(event: Event) -> None:
        if event.type == "agent_started" and event.data["domain"] == "a":
            seen.append(api.attach(epic.workspace, "rounds", "a"))

    epic.run(parallel(), observe=look)
    api.clean(epic.workspace, "rounds", unmerged=True, yes=True)
    gone = api.attach(epic.workspace, "rounds", "a")

    assert seen[0].at_work
    assert "is at work" in seen[0].notes[0]
    assert (gone.worktree, gone.commands) == (None, ())
    assert gone.next_commands == ("ropewalk restore rounds a",)
    with pytest.raises(InvalidInput, match="domain 'x' is not in the run"):
        api.attach(epic.workspace, "rounds", "x")


def test_a_worktree_that_domains_share_is_said_to_hold_the_last_one(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    epic.run(api.RunRequest(mode=Mode.SEQUENTIAL))

    notes = api.attach(epic.workspace, "rounds", "a").notes

    assert notes[0] == "its worktree is shared, and holds the work of 'b' now"


def test_logs_tell_the_story_of_an_attempt_and_the_raw_log_when_asked(
    epic: Epic, claude: Path
) -> None:
    plan(epic, [{"name": "a", "agent": "claude", "command": None}, {"name": "b"}])
    epic.run(parallel())

    story = ropewalk(epic.repository, "logs", "rounds", "a")
    raw = ropewalk(epic.repository, "logs", "rounds", "a", "--raw")
    as_json = ropewalk(epic.repository, "logs", "rounds", "a", "--json")
    misused = ropewalk(epic.repository, "logs", "rounds", "--raw")

    assert story.out.startswith("# a, attempt 1 (claude)\n")
    assert f"session {SESSION}" in story.out
    assert "> I write the file." in story.out
    assert "write a.txt" in story.out
    assert '"total_cost_usd": 0.01' in raw.out
    assert as_json.json["logs"][0]["transcript"].endswith("work-a.1.transcript.md")
    assert (misused.code, "--raw needs a domain" in misused.err) == (2, True)


def test_following_goes_on_from_one_attempt_to_the_next(epic: Epic) -> None:
    first = "test -e again || { touch again; echo first; exit 1; }; echo second; echo a > a.txt"
    plan(epic, [{"name": "a", "agent": "twice", "command": None}, {"name": "b"}])
    (epic.repository / "ropewalk.toml").write_text(
        f"[agents.twice]\nkind = \"command\"\nretries = 1\nshell = '{first}'\n"
    )
    told: list[str] = []

    def follow() -> None:
        told.append(ropewalk(epic.repository, "logs", "rounds", "a", "-f").out)

    reader = threading.Thread(target=follow)

    def begin(event: Event) -> None:
        if event.type == "agent_started" and event.data["domain"] == "a" and not reader.ident:
            reader.start()

    epic.run(parallel(), observe=begin)
    reader.join(timeout=60)

    assert told == ["first\nsecond\n"]
    assert [attempt.number for attempt in epic.result("a").attempts] == [1, 2]


def test_another_agent_goes_on_with_the_work_and_hears_the_message(
    epic: Epic, claude: Path
) -> None:
    plan(epic, [{"name": "a", "agent": "claude", "command": None}, {"name": "b"}])
    epic.run(parallel())
    request = api.RetryRequest(domain="a", agent="other", message="now the other way")

    api.retry(epic.workspace, "rounds", request)

    result = epic.result("a")
    assert (result.status, result.agent.name) == (DomainStatus.SUCCESS, "other")
    assert (epic.worktree("a") / "a.txt").read_text() == "a\nother\n"
    log = Path(result.attempts[-1].log).read_text()
    assert "now the other way" in log
    assert "Earlier attempts have left their work" in log


def test_attempts_add_up_until_one_starts_afresh(epic: Epic, git: RunGit) -> None:
    plan(epic, [{"name": "a", "command": "echo 1 > a.txt; exit 1"}, {"name": "b"}])
    epic.run(parallel())

    for number in ("2", "3"):
        request = api.RetryRequest(domain="a", agent_command=f"echo {number} >> a.txt")
        api.retry(epic.workspace, "rounds", request)
    added = (epic.worktree("a") / "a.txt").read_text()
    fresh = api.RetryRequest(domain="a", agent_command=f"test ! -e a.txt && {WRITE}", fresh=True)
    api.retry(epic.workspace, "rounds", fresh)

    result = epic.result("a")
    assert added == "1\n2\n3\n"
    assert (result.status, [one.number for one in result.attempts]) == (
        DomainStatus.SUCCESS,
        [1, 2, 3, 4],
    )
    kept = git(
        epic.repository, "for-each-ref", "--format=%(refname)", "refs/ropewalk/rounds/backup"
    )
    assert "backup/a/" in kept


def test_a_retry_with_an_agent_that_does_not_exist_changes_nothing(epic: Epic) -> None:
    plan(epic, [{"name": "a", "command": "echo 1 > a.txt; exit 1"}, {"name": "b"}])
    epic.run(parallel())

    with pytest.raises(InvalidInput, match="there is no agent 'claud'"):
        api.retry(epic.workspace, "rounds", api.RetryRequest(domain="a", agent="claud"))

    assert epic.result("a").reason is Reason.FAILED_WITH_WORK
    assert len(epic.state.domains["a"].attempts) == 1
    assert (epic.worktree("a") / "a.txt").read_text() == "1\n"

"""Each way in which phase one can go wrong, as a person meets it on the command line."""

import json
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.model.event import Event
from ropewalk.model.merge import MergedDomainStatus, MergeReport, MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import Aggregate, DomainStatus, OverallStatus, Reason
from tests.conftest import RunGit
from tests.harness import Epic
from tests.stories.shell import answer, ropewalk

F, P, S = DomainStatus.FAILED, DomainStatus.PARTIAL, DomainStatus.SUCCESS
WORK = 'echo "$ROPEWALK_DOMAIN" > "$ROPEWALK_DOMAIN.txt"'
CONFIG = '[agents.hasty]\nkind = "command"\nshell = "sleep 60"\ntimeout_s = 0.5\n'
BROKEN = 'mkdir -p "$(dirname "$ROPEWALK_RESULT")"; echo "{" > "$ROPEWALK_RESULT"'


def plan_text(commands: dict[str, str], **more: dict[str, object]) -> str:
    domains = [
        {"name": name, "new_files": [f"{name}.txt"], "command": command, **more.get(name, {})}
        for name, command in commands.items()
    ]
    return json.dumps({"epic_id": "errors", "domains": domains, "validation": ["true"]})


@pytest.mark.parametrize("blocked", ["first", "second", "last"])
def test_a_worktree_that_cannot_be_made_ends_in_work_one_after_another(
    epic: Epic, git: RunGit, blocked: str
) -> None:
    epic.plan(plan_text(dict.fromkeys(("first", "second", "last"), WORK)))

    def block(event: Event) -> None:
        if event.type == "worktree_creating" and event.data["domain"] == blocked:
            epic.worktree(blocked).mkdir(parents=True)
            (epic.worktree(blocked) / "foreign").write_text("keep me")

    document = epic.run(api.RunRequest(mode=Mode.PARALLEL), observe=block)

    assert (document.mode, document.status) == (Mode.SEQUENTIAL, OverallStatus.SUCCESS)
    assert "first" in document.mode_reason or blocked in document.mode_reason
    assert (epic.worktree(blocked) / "foreign").read_text() == "keep me"
    listed = git(epic.repository, "worktree", "list", "--porcelain")
    assert [line.rsplit("/", 1)[-1] for line in listed.splitlines() if "/errors/" in line] == [
        "_sequential"
    ]


def test_a_failed_agent_leaves_the_others_at_work_and_blocks_only_what_needs_it(
    repository: Path, tmp_path: Path
) -> None:
    epic = Epic(repository)
    commands = {
        "fails": "echo half > fails.txt; exit 1",
        "killed": "kill -9 $$",
        "idle": "true",
        "broken": f"{WORK}; {BROKEN}",
        "needs": WORK,
        "free": f"sleep 0.5; {WORK}",
    }
    (repository / "ropewalk.toml").write_text(CONFIG)
    plan = json.loads(plan_text(commands, needs={"depends_on": ["fails"]}))
    plan["domains"].append({"name": "slow", "new_files": ["slow.txt"], "agent": "hasty"})
    epic.plan(json.dumps(plan))

    ran = answer(ropewalk(repository, "--json", "run", "errors", "--parallel"), Aggregate, code=6)
    merged = answer(ropewalk(repository, "--json", "merge", "errors"), MergeReport, code=6)

    assert ran.status is OverallStatus.PARTIAL
    assert {domain.name: (domain.status, domain.reason) for domain in ran.domains} == {
        "fails": (P, Reason.FAILED_WITH_WORK),
        "killed": (F, Reason.CRASHED),
        "idle": (F, Reason.NO_CHANGES),
        "broken": (S, None),
        "needs": (S, None),
        "free": (S, None),
        "slow": (F, Reason.TIMEOUT),
    }
    assert all((repository / domain.result_file).is_file() for domain in ran.domains)
    assert merged.status is MergeStatus.LANDED
    states = {domain.name: domain.status for domain in merged.domains}
    assert {name for name, state in states.items() if state is MergedDomainStatus.MERGED} == {
        *("broken", "free"),
    }
    assert states["needs"] is MergedDomainStatus.BLOCKED
    assert {path.name for path in repository.glob("*.txt")} == {"broken.txt", "free.txt"}


def test_when_no_agent_does_anything_the_run_ends_with_seven(repository: Path) -> None:
    epic = Epic(repository)
    epic.plan(plan_text({"one": "true", "two": "exit 3"}))

    ended = ropewalk(repository, "--json", "run", "errors", "--parallel")

    document = answer(ended, Aggregate, code=7)
    assert document.status is OverallStatus.FAILED
    assert {domain.reason for domain in document.domains} == {
        *(Reason.NO_CHANGES, Reason.AGENT_FAILED),
    }
    assert document.next_commands


@pytest.mark.parametrize(
    ("arguments", "says", "hint"),
    [
        (("run", "unknown"), "'unknown'", "planned epics: errors"),
        (("run", "errors", "--domain", "nobody"), "'nobody'", "one"),
        (("run", "errors", "--agent", "nobody"), "'nobody'", ""),
        (("merge", "errors"), "has not been run", "ropewalk run errors"),
        (("resume", "errors"), "has not been run", "ropewalk run errors"),
    ],
)
def test_what_cannot_be_done_yet_is_said_in_words_with_the_next_command(
    repository: Path, arguments: tuple[str, ...], says: str, hint: str
) -> None:
    Epic(repository).plan(plan_text({"one": WORK}))

    ended = ropewalk(repository, *arguments)

    assert ended.code == 2
    error, *hints = ended.stderr.splitlines()
    assert error.startswith("error: ")
    assert says in error
    assert hint in "".join(hints)

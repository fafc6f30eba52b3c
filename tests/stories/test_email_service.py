"""An e-mail service: one domain of twelve files is worked on alone; nothing is made parallel."""

from pathlib import Path

from ropewalk.model.merge import MergeReport, MergeStatus
from ropewalk.model.plan import Mode, Plan, ReasonCode
from ropewalk.model.result import Aggregate, OverallStatus
from tests.conftest import RunGit
from tests.harness import Epic
from tests.stories.scenes import add_files, agent, append_to, write_plan
from tests.stories.shell import answer, ropewalk

FILES = tuple(f"mail/part{number}.py" for number in range(12))


def test_one_domain_is_worked_on_in_one_worktree_without_speed_ups(
    repository: Path, tmp_path: Path, git: RunGit
) -> None:
    add_files(repository, dict.fromkeys(FILES, "first\n"))
    command = agent(tmp_path / "notes", work=append_to(FILES))
    domain = {"name": "backend", "files": list(FILES), "command": command}
    plan = write_plan(tmp_path, "e-mail", [domain])

    planned = answer(ropewalk(repository, "--json", "plan", "--from", str(plan)), Plan)
    ran = answer(ropewalk(repository, "--json", "run", "e-mail"), Aggregate)
    worktrees = git(repository, "worktree", "list", "--porcelain")
    merged = answer(ropewalk(repository, "--json", "merge", "e-mail"), MergeReport)

    assert planned.decision.mode is Mode.SEQUENTIAL
    assert [reason.code for reason in planned.decision.reasons] == [ReasonCode.SINGLE_DOMAIN]
    assert planned.decision.expected_speedup is None
    assert (ran.mode, ran.status) == (Mode.SEQUENTIAL, OverallStatus.SUCCESS)
    assert (ran.summary.speedup, ran.summary.speedup_wall) == (None, None)
    assert [domain.name for domain in ran.domains] == ["backend"]
    assert [line for line in worktrees.splitlines() if line.startswith("worktree ")] == [
        f"worktree {repository}",
        f"worktree {repository}/.worktrees/e-mail/_sequential",
    ]
    assert Epic(repository, epic_id="e-mail").result("backend").files.modified == tuple(
        sorted(FILES)
    )
    assert merged.status is MergeStatus.LANDED

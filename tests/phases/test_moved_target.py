"""A target that moved since the epic was planned, or since its train was built."""

import json

import pytest

from ropewalk import api
from ropewalk.model.merge import MergeReport, MergeStatus
from ropewalk.model.plan import Mode
from tests.conftest import RunGit
from tests.harness import Epic


@pytest.fixture
def ran(epic: Epic) -> Epic:
    domains = [{"name": "a", "new_files": ["a.txt"], "command": "echo a > a.txt"}]
    epic.plan(json.dumps({"epic_id": "moved", "domains": domains, "validation": ["test -s a.txt"]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    return epic


def commit(epic: Epic, git: RunGit) -> str:
    git(epic.repository, "commit", "--quiet", "--allow-empty", "--message=meanwhile")
    return git(epic.repository, "rev-parse", "main")


def test_a_merge_builds_on_the_target_as_it_is_now(ran: Epic, git: RunGit) -> None:
    moved = commit(ran, git)

    report = ran.merge()

    assert (report.status, report.target.base) == (MergeStatus.LANDED, moved)


def test_an_older_train_does_not_land_and_the_merge_is_the_next_command(
    ran: Epic, git: RunGit
) -> None:
    ran.merge(api.MergeOptions(land=False))
    moved = commit(ran, git)

    answer = api.land(ran.workspace, "moved")

    assert isinstance(answer.document, MergeReport)
    assert (answer.exit_code, answer.document.status) == (5, MergeStatus.LAND_REFUSED)
    assert f"moved: it is at {moved}" in str(answer.document.target.reason)
    assert answer.document.next_commands == ("ropewalk merge moved",)
    assert git(ran.repository, "rev-parse", "main") == moved
    assert ran.merge().status is MergeStatus.LANDED

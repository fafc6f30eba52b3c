"""What a person met after a run: old work out of reach, forged reports, links instead of files."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.errors import InvalidInput, WrongPhase
from ropewalk.model.merge import MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus, Reason
from tests.conftest import RunGit
from tests.harness import Epic

WRITE = 'echo "$ROPEWALK_DOMAIN" > "$ROPEWALK_DOMAIN.txt"'


@pytest.fixture
def epic(repository: Path) -> Epic:
    return Epic(repository=repository)


def plan_pair(epic: Epic, **first: str) -> None:
    domains: list[Mapping[str, object]] = [
        {"name": name, "new_files": [f"{name}.txt", f"{name}/**"], "command": command}
        for name, command in {"a": first.get("command", WRITE), "b": WRITE}.items()
    ]
    epic.plan(json.dumps({"epic_id": "pair", "domains": domains, "validation": ["true"]}))


def run_pair(epic: Epic) -> str:
    return epic.run(api.RunRequest(mode=Mode.PARALLEL)).run_id


def test_the_worktrees_of_a_run_that_was_replaced_come_back_beside_the_new_ones(
    epic: Epic,
) -> None:
    plan_pair(epic)
    old = run_pair(epic)
    (epic.worktree("a") / "mine.txt").write_text("precious")
    epic.run(api.RunRequest(mode=Mode.PARALLEL, fresh=True))

    restored = api.restore(epic.workspace, old)

    beside = epic.repository / ".worktrees" / old
    assert sorted(restored) == ["a", "b"]
    assert (beside / "a" / "mine.txt").read_text() == "precious"
    assert (epic.worktree("a") / "a.txt").is_file()


def test_a_report_that_was_changed_by_hand_does_not_land(epic: Epic) -> None:
    plan_pair(epic)
    run_pair(epic)
    epic.merge(api.MergeOptions(land=False))
    path = epic.workspace.layout.merge_results("pair")
    path.write_text(path.read_text().replace('"true"', '"false"'))

    with pytest.raises(WrongPhase) as refused:
        api.land(epic.workspace, "pair")

    assert "was changed after it was written" in refused.value.message


def test_a_nested_repository_is_out_of_scope_because_only_a_link_would_land(epic: Epic) -> None:
    nested = "mkdir a && cd a && git init -q . && echo x > f && git add f && git commit -qm x"
    plan_pair(epic, command=f"{WRITE}; {nested}")

    run_pair(epic)

    result = epic.result("a")
    assert (result.status, result.reason) == (DomainStatus.PARTIAL, Reason.OUT_OF_SCOPE)
    assert result.outside_declared_files == ("a",)


def test_an_epic_whose_outputs_were_deleted_can_be_collected_again(epic: Epic) -> None:
    plan_pair(epic)
    run_pair(epic)
    shutil.rmtree(epic.workspace.layout.outputs("pair"))

    api.collect(epic.workspace, "pair")

    assert epic.merge().status is MergeStatus.LANDED


def test_a_branch_of_ours_is_no_target(epic: Epic) -> None:
    plan_pair(epic)
    run_pair(epic)

    with pytest.raises(InvalidInput) as refused:
        epic.merge(api.MergeOptions(into="ropewalk/pair/a"))

    assert "is not a branch to land on" in refused.value.message


def test_a_domain_cannot_be_included_and_skipped(epic: Epic) -> None:
    plan_pair(epic)
    run_pair(epic)

    with pytest.raises(InvalidInput):
        epic.merge(api.MergeOptions(include=("a",), skip=("a",)))


def test_a_worktree_that_was_deleted_by_hand_does_not_stop_a_fresh_parallel_run(
    epic: Epic,
) -> None:
    plan_pair(epic)
    run_pair(epic)
    shutil.rmtree(epic.worktree("a"))

    document = epic.run(api.RunRequest(mode=Mode.PARALLEL, fresh=True))

    assert document.mode is Mode.PARALLEL


def test_a_second_undo_says_that_nothing_is_left(epic: Epic) -> None:
    plan_pair(epic)
    run_pair(epic)
    epic.merge()
    api.undo(epic.workspace, "pair")

    with pytest.raises(WrongPhase):
        api.undo(epic.workspace, "pair")


def test_a_merge_with_nothing_to_land_does_not_hide_the_landing_from_undo(
    epic: Epic, git: RunGit
) -> None:
    plan_pair(epic)
    before = git(epic.repository, "rev-parse", "main")
    run_pair(epic)
    epic.merge()
    epic.merge()

    api.undo(epic.workspace, "pair")

    assert git(epic.repository, "rev-parse", "main") == before


def test_each_undo_takes_one_landing_back(epic: Epic, git: RunGit) -> None:
    plan_pair(epic)
    before = git(epic.repository, "rev-parse", "main")
    run_pair(epic)
    epic.merge(api.MergeOptions(skip=("b",)))
    between = git(epic.repository, "rev-parse", "main")
    epic.merge()

    api.undo(epic.workspace, "pair")
    first = git(epic.repository, "rev-parse", "main")
    api.undo(epic.workspace, "pair")

    assert first == between
    assert git(epic.repository, "rev-parse", "main") == before


def test_a_retry_uses_the_agent_that_the_run_was_given(epic: Epic) -> None:
    domains = [{"name": name, "new_files": [f"{name}.txt"]} for name in ("a", "b")]
    epic.plan(json.dumps({"epic_id": "pair", "domains": domains}))
    command = f"{WRITE}; test $ROPEWALK_DOMAIN = b"
    epic.run(api.RunRequest(mode=Mode.PARALLEL, agent_command=command))

    api.retry(epic.workspace, "pair", api.RetryRequest(domain="a"))

    assert [attempt.number for attempt in epic.result("a").attempts] == [1, 2]


def test_an_agent_is_told_the_new_files_that_are_its_own(epic: Epic) -> None:
    plan_pair(epic, command='cp "$ROPEWALK_FILES" a.txt')

    run_pair(epic)

    assert (epic.worktree("a") / "a.txt").read_text() == "a.txt\n"


def test_the_file_of_the_epic_is_not_a_file_of_the_epic(epic: Epic, git: RunGit) -> None:
    file = epic.repository / "docs.md"
    file.write_text("# Describe the service\n\nWrite docs about `api/service.py` in docs.md.\n")
    git(epic.repository, "add", "docs.md")
    git(epic.repository, "commit", "-qm", "epic")

    text = api.read_epic("docs.md", stdin=None, cwd=epic.repository)
    planned = api.plan(epic.workspace, api.PlanRequest(epic=text))

    assert all("docs.md" not in domain.paths for domain in planned.plan.domains)

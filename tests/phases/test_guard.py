"""An agent's change outside its worktree is found, reported with the old value, and its own."""

import json

import pytest

from ropewalk.model.result import DomainStatus, Reason
from tests.conftest import RunGit
from tests.harness import Epic

QUIET = "sleep 0.6; echo new > quiet.txt"


def plan_pair(epic: Epic, command: str) -> None:
    domains = [
        {"name": "stray", "files": ["api/**"], "new_files": ["stray.txt"], "command": command},
        {"name": "quiet", "new_files": ["quiet.txt"], "command": QUIET},
    ]
    epic.plan(json.dumps({"epic_id": "guarded", "domains": domains}))


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("rm .git; echo 'gitdir: /nowhere' > .git", id="its-git-file"),
        pytest.param(
            'echo hooked > "$(git rev-parse --git-dir)/config.worktree"', id="its-admin-folder"
        ),
        pytest.param(
            'cd "$ROPEWALK_REPOSITORY" && git commit -q --allow-empty -m x', id="commits-on-main"
        ),
        pytest.param(
            'cd "$ROPEWALK_REPOSITORY" && echo x >> api/service.py', id="its-file-in-main"
        ),
        pytest.param("git branch mine", id="makes-a-branch"),
        pytest.param("git commit -q --allow-empty -m x; git tag mine", id="makes-a-tag"),
        pytest.param("echo s > api/service.py; git stash -q", id="stashes"),
    ],
)
def test_the_domain_that_strayed_is_tampered_and_the_other_one_is_not(
    epic: Epic, command: str
) -> None:
    plan_pair(epic, f"echo new > stray.txt; {command}")

    epic.run()

    stray = epic.result("stray")
    assert (stray.status, stray.reason) == (DomainStatus.FAILED, Reason.TAMPERED)
    assert any(text.startswith("outside its worktree: ") for text in stray.mismatches)
    assert epic.result("quiet").status is DomainStatus.SUCCESS


def test_a_change_of_shared_configuration_names_the_old_value(epic: Epic, git: RunGit) -> None:
    git(epic.repository, "config", "core.pager", "less")
    domain = {"name": "only", "new_files": ["a.txt"]}
    command = "echo a > a.txt; git config core.pager more"
    epic.plan(json.dumps({"epic_id": "shared", "domains": [{**domain, "command": command}]}))

    epic.run()

    result = epic.result("only")
    assert result.reason is Reason.TAMPERED
    assert any("config" in text and "less" in text for text in result.mismatches)


def test_a_person_may_commit_tag_and_edit_in_the_checkout_while_agents_work(
    epic: Epic, git: RunGit
) -> None:
    plan_pair(epic, "sleep 0.6; echo new > stray.txt")
    worked: list[str] = []

    def work_beside(event: object) -> None:
        if getattr(event, "type", "") == "agent_started" and not worked:
            worked.append("yes")
            (epic.repository / "docs").mkdir(exist_ok=True)
            (epic.repository / "docs" / "note.md").write_text("mine\n")
            git(epic.repository, "commit", "-q", "--allow-empty", "-m", "mine")
            git(epic.repository, "tag", "fetched")

    epic.run(observe=work_beside)

    assert {epic.result(name).status for name in ("stray", "quiet")} == {DomainStatus.SUCCESS}
    assert (epic.repository / "docs" / "note.md").read_text() == "mine\n"


def test_work_in_a_worktree_whose_git_file_was_replaced_is_still_pinned(
    epic: Epic, git: RunGit
) -> None:
    plan_pair(epic, "echo precious > stray.txt; rm .git; echo 'gitdir: /nowhere' > .git")

    epic.run()

    head = epic.result("stray").head
    assert head is not None
    assert git(epic.repository, "show", f"{head}:stray.txt") == "precious"

"""The person's hooks are asked before the target moves to commits that plumbing made."""

from pathlib import Path

import pytest

from ropewalk.merging.report import exit_code
from ropewalk.model.config import Hooks
from ropewalk.model.merge import MergeReport
from tests.conftest import run_git
from tests.merging.epics import EPIC, Epic, entry


@pytest.fixture
def ready(epic: Epic) -> Epic:
    epic.domain("api", {"new/file.txt": "new\n"})
    epic.domain("web", {"web/x.js": "1\n"})
    return epic


def hook(epic: Epic, name: str, script: str) -> None:
    path = epic.root / ".git/hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def refused(epic: Epic) -> MergeReport:
    report = epic.merge(hooks=Hooks.RUN)
    assert (report.status, exit_code(report)) == ("land_refused", 5)
    assert (epic.tip(), epic.status()) == (epic.base, "")
    assert "landing" not in epic.journal.types()
    return report


def test_pre_merge_commit_sees_the_merged_files_and_its_veto_is_told(ready: Epic) -> None:
    hook(ready, "pre-merge-commit", "ls new/file.txt web/x.js; echo not on a Friday >&2; exit 1")

    report = refused(ready)

    assert report.target.reason == (
        "the hook pre-merge-commit refused: new/file.txt web/x.js not on a Friday"
    )


def test_commit_msg_reads_each_message_and_its_veto_names_the_commit(ready: Epic) -> None:
    hook(ready, "commit-msg", '! grep -q "web" "$1" || { echo no web today; exit 1; }')

    report = refused(ready)

    commit = entry(report, "web").commit or ""
    reason = f"the hook commit-msg refused: no web today (commit {commit[:12]})"
    assert report.target.reason == reason


def test_hooks_that_agree_change_nothing_and_leave_nothing(ready: Epic) -> None:
    hook(ready, "pre-merge-commit", "touch left.txt")
    hook(ready, "commit-msg", 'echo rewritten > "$1"')

    report = ready.merge(hooks=Hooks.RUN)

    assert (report.status, ready.tip()) == ("landed", report.target.result)
    assert "rewritten" not in run_git(ready.root, "log", "--format=%B", "main")
    assert not ready.layout.worktree(EPIC, "_hooks").exists()
    assert ready.status() == ""


def test_hooks_are_not_asked_when_the_configuration_skips_them(ready: Epic) -> None:
    hook(ready, "pre-merge-commit", "exit 1")

    assert ready.merge(hooks=Hooks.SKIP).status == "landed"


def test_hooks_of_a_configured_folder_are_asked(ready: Epic, tmp_path: Path) -> None:
    folder = tmp_path / "hooks"
    folder.mkdir()
    (folder / "commit-msg").write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    (folder / "commit-msg").chmod(0o755)
    run_git(ready.root, "config", "core.hooksPath", str(folder))

    reason = str(refused(ready).target.reason)

    assert reason.startswith("the hook commit-msg refused: exit code 3")

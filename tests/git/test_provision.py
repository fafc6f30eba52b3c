"""What git does not bring comes into a worktree, never over something, never outside of it."""

import os
import threading
from pathlib import Path

import pytest

from ropewalk.errors import Interrupted, InvalidInput, StorageError, WorktreeError
from ropewalk.git.provision import Provisioned, provision
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import brought_into, snapshot
from ropewalk.git.worktree import add_worktree
from ropewalk.model.config import WorktreeConfig
from ropewalk.process import base_environment
from tests.conftest import RunGit


@pytest.fixture
def worktree(place: Place, repository: Path, git: RunGit) -> Path:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("*.log\n.env*\nbuild/\n/.worktrees/\n")
    for name in (".env", ".env.local", "api/.env", "build/out", "note.log"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(f"content of {name}\n")
    return make(place, repository, git)


def make(place: Place, repository: Path, git: RunGit, name: str = "api") -> Path:
    path = repository / ".worktrees" / "shop" / name
    add_worktree(place, path, git(repository, "rev-parse", "HEAD"), reason=f"ropewalk {name}")
    return path


def bring(place: Place, worktree: Path, config: WorktreeConfig) -> Provisioned:
    return provision(place, worktree, config, env=base_environment())


def test_nothing_asked_brings_nothing(place: Place, worktree: Path) -> None:
    provisioned = bring(place, worktree, WorktreeConfig())

    assert provisioned == Provisioned()
    assert not (worktree / ".env").exists()


def test_ignored_files_that_the_patterns_name_are_copied(place: Place, worktree: Path) -> None:
    provisioned = bring(place, worktree, WorktreeConfig(include=(".env*", "!.env.local")))

    assert provisioned.brought == (".env", "api/.env")
    assert (worktree / "api" / ".env").read_text() == "content of api/.env\n"
    assert not (worktree / ".env.local").exists()
    assert brought_into(place, worktree) == provisioned.brought


def test_the_committed_include_file_counts(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    (repository / ".worktreeinclude").write_text("# what a checkout needs\nbuild/\n")
    git(repository, "add", "--all")
    git(repository, "commit", "-qm", "include")
    other = make(place, repository, git, "db")

    provisioned = bring(place, other, WorktreeConfig())

    assert provisioned.brought == ("build/out",)


def test_files_that_git_knows_are_never_brought_by_a_pattern(
    place: Place, repository: Path, worktree: Path
) -> None:
    (repository / "README.md").write_text("the person's unfinished work\n")
    (repository / "untracked.txt").write_text("not ignored\n")

    provisioned = bring(place, worktree, WorktreeConfig(include=("*",)))

    assert "README.md" not in provisioned.brought
    assert "untracked.txt" not in provisioned.brought
    assert (worktree / "README.md").read_text() != "the person's unfinished work\n"
    assert not any(name.startswith((".worktrees", ".workflow")) for name in provisioned.brought)


def test_named_folders_are_copied_and_linked(
    place: Place, repository: Path, worktree: Path
) -> None:
    (repository / "build" / "link").symlink_to("out")

    provisioned = bring(place, worktree, WorktreeConfig(copy=("build",), symlink=("note.log",)))

    assert provisioned.brought == ("build", "note.log")
    assert (worktree / "build" / "out").read_text() == "content of build/out\n"
    assert (worktree / "build" / "link").readlink() == Path("out")
    assert (worktree / "note.log").readlink() == repository / "note.log"


def test_what_git_put_there_is_not_overwritten(
    place: Place, repository: Path, worktree: Path
) -> None:
    (repository / "README.md").write_text("other\n")

    provisioned = bring(place, worktree, WorktreeConfig(copy=("README.md",), symlink=("web",)))

    assert provisioned.brought == ()
    assert (worktree / "README.md").read_text().startswith("# Shop")
    assert not (worktree / "web").is_symlink()


def test_what_is_brought_in_is_not_the_agents_work(place: Place, worktree: Path) -> None:
    bring(
        place,
        worktree,
        WorktreeConfig(symlink=("build",), setup=("echo made > made.txt; echo x > x.log",)),
    )

    assert (worktree / "build").is_symlink()
    assert not snapshot(place, worktree).is_dirty


def test_files_that_set_up_changes_are_named(place: Place, worktree: Path) -> None:
    provisioned = bring(place, worktree, WorktreeConfig(setup=("echo more >> README.md",)))

    assert provisioned.changed == ("README.md",)
    assert provisioned.brought == ()


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "a/../../b", ".git/config", "", "."])
def test_paths_that_leave_the_repository_are_refused(
    place: Place, worktree: Path, name: str
) -> None:
    with pytest.raises(InvalidInput):
        bring(place, worktree, WorktreeConfig(copy=(name,)))


def test_a_missing_path_is_named(place: Place, worktree: Path) -> None:
    with pytest.raises(InvalidInput, match="'node_modules' in \\[worktree\\] is not there"):
        bring(place, worktree, WorktreeConfig(symlink=("node_modules",)))


def test_a_committed_link_does_not_lead_out_of_the_worktree(
    place: Place, repository: Path, worktree: Path, git: RunGit, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (repository / "conf").symlink_to(tmp_path / "outside")
    git(repository, "add", "conf")
    git(repository, "commit", "-qm", "link")
    other = make(place, repository, git, "db")
    (repository / "conf").unlink()
    (repository / "conf").mkdir()
    (repository / "conf" / "key").write_text("secret")

    with pytest.raises(InvalidInput, match="symbolic link"):
        bring(place, other, WorktreeConfig(copy=("conf/key",)))

    assert not (tmp_path / "outside" / "key").exists()


def test_set_up_commands_run_in_the_worktree_with_the_given_environment_alone(
    place: Place, worktree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAK", "1")
    log = tmp_path / "setup.log"

    provision(
        place,
        worktree,
        WorktreeConfig(setup=("pwd; echo $GIVEN ${LEAK:-none}", "echo second")),
        env=base_environment() | {"GIVEN": "given"},
        log=log,
    )

    assert log.read_text() == f"{worktree}\ngiven none\n"
    assert (tmp_path / "setup.log.2").read_text() == "second\n"


def test_a_failing_set_up_command_is_shown_with_what_it_said(
    place: Place, worktree: Path, tmp_path: Path
) -> None:
    config = WorktreeConfig(setup=("echo no such package; exit 7", "touch never"))

    with pytest.raises(WorktreeError) as caught:
        provision(place, worktree, config, env=base_environment(), log=tmp_path / "log")

    assert "exit code 7" in caught.value.message
    assert "no such package" in caught.value.message
    assert str(tmp_path / "log") in caught.value.hint
    assert not (worktree / "never").exists()


def test_a_killed_set_up_command_says_by_what(place: Place, worktree: Path) -> None:
    with pytest.raises(WorktreeError, match="signal 9"):
        bring(place, worktree, WorktreeConfig(setup=("kill -9 $$",)))


def test_a_stopped_set_up_is_an_interruption(place: Place, worktree: Path) -> None:
    cancel = threading.Event()
    cancel.set()

    with pytest.raises(Interrupted):
        provision(
            place,
            worktree,
            WorktreeConfig(setup=("sleep 60",)),
            env=base_environment(),
            cancel=cancel,
        )


def test_a_source_that_cannot_be_copied_is_named(
    place: Place, repository: Path, worktree: Path
) -> None:
    (worktree / "build").write_text("a file in the way of a folder")

    with pytest.raises((StorageError, InvalidInput)):
        bring(place, worktree, WorktreeConfig(include=("build/",)))


def test_a_folder_with_something_that_is_no_file_names_it(
    place: Place, repository: Path, worktree: Path
) -> None:
    os.mkfifo(repository / "build" / "pipe")

    with pytest.raises(StorageError, match=r"^cannot bring .*/build/pipe: .*named pipe"):
        bring(place, worktree, WorktreeConfig(copy=("build",)))

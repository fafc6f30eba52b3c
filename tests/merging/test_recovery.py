import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ropewalk.errors import Busy, LandingRefused
from ropewalk.merging.landing import land
from ropewalk.merging.moving import move_mark
from ropewalk.merging.recovery import Recovery, recover_landing
from tests.conftest import run_git
from tests.merging.epics import TARGET, Epic, numbered, write

NOTES = "docs/notes.txt"


@pytest.fixture
def new(epic: Epic) -> str:
    """A commit that changes, adds, deletes, links and makes executable."""

    def change(tree: Path) -> None:
        write(tree, {NOTES: numbered(line_5="changed"), "new/deep/file.txt": "new file\n"})
        (tree / "web/app.js").unlink()
        (tree / "docs/guide.md").unlink()
        (tree / "docs/guide.md").symlink_to("notes.txt")
        (tree / "db/schema.sql").chmod(0o755)

    return epic.commit(change)


def recover(epic: Epic, new: str, *, started_at: float | None = None) -> Recovery:
    return recover_landing(
        epic.place,
        ref=TARGET,
        old=epic.base,
        new=new,
        started_at=time.time() if started_at is None else started_at,
    )


def land_now(epic: Epic, new: str) -> None:
    landing = land(epic.place, ref=TARGET, old=epic.base, new=new, note=epic.journal)
    assert landing.reason is None


def test_half_written_files_are_rolled_back_and_landing_works_again(epic: Epic, new: str) -> None:
    (epic.root / "README.md").write_text("mine\n", encoding="utf-8")
    (epic.root / "untracked.txt").write_text("mine\n", encoding="utf-8")
    (epic.root / NOTES).write_text(numbered(line_5="changed"), encoding="utf-8")
    (epic.root / "new/deep").mkdir(parents=True)
    (epic.root / "new/deep/file.txt").write_text("new", encoding="utf-8")
    (epic.root / "web/app.js").unlink()
    (epic.root / "docs/guide.md").unlink()
    (epic.root / "docs/guide.md").symlink_to("notes.txt")
    (epic.root / "db/schema.sql").chmod(0o755)
    (epic.root / ".git/index.lock").write_bytes(b"half an index")

    found = recover(epic, new)

    assert found is Recovery.READY
    assert epic.status().splitlines() == [" M README.md", "?? untracked.txt"]
    assert not (epic.root / "new").exists()
    land_now(epic, new)
    assert epic.status().splitlines() == [" M README.md", "?? untracked.txt"]


def test_an_empty_file_in_place_of_a_changed_one_is_rolled_back(epic: Epic, new: str) -> None:
    (epic.root / NOTES).write_text("", encoding="utf-8")

    assert recover(epic, new) is Recovery.READY
    assert epic.status() == ""


def test_an_edit_since_the_kill_stops_everything(epic: Epic, new: str) -> None:
    (epic.root / NOTES).write_text("an edit\n", encoding="utf-8")
    (epic.root / "web/app.js").unlink()

    with pytest.raises(LandingRefused, match=r"docs/notes\.txt .* was edited since"):
        recover(epic, new)

    assert (epic.root / NOTES).read_text(encoding="utf-8") == "an edit\n"
    assert not (epic.root / "web/app.js").exists()


def test_an_edited_new_file_stops_everything(epic: Epic, new: str) -> None:
    write(epic.root, {"new/deep/file.txt": "mine\n"})

    with pytest.raises(LandingRefused, match="was edited since"):
        recover(epic, new)

    assert (epic.root / "new/deep/file.txt").exists()


def test_a_pipe_in_place_of_a_file_is_not_read(epic: Epic, new: str) -> None:
    (epic.root / NOTES).unlink()
    os.mkfifo(epic.root / NOTES)

    with pytest.raises(LandingRefused, match="was edited since"):
        recover(epic, new)


def test_files_and_index_in_place_only_need_the_branch(epic: Epic, new: str) -> None:
    (epic.root / "staged.txt").write_text("mine\n", encoding="utf-8")
    run_git(epic.root, "add", "staged.txt")
    run_git(epic.root, "read-tree", "-m", "-u", epic.base, new)

    found = recover(epic, new)

    assert found is Recovery.LANDED
    assert epic.tip() == new
    assert epic.status() == "A  staged.txt"


def test_a_move_that_was_complete_is_landed(epic: Epic, new: str) -> None:
    land_now(epic, new)

    assert recover(epic, new) is Recovery.LANDED


def test_a_branch_that_is_not_checked_out_is_ready_again(epic: Epic, new: str) -> None:
    run_git(epic.root, "checkout", "--quiet", "--detach")
    lock = epic.root / ".git/refs/heads/main.lock"
    lock.write_text(new, encoding="utf-8")

    assert recover(epic, new) is Recovery.READY
    assert not lock.exists()


def test_a_branch_that_somebody_moved_is_left_alone(epic: Epic, new: str) -> None:
    run_git(epic.root, "commit", "--quiet", "--allow-empty", "--message=meanwhile")
    (epic.root / NOTES).write_text("an edit\n", encoding="utf-8")

    assert recover(epic, new) is Recovery.READY
    assert (epic.root / NOTES).read_text(encoding="utf-8") == "an edit\n"


def test_a_lock_from_before_the_landing_is_not_removed(epic: Epic, new: str) -> None:
    lock = epic.root / ".git/index.lock"
    lock.write_bytes(b"")
    os.utime(lock, (time.time() - 60, time.time() - 60))

    with pytest.raises(LandingRefused, match=r"index\.lock was there before landing began"):
        recover(epic, new)

    assert lock.exists()


def test_an_undo_that_was_killed_is_recovered_the_same_way(epic: Epic, new: str) -> None:
    land_now(epic, new)
    (epic.root / "web/app.js").write_text("", encoding="utf-8")

    found = recover_landing(epic.place, ref=TARGET, old=new, new=epic.base, started_at=time.time())

    assert found is Recovery.READY
    assert epic.status() == ""


def test_a_git_process_that_outlived_its_coordinator_is_waited_for(epic: Epic, new: str) -> None:
    environment = {**os.environ, **move_mark(epic.base, new)}
    napping = ("git", "-c", "alias.nap=!sleep 0.6", "nap")
    process = subprocess.Popen(napping, cwd=epic.root, env=environment)
    began = time.monotonic()

    found = recover(epic, new)

    assert found is Recovery.READY
    assert time.monotonic() - began > 0.4
    assert process.wait() == 0


def test_a_git_process_that_does_not_end_is_named(epic: Epic, new: str) -> None:
    environment = {**os.environ, **move_mark(epic.base, new)}
    process = subprocess.Popen(
        ["git", "cat-file", "--batch"], cwd=epic.root, env=environment, stdin=subprocess.PIPE
    )

    with pytest.raises(Busy, match=f"the git process {process.pid} of an earlier landing"):
        recover_landing(
            epic.place, ref=TARGET, old=epic.base, new=new, started_at=0.0, patience_s=0.2
        )

    process.communicate()


def test_a_file_behind_a_link_of_the_person_is_neither_read_nor_removed(
    epic: Epic, new: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep/file.txt").write_text("new file\n", encoding="utf-8")
    (epic.root / "new").symlink_to(elsewhere)

    with pytest.raises(LandingRefused, match=r"new/deep/file\.txt .* was edited since"):
        recover(epic, new)

    assert (elsewhere / "deep/file.txt").read_text(encoding="utf-8") == "new file\n"
    assert (epic.root / "new").is_symlink()


def test_a_link_to_where_the_file_was_is_an_edit(epic: Epic, new: str) -> None:
    (epic.root / NOTES).rename(epic.root / "docs/moved.txt")
    (epic.root / NOTES).symlink_to("moved.txt")

    with pytest.raises(LandingRefused, match="was edited since"):
        recover(epic, new)

    assert (epic.root / NOTES).readlink() == Path("moved.txt")


def becoming(epic: Epic, *, old: str, new: str) -> str:
    """A commit in which the path ``thing`` turns from one kind of thing into another."""

    def make(tree: Path, kind: str) -> None:
        match kind:
            case "file":
                (tree / "thing").write_text("a file\n", encoding="utf-8")
            case "folder":
                write(tree, {"thing/inside/x.txt": "x\n", "thing/y.txt": "y\n"})
            case "link":
                (tree / "thing").symlink_to("docs")

    def turn(tree: Path) -> None:
        run_git(tree, "rm", "--quiet", "-r", "thing")
        make(tree, new)

    epic.base = epic.commit(lambda tree: make(tree, old))
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
    return epic.commit(turn)


@pytest.mark.parametrize(
    ("before", "after"),
    [("file", "folder"), ("folder", "file"), ("folder", "link"), ("link", "folder")],
)
def test_what_turned_into_something_else_is_rolled_back(
    epic: Epic, before: str, after: str
) -> None:
    new = becoming(epic, old=before, new=after)
    run_git(epic.root, "read-tree", "-m", "-u", epic.base, new)
    run_git(epic.root, "read-tree", epic.base)

    found = recover(epic, new)

    assert (found, epic.status()) == (Recovery.READY, "")
    land_now(epic, new)


def test_a_file_of_the_person_in_a_folder_that_came_is_an_edit(epic: Epic) -> None:
    new = becoming(epic, old="file", new="folder")
    (epic.root / "thing").unlink()
    write(epic.root, {"thing/mine.txt": "mine\n"})

    with pytest.raises(LandingRefused, match=r"thing in .* was edited since"):
        recover(epic, new)

    assert (epic.root / "thing/mine.txt").exists()


@pytest.mark.parametrize("count", [1, 60, 120, 199])
def test_a_kill_while_git_writes_files_is_healed(epic: Epic, count: int) -> None:
    names = [f"many/{number:03}.txt" for number in range(200)]
    new = epic.commit({name: f"{name}\n" * 400 for name in names} | {NOTES: "changed\n"})
    (epic.root / "README.md").write_text("mine\n", encoding="utf-8")
    started_at = time.time()
    process = subprocess.Popen(
        ["git", "merge", "--ff-only", "--quiet", new], cwd=epic.root, start_new_session=True
    )
    while not (epic.root / names[count]).exists() and process.poll() is None:
        time.sleep(0)
    process.send_signal(signal.SIGKILL)
    process.wait()

    recover(epic, new, started_at=started_at)
    land_now(epic, new)

    assert epic.tip() == new
    assert epic.status() == " M README.md"
    assert run_git(epic.root, "fsck", "--no-dangling") == ""

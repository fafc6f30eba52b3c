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
    process = subprocess.Popen(["sleep", "0.6"], env=environment)
    began = time.monotonic()

    found = recover(epic, new)

    assert found is Recovery.READY
    assert time.monotonic() - began > 0.4
    assert process.wait() == 0


def test_a_git_process_that_does_not_end_is_named(epic: Epic, new: str) -> None:
    environment = {**os.environ, **move_mark(epic.base, new)}
    process = subprocess.Popen(["sleep", "30"], env=environment)

    with pytest.raises(Busy, match=f"the git process {process.pid} of an earlier landing"):
        recover_landing(
            epic.place, ref=TARGET, old=epic.base, new=new, started_at=0.0, patience_s=0.2
        )

    process.kill()
    process.wait()


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

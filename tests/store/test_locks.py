import os
import threading
import time
from pathlib import Path

import pytest

from ropewalk.errors import Busy, StorageError
from ropewalk.store.lock import epic_lock, is_epic_locked, named_lock, repository_lock
from tests.store.conftest import StartPython

HOLD_EPIC = """
import sys
from pathlib import Path
from ropewalk.store.lock import epic_lock
with epic_lock(Path(sys.argv[1]), "shop"):
    print("held", flush=True)
    sys.stdin.readline()
"""
COUNT = """
import sys
from pathlib import Path
from ropewalk.store.lock import repository_lock
counter = Path(sys.argv[1]) / "counter"
for _ in range(25):
    with repository_lock(Path(sys.argv[1])):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def lock_file(common_dir: Path, name: str) -> Path:
    return common_dir / "ropewalk" / "locks" / f"{name}.lock"


def test_two_processes_never_hold_the_repository_at_once(
    tmp_path: Path, start_python: StartPython
) -> None:
    (tmp_path / "counter").write_text("0")

    children = [start_python(COUNT, tmp_path) for _ in range(2)]
    for child in children:
        child.communicate()

    assert [child.returncode for child in children] == [0, 0]
    assert (tmp_path / "counter").read_text() == "50"


def test_two_threads_never_hold_the_repository_at_once(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(10):
            with repository_lock(tmp_path):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 30


def test_a_second_coordinator_is_refused_within_a_second_and_told_who_the_first_is(
    tmp_path: Path, start_python: StartPython
) -> None:
    child = start_python(HOLD_EPIC, tmp_path)
    assert child.stdout is not None
    child.stdout.readline()
    start = time.monotonic()

    with pytest.raises(Busy, match=rf"epic 'shop' .*process {child.pid}"):
        epic_lock(tmp_path, "shop").__enter__()

    assert time.monotonic() - start < 1
    assert is_epic_locked(tmp_path, "shop")
    with epic_lock(tmp_path, "another"):
        assert not is_epic_locked(tmp_path, "third")


def test_a_lock_is_free_when_its_process_was_killed(
    tmp_path: Path, start_python: StartPython
) -> None:
    child = start_python(HOLD_EPIC, tmp_path)
    assert child.stdout is not None
    child.stdout.readline()
    child.kill()
    child.wait()

    with epic_lock(tmp_path, "shop"):
        assert is_epic_locked(tmp_path, "shop")

    assert not is_epic_locked(tmp_path, "shop")


def test_somebody_who_looks_does_not_keep_a_coordinator_out(tmp_path: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_epic_locked(tmp_path, "shop")

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(20):
        with epic_lock(tmp_path, "shop"):
            pass
    stop.set()
    looking.join()

    assert not is_epic_locked(tmp_path, "shop")


def test_looking_at_a_lock_makes_no_file(tmp_path: Path) -> None:
    assert not is_epic_locked(tmp_path, "shop")
    assert list(tmp_path.iterdir()) == []


def test_waiting_for_a_lock_ends_with_its_timeout(tmp_path: Path) -> None:
    with repository_lock(tmp_path), pytest.raises(Busy, match="works on this repository"):
        repository_lock(tmp_path, timeout_s=0.05).__enter__()


def test_a_waiter_gets_the_lock_when_it_is_released(tmp_path: Path) -> None:
    order: list[str] = []

    def wait() -> None:
        with repository_lock(tmp_path):
            order.append("second")

    with repository_lock(tmp_path):
        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.05)
        order.append("first")
    waiter.join()

    assert order == ["first", "second"]


def test_a_named_lock_leaves_no_file_and_lets_one_in_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter_often() -> None:
        for number in range(20):
            with named_lock(tmp_path, "setup-1", timeout_s=60, what="set-up runs"):
                inside.append(number)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1] * 80
    assert list(lock_file(tmp_path, "setup-1").parent.iterdir()) == []


def test_a_lock_file_deleted_while_somebody_waits_lets_only_the_new_file_count(
    tmp_path: Path,
) -> None:
    path = lock_file(tmp_path, "repository")
    held = threading.Event()
    release = threading.Event()

    def hold_new_file() -> None:
        with repository_lock(tmp_path):
            held.set()
            release.wait()

    with repository_lock(tmp_path):
        path.rename(path.with_name("moved away"))
        holder = threading.Thread(target=hold_new_file)
        holder.start()
        assert held.wait(5)
        with pytest.raises(Busy):
            repository_lock(tmp_path, timeout_s=0.05).__enter__()
    release.set()
    holder.join()


def test_the_file_that_is_held_is_the_file_that_has_the_name(
    tmp_path: Path, start_python: StartPython
) -> None:
    path = lock_file(tmp_path, "epic-shop")
    with epic_lock(tmp_path, "shop"):
        first = path.stat().st_ino
        assert path.read_text() == f"{os.getpid()}\n"

    path.unlink()
    with epic_lock(tmp_path, "shop"):
        assert path.read_text() == f"{os.getpid()}\n"
        path.unlink()
        child = start_python(HOLD_EPIC, tmp_path)
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert is_epic_locked(tmp_path, "shop")
        assert path.read_text() == f"{child.pid}\n"
    assert first > 0


@pytest.mark.timeout(10)
@pytest.mark.parametrize("trap", ["link", "dangling", "pipe", "folder"])
def test_a_lock_file_that_is_not_a_regular_file_is_refused(tmp_path: Path, trap: str) -> None:
    path = lock_file(tmp_path, "epic-shop")
    path.parent.mkdir(parents=True)
    (tmp_path / "target").write_text("mine")
    match trap:
        case "link":
            path.symlink_to(tmp_path / "target")
        case "dangling":
            path.symlink_to(tmp_path / "none")
        case "pipe":
            os.mkfifo(path)
        case _:
            path.mkdir()

    with pytest.raises(StorageError, match="not a regular file"):
        epic_lock(tmp_path, "shop").__enter__()
    if trap != "dangling":
        with pytest.raises(StorageError, match="not a regular file"):
            is_epic_locked(tmp_path, "shop")

    assert (tmp_path / "target").read_text() == "mine"


def test_a_holder_that_cannot_be_read_is_not_named(tmp_path: Path) -> None:
    path = lock_file(tmp_path, "epic-shop")
    with epic_lock(tmp_path, "shop"):
        path.write_bytes(b"\xff")

        with pytest.raises(Busy, match=r"is being worked on$"):
            epic_lock(tmp_path, "shop").__enter__()


def test_a_folder_of_locks_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "ropewalk").write_text("")

    with pytest.raises(StorageError):
        repository_lock(tmp_path).__enter__()

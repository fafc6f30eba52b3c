"""What is left of git processes that were killed, or that outlived who had started them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ropewalk.errors import Busy, GitKilled
from ropewalk.git.command import COORDINATOR, coordinator_mark, run
from ropewalk.git.leftovers import remove_leftover_locks, wait_for_leftovers
from ropewalk.git.repository import Place
from tests.conftest import RunGit

EPIC = "shop"


def lock(place: Place, name: str, *, age_s: float = 0.0) -> Path:
    path = place.common_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def ended_mark() -> str:
    """Return the mark of a coordinator that is gone."""
    program = "from ropewalk.git.command import coordinator_mark; print(coordinator_mark())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_a_git_process_names_its_coordinator(place: Place) -> None:
    output = run(place.context, "-c", "alias.mark=!env", "mark")

    assert f"{COORDINATOR}={coordinator_mark()}" in output.text.splitlines()


def test_a_git_that_says_that_its_own_git_was_killed_is_killed_too(place: Place) -> None:
    script = "!echo 'error: update-ref died of signal 9' >&2; exit 1"

    with pytest.raises(GitKilled, match="by signal 9"):
        run(place.context, "-c", f"alias.dying={script}", "dying")


def waiting_git(place: Place, mark: str) -> subprocess.Popen[bytes]:
    """Start a git that ends when its input is closed."""
    return subprocess.Popen(
        ["git", "cat-file", "--batch"],
        cwd=place.top,
        env={**os.environ, COORDINATOR: mark},
        stdin=subprocess.PIPE,
    )


def test_a_git_of_a_coordinator_that_is_gone_is_waited_for(place: Place) -> None:
    environment = {**os.environ, COORDINATOR: ended_mark()}
    napping = ("git", "-c", "alias.nap=!sleep 0.5", "nap")
    process = subprocess.Popen(napping, cwd=place.top, env=environment)
    began = time.monotonic()

    wait_for_leftovers()

    assert time.monotonic() - began > 0.3
    assert process.wait() == 0


def test_a_git_that_does_not_end_is_named(place: Place) -> None:
    process = waiting_git(place, ended_mark())

    with pytest.raises(Busy, match=f"the git process {process.pid} of an earlier coordinator"):
        wait_for_leftovers(patience_s=0.1)

    process.communicate()


def test_a_git_of_a_coordinator_that_lives_is_not_waited_for(place: Place) -> None:
    process = waiting_git(place, coordinator_mark())

    wait_for_leftovers(patience_s=0.1)

    assert process.poll() is None
    process.communicate()


def test_what_a_hook_left_running_is_not_waited_for() -> None:
    process = subprocess.Popen(["sleep", "30"], env={**os.environ, COORDINATOR: ended_mark()})

    wait_for_leftovers(patience_s=0.1)

    assert process.poll() is None
    process.kill()
    process.wait()


def test_only_locks_on_names_of_the_epic_are_removed(place: Place, git: RunGit) -> None:
    ours = [
        lock(place, f"refs/ropewalk/{EPIC}/step/1.lock"),
        lock(place, f"refs/heads/ropewalk/{EPIC}/api.lock"),
    ]
    others = [lock(place, "refs/heads/main.lock"), lock(place, "refs/ropewalk/other/result.lock")]

    removed = remove_leftover_locks(place, EPIC, since=time.time() + 60)

    assert sorted(removed) == sorted(ours)
    assert not any(path.exists() for path in ours)
    assert all(path.exists() for path in others)


def test_a_shared_lock_from_before_the_work_began_stays(place: Place) -> None:
    old = lock(place, "packed-refs.lock", age_s=60)

    assert remove_leftover_locks(place, EPIC, since=time.time() - 30) == ()
    assert old.exists()


def test_a_shared_lock_stays_while_any_git_is_at_work(place: Place) -> None:
    shared = lock(place, "packed-refs.lock")
    process = subprocess.Popen(["git", "cat-file", "--batch"], cwd=place.top, stdin=subprocess.PIPE)

    removed = remove_leftover_locks(place, EPIC, since=time.time() - 30)

    assert (removed, shared.exists()) == ((), True)
    process.communicate()

"""Locks between coordinators, released by the kernel when their process dies.

The lock files live inside the git directory, where cleaning a checkout does not reach. After a lock
is taken, the file that is held is compared with the file that has the name: whoever deletes or
replaces a lock file does not let two holders in. The process id in the file is information for
people only. Not re-entrant: the same thread asking twice waits for itself until the timeout.
"""

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ropewalk.errors import Busy, RopewalkError, StorageError
from ropewalk.store.files import disk_error, make_folder, read_limited

# Somebody who only looks whether a lock is held takes it for a moment.
_LOOKING_S = 0.25
_POLL_S = 0.01
_HOLDER_LIMIT = 4096


class _Replaced(Exception):
    """The file that is held no longer has the name."""


@contextlib.contextmanager
def repository_lock(common_dir: Path, *, timeout_s: float = 60.0) -> Iterator[None]:
    """Hold what serialises changes of worktrees and shared git files of one repository.

    Raises:
        Busy: somebody else held it for all of ``timeout_s`` seconds.
        StorageError: the lock file is a link, a pipe or a device, or cannot be made.
    """
    path = _lock_path(common_dir, "repository")
    with _held(path, timeout_s=timeout_s, what="another ropewalk works on this repository"):
        yield


@contextlib.contextmanager
def epic_lock(common_dir: Path, epic_id: str, *, timeout_s: float = 0.0) -> Iterator[None]:
    """Be the only coordinator of an epic.

    Raises:
        Busy: another coordinator is; the message names its process id.
        StorageError: the lock file is a link, a pipe or a device, or cannot be made.
    """
    path = _lock_path(common_dir, f"epic-{epic_id}")
    patience = max(timeout_s, _LOOKING_S)
    with _held(path, timeout_s=patience, what=f"epic '{epic_id}' is being worked on"):
        yield


@contextlib.contextmanager
def named_lock(common_dir: Path, name: str, *, timeout_s: float, what: str) -> Iterator[None]:
    """Hold something else that coordinators of one repository share; ``what`` says it to people.

    There may be many such names, so the file goes with its holder, while it is held: who has opened
    it to wait finds that it lost its name, and makes a new one.

    Raises:
        Busy: somebody else held it for all of ``timeout_s`` seconds.
        StorageError: the lock file is a link, a pipe or a device, or cannot be made.
    """
    path = _lock_path(common_dir, name)
    with _held(path, timeout_s=timeout_s, what=what):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def is_epic_locked(common_dir: Path, epic_id: str) -> bool:
    """Whether some coordinator works on the epic right now; changes nothing.

    Raises:
        StorageError: the lock file is a link, a pipe or a device.
    """
    path = _lock_path(common_dir, f"epic-{epic_id}")
    if not path.exists():
        return False
    _require_regular(path)
    probe = FileLock(path, timeout=0, fallback_to_soft=False)
    try:
        probe.acquire()
    except Timeout:
        return True
    except OSError as error:
        raise disk_error("lock", path, error) from error
    probe.release()
    return False


def _lock_path(common_dir: Path, name: str) -> Path:
    return common_dir / "ropewalk" / "locks" / f"{name}.lock"


@contextlib.contextmanager
def _held(path: Path, *, timeout_s: float, what: str) -> Iterator[None]:
    make_folder(path.parent)
    lock = _acquire(path, deadline=time.monotonic() + timeout_s, what=what)
    try:
        yield
    finally:
        lock.release()


def _acquire(path: Path, *, deadline: float, what: str) -> FileLock:
    while True:
        _require_regular(path)
        lock = FileLock(
            path,
            fallback_to_soft=False,
            poll_interval=_POLL_S,
            on_acquired=lambda descriptor: _sign(path, descriptor),
        )
        try:
            lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
        except Timeout as error:
            raise Busy(
                f"{what}{_holder(path)}", hint="wait for it to end, or end it, and try again"
            ) from error
        except _Replaced:
            continue
        except OSError as error:
            raise disk_error("lock", path, error) from error
        return lock


def _sign(path: Path, descriptor: int) -> None:
    held = os.fstat(descriptor)
    try:
        named = path.lstat()
    except FileNotFoundError as error:
        raise _Replaced from error
    if not os.path.samestat(held, named):
        raise _Replaced
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)


def _holder(path: Path) -> str:
    try:
        text = read_limited(path, _HOLDER_LIMIT).decode("ascii").strip()
    except (RopewalkError, UnicodeDecodeError):
        return ""
    return f" (process {text})" if text.isdecimal() else ""


def _require_regular(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise StorageError(
            f"the lock file {path} is not a regular file",
            hint="find out who put it there, then remove it",
        )

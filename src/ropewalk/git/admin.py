"""Reads and writes the admin folders of linked worktrees without trusting what lies in them.

An agent can replace any file there by a pipe, a link or garbage, and git itself then hangs or
answers for another repository. So nothing here starts git or opens anything but regular files of
a bounded size; files are replaced as a whole, under the lock file that git itself would take.
"""

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ropewalk.errors import StorageError, WorktreeError
from ropewalk.git.repository import Place
from ropewalk.store.files import Refusal, read_untrusted

LOCK_PREFIX = "ropewalk "
OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TEXT_LIMIT = 64 * 1024
_LOCK_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminEntry:
    """One admin folder; what could not be read safely is None.

    Attributes:
        admin: the folder below ``worktrees`` of the common git directory.
        path: the worktree that it names.
        head: the text of its HEAD, an object id or ``ref: <name>``.
        locked: why it is locked; empty when no reason is given, None when it is not.
        is_whole: whether git can read it; a half-made one breaks git for the whole repository.
    """

    admin: Path
    path: Path | None
    head: str | None
    locked: str | None
    is_whole: bool


def list_entries(place: Place) -> tuple[AdminEntry, ...]:
    """Return all admin folders, sorted by name."""
    root = place.common_dir / "worktrees"
    try:
        folders = sorted(root.iterdir())
    except OSError:
        return ()
    return tuple(read_entry(folder) for folder in folders if is_real_folder(folder))


def find_entry(place: Place, path: Path) -> AdminEntry | None:
    """Return the admin folder that names ``path`` as its worktree, or None.

    The worktree's own ``.git`` file is a hint only: it counts when the folder points back.
    """
    hint = _read_text(path, ".git")
    if hint is not None and hint.startswith("gitdir: "):
        admin = Path(os.path.normpath(path / hint.removeprefix("gitdir: ")))
        if admin.parent == place.common_dir / "worktrees" and is_real_folder(admin):
            entry = read_entry(admin)
            if entry.path == path:
                return entry
    return next((entry for entry in list_entries(place) if entry.path == path), None)


def require_entry(place: Place, path: Path) -> AdminEntry:
    """Return the admin folder of the worktree at ``path``.

    Raises:
        WorktreeError: there is none, or git cannot read it.
    """
    entry = find_entry(place, path)
    if entry is None:
        raise WorktreeError(f"{path} is not a worktree of this repository")
    if not entry.is_whole:
        raise WorktreeError(f"the git files of the worktree {path} are damaged: {entry.admin}")
    return entry


def read_entry(admin: Path) -> AdminEntry:
    """Read one admin folder."""
    named = _read_text(admin, "gitdir")
    common = _read_text(admin, "commondir")
    head = _read_text(admin, "HEAD")
    path = Path(os.path.normpath(admin / named)).parent if named else None
    return AdminEntry(
        admin=admin,
        path=path,
        head=head,
        locked=_read_text(admin, "locked"),
        is_whole=bool(named and common and head),
    )


def is_real_folder(path: Path) -> bool:
    """Return whether ``path`` is a folder itself and not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def require_real_folder(path: Path) -> None:
    """Refuse a worktree that is missing, or that is reached through a symbolic link.

    Raises:
        WorktreeError: so it is.
    """
    if not is_real_folder(path):
        raise WorktreeError(f"the worktree {path} is not there", code="worktree_missing")
    if path.resolve() != path:
        raise WorktreeError(f"the worktree {path} is reached through a symbolic link")


def find_inside(path: Path) -> tuple[int, ...]:
    """Return the processes whose working directory is ``path`` or below it; none where unknown."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(path):
                found.append(int(process.name))
    return tuple(sorted(found))


def private_folder(place: Place, path: Path) -> Path:
    """Return the folder in which the coordinator keeps what it knows of the worktree at ``path``.

    It lies beside the coordinator's own git directory, outside of everything that the worktree's
    own git commands write.
    """
    name = sha256(os.fsencode(path)).hexdigest()[:20]
    return place.common_dir / "ropewalk" / "trees" / name


def replace_file(admin: Path, name: str, data: bytes, *, mtime_ns: int | None = None) -> None:
    """Replace a file of an admin folder the way git does: through ``<name>.lock``.

    Raises:
        WorktreeError: another git holds the lock, or the file cannot be replaced.
        StorageError: the disk refused.
    """
    if not is_real_folder(admin):
        raise WorktreeError(f"the admin folder {admin} is not a folder")
    lock = admin / f"{name}.lock"
    with _held(lock) as descriptor:
        try:
            with open(descriptor, "wb", closefd=False) as stream:
                stream.write(data)
            os.fsync(descriptor)
            if mtime_ns is not None:
                os.utime(lock, ns=(mtime_ns, mtime_ns), follow_symlinks=False)
            lock.replace(admin / name)
        except OSError as error:
            raise StorageError(f"cannot write {admin / name}: {error.strerror}") from error


@contextlib.contextmanager
def _held(lock: Path) -> Iterator[int]:
    descriptor = _take_lock(lock)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
        # Gone when it was renamed into its place.
        lock.unlink(missing_ok=True)


def _take_lock(lock: Path) -> int:
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        try:
            return os.open(lock, flags, 0o644)
        except FileExistsError as error:
            if time.monotonic() > deadline:
                raise WorktreeError(
                    f"another git is at work: {lock} exists",
                    hint="end it; when none runs, remove the lock",
                ) from error
            time.sleep(0.05)
        except OSError as error:
            raise StorageError(f"cannot make {lock}: {error.strerror}") from error


def _read_text(folder: Path, name: str) -> str | None:
    data = read_untrusted(folder, name, _TEXT_LIMIT)
    if isinstance(data, Refusal) or b"\0" in data:
        return None
    return os.fsdecode(data).removesuffix("\n")

"""Files that are either the old ones or the new ones, never halves.

A state file is written beside its place, flushed to the disk and then renamed into it, so that a
crash or a full disk at any point leaves the old content. Whatever the disk refuses is a
`StorageError` that says what to do.
"""

import errno
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from ropewalk.errors import InvalidInput, StorageError
from ropewalk.store.text import safe_text
from ropewalk.store.untrusted import Refusal, read_descriptor, read_untrusted

__all__ = [
    "Refusal",
    "append_line",
    "disk_error",
    "ensure_excludes",
    "make_folder",
    "read_limited",
    "read_untrusted",
    "safe_text",
    "sync_folder",
    "write_all",
    "write_atomic",
]

_HINTS = {
    errno.ENOSPC: "free some space and try again; nothing that was there is lost",
    errno.EDQUOT: "free some space and try again; nothing that was there is lost",
    errno.EFBIG: "raise the limit of the file size and try again; nothing that was there is lost",
    errno.EROFS: "the file system is read-only: work on a writable copy",
    errno.EACCES: "make the folder writable and try again",
    errno.EPERM: "make the folder writable and try again",
}
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_EXCLUDE_LIMIT = 1 << 20


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Make ``path`` a file with exactly ``data``; its folders are made as needed.

    Raises:
        StorageError: the disk refused; the old content is intact.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, data, mode=mode)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_error("write", path, error) from error


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    descriptor = os.open(path, _NEW_FILE, 0o600)
    try:
        write_all(descriptor, data)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write ``data`` to the end, however little the disk takes at a time.

    Raises:
        OSError: the disk refused; a part may have been written.
    """
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def make_folder(folder: Path) -> None:
    """Make ``folder`` and its parents, so that they are still there after a power cut.

    Raises:
        StorageError: it cannot be made.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise disk_error("make folder", folder, error) from error


def sync_folder(folder: Path) -> None:
    """Flush the names in ``folder`` to the disk.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_limited(path: Path, limit: int) -> bytes:
    """Read a whole regular file of at most ``limit`` bytes; never blocks.

    Raises:
        InvalidInput: it is missing (code ``not_found``), not a regular file, or too large.
        StorageError: the disk refused.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError as error:
        raise InvalidInput(f"there is no file {path}", code="not_found") from error
    except OSError as error:
        raise disk_error("read", path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidInput(f"{path} is not a regular file", code="not_regular")
        data = read_descriptor(descriptor, limit + 1)
    except OSError as error:
        raise disk_error("read", path, error) from error
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise InvalidInput(f"{path} is larger than {limit} bytes", code="too_large")
    return data


def append_line(path: Path, line: bytes) -> None:
    """Append one line in one write and flush it; a line that a crash tore before is closed first.

    Args:
        path: the file; it and its folders are made as needed.
        line: without line breaks.

    Raises:
        StorageError: the disk refused.
    """
    make_folder(path.parent)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        raise disk_error("write", path, error) from error
    try:
        size = os.fstat(descriptor).st_size
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        write_all(descriptor, (b"\n" if is_torn else b"") + line + b"\n")
        os.fsync(descriptor)
    except OSError as error:
        raise disk_error("write", path, error) from error
    finally:
        os.close(descriptor)


def ensure_excludes(common_dir: Path, lines: Sequence[str]) -> tuple[str, ...]:
    """Add what is missing of ``lines`` to git's ``info/exclude`` and return what was added.

    Other lines stay as they are. Where the file is a link, the file that it names is written.

    Raises:
        InvalidInput: the file is not a regular file, or larger than any real one.
        StorageError: the disk refused.
    """
    path = common_dir / "info" / "exclude"
    if path.is_symlink():
        path = path.resolve()
    old = read_limited(path, _EXCLUDE_LIMIT) if path.exists() else b""
    present = set(old.splitlines())
    missing = tuple(line for line in dict.fromkeys(lines) if os.fsencode(line) not in present)
    if missing:
        gap = b"" if not old or old.endswith(b"\n") else b"\n"
        added = b"".join(os.fsencode(line) + b"\n" for line in missing)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        write_atomic(path, old + gap + added, mode=mode)
    return missing


def disk_error(action: str, path: Path, error: OSError) -> StorageError:
    """Say what the disk refused, and what a person can do about it."""
    words = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, "")
    code = "disk_full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else ""
    return StorageError(f"cannot {action} {path}: {words}", hint=hint, code=code)

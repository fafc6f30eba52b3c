"""Reading a file that somebody else may have prepared as a trap.

A read never blocks, never leaves ``root``, never follows a symbolic link (not even in a parent
folder), never reads through a second name of a file, and never takes in more than its limit.
"""

import ctypes
import errno
import functools
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_OPENAT2 = 437
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_OPENAT2 = frozenset((errno.ENOSYS, errno.EPERM, errno.EAGAIN, errno.E2BIG))
_REASONS = {
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.ENAMETOOLONG: "missing",
    errno.ELOOP: "symlink",
    errno.ENXIO: "not_regular",
    errno.EISDIR: "not_regular",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a file was not read.

    ``reason`` is one of missing, not_regular, symlink, hard_link, too_large, unreadable.
    """

    reason: str


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def read_untrusted(root: Path, relative: str, limit: int) -> bytes | Refusal:
    """Read ``relative`` below ``root``, at most ``limit`` bytes, or say why not.

    Args:
        root: a folder that we chose; its own parents are trusted.
        relative: a path inside it, as somebody else may have named it.
        limit: the largest size in bytes that is taken.
    """
    try:
        folder = os.open(root, _FOLDER_FLAGS)
    except OSError as error:
        return Refusal(reason=_reason(error))
    try:
        return _read(_open, folder, relative, limit)
    finally:
        os.close(folder)


def _open(folder: int, relative: str) -> int:
    try:
        return open_beneath(folder, relative)
    except OSError as error:
        if error.errno not in _NO_OPENAT2:
            raise
    return open_by_component(folder, relative)


def _read(
    opener: Callable[[int, str], int], folder: int, relative: str, limit: int
) -> bytes | Refusal:
    try:
        descriptor = opener(folder, relative)
    except (OSError, ValueError) as error:
        return Refusal(reason=_reason(error))
    try:
        return _read_descriptor(descriptor, limit)
    except OSError as error:
        return Refusal(reason=_reason(error))
    finally:
        os.close(descriptor)


def _read_descriptor(descriptor: int, limit: int) -> bytes | Refusal:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return Refusal(reason="not_regular")
    if status.st_nlink != 1:
        return Refusal(reason="hard_link")
    if status.st_size > limit:
        return Refusal(reason="too_large")
    data = read_descriptor(descriptor, limit + 1)
    return data if len(data) <= limit else Refusal(reason="too_large")


def read_descriptor(descriptor: int, most: int) -> bytes:
    """Read up to ``most`` bytes from an open file."""
    parts: list[bytes] = []
    left = most
    while left and (part := os.read(descriptor, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def open_beneath(folder: int, relative: str) -> int:
    """Open ``relative`` below an open folder; the kernel refuses links and ways out.

    Raises:
        OSError: it cannot be opened so; ENOSYS or EPERM where the kernel has no such call.
        ValueError: the name holds a NUL.
    """
    name = os.fsencode(relative)
    if b"\0" in name:
        raise ValueError("a path holds no NUL")
    how = _OpenHow(flags=_FLAGS, mode=0, resolve=_RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS)
    descriptor = _system_call()(
        ctypes.c_long(_OPENAT2),
        ctypes.c_int(folder),
        ctypes.c_char_p(name),
        ctypes.byref(how),
        ctypes.c_size_t(ctypes.sizeof(how)),
    )
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), relative)
    return int(descriptor)


@functools.cache
def _system_call() -> Callable[..., int]:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    return call


def open_by_component(folder: int, relative: str) -> int:
    """Open ``relative`` below an open folder, one component after the other, following no link.

    Raises:
        OSError: a component is missing, a link, or not what it should be.
        ValueError: the name holds a NUL.
    """
    *parents, name = relative.split("/")
    if not name or {"", ".", ".."} & {*parents, name}:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
    current = os.dup(folder)
    try:
        for parent in parents:
            _refuse_link(parent, current)
            inner = os.open(parent, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=current)
            os.close(current)
            current = inner
        return os.open(name, _FLAGS, dir_fd=current)
    finally:
        os.close(current)


def _refuse_link(name: str, folder: int) -> None:
    # Linux says ENOTDIR for a link opened as a folder; a link is to be told from a file.
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)


def _reason(error: OSError | ValueError) -> str:
    return _REASONS.get(error.errno or 0, "unreadable") if isinstance(error, OSError) else "missing"

"""Paths that cannot leave a worktree, and reading and writing below it.

Invariants: no path outside the worktree is opened, neither by an absolute name, nor by ``..``, nor
through a symbolic link or a hard link; nothing named ``.git`` is reached, at any depth. Only
regular files are read or written, and nothing here waits for a device or a pipe.
"""

import os
import stat
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from ropewalk.errors import InvalidInput
from ropewalk.store.files import Refusal, read_untrusted

MAX_FILE_BYTES: Final = 1024 * 1024
_GIT_NAMES: Final = frozenset((".git", "git~1"))
_REASONS: Final = {
    "missing": "there is no such file",
    "too_large": f"it is larger than {MAX_FILE_BYTES // 1024} KiB; search it with grep",
    "hard_link": "it is a hard link to a file with another name",
}


def confine(root: Path, text: str) -> Path:
    """Return the real path that `text` names below `root`.

    Args:
        root: the worktree, an absolute path without symbolic links.
        text: a path relative to `root`, or an absolute one inside it.

    Raises:
        InvalidInput: the path leaves the worktree or reaches into git's own files.
    """
    if not text or "\0" in text:
        raise InvalidInput("a path is needed")
    path = PurePosixPath(text)
    if path.is_absolute():
        if not path.is_relative_to(root):
            raise InvalidInput(f"'{text}' is outside the worktree")
        path = path.relative_to(root)
    if ".." in path.parts:
        raise InvalidInput(f"'{text}' holds '..'; paths are relative to the worktree")
    try:
        real = (root / path).resolve()
        real.exists()  # a name that is too long shows here, not where it is used
    except (OSError, RuntimeError) as error:
        raise InvalidInput(f"'{text}' cannot be followed") from error
    if not real.is_relative_to(root):
        raise InvalidInput(f"'{text}' leads out of the worktree")
    if is_git_path(path) or is_git_path(real.relative_to(root)):
        raise InvalidInput(f"'{text}' belongs to git")
    return real


def is_git_path(path: PurePath) -> bool:
    """Return whether a relative path passes through something that git takes for its own."""
    return any(part.casefold() in _GIT_NAMES for part in path.parts)


def read_file(root: Path, text: str) -> str:
    """Return the text of a file; bytes that are no UTF-8 are replaced.

    Raises:
        InvalidInput: as `read_bytes`.
    """
    return read_bytes(root, text).decode("utf-8", errors="replace")


def read_bytes(root: Path, text: str) -> bytes:
    """Return the content of a text file.

    Raises:
        InvalidInput: the path is refused, or the file is missing, too large, binary or no file.
    """
    real = confine(root, text)
    content = read_untrusted(root, str(real.relative_to(root)), MAX_FILE_BYTES)
    if isinstance(content, Refusal):
        reason = _REASONS.get(content.reason, "it is not a plain file that can be read")
        raise InvalidInput(f"'{text}' cannot be read: {reason}")
    if b"\0" in content:
        raise InvalidInput(f"'{text}' cannot be read: it is binary")
    return content


def write_file(root: Path, text: str, content: str) -> bool:
    """Write a file in place, make its folders, and return whether it is new.

    Raises:
        InvalidInput: the path is refused, is no plain file, or cannot be written.
    """
    real = confine(root, text)
    data = content.encode("utf-8", errors="replace")
    if len(data) > MAX_FILE_BYTES:
        raise InvalidInput(f"'{text}' cannot be written: more than {MAX_FILE_BYTES // 1024} KiB")
    is_new = not real.exists()
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        _write(real, data)
    except OSError as error:
        raise InvalidInput(f"'{text}' cannot be written: {error.strerror}") from error
    return is_new


def _write(path: Path, data: bytes) -> None:
    # Emptied only after it is known to be a plain file with no second name outside.
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise InvalidInput(f"'{path.name}' cannot be written: it is not a plain file")
        file.truncate(0)
        file.write(data)

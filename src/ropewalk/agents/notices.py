"""What an agent is told while it works: a file that grows by one line for each notice.

Invariants: a notice says what is, and everything in it that comes from outside stands as JSON data;
one line is one notice, written whole or not at all as far as the disk allows; the file is bounded,
and nothing is written where the agent put a link or a pipe in its place.
"""

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ropewalk.model.conflict import LivePath
from ropewalk.store.files import append_line, safe_text

NOTICES: Final = "notices.md"
MAX_BYTES: Final = 64 * 1024
MAX_GOAL: Final = 400
MAX_PATHS: Final = 10
MAX_LINES: Final = 8
_MAX_READ: Final = 8 * 1024
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashNotice:
    """Another domain changes what this one changes.

    ``other`` is its name, ``goal`` what it is to do; for the target branch, its name and no goal.
    """

    other: str
    goal: str
    paths: tuple[LivePath, ...]
    is_branch: bool = False


def clash_line(notice: ClashNotice) -> str:
    """Return a notice as the one line that an agent reads."""
    whose = "the target branch gained changes" if notice.is_branch else "another agent is changing"
    what = "that conflict with yours" if notice.is_branch else "what you are changing"
    data: dict[str, object] = {"branch" if notice.is_branch else "domain": notice.other}
    if notice.goal:
        data["goal"] = _cut(notice.goal, MAX_GOAL)
    data["paths"] = [_path(path) for path in notice.paths[:MAX_PATHS]]
    if len(notice.paths) > MAX_PATHS:
        data["more_paths"] = len(notice.paths) - MAX_PATHS
    return f"- {whose} {what}; as both stand, they will conflict: {_one_line(data)}"


def append_notice(path: Path, line: str) -> bool:
    """Append a line, and say whether there was a regular file with room for it.

    Raises:
        StorageError: the disk refused.
    """
    data = line.encode("utf-8", errors="backslashreplace")
    try:
        found = path.lstat()
    except FileNotFoundError:
        append_line(path, data)
        return True
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        return False
    if found.st_size + len(data) > MAX_BYTES:
        return False
    append_line(path, data)
    return True


class NoticeReader:
    """Reads what was appended since the last time; for the loop of an agent, between its turns.

    Args:
        path: the file; None, or one that is missing, never has anything new.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> tuple[str, ...]:
        """Return the whole lines that are new."""
        if self._path is None:
            return ()
        try:
            with os.fdopen(os.open(self._path, _FLAGS), "rb") as file:
                file.seek(self._offset)
                data = file.read(MAX_BYTES)
        except OSError:
            return ()
        whole, newline, _rest = data.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        lines = whole.decode("utf-8", errors="replace").split("\n")
        return tuple(line[:_MAX_READ] for line in lines if line.strip())


def _path(path: LivePath) -> dict[str, object]:
    known: dict[str, object] = {"path": path.path, "kind": path.kind.value}
    if path.lines:
        known["lines"] = list(_some(path.lines))
    return known


def _some(lines: Sequence[str]) -> Sequence[str]:
    return lines if len(lines) <= MAX_LINES else (*lines[:MAX_LINES], "…")


def _cut(text: str, most: int) -> str:
    line = " ".join(safe_text(text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _one_line(data: dict[str, object]) -> str:
    """Return JSON in which whatever breaks, hides or reorders a line stands as its number."""
    text = json.dumps(data, ensure_ascii=False)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)

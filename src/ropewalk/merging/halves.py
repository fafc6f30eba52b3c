"""Says what lies at each path of a half-done move: the old file, half of the move, or an edit.

Looks only, with ``lstat`` and ``readlink``, so that no link is followed out of the checkout. What
is neither the old file, nor the new one, nor the beginning of the new one is somebody's edit.
"""

import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import Path

from ropewalk.git.command import run
from ropewalk.git.repository import Place
from ropewalk.git.trees import RawChange

_ABSENT = "000000"
_GITLINK = "160000"
_SYMLINK = "120000"


class Found(StrEnum):
    """What lies at a path."""

    OLD = auto()
    HALF = auto()
    FOREIGN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file or a link; a link's data is its target. ``is_other``: a pipe, a device, a folder."""

    data: bytes
    is_link: bool = False
    is_other: bool = False


def look_at_move(checkout: Place, changes: Sequence[RawChange]) -> Mapping[str, Found]:
    """Return what lies at each path that a move changes."""
    coming = {change.path for change in changes if has_file(change.new_mode)}
    links = {change.path for change in changes if change.new_mode == _SYMLINK}
    return {change.path: _look(checkout, change, coming, links) for change in changes}


def has_file(mode: str) -> bool:
    """Whether git keeps a file or a link at a path with this mode, not nothing or a repository."""
    return mode not in {_ABSENT, _GITLINK}


def is_gitlink(mode: str) -> bool:
    """Whether a path with this mode is a repository of its own, of which git keeps the folder."""
    return mode == _GITLINK


def _look(
    checkout: Place, change: RawChange, coming: Collection[str], links: Collection[str]
) -> Found:
    parents = ["/".join(change.path.split("/")[:n]) for n in range(1, change.path.count("/") + 1)]
    for parent in parents:
        if (checkout.top / parent).is_symlink():
            # Behind a link there is nothing of ours; only a link of the move may be there.
            return _missing(change) if parent in links else Found.FOREIGN
    found = _read(checkout.top, change.path, coming)
    if found is None:
        return _missing(change)
    if has_file(change.old_mode) and _matches(checkout, change, found, is_new=False):
        return Found.HALF if change.old_oid == change.new_oid else Found.OLD
    if has_file(change.new_mode) and _matches(checkout, change, found, is_new=True):
        return Found.HALF
    return Found.FOREIGN


def _missing(change: RawChange) -> Found:
    return Found.HALF if has_file(change.old_mode) else Found.OLD


def _read(top: Path, path: str, coming: Collection[str]) -> _File | None:
    """Return what lies at a path; a folder that holds nothing but what is coming is nothing."""
    full = top / path
    try:
        mode = full.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(mode):
        return _File(data=os.fsencode(full.readlink()), is_link=True)
    if stat.S_ISREG(mode):
        return _File(data=full.read_bytes())
    if stat.S_ISDIR(mode) and _holds_only(top, path, coming):
        return None
    return _File(data=b"", is_other=True)


def _holds_only(top: Path, folder: str, coming: Collection[str]) -> bool:
    for root, folders, names in os.walk(top / folder):
        linked = [name for name in folders if Path(root, name).is_symlink()]
        for name in (*names, *linked):
            if Path(root, name).relative_to(top).as_posix() not in coming:
                return False
    return True


def _matches(checkout: Place, change: RawChange, found: _File, *, is_new: bool) -> bool:
    """Compare with a side of the change; of the new one the beginning is enough."""
    oid, mode = (change.new_oid, change.new_mode) if is_new else (change.old_oid, change.old_mode)
    is_link = mode == _SYMLINK
    if found.is_other or found.is_link is not is_link:
        return False
    content = _content(checkout, change.path, oid, is_link=is_link)
    return content.startswith(found.data) if is_new and not is_link else content == found.data


def _content(checkout: Place, path: str, oid: str, *, is_link: bool) -> bytes:
    """Return what git writes at the path: the blob after the person's own filters."""
    if is_link:
        return run(checkout.context, "cat-file", "blob", oid).stdout
    return run(checkout.context, "cat-file", "--filters", f"--path={path}", oid).stdout

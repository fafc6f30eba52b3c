"""Puts changes on the trees of a commit, in memory, as a merge does where only one side changed.

A directory that still is what a change begins with becomes what the change makes of it, without a
look into it; only one that others changed as well is opened. An entry that is not what a change
begins with is never overwritten: that is a merge, and none of ours.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.errors import GitError
from ropewalk.git.packs import Kind, Pack, Packed
from ropewalk.git.trees import FOLDER_MODE, RawChange, is_file

_NOTHING: Final = "000000"
# As they are written into trees. Git has had other modes, and rewrites them where it merges.
_MODES: Final = {FOLDER_MODE: b"40000"} | {
    mode: mode.encode() for mode in ("100644", "100755", "120000", "160000")
}
_ENTRY: Final = rb"((40000|100644|100755|120000|160000) ([^\0/]+)\0.{%d})"

Read = Callable[[str], bytes]


@dataclass(slots=True, kw_only=True)
class _Folder:
    """An open directory: its entries as git writes them, by the names that git sorts them by.

    ``oid`` is what it was when it was opened or written, ``packed`` the object if it was written.
    """

    oid: str
    entries: dict[bytes, bytes]
    packed: Packed | None = None
    is_sorted: bool = True

    def put(self, key: bytes, entry: bytes | None) -> None:
        """Put an entry in, replace it, or take it out."""
        if entry is None:
            self.entries.pop(key, None)
        else:
            self.is_sorted = self.is_sorted and key in self.entries
            self.entries[key] = entry

    def content(self) -> bytes:
        """Return the directory as git writes it."""
        if not self.is_sorted:
            self.entries = dict(sorted(self.entries.items()))
            self.is_sorted = True
        return b"".join(self.entries.values())


class TreeEdit:
    """The trees of one commit after another, each made from those of the one before.

    Args:
        tree: full id of the tree to begin with.
        pack: takes the trees that are made.
        read: returns the content of a tree by its id.
    """

    def __init__(self, tree: str, pack: Pack, read: Read) -> None:
        self._pack = pack
        self._read = read
        self._entry = re.compile(_ENTRY % (len(tree) // 2), re.DOTALL)
        self._folders = {"": self._opened(tree)}

    def apply(self, entries: Sequence[RawChange]) -> str:
        """Put changes on the tree and return the id of the new one.

        Args:
            entries: the changes of a commit, directories included, each before what is in it.

        Raises:
            GitError: an entry is not what a change begins with, or has a mode that git has no more.
        """
        if not entries:
            return self._folders[""].oid
        opened = [""]
        done = "\0"
        for change in entries:
            if change.path.startswith(done):
                continue
            if self._put(change):
                done = f"{change.path}/"
            else:
                opened.append(change.path)
        for path in reversed(opened):
            self._close(path)
        return self._folders[""].oid

    def _put(self, change: RawChange) -> bool:
        """Put one entry into its directory; False where that had to be opened instead."""
        above, _slash, name = change.path.rpartition("/")
        is_folder = not is_file(change)
        raw = os.fsencode(name)
        key = raw + b"/" if is_folder else raw
        folder = self._folders.get(above)
        if folder is None:
            raise GitError(f"{change.path!r} does not stand behind its directory")
        found = folder.entries.get(key)
        if found == _entry(change.old_mode, raw, change.old_oid):
            folder.put(key, _entry(change.new_mode, raw, change.new_oid))
            return True
        if not is_folder:
            raise GitError(f"{change.path!r} is not what a change of it begins with")
        self._open(change.path, "" if found is None else found[-(len(change.old_oid) // 2) :].hex())
        return False

    def _open(self, path: str, oid: str) -> None:
        """Open a directory for what is to be changed in it; without an id it is gone meanwhile."""
        known = self._folders.get(path)
        if not oid:
            self._folders[path] = _Folder(oid="", entries={})
        elif known is None or known.oid != oid:
            self._folders[path] = self._opened(oid)

    def _opened(self, oid: str) -> _Folder:
        content = self._read(oid)
        found = self._entry.findall(content)
        if sum(len(entry) for entry, _mode, _name in found) != len(content):
            raise GitError(f"tree {oid} has entries that git would write in another way")
        entries = {
            name + b"/" if mode == _MODES[FOLDER_MODE] else name: entry
            for entry, mode, name in found
        }
        return _Folder(oid=oid, entries=entries)

    def _close(self, path: str) -> None:
        """Write an open directory and name it in the one above; an empty one is gone."""
        folder = self._folders[path]
        if folder.entries or not path:
            folder.packed = self._pack.add(Kind.TREE, folder.content(), like=folder.packed)
            folder.oid = folder.packed.oid
        if path:
            above, _slash, name = path.rpartition("/")
            raw = os.fsencode(name)
            entry = _entry(FOLDER_MODE, raw, folder.oid) if folder.entries else None
            self._folders[above].put(raw + b"/", entry)


def _entry(mode: str, name: bytes, oid: str) -> bytes | None:
    """Return an entry of a tree as git writes it, None for none."""
    if mode == _NOTHING:
        return None
    if mode not in _MODES:
        raise GitError(f"{mode} is a mode that git has no more")
    return b"%b %b\0%b" % (_MODES[mode], name, bytes.fromhex(oid))

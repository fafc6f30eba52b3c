"""What set-up commands made, kept beside the locks to be copied into further worktrees.

A result is a folder named after its key. It is filled under another name and flushed to the disk
before it gets its own, and loses its own before it is deleted: under its name it is always whole.
A few are kept, those that were used last.
"""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ropewalk.errors import InvalidInput, StorageError
from ropewalk.git import provision_files as files
from ropewalk.model.values import Value
from ropewalk.store.files import make_folder
from ropewalk.store.schema.documents import read_document, write_document

_KEPT: Final = 6
# Longer than anything is copied: what is still unnamed then was left by a kill.
_UNNAMED_S: Final = 6 * 3600.0
_ABOUT: Final = "result.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Value):
    """What is known of a set-up command: what it made, or why that does not do elsewhere."""

    made: tuple[str, ...]
    why_not: str = ""
    schema_version: int = 1


class SetupResults:
    """The result of one key.

    Args:
        common_dir: the git directory that all worktrees share.
        key: names the result.
    """

    def __init__(self, common_dir: Path, key: str) -> None:
        self.key = key
        self.folder = common_dir.resolve() / "ropewalk" / "setup" / key

    @property
    def verdict(self) -> Verdict | None:
        """What is known, None while the command never ran with this key."""
        try:
            return read_document(Verdict, self.folder / _ABOUT)
        except (InvalidInput, StorageError):
            return None

    def keep(self, worktree: Path, made: Sequence[str], *, why_not: str) -> None:
        """Keep a copy of what was made, or only why it does not do; a full disk keeps nothing."""
        fresh = _unnamed(self.folder)
        try:
            make_folder(fresh)
            for name in made if not why_not else ():
                files.copy(worktree, fresh / "files", name)
            write_document(fresh / _ABOUT, Verdict(made=tuple(made), why_not=why_not))
            os.sync()
            _discard(self.folder)
            fresh.rename(self.folder)
        except (OSError, StorageError, InvalidInput):
            shutil.rmtree(fresh, ignore_errors=True)
        self._forget_old()

    def copy_into(self, worktree: Path) -> bool:
        """Copy what was made into a fresh worktree; return False, and leave it, where that fails.

        Whatever is there already was put there for a reason: then the command itself has to run.
        So it has where the result was taken away meanwhile: nobody knows how much of it was left.
        """
        verdict = self.verdict
        if verdict is None or verdict.why_not:
            return False
        if any(os.path.lexists(worktree / name) for name in verdict.made):
            return False
        copied: list[str] = []
        try:
            source = self.folder.stat()
            for name in verdict.made:
                copied.append(name)
                files.copy(self.folder / "files", worktree, name)
            os.utime(self.folder)
            is_whole = os.path.samestat(source, self.folder.stat())
        except (OSError, InvalidInput):
            is_whole = False
        if not is_whole:
            for name in copied:
                _remove(worktree / name)
        return is_whole

    def _forget_old(self) -> None:
        with contextlib.suppress(OSError):
            now = time.time()
            ages = {each: now - each.stat().st_mtime for each in self.folder.parent.iterdir()}
            named = sorted((each for each in ages if not _is_unnamed(each)), key=ages.__getitem__)
            left = [each for each in ages if _is_unnamed(each) and ages[each] > _UNNAMED_S]
            for old in named[_KEPT:]:
                _discard(old)
            for old in left:
                shutil.rmtree(old, ignore_errors=True)


def _unnamed(result: Path) -> Path:
    """Return a place beside a result where nobody looks for one."""
    return result.with_name(f".{secrets.token_hex(8)}.tmp")


def _is_unnamed(folder: Path) -> bool:
    return folder.name.startswith(".")


def _discard(folder: Path) -> None:
    """Delete a result, if it is there: those who copy it see that its name is gone."""
    aside = _unnamed(folder)
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

"""Saves whole worktrees under refs, and brings them back byte for byte.

A saved worktree is one commit below ``refs/ropewalk/``: `ropewalk.git.saved` says what is in it. It
is read back before it counts as saved. What it could not hold (files over the limit) is counted in
it, and stays on disk when the worktree is removed.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.errors import InvalidInput, StorageError, WorktreeError
from ropewalk.git.admin import replace_file, require_entry, require_real_folder
from ropewalk.git.command import GitContext, run
from ropewalk.git.everything import DEFAULT_LIMIT, GIT_NAME, SAVED_GIT_NAME, take_everything
from ropewalk.git.objects import read_blobs
from ropewalk.git.own import own_context
from ropewalk.git.provision_copies import bring_again
from ropewalk.git.refs import RefUpdate, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.saved import SavedWork, as_text, commit_saved, read_saved
from ropewalk.git.snapshot import (
    SNAPSHOT_IDENTITY,
    brought_into,
    load_index,
    private_index,
    read_head,
    remember_brought,
)
from ropewalk.git.worktree import WorktreeEntry, add_worktree

_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    path: str
    mode: str
    oid: str


def save_worktree(place: Place, worktree: Path, ref: str, *, limit: int = DEFAULT_LIMIT) -> str:
    """Save all that lies in a worktree under a ref; the worktree stays as it is.

    What the ref held before is kept alive by the new commit; when nothing changed since, it is
    returned.

    Args:
        place: the repository.
        worktree: its folder.
        ref: full name, below ``refs/ropewalk/``.
        limit: how many bytes of ignored files and of repositories inside are taken; what is over
            it is counted, and `remove_worktree` does not delete it.

    Raises:
        WorktreeError: the worktree is not there or damaged, or the saved commit cannot be read
            back.
        GitError: git failed.
    """
    require_real_folder(worktree)
    entry = require_entry(place, worktree)
    head = read_head(place, worktree)
    if head is None:
        raise WorktreeError(f"the HEAD of the worktree {worktree} cannot be read")
    found = take_everything(place, worktree, entry, head=head, known_as=worktree, limit=limit)
    work = SavedWork(
        path=as_text(worktree),
        head=head,
        reason=as_text(entry.locked or ""),
        limit=limit,
        tree=found.tree,
        staged=found.staged,
        is_unmerged=found.is_unmerged,
        nested=tuple(map(as_text, found.nested)),
        brought=tuple(map(as_text, brought_into(place, worktree))),
        tips=found.tips,
        omitted=found.omitted,
        note=found.note,
        copies=tuple(map(as_text, found.copies)),
    )
    return _pin(place, work, ref)


def restore_worktree(
    place: Place, ref: str, path: Path, *, kept: Path | None = None
) -> WorktreeEntry:
    """Make a worktree again as it was saved: files, HEAD and what was staged.

    Args:
        place: the repository.
        ref: under which it was saved.
        path: where to make it; nothing is there.
        kept: where its removal put the folder, when that could not be saved as a whole: files that
            are not in the commit are moved from there.

    Raises:
        InvalidInput: there is no such ref, or something is at ``path``.
        WorktreeError: the ref is no saved worktree, or the worktree cannot be made.
        StorageError: a file cannot be written.
    """
    commit = read_ref(place.context, ref)
    if commit is None:
        raise InvalidInput(f"there is no saved work {ref}", code="not_found")
    context = own_context(place)
    work = read_saved(context, commit)
    entry = add_worktree(place, path, work.head, reason=work.reason or "restored")
    try:
        _write_files(context, work, path)
        bring_again(place, path, work.copies)
        if kept is not None:
            _bring_over(kept, path)
    except OSError as error:
        raise StorageError(f"cannot write {error.filename}: {error.strerror}") from error
    if work.staged and not work.is_unmerged:
        _restore_index(place, path, work.staged)
    remember_brought(place, path, work.brought)
    return entry


def _pin(place: Place, work: SavedWork, ref: str) -> str:
    context = replace(own_context(place), author=SNAPSHOT_IDENTITY, committer=SNAPSHOT_IDENTITY)
    previous = read_ref(place.context, ref)
    if previous is not None and read_saved(context, previous) == work:
        return previous
    commit = commit_saved(context, work, previous=previous)
    update_refs(place.context, [RefUpdate(ref=ref, new=commit, old=previous)])
    if read_ref(place.context, ref) != commit or read_saved(context, commit) != work:
        raise WorktreeError(f"the saved work {ref} cannot be read back")
    return commit


def _write_files(context: GitContext, work: SavedWork, path: Path) -> None:
    options = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev")
    listing = run(context, "diff-tree", *options, work.head, work.tree).stdout
    fields = os.fsdecode(listing).split("\0")
    changes = [
        _Change(path=name, mode=facts.split()[1], oid=facts.split()[3])
        for facts, name in zip(fields[:-1:2], fields[1::2], strict=True)
    ]
    for change in changes:
        _remove(path, change.path)
    files = [change for change in changes if change.mode not in {"000000", "160000"}]
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        blobs = read_blobs(context, [change.oid for change in batch])
        for change in batch:
            target = path / _own_name(change.path, work.nested)
            _write(target, change.mode, blobs[change.oid])
    for name in work.nested:
        _complete_repository(path / name / GIT_NAME)


def _remove(path: Path, name: str) -> None:
    target = path / name
    if not os.path.lexists(target):
        return
    if target.is_dir() and not target.is_symlink():
        # An empty folder that stands for a submodule.
        target.rmdir()
    else:
        target.unlink()
    for folder in target.parents:
        if folder == path or any(folder.iterdir()):
            return
        folder.rmdir()


def _own_name(name: str, nested: Iterable[str]) -> str:
    for folder in nested:
        saved = f"{folder}/{SAVED_GIT_NAME}"
        if name == saved or name.startswith(f"{saved}/"):
            return f"{folder}/{GIT_NAME}{name.removeprefix(saved)}"
    return name


def _write(target: Path, mode: str, blob: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if mode == "120000":
        target.symlink_to(os.fsdecode(blob))
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(target, flags, 0o777 if mode == "100755" else 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(blob)


def _complete_repository(git_dir: Path) -> None:
    """Make the empty folders without which git does not see a repository."""
    if git_dir.is_dir():
        for name in ("objects", "refs"):
            (git_dir / name).mkdir(exist_ok=True)


def _bring_over(kept: Path, path: Path) -> None:
    for folder, names, files in os.walk(kept):
        links = [name for name in names if Path(folder, name).is_symlink()]
        for source in (Path(folder, name) for name in (*files, *links)):
            target = path / source.relative_to(kept)
            if not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(source, target)


def _restore_index(place: Place, path: Path, tree: str) -> None:
    entry = require_entry(place, path)
    with private_index(place, path) as context:
        load_index(context, tree)
        run(context, "update-index", "-q", "--refresh", allowed=(0, 1))
        if context.index is not None:
            replace_file(entry.admin, "index", context.index.read_bytes())

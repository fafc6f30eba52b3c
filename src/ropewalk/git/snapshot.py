"""Takes what lies in a worktree into git's objects, without touching the worktree or trusting it.

Everything goes through the coordinator's own git directory and an index of its own, so that no
configuration, hook or filter that an agent left behind is read, and the worktree, its index and its
HEAD stay as they are, also while somebody works in it. The same files and the same HEAD give the
same commit, every time.

The index is kept between snapshots beside the coordinator's git directory, where git's own check of
file times makes the next one cheap; it is seeded when the worktree is made.
"""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.errors import GitError, GitKilled, StorageError, WorktreeError
from ropewalk.git.admin import (
    OID,
    AdminEntry,
    find_entry,
    private_folder,
    replace_file,
    require_entry,
    require_real_folder,
)
from ropewalk.git.command import GitContext, Identity, run
from ropewalk.git.objects import commit_tree, tree_of
from ropewalk.git.own import own_context, quarantine
from ropewalk.git.refs import read_ref
from ropewalk.git.repository import Place
from ropewalk.store.files import disk_error, write_atomic

SNAPSHOT_IDENTITY = Identity(name="ropewalk", email="ropewalk@localhost", date="946684800 +0000")
_MARKER_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What lay in a worktree.

    Attributes:
        commit: a commit of it on top of the worktree's HEAD; HEAD itself when nothing differs.
        tree: the tree of that commit.
        parent: the commit that HEAD names; None when HEAD is unreadable and no base was given.
        is_dirty: whether the files differ from HEAD.
        partial: whether something could not be read and is missing.
        has_markers: whether a changed file holds conflict markers.
        gitlinks: repositories inside the worktree that HEAD does not know; only the id of their
            head is in the tree, not their content.
    """

    commit: str
    tree: str
    parent: str | None
    is_dirty: bool
    partial: bool
    has_markers: bool
    gitlinks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """The tree of a worktree's files, beside its HEAD and the tree of that.

    ``skipped`` are the paths that could not be read, ``nested`` the repositories inside.
    """

    tree: str
    head: str | None
    before: str | None
    skipped: tuple[str, ...]
    nested: tuple[str, ...]


def snapshot(
    place: Place,
    worktree: Path,
    *,
    exclude: Sequence[str] = (),
    message: str = "snapshot",
    base: str | None = None,
    objects: Path | None = None,
) -> Snapshot:
    """Take in a worktree as a commit that nothing refers to yet.

    Args:
        place: the repository.
        worktree: its folder.
        exclude: paths, relative to the worktree, that are never taken in; what was brought into the
            worktree when it was made is left out anyway.
        message: of the commit.
        base: stands for HEAD where HEAD cannot be read.
        objects: a quarantine that receives the new objects instead of the shared store.

    Raises:
        WorktreeError: the worktree is not there, or reached through a link.
        GitError: git failed.
    """
    head = read_head(place, worktree) or base
    with private_index(place, worktree, objects=objects) as context:
        capture = take_in(place, context, worktree, head=head, exclude=exclude)
        before = capture.before
        dirty = capture.tree != before
        has_markers = dirty and before is not None and _has_markers(context, before, capture.tree)
        commit = head if head and not dirty else _commit(context, capture, message)
    return Snapshot(
        commit=commit,
        tree=capture.tree,
        parent=head,
        is_dirty=dirty,
        partial=bool(capture.skipped),
        has_markers=has_markers,
        gitlinks=capture.nested,
    )


def commit_leftovers(
    place: Place,
    worktree: Path,
    *,
    message: str,
    author: Identity,
    committer: Identity,
    exclude: Sequence[str] = (),
) -> str | None:
    """Commit what is not committed in a worktree on top of its HEAD; return the commit or None.

    Neither the worktree nor its HEAD moves; nothing refers to the commit until the caller pins it.

    Raises:
        WorktreeError: the worktree is not there, or its HEAD cannot be read.
        GitError: git failed.
    """
    head = read_head(place, worktree)
    if head is None:
        raise WorktreeError(f"the HEAD of the worktree {worktree} cannot be read")
    with private_index(place, worktree) as context:
        capture = take_in(place, context, worktree, head=head, exclude=exclude)
        if capture.tree == capture.before:
            return None
        signed = replace(context, author=author, committer=committer)
        return commit_tree(signed, capture.tree, parents=(head,), message=message)


def settle(place: Place, worktree: Path, commit: str) -> None:
    """Move HEAD (detached) and index of a worktree to a commit; its files stay as they are.

    Raises:
        WorktreeError: another git holds a lock there, or the worktree is not registered.
        GitError: git failed.
    """
    entry = require_entry(place, worktree)
    with private_index(place, worktree) as context:
        load_index(context, commit)
        run(context, "update-index", "-q", "--refresh", allowed=(0, 1))
        _install_index(context, entry)
    replace_file(entry.admin, "HEAD", f"{commit}\n".encode())


def read_head(place: Place, path: Path) -> str | None:
    """Return the commit that HEAD of a worktree names, None when it cannot be read safely."""
    entry = find_entry(place, path)
    if entry is None or entry.head is None:
        return None
    if OID.fullmatch(entry.head):
        return entry.head
    name = entry.head.removeprefix("ref: ").strip()
    return read_ref(place.context, name) if name.startswith("refs/") else None


def seed_index(place: Place, worktree: Path, index: Path) -> None:
    """Keep a fresh worktree's own index as the first private one; before anybody works there."""
    folder = _make_private(place, worktree)
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(index, folder / "index", follow_symlinks=False)


def remember_brought(place: Place, worktree: Path, brought: Iterable[str]) -> None:
    """Keep which paths were brought into a fresh worktree and are nobody's work."""
    data = b"".join(os.fsencode(path) + b"\0" for path in brought)
    write_atomic(_make_private(place, worktree) / "brought", data)


def brought_into(place: Place, worktree: Path) -> tuple[str, ...]:
    """Return the paths that were brought into a worktree when it was made."""
    try:
        data = (private_folder(place, worktree) / "brought").read_bytes()
    except OSError:
        return ()
    return tuple(os.fsdecode(path) for path in data.split(b"\0") if path)


def forget(place: Place, worktree: Path) -> None:
    """Drop what was kept about a worktree."""
    shutil.rmtree(private_folder(place, worktree), ignore_errors=True)


@contextlib.contextmanager
def private_index(
    place: Place, worktree: Path, *, objects: Path | None = None, known_as: Path | None = None
) -> Iterator[GitContext]:
    """Give a context with a private copy of the kept index; it is kept again when all went well.

    Args:
        place: the repository.
        worktree: where the files lie now.
        objects: a quarantine for new objects.
        known_as: the path under which the worktree was made, when it was moved.

    Raises:
        WorktreeError: the worktree is not there, or reached through a link.
        StorageError: the private folder cannot be written.
    """
    require_real_folder(worktree)
    folder = _make_private(place, known_as or worktree)
    with _scratch(folder) as index:
        context = own_context(place, work_tree=worktree, index=index)
        yield quarantine(context, objects) if objects else context
        with contextlib.suppress(FileNotFoundError):
            index.replace(folder / "index")


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Give a private copy of the kept index.

    Raises:
        StorageError: it cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            scratch = tempfile.TemporaryDirectory(dir=folder, prefix="index-")
            index = Path(stack.enter_context(scratch)) / "index"
            with contextlib.suppress(FileNotFoundError):
                # Git compares file times with that of the index: the copy must have the same.
                shutil.copy2(folder / "index", index, follow_symlinks=False)
        except OSError as error:
            raise disk_error("copy", folder / "index", error) from error
        yield index


def load_index(context: GitContext, head: str | None) -> None:
    """Bring a private index to a commit, keeping the known file times; a damaged one is made anew.

    Raises:
        GitError: git failed, for instance because there is no such commit.
    """
    wanted = ("--reset", "--end-of-options", head) if head else ("--empty",)
    try:
        run(context, "read-tree", *wanted)
    except GitKilled:
        raise
    except GitError:
        if context.index is None or not context.index.exists():
            raise
        context.index.unlink()
        run(context, "read-tree", *wanted)


def take_in(
    place: Place,
    context: GitContext,
    worktree: Path,
    *,
    head: str | None,
    exclude: Collection[str] = (),
) -> Capture:
    """Bring a private index to what lies in the worktree and write its tree.

    Raises:
        GitError: git failed.
    """
    load_index(context, head)
    unwanted = frozenset(exclude) | frozenset(brought_into(place, worktree))
    paths = [path for path in list_changes(context) if not is_below(path, unwanted)]
    failed = _update(context, tuple(path.removesuffix("/") for path in paths))
    skipped = _drop_special(context, worktree, failed)
    nested = tuple(path[:-1] for path in paths if path.endswith("/") and path[:-1] not in skipped)
    before = tree_of(context, head) if head else None
    tree = before if before and not paths else run(context, "write-tree").text
    return Capture(tree=tree, head=head, before=before, skipped=skipped, nested=nested)


def list_changes(context: GitContext, *options: str) -> tuple[str, ...]:
    """Return what differs from the index: changed, deleted and new paths.

    Repositories inside the worktree end in a slash. Git starts nothing inside of them for this.
    """
    wanted = options or ("--modified", "--deleted", "--others", "--exclude-standard")
    listing = run(context, "ls-files", "-z", *wanted).stdout
    return tuple(sorted({os.fsdecode(path) for path in listing.split(b"\0") if path}))


def is_below(path: str, folders: Collection[str]) -> bool:
    """Return whether a path is one of some paths or lies inside one of them."""
    parts = path.rstrip("/").split("/")
    return any("/".join(parts[:count]) in folders for count in range(1, len(parts) + 1))


def _make_private(place: Place, worktree: Path) -> Path:
    folder = private_folder(place, worktree)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror}") from error
    return folder


def _update(context: GitContext, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Take paths into the index; return those that cannot be, found by halving."""
    if not paths:
        return ()
    command = ("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    if run(context, *command, stdin=stdin, allowed=(0, 1, 128)).code == 0:
        return ()
    if len(paths) == 1:
        return paths
    middle = len(paths) // 2
    return _update(context, paths[:middle]) + _update(context, paths[middle:])


def _drop_special(context: GitContext, worktree: Path, failed: Collection[str]) -> tuple[str, ...]:
    """Take paths that are now pipes or the like out of the index; return the others."""
    special = {path for path in failed if _is_special(worktree / path)}
    if special:
        stdin = b"".join(os.fsencode(path) + b"\0" for path in sorted(special))
        run(context, "update-index", "--force-remove", "-z", "--stdin", stdin=stdin)
    return tuple(path for path in failed if path not in special)


def _is_special(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode))


def _has_markers(context: GitContext, before: str, after: str) -> bool:
    options = (
        "-r",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--text",
        "--no-textconv",
        "--no-ext-diff",
    )
    listing = run(context, "diff-tree", *options, "-G^(<{7}|>{7})( |$)", before, after).stdout
    fields = listing.split(b"\0")[:-1:2][:_MARKER_LIMIT]
    new = [field.split()[3].decode() for field in fields if field.split()[1] != b"000000"]
    return any(_holds_markers(run(context, "cat-file", "blob", oid).stdout) for oid in new)


def _holds_markers(blob: bytes) -> bool:
    return all(blob.startswith(mark) or b"\n" + mark in blob for mark in (b"<<<<<<<", b">>>>>>>"))


def _commit(context: GitContext, capture: Capture, message: str) -> str:
    own = replace(context, author=SNAPSHOT_IDENTITY, committer=SNAPSHOT_IDENTITY)
    parents = (capture.head,) if capture.head else ()
    return commit_tree(own, capture.tree, parents=parents, message=message)


def _install_index(context: GitContext, entry: AdminEntry) -> None:
    if context.index is None:
        return
    status = context.index.stat()
    replace_file(entry.admin, "index", context.index.read_bytes(), mtime_ns=status.st_mtime_ns)

"""Takes in all that lies in a worktree, for the trash: also what git would leave out.

Besides changed and new files these are ignored files up to a limit, what is staged, repositories
inside the worktree with their ``.git`` folders, and the commits that only the worktree's own git
files still know. Files that differ from HEAD are taken byte by byte, without any conversion. What
is over the limit is counted, never silently left out. What was copied from the main checkout and is
still the same there is named and not taken.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ropewalk.git.admin import AdminEntry, is_real_folder
from ropewalk.git.command import GitContext, run
from ropewalk.git.forgotten import find_tips, read_staged
from ropewalk.git.objects import write_blob, write_tree_from
from ropewalk.git.provision_copies import find_copies
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import brought_into, list_changes, load_index, private_index
from ropewalk.git.trees import TreeEntry

DEFAULT_LIMIT = 64 * 1024 * 1024
GIT_NAME = ".git"
SAVED_GIT_NAME = "dot-git"
_COUNT_LIMIT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """All that a worktree held.

    Attributes:
        tree: every file; the ``.git`` of a repository inside stands there as ``dot-git``.
        staged: the tree of the index when that differs from HEAD; unmerged entries have the number
            of their stage added to their name.
        is_unmerged: whether the index held a conflict.
        nested: the repositories inside, relative paths.
        tips: commits that HEAD does not come from and only the worktree's git files name.
        omitted: how many files are over the limit or could not be read.
        note: which of the git files could not be taken in; empty when all were.
        copies: files that are not in the tree, because the main checkout holds the same.
    """

    tree: str
    staged: str | None = None
    is_unmerged: bool = False
    nested: tuple[str, ...] = ()
    tips: tuple[str, ...] = ()
    omitted: int = 0
    note: str = ""
    copies: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the folder could be deleted without a loss."""
        return not self.omitted and not self.note


def take_everything(
    place: Place,
    files: Path,
    entry: AdminEntry,
    *,
    head: str,
    known_as: Path,
    limit: int = DEFAULT_LIMIT,
) -> Everything:
    """Take in all that lies in ``files``; neither it nor its git files change.

    Args:
        place: the repository.
        files: where the files of the worktree lie now.
        entry: its admin folder.
        head: the commit that its HEAD names.
        known_as: the path under which the worktree was made.
        limit: how many bytes of ignored files and of repositories inside are taken.

    Raises:
        WorktreeError: the folder is not there, or reached through a link.
        GitError: git failed.
    """
    with private_index(place, files, known_as=known_as) as context:
        load_index(context, head)
        changed = list_changes(context)
        ignored = list_changes(context, "--others", "--ignored", "--exclude-standard")
        git_names = tuple(sorted(_find_git_names(files)))
        nested = tuple(name.rpartition("/")[0] for name in git_names if "/" in name)
        plain = [path for path in changed if path.rstrip("/") not in nested]
        extra = [*(path for path in ignored if not path.endswith("/"))]
        brought = frozenset(brought_into(place, known_as))
        copies = find_copies(place, files, (*plain, *extra), brought=brought)
        left_out = frozenset(copies)
        plain = [path for path in plain if path not in left_out]
        extra = [path for path in extra if path not in left_out]
        for name in (*nested, *(name for name in git_names if "/" not in name)):
            extra.extend(_walk(files, name))
        chosen, omitted = _within(files, extra, limit)
        entries, unread = _raw_entries(context, files, (*plain, *chosen))
        gone = [path for path in plain if _mode(files / path) is None]
        tree = write_tree_from(context, head, put=entries, remove=(*gone, *nested))
        staged = read_staged(context, entry, head)
        tips = find_tips(context, entry, head)
    note = staged.note or ("submodules" if is_real_folder(entry.admin / "modules") else "")
    return Everything(
        tree=tree,
        staged=staged.tree,
        is_unmerged=staged.is_unmerged,
        nested=nested,
        tips=tips,
        omitted=omitted + unread,
        note=note,
        copies=copies,
    )


def _find_git_names(files: Path) -> Iterator[str]:
    """Find every ``.git`` but the file that makes ``files`` a linked worktree."""
    for folder, names, plain in os.walk(files):
        relative = os.path.relpath(folder, files)
        prefix = "" if relative == "." else f"{relative}/"
        for name in (name for name in (*names, *plain) if name == GIT_NAME):
            if prefix or name in names:
                yield f"{prefix}{name}"
        names[:] = [name for name in names if name != GIT_NAME]


def _walk(files: Path, name: str) -> Iterator[str]:
    """List all files and links below a folder, its ``.git`` included."""
    for folder, names, plain in os.walk(files / name):
        links = (entry for entry in names if Path(folder, entry).is_symlink())
        for entry in (*plain, *links):
            yield os.path.relpath(Path(folder, entry), files)


def _within(files: Path, paths: Iterable[str], limit: int) -> tuple[tuple[str, ...], int]:
    """Choose the smallest files that fit the limit; return them and the number of the others."""
    sizes = {path: size for path in set(paths) if (size := _size(files / path)) is not None}
    chosen: list[str] = []
    total = 0
    for size, path in sorted((size, path) for path, size in sizes.items()):
        total += size
        if total > limit or len(chosen) == _COUNT_LIMIT:
            break
        chosen.append(path)
    return tuple(chosen), len(sizes) - len(chosen)


def _size(path: Path) -> int | None:
    """Return the size of a file or link, None for what has no content."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode) else None


def _raw_entries(
    context: GitContext, files: Path, paths: Sequence[str]
) -> tuple[tuple[TreeEntry, ...], int]:
    """Write files as blobs, unconverted; return their entries and how many could not be read."""
    wanted = {path: mode for path in dict.fromkeys(paths) if (mode := _mode(files / path))}
    hashed = _hash_files(context, files, [p for p, mode in wanted.items() if mode != "120000"])
    links = {
        path: write_blob(context, os.fsencode((files / path).readlink()))
        for path, mode in wanted.items()
        if mode == "120000"
    }
    oids = hashed | links
    entries = {
        name: TreeEntry(mode=mode, oid=oids[path], path=name)
        for path, mode in wanted.items()
        if path in oids and (name := _saved_name(path)) is not None
    }
    return tuple(entries.values()), len(wanted) - len(entries)


def _mode(path: Path) -> str | None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    if stat.S_ISLNK(mode):
        return "120000"
    if not stat.S_ISREG(mode):
        return None
    return "100755" if mode & stat.S_IXUSR else "100644"


def _saved_name(path: str) -> str | None:
    """Return the name under which a tree can hold a path, None when no tree can."""
    parts = path.split("/")
    if GIT_NAME not in parts:
        return path
    if SAVED_GIT_NAME in parts:
        return None
    return "/".join(SAVED_GIT_NAME if part == GIT_NAME else part for part in parts)


def _hash_files(context: GitContext, files: Path, paths: Sequence[str]) -> dict[str, str]:
    plain = [path for path in paths if "\n" not in path and not path.startswith('"')]
    command = ("hash-object", "-w", "--no-filters", "--stdin-paths")
    stdin = b"".join(os.fsencode(f"{files / path}\n") for path in plain)
    output = run(context, *command, stdin=stdin, allowed=(0, 128)) if plain else None
    if "\n" in str(files) or output is None or output.code != 0:
        plain = []
    found = dict(zip(plain, output.text.split() if output and plain else (), strict=True))
    for path in (path for path in paths if path not in found):
        try:
            found[path] = write_blob(context, (files / path).read_bytes())
        except OSError:
            continue
    return found

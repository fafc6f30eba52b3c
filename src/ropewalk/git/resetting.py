"""Puts a worktree at another commit, after keeping what lay in it.

The files are written through the coordinator's own git directory, so that nothing that an agent
configured runs. Ignored files and what was brought in stay, unless they are asked away.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ropewalk.errors import WorktreeError
from ropewalk.git.admin import require_entry, require_real_folder
from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import is_ancestor
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import (
    Snapshot,
    brought_into,
    is_below,
    list_changes,
    private_index,
    read_head,
    settle,
    snapshot,
    take_in,
)


def reset_worktree(
    place: Place,
    path: Path,
    commit: str,
    *,
    discard: bool = False,
    ignored: bool = False,
    keep: Sequence[str] = (),
) -> str | None:
    """Make a worktree hold exactly the files of a commit, HEAD detached there.

    Unless ``discard`` is set, what lay there first becomes a commit that is kept as
    ``refs/ropewalk/<folder>/backup/<name>/…``, from the last two parts of the path, and ignored
    files and repositories that are in the way are moved beside the worktree.

    Args:
        place: the repository.
        path: the worktree; no agent is at work in it.
        commit: full id.
        discard: whether its content may be thrown away, because it is a worktree for checks.
        ignored: whether ignored files go as well; only together with ``discard``.
        keep: paths that stay whatever happens, beside what was brought in.

    Returns:
        The commit that keeps what lay there; None when there was nothing to keep.

    Raises:
        WorktreeError: it cannot be kept as a whole, or cannot be reset.
        GitError: git failed.
    """
    entry = require_entry(place, path)
    require_real_folder(path)
    kept = None if discard else _keep(place, path, commit, keep)
    spared = (*keep, *brought_into(place, path))
    with private_index(place, path) as context:
        take_in(place, context, path, head=read_head(place, path), exclude=spared)
        run(context, "read-tree", "--reset", "-u", "--end-of-options", commit)
        if discard:
            _clean(context, spared, ignored=ignored)
        missing = list_changes(context, "--deleted")
    if missing:
        raise WorktreeError(f"{missing[0]} could not be written in {path}")
    settle(place, entry.path or path, commit)
    return kept


def _keep(place: Place, path: Path, commit: str, keep: Sequence[str]) -> str | None:
    found = snapshot(place, path, exclude=keep)
    if found.partial:
        raise WorktreeError(
            f"not everything in {path} can be read, so nothing there is replaced",
            hint="look at its files and their permissions",
        )
    context = own_context(place)
    _move_aside(path, found, _in_the_way(place, path, commit))
    if is_ancestor(context, found.commit, commit):
        return None
    ref = f"refs/ropewalk/{path.parent.name}/backup/{path.name}/{found.commit[:12]}"
    if read_ref(place.context, ref) != found.commit:
        update_refs(place.context, [RefUpdate(ref=ref, new=found.commit, old=None)])
    return found.commit


def _in_the_way(place: Place, path: Path, commit: str) -> tuple[str, ...]:
    """Return the ignored files that the commit would overwrite."""
    with private_index(place, path) as context:
        ignored = list_changes(context, "--others", "--ignored", "--exclude-standard")
        if not ignored:
            return ()
        listing = run(context, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).stdout
    names = frozenset(os.fsdecode(name) for name in listing.split(b"\0") if name)
    folders = frozenset(name[:at] for name in names for at in _slashes(name))
    return tuple(name for name in ignored if is_below(name, names) or name.rstrip("/") in folders)


def _slashes(name: str) -> tuple[int, ...]:
    return tuple(at for at, character in enumerate(name) if character == "/")


def _move_aside(path: Path, found: Snapshot, in_the_way: Sequence[str]) -> None:
    aside = path.with_name(f".kept-{path.name}-{found.commit[:12]}")
    for name in (*found.gitlinks, *in_the_way):
        source, target = path / name, aside / name
        if os.path.lexists(source) and not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)


def _clean(context: GitContext, spared: Sequence[str], *, ignored: bool) -> None:
    patterns = (f"/{_literal(path)}" for path in spared)
    excluded = (option for pattern in patterns for option in ("-e", pattern))
    run(context, "clean", "-ffdq", *(("-x",) if ignored else ()), *excluded)


def _literal(path: str) -> str:
    return "".join(f"\\{c}" if c in "*?[\\ !#" else c for c in path.rstrip("/"))

"""Whether the disk has room for the worktrees of an epic; asked before anything is made."""

import shutil
from pathlib import Path

from ropewalk.epic.workspace import Workspace
from ropewalk.errors import WorktreeError
from ropewalk.git.objects import blob_sizes
from ropewalk.git.own import own_context
from ropewalk.git.trees import list_tree

LEAST_FREE_BYTES = 64 * 1024 * 1024
# What a file takes beside its content: the rest of its last block, its entry in its folder.
_BESIDE_BYTES = 4096
_MB = 1024 * 1024


def free_bytes(path: Path) -> int:
    """Return how much is free on the disk of a path that may not be there yet."""
    existing = next(each for each in (path, *path.parents) if each.exists())
    return shutil.disk_usage(existing).free


def checkout_bytes(workspace: Workspace, commit: str) -> int:
    """Return about how much disk the files of a commit take; submodules are not counted."""
    own = own_context(workspace.place)
    oids = [entry.oid for entry in list_tree(own, commit)]
    sizes = blob_sizes(own, oids)
    return sum(sizes.get(oid, 0) + _BESIDE_BYTES for oid in oids)


def require_space(
    workspace: Workspace, epic_id: str, commit: str, *, worktrees: int, free: int | None = None
) -> None:
    """Raise unless that many worktrees of a commit fit on the disk, with something to spare.

    Args:
        workspace: where they would go.
        epic_id: for the hint.
        commit: what they would hold.
        worktrees: how many.
        free: bytes that are free; None to ask the disk.

    Raises:
        WorktreeError: they do not fit; says what is needed and what there is.
    """
    if worktrees == 0:
        return
    root = workspace.layout.worktree_root
    available = free_bytes(root) if free is None else free
    each = checkout_bytes(workspace, commit)
    if available >= worktrees * each + LEAST_FREE_BYTES:
        return
    needed = worktrees * each + LEAST_FREE_BYTES
    count = "1 worktree needs" if worktrees == 1 else f"{worktrees} worktrees need"
    fewer = " or work on the domains one after another: --sequential" if worktrees > 1 else ""
    raise WorktreeError(
        f"{count} about {-(-needed // _MB):,} MB, and {available // _MB:,} MB are free on the disk "
        f"of {root}",
        hint=f"free some space (ropewalk clean shows what '{epic_id}' could give back){fewer}",
    )

"""Taking worktrees down: saved first, whole, under a ref; then removed; everything restorable."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from ropewalk.epic.context import EpicContext
from ropewalk.errors import GitKilled, RopewalkError
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.git.trash import restore_worktree, save_worktree
from ropewalk.git.worktree import discard_new_worktree, find_removing, read_head, remove_worktree
from ropewalk.model.values import JsonObject


class Note(Protocol):
    """Appends an event to the journal of a run."""

    def __call__(self, type_: str, data: JsonObject, *, sync: bool = False) -> object:
        """Append one event."""
        ...


def remove_worktrees_of(
    context: EpicContext, note: Note, names: Sequence[str]
) -> dict[str, str | None]:
    """Save and remove the worktrees of some domains; return why each stays, None where it is gone.

    Worktrees that are nobody else's are taken down side by side.
    """
    paths = [context.domain_state(name).path for name in names]
    is_shared = len(set(paths)) < len(paths)
    with ThreadPoolExecutor(max_workers=1 if is_shared else os.cpu_count()) as pool:
        reasons = pool.map(lambda name: remove_worktree_of(context, note, name), names)
        return dict(zip(names, reasons, strict=True))


def remove_worktree_of(context: EpicContext, note: Note, name: str) -> str | None:
    """Save and remove the worktree of a domain; return why it stays, or None when it is gone.

    In sequential mode the worktree belongs to all domains and goes with the last of them.
    """
    state = context.domain_state(name)
    if state.path is None or state.removed is not None:
        return None
    path = Path(state.path)
    if not path.is_dir():
        return _conclude(context, note, name, path)
    others = {other: at for other, at in context.live.worktrees().items() if other != name}
    if path in others.values():
        note("worktree_removed", {"domain": name, "trash": None}, sync=True)
        return None
    ref = epic_ref(context.epic_id, "trash", name, str(context.live.state.last_seq))
    try:
        note("worktree_removing", {"domain": name, "trash": ref}, sync=True)
        saved = save_worktree(context.workspace.place, path, ref)
        kept = _remove(context, name, path, saved)
    except GitKilled:
        raise
    except RopewalkError as error:
        note("worktree_kept", {"domain": name, "reason": str(error)}, sync=True)
        return str(error)
    note("worktree_removed", {"domain": name, "trash": ref, "kept": kept}, sync=True)
    return None


def _remove(context: EpicContext, name: str, path: Path, saved: str) -> str | None:
    trash = context.workspace.layout.trash(context.run_id) / "worktrees" / name
    gone = remove_worktree(context.workspace.place, path, saved=saved, trash=trash)
    return str(gone.kept) if gone.kept else None


def _conclude(context: EpicContext, note: Note, name: str, path: Path) -> str | None:
    """Note the end of a worktree whose folder is gone: by a removal that was killed, or by hand."""
    place = context.workspace.place
    ref = context.domain_state(name).removing
    saved = read_ref(place.context, ref) if ref else None
    kept = None
    try:
        if saved is not None and find_removing(path) is not None:
            kept = _remove(context, name, path, saved)
        elif saved is None:
            _forget(context, name, path)
    except GitKilled:
        raise
    except RopewalkError as error:
        note("worktree_kept", {"domain": name, "reason": str(error)}, sync=True)
        return str(error)
    trash = ref if saved is not None else None
    note("worktree_removed", {"domain": name, "trash": trash, "kept": kept}, sync=True)
    return None


def _forget(context: EpicContext, name: str, path: Path) -> None:
    """Take git's registration of a worktree that was deleted by hand away, its head pinned."""
    place = context.workspace.place
    head = read_head(place, path)
    ref = epic_ref(context.epic_id, "backup", name, (head or "")[:12])
    if head is not None and read_ref(place.context, ref) is None:
        update_refs(place.context, [RefUpdate(ref=ref, new=head, old=None)])
    discard_new_worktree(place, path, is_ours=lambda candidate: candidate == path)


def bring_back(context: EpicContext, note: Note, name: str) -> bool:
    """Make the removed worktree of a domain again as it was; return whether there was one.

    Raises:
        InvalidInput: something lies where it would go.
        WorktreeError: it cannot be made.
    """
    state = context.domain_state(name)
    if state.removing and state.path and not os.path.lexists(state.path):
        remove_worktree_of(context, note, name)
        state = context.domain_state(name)
    if not state.removed or state.path is None:
        return False
    place, path = context.workspace.place, Path(state.path)
    kept = Path(state.kept) if state.kept else None
    if state.creating == state.path and kept is None:
        discard_new_worktree(place, path, is_ours=context.is_ours)
    if not os.path.lexists(path):
        note("worktree_restoring", {"domain": name, "path": state.path}, sync=True)
    restore_worktree(place, state.removed, path, kept=kept)
    note("worktree_restored", {"domain": name}, sync=True)
    return True

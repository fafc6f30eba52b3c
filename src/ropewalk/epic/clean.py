"""Removing what a run no longer needs, and bringing it back; nothing is deleted that is not saved.

What is removed goes to refs below ``refs/ropewalk/<epic>/trash`` (worktrees, branches, pins) and to
``.workflow/trash/<run>`` (files). The same list of removals is printed by a dry run and carried out
by a real one.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ropewalk.epic.context import EpicContext
from ropewalk.epic.life import Coordinator
from ropewalk.epic.requests import requested
from ropewalk.epic.runs import Run
from ropewalk.epic.tidy import bring_back, remove_worktree_of, remove_worktrees_of
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import WrongPhase
from ropewalk.git.refs import RefUpdate, epic_ref, list_refs, read_ref, update_refs
from ropewalk.git.trash import restore_worktree
from ropewalk.merging.operations import CLEAN
from ropewalk.merging.workbench import NAME as BENCH
from ropewalk.model.values import Value
from ropewalk.report.state import RunState
from ropewalk.store.files import write_atomic
from ropewalk.store.lock import epic_lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal(Value):
    """One thing that would be removed; ``restore`` is the command that brings it back."""

    kind: str
    name: str
    path: str
    restore: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanReport(Value):
    """What was removed, or would be; ``kept`` says what stays and why."""

    epic_id: str
    run_id: str
    done: bool
    removals: tuple[Removal, ...]
    kept: tuple[str, ...]
    next_commands: tuple[str, ...]
    schema_version: int = 1


def removals(state: RunState, *, unmerged: bool) -> tuple[tuple[Removal, ...], tuple[str, ...]]:
    """Return what a clean-up would remove, and what it would leave and why.

    Args:
        state: the run.
        unmerged: whether worktrees whose work did not land are removed too.
    """
    gone, kept = [], []
    for domain in state.domains.values():
        if domain.path is None or domain.removed is not None:
            continue
        if domain.at_work:
            kept.append(f"{domain.name}: its agent is at work")
        elif domain.merged is None and not unmerged:
            kept.append(f"{domain.name}: its work has not landed (remove it too: --unmerged)")
        else:
            gone.append(
                Removal(
                    kind="worktree",
                    name=domain.name,
                    path=domain.path,
                    restore=f"ropewalk restore {state.epic_id} {domain.name}",
                )
            )
    return tuple(gone), tuple(kept)


def planned(state: RunState, *, unmerged: bool) -> CleanReport:
    """Return what `clean` would do; nothing is changed."""
    gone, kept = removals(state, unmerged=unmerged)
    flag = " --unmerged" if unmerged else ""
    return CleanReport(
        epic_id=state.epic_id,
        run_id=state.run_id,
        done=False,
        removals=gone,
        kept=kept,
        next_commands=(f"ropewalk clean {state.epic_id}{flag} --yes",) if gone else (),
    )


def clean(coordinator: Coordinator, *, unmerged: bool) -> CleanReport:
    """Save and remove the worktrees that are no longer needed."""
    context = coordinator.context
    wanted, kept = removals(context.live.state, unmerged=unmerged)
    done, left = [], list(kept)
    emit = coordinator.journal.emit
    deleted = {removal.name for removal in wanted if _is_deleted(removal)}
    with requested(coordinator, {"verb": CLEAN, "unmerged": unmerged}):
        reasons = remove_worktrees_of(context, emit, [removal.name for removal in wanted])
    for removal in wanted:
        why = reasons[removal.name]
        if removal.name in deleted and not context.domain_state(removal.name).removed:
            why = why or "what was collected, on its branch; its folder was gone already"
        if why is None:
            done.append(removal)
        else:
            left.append(f"{removal.name}: {why}")
    return CleanReport(
        epic_id=context.epic_id,
        run_id=context.run_id,
        done=True,
        removals=tuple(done),
        kept=tuple(left),
        next_commands=(f"ropewalk restore {context.epic_id}",) if done else (),
    )


def _is_deleted(removal: Removal) -> bool:
    """Whether a worktree was deleted by hand, so that there is nothing to save."""
    return not Path(removal.path).is_dir()


def restore(coordinator: Coordinator, names: Sequence[str]) -> tuple[str, ...]:
    """Bring removed worktrees back, byte for byte; return the domains that were restored.

    The name ``_resolve`` means what a person had made of a conflict when it was put away; it is
    laid beside the place where conflicts are resolved.

    Raises:
        WrongPhase: none of the domains was removed, or something lies where it would go.
    """
    context, emit = coordinator.context, coordinator.journal.emit
    if BENCH in names:
        others = [name for name in names if name != BENCH]
        return (_restore_bench(context), *(restore(coordinator, others) if others else ()))
    if context.live.state.request.get("verb") == CLEAN:
        # A cleaning that was killed is not gone on with: what it removed is wanted.
        emit("request_finished", {"state": "idle"}, sync=True)
    wanted = [name for name in context.live.state.domains if not names or name in names]
    restored = [name for name in wanted if bring_back(context, emit, name)]
    if not restored:
        raise WrongPhase(
            f"nothing of '{context.epic_id}' was removed that could be restored",
            hint=f"ropewalk status {context.epic_id}",
        )
    return tuple(restored)


def _restore_bench(context: EpicContext) -> str:
    place, layout = context.workspace.place, context.workspace.layout
    ref = epic_ref(context.epic_id, "trash", "resolve", context.run_id)
    if read_ref(place.context, ref) is None:
        raise WrongPhase(
            f"no conflict of '{context.epic_id}' was put away",
            hint=f"ropewalk merge {context.epic_id} --on-conflict stop",
        )
    path = layout.worktree(context.epic_id, f"{BENCH}-saved")
    restore_worktree(place, ref, path)
    return path.name


def restore_aside(workspace: Workspace, run: Run, names: Sequence[str]) -> tuple[str, ...]:
    """Lay the saved worktrees of a run that was replaced below ``<worktree root>/<run id>``.

    Raises:
        WrongPhase: the run has no saved worktree of these domains.
        InvalidInput: something lies where one would go.
    """
    place, epic_id = workspace.place, run.state.epic_id
    saved = {
        domain.name: domain.removed
        for domain in run.state.domains.values()
        if domain.removed and (not names or domain.name in names)
    }
    with epic_lock(workspace.layout.common_dir, epic_id):
        for name, ref in saved.items():
            state = run.state.domains[name]
            kept = Path(state.kept) if state.kept else None
            path = workspace.layout.worktree(run.run_id, name)
            restore_worktree(place, ref, path, kept=kept)
    if not saved:
        raise WrongPhase(
            f"run {run.run_id} left no worktree that could be restored",
            hint=f"ropewalk status {epic_id}",
        )
    return tuple(saved)


def supersede(coordinator: Coordinator) -> None:
    """Move everything of a run to its trash, so that the epic can be run again from its plan.

    Raises:
        WrongPhase: a worktree cannot be saved and removed.
    """
    context, emit = coordinator.context, coordinator.journal.emit
    for name in context.live.worktrees():
        why = remove_worktree_of(context, emit, name)
        if why is not None:
            raise WrongPhase(
                f"the worktree of '{name}' cannot be put away: {why}",
                hint="close what uses it, then try again",
            )
    _move_refs(context)
    _move_files(context)
    emit("run_superseded", {"epic_id": context.epic_id}, sync=True)


def _move_refs(context: EpicContext) -> None:
    refs = context.workspace.place.context
    kept = epic_ref(context.epic_id, "trash")
    updates: list[RefUpdate] = []
    for ref, oid in _refs_of(context):
        if ref.startswith(f"{kept}/"):
            continue
        name = ref.replace("refs/heads/", "branch/").replace("refs/ropewalk/", "pin/")
        updates.append(RefUpdate(ref=ref, new=None, old=oid))
        moved = epic_ref(context.epic_id, "trash", context.run_id, name)
        updates.append(RefUpdate(ref=moved, new=oid, old=None))
    if updates:
        update_refs(refs, updates, message="ropewalk: put away")


def _refs_of(context: EpicContext) -> Iterator[tuple[str, str]]:
    refs = context.workspace.place.context
    yield from list_refs(refs, epic_ref(context.epic_id) + "/").items()
    yield from list_refs(refs, f"refs/heads/ropewalk/{context.epic_id}/").items()


def _move_files(context: EpicContext) -> None:
    layout = context.workspace.layout
    trash = layout.trash(context.run_id)
    outputs, metadata = layout.outputs(context.epic_id), layout.metadata_root(context.epic_id)
    keep = {
        path: path.read_bytes()
        for path in (layout.analysis(context.epic_id), layout.notes(context.epic_id))
        if path.is_file()
    }
    trash.mkdir(parents=True, exist_ok=True)
    for folder, name in ((outputs, "outputs"), (metadata, "metadata")):
        if folder.is_dir() and not (trash / name).exists():
            shutil.copytree(folder, trash / name)
            shutil.rmtree(folder)
    for path, data in keep.items():
        write_atomic(path, data)

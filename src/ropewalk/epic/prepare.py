"""Phase 1A: every worktree is made, verified and provisioned before any agent starts.

When one cannot be made, those of this preparation are taken down again and the domains are worked
on one after another in a single worktree; when that one cannot be made either, nothing has changed.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext
from ropewalk.epic.segments import WorkOrder, work_steps
from ropewalk.epic.space import require_space
from ropewalk.epic.tidy import bring_back
from ropewalk.errors import RopewalkError, WorktreeError
from ropewalk.git.provision import provision
from ropewalk.git.provision_environment import worktree_environment
from ropewalk.git.worktree import WorktreeRequest, add_worktrees, discard_new_worktree
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.plan import Mode
from ropewalk.process import base_environment
from ropewalk.store.schema.documents import from_json


def run_prepare(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Make what is missing, then grow the graph by the work of this round."""
    order = from_json(WorkOrder, spec.payload)
    # Asked now: later all domains would ask at once, and agents could have changed the answer.
    context.identity()
    _require_space(context, order)
    if order.mode is Mode.PARALLEL:
        try:
            for name in order.domains:
                bring_back(context, control.emit, name)
            names = _wanted(context, order)
            _make(context, control, [(name, _path(context, name)) for name in names])
        except WorktreeError as error:
            order = _fall_back(control, order, str(error))
    if order.mode is Mode.SEQUENTIAL:
        alone = context.workspace.layout.sequential(context.epic_id)
        _make(context, control, [(name, alone) for name in _wanted(context, order)])
    context.guard.accept()
    control.emit("work_started", {"mode": order.mode.value}, sync=True)
    return AttemptResult(
        attempt_id=spec.attempt_id,
        state=StepState.SUCCEEDED,
        outputs={"mode": order.mode.value},
        grown=work_steps(context.plan, order),
    )


def _wanted(context: EpicContext, order: WorkOrder) -> list[str]:
    """Return the domains that get a worktree: all, but not those whose own was put away."""
    names = [domain.name for domain in context.plan.domains]
    return [
        name
        for name in names
        if name in order.domains or context.domain_state(name).removed is None
    ]


def _path(context: EpicContext, name: str) -> Path:
    return context.workspace.layout.worktree(context.epic_id, name)


def _fall_back(control: Control, order: WorkOrder, reason: str) -> WorkOrder:
    control.emit("mode_changed", {"mode": "sequential", "reason": reason}, sync=True)
    return replace(order, mode=Mode.SEQUENTIAL)


def _make(context: EpicContext, control: Control, wanted: Sequence[tuple[str, Path]]) -> None:
    missing = [(n, path) for n, path in wanted if not _has_worktree(context, n)]
    paths = list(dict.fromkeys(path for _, path in missing))
    if not paths:
        return
    for name, path in missing:
        _clear_half_made(context, name, path)
        is_last = (name, path) == missing[-1]
        control.emit("worktree_creating", {"domain": name, "path": str(path)}, sync=is_last)
    base = context.plan.base.commit
    heads = {path: context.domain_state(name).head or base for name, path in missing}
    try:
        add_worktrees(
            context.workspace.place,
            [WorktreeRequest(path=p, commit=heads[p], reason=_reason(context, p)) for p in paths],
            is_ours=context.is_ours,
        )
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            provisioned = pool.map(partial(_provision, context, control), paths)
            brought = dict(zip(paths, provisioned, strict=True))
    except RopewalkError as error:
        _take_down(context, control, missing)
        raise WorktreeError(error.message, hint=error.hint) from error
    for name, path in missing:
        data = {"domain": name, "path": str(path), "base": base}
        control.emit("worktree_created", data)
        provisioning = {"domain": name, "brought": list(brought[path])}
        control.emit("provisioned", provisioning, sync=(name, path) == missing[-1])


def _reason(context: EpicContext, path: Path) -> str:
    return f"ropewalk {context.epic_id}/{path.name}"


def _has_worktree(context: EpicContext, name: str) -> bool:
    state = context.domain_state(name)
    return state.path is not None and state.removed is None and Path(state.path).is_dir()


def _clear_half_made(context: EpicContext, name: str, path: Path) -> None:
    if context.domain_state(name).creating == str(path):
        discard_new_worktree(context.workspace.place, path, is_ours=context.is_ours)


def _provision(context: EpicContext, control: Control, path: Path) -> tuple[str, ...]:
    place, config = context.workspace.place, context.workspace.config.worktree
    log = context.workspace.layout.log(context.run_id, f"setup-{path.name}", 1)
    provisioned = provision(
        place,
        path,
        config,
        env=base_environment() | worktree_environment(place, path, ports=config.ports),
        log=log,
        cancel=control.cancelled,
    )
    return provisioned.brought


def _take_down(context: EpicContext, control: Control, missing: Sequence[tuple[str, Path]]) -> None:
    for name, path in missing:
        discard_new_worktree(context.workspace.place, path, is_ours=context.is_ours)
        control.emit("worktree_taken_down", {"domain": name}, sync=True)


def _require_space(context: EpicContext, order: WorkOrder) -> None:
    """Raise unless what is still to be made fits: a run goes on when some worktrees are there."""
    alone = context.workspace.layout.sequential(context.epic_id)
    wanted = _wanted(context, order)
    if order.mode is Mode.SEQUENTIAL:
        missing = 0 if alone.is_dir() else 1
    else:
        missing = sum(not _has_worktree(context, name) for name in wanted)
    base = context.plan.base.commit
    require_space(context.workspace, context.epic_id, base, worktrees=missing)

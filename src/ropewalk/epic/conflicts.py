"""Looking at the clashes of an epic: during its run, after it, with or without a coordinator.

Nothing is locked and nothing is changed; what is known of the run is read from its journal.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ropewalk.epic.next_steps import for_state
from ropewalk.epic.runs import Run, require_plan_of, require_run
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import WrongPhase
from ropewalk.git.refs import epic_ref, list_refs, read_ref
from ropewalk.merging.live import Lookout, Target
from ropewalk.merging.taken import Work
from ropewalk.model.conflict import LiveConflicts
from ropewalk.model.plan import Plan
from ropewalk.report.domain_state import DomainState
from ropewalk.report.state import RunState
from ropewalk.store.lock import is_epic_locked

NO_WORK: Final = ".workflow/outputs"
_MOST_S: Final = 60.0
_SHARE: Final = 8.0
_CALMER: Final = 1.5
_CALMEST: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to rest between two looks: most of the time, and longer while nothing changes.

    ``least_s`` is the shortest rest, ``took_s`` how long the last look took, ``unchanged`` how many
    looks in a row have found nothing new. All in seconds.
    """

    least_s: float = 1.0
    took_s: float = 0.0
    unchanged: int = 0

    @property
    def rest_s(self) -> float:
        """Seconds until the next look."""
        busy = max(self.least_s, self.took_s * _SHARE)
        return min(_MOST_S, busy * _CALMER ** min(self.unchanged, _CALMEST))

    def after(self, took_s: float, *, changed: bool) -> "Pace":
        """Return the pace after a look of ``took_s`` seconds."""
        unchanged = 0 if changed else self.unchanged + 1
        return replace(self, took_s=took_s, unchanged=unchanged)


def conflicts(workspace: Workspace, name: str) -> LiveConflicts:
    """Return which domains of an epic clash now, uncommitted work included.

    Raises:
        NotPlanned: there is no such epic or run.
        WrongPhase: it was not run, was replaced by a fresh run, or nothing is left to look at.
    """
    return next(watch_conflicts(workspace, name))


def watch_conflicts(
    workspace: Workspace, name: str, *, stop: threading.Event | None = None
) -> Iterator[LiveConflicts]:
    """Yield what is true now, and again whenever that has changed, until ``stop`` is set.

    Raises:
        NotPlanned: there is no such epic or run.
        WrongPhase: it was not run, was replaced by a fresh run, or nothing is left to look at.
    """
    ended = stop or threading.Event()
    run = _require_present(workspace, name)
    plan = require_plan_of(workspace, run)
    place = replace(workspace.place, filters=run.state.filters)
    lookout = Lookout(place, plan.epic_id, base=plan.base.commit)
    pace, last = Pace(), None
    while not ended.is_set():
        began = time.monotonic()
        state = _require_present(workspace, run.run_id).state
        looked = look(lookout, workspace, plan, state, is_over=ended.is_set)
        if looked is None:
            return
        seen = _with_next(workspace, looked, state)
        changed = last is None or replace(seen, at=last.at) != last
        if changed:
            yield seen
        pace, last = pace.after(time.monotonic() - began, changed=changed), seen
        ended.wait(pace.rest_s)


def look(
    lookout: Lookout,
    workspace: Workspace,
    plan: Plan,
    state: RunState,
    *,
    is_over: Callable[[], bool] = lambda: False,
) -> LiveConflicts | None:
    """Look once, at what the state of the run says is there; None when told to end before all."""
    works = tuple(_works(workspace, plan, state))
    return lookout.look(works, target=target_of(workspace, plan, state), is_over=is_over)


def target_of(workspace: Workspace, plan: Plan, state: RunState) -> Target | None:
    """Return the branch to land on; None when none was checked out while planning."""
    if plan.target is None:
        return None
    ref = plan.target if plan.target.startswith("refs/") else f"refs/heads/{plan.target}"
    commit = read_ref(workspace.place.context, ref)
    left = str(state.landed.get("new")) if state.landed else plan.base.commit
    return Target(ref=ref, commit=commit, has_moved=commit != left)


def _require_present(workspace: Workspace, name: str) -> Run:
    run = require_run(workspace, name)
    if run.state.superseded:
        raise WrongPhase(
            f"run {run.run_id} was replaced by a fresh one",
            hint=f"ropewalk conflicts {run.state.epic_id}",
        )
    return run


def _with_next(workspace: Workspace, seen: LiveConflicts, state: RunState) -> LiveConflicts:
    """Add what to do next.

    Raises:
        WrongPhase: nothing is left to look at.
    """
    epic_id = seen.epic_id
    was_cleaned = any(domain.removed is not None for domain in state.domains.values())
    if was_cleaned and all(domain.snapshot is None for domain in seen.domains):
        raise WrongPhase(
            f"nothing of '{epic_id}' is left to compare: its worktrees were removed",
            hint=f"bring them back: ropewalk restore {epic_id}",
        )
    is_busy = is_epic_locked(workspace.layout.common_dir, epic_id)
    commands = for_state(epic_id, state, is_busy=is_busy)
    again = (f"ropewalk conflicts {epic_id} --watch",) if is_busy else ()
    return replace(seen, next_commands=(*again, *commands))


def _works(workspace: Workspace, plan: Plan, state: RunState) -> Iterator[Work]:
    pins = list_refs(workspace.place.context, epic_ref(plan.epic_id, "head"))
    for domain in plan.domains:
        known = state.domains.get(domain.name, DomainState(name=domain.name))
        yield Work(
            domain=domain,
            base=known.base or plan.base.commit,
            worktree=Path(known.path) if known.path and _has_own(state, known) else None,
            head=known.head or pins.get(epic_ref(plan.epic_id, "head", domain.name)),
            exclude=(*known.brought, NO_WORK),
            has_landed=known.merged is not None,
        )


def _has_own(state: RunState, domain: DomainState) -> bool:
    """Whether what lies in its worktree is its own: one after another, they share one."""
    if domain.removed is not None:
        return False
    return state.mode != "sequential" or domain.at_work

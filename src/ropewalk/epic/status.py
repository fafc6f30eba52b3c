"""What is true now: every epic, its phase, its domains; read from the journals alone."""

from datetime import UTC, datetime

from ropewalk.epic.next_steps import for_state
from ropewalk.epic.runs import Run, find_run, list_runs, planned_epics, require_plan
from ropewalk.epic.workspace import Workspace
from ropewalk.model.plan import Plan
from ropewalk.model.status import DomainView, EpicView, StatusDocument
from ropewalk.report.domain_state import DomainState
from ropewalk.report.state import RunState
from ropewalk.store.lock import is_epic_locked


def status(workspace: Workspace, name: str | None = None) -> StatusDocument:
    """Return the state of one epic, or of all of them, most recent last.

    Raises:
        NotPlanned: there is no such epic.
    """
    if name is not None:
        return StatusDocument(epics=(_one(workspace, name),))
    epics = planned_epics(workspace)
    runs = {run.state.epic_id: run for run in list_runs(workspace) if not run.state.superseded}
    return StatusDocument(epics=tuple(_view(workspace, epic, runs.get(epic)) for epic in epics))


def _one(workspace: Workspace, name: str) -> EpicView:
    run = find_run(workspace, name)
    if run is not None:
        return _view(workspace, run.state.epic_id, run)
    require_plan(workspace, name)
    return _view(workspace, name, None)


def _view(workspace: Workspace, epic_id: str, run: Run | None) -> EpicView:
    if run is None:
        return _planned(require_plan(workspace, epic_id))
    state = run.state
    is_busy = is_epic_locked(workspace.layout.common_dir, epic_id)
    return EpicView(
        epic_id=epic_id,
        run_id=run.run_id,
        phase=state.phase,
        state=_state_word(state, is_busy=is_busy),
        domains=tuple(_domain(domain) for domain in state.domains.values()),
        next_commands=for_state(epic_id, state, is_busy=is_busy),
    )


def _planned(plan: Plan) -> EpicView:
    domains = tuple(
        DomainView(
            name=domain.name, state="planned", since_s=None, attempt=0, files_changed=None,
            cost_usd=None,
        )
        for domain in plan.domains
    )  # fmt: skip
    return EpicView(
        epic_id=plan.epic_id,
        run_id=None,
        phase="plan",
        state="planned",
        domains=domains,
        next_commands=for_state(plan.epic_id, None, is_busy=False),
    )


def _state_word(state: RunState, *, is_busy: bool) -> str:
    if is_busy:
        return "running"
    if state.request:
        return "interrupted"
    if state.phase == "landed":
        return "landed"
    return state.merge or state.aggregate or "idle"


def _domain(domain: DomainState) -> DomainView:
    return DomainView(
        name=domain.name,
        state=domain_word(domain),
        since_s=_since(domain.changed_at),
        attempt=max(len(domain.attempts), domain.open_attempt or 0),
        files_changed=domain.files_changed,
        cost_usd=domain.cost_usd,
    )


def domain_word(domain: DomainState) -> str:
    """Return one word for where a domain stands."""
    if domain.merged is not None:
        return "merged"
    if domain.at_work:
        return "in_progress"
    if domain.status is not None:
        return domain.status
    known = domain.worktree_status
    return known.value if known is not None else "planned"


def _since(at: str | None) -> float | None:
    if at is None:
        return None
    then = datetime.fromisoformat(at)
    return max(0.0, round((datetime.now(UTC) - then).total_seconds(), 1))

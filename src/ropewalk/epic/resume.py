"""Going on after a kill: what is left of the old coordinator is ended before anything is done.

The order matters. First every process of an attempt that never ended is found and ended; then what
it left in its worktree is pinned; then a landing that was cut short is finished or taken back. Only
then does the run go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ropewalk.agents.environment import mark_of
from ropewalk.agents.folder import REPORT_NAME
from ropewalk.agents.starts import started_from_json
from ropewalk.epic.answer import Answer
from ropewalk.epic.clean import clean
from ropewalk.epic.landing import abort_merge, land_result
from ropewalk.epic.leftovers import unlock_after_kill
from ropewalk.epic.life import Coordinator
from ropewalk.epic.placing import keep_work
from ropewalk.epic.undo import undo_last
from ropewalk.epic.work import close_cut_short
from ropewalk.errors import Paused
from ropewalk.git.leftovers import remove_leftover_locks, wait_for_leftovers
from ropewalk.merging.recovery import recover_landing
from ropewalk.model.values import JsonObject
from ropewalk.process import EndedBy, end_leftover, read_report
from ropewalk.report.domain_state import DomainState


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What was found and put right, one sentence each."""

    notes: tuple[str, ...]


def recover(coordinator: Coordinator) -> Recovered:
    """End what is left of a killed coordinator and make its half-done effects whole.

    Raises:
        Paused: a process of the old run cannot be ended, or a landing cannot be judged.
    """
    domains = coordinator.context.live.state.domains.values()
    notes = [_end(coordinator, domain) for domain in domains if domain.open_attempt is not None]
    notes += _end_mending(coordinator)
    wait_for_leftovers()
    unlock_after_kill(coordinator.context)
    _unlock_refs(coordinator)
    landing = coordinator.context.live.state.landing
    if landing is not None:
        notes.append(_recover_landing(coordinator, landing))
    if notes:
        coordinator.journal.emit("recovered", {"notes": notes}, sync=True)
    return Recovered(notes=tuple(notes))


def carry_out(coordinator: Coordinator) -> Answer | None:
    """Carry a request that is no round of steps to its end; None: the open one is, or none is.

    Raises:
        LandingRefused: it cannot be carried out any more; nothing was changed.
    """
    request = coordinator.context.live.state.request
    match request.get("verb"):
        case "land":
            return land_result(coordinator, unchecked=request.get("unchecked") is True)
        case "undo":
            operation = request.get("operation")
            return undo_last(coordinator, asked=operation if isinstance(operation, int) else None)
        case "abort":
            return abort_merge(coordinator)
        case "clean":
            unmerged = request.get("unmerged") is True
            return Answer(document=clean(coordinator, unmerged=unmerged))
        case _:
            return None


def _unlock_refs(coordinator: Coordinator) -> None:
    context = coordinator.context
    since = context.live.state.requested_at
    if since is not None:
        began = datetime.fromisoformat(since).timestamp()
        remove_leftover_locks(context.workspace.place, context.epic_id, since=began)


def _end(coordinator: Coordinator, domain: DomainState) -> str:
    context = coordinator.context
    number = domain.open_attempt or 0
    mark = mark_of(context.run_id, domain.name, number)
    _require_ended(coordinator, domain.started, mark=mark, whose=f"'{domain.name}'")
    kept = keep_work(context, domain.name)
    folder = context.workspace.layout.attempt(context.run_id, f"work:{domain.name}", number)
    ended = read_report(folder / REPORT_NAME)
    if ended is not None and ended.ended_by is not EndedBy.LOST:
        return f"attempt {number} of {domain.name} had ended by itself"
    _close(coordinator, domain)
    where = f", its work is kept at {kept[:12]}" if kept else ""
    return f"attempt {number} of {domain.name} was cut short{where}"


def _close(coordinator: Coordinator, domain: DomainState) -> None:
    steps = coordinator.history.graph.steps
    step = next(step for step in steps if step.id == domain.worked_in)
    close_cut_short(coordinator.context, domain.name, step, coordinator.journal.emit)


def _end_mending(coordinator: Coordinator) -> list[str]:
    """End what is left of an agent that was putting a merge right; its phase finds what it left."""
    mending = coordinator.context.live.state.mending
    if mending is None:
        return []
    about = str(mending.get("about"))
    _require_ended(coordinator, mending.get("started"), mark=str(mending.get("mark")), whose=about)
    return [f"an agent was at {about}"]


def _require_ended(coordinator: Coordinator, started: object, *, mark: str, whose: str) -> None:
    """End the processes of an attempt.

    Raises:
        Paused: they cannot be ended.
    """
    known = started_from_json(started) if isinstance(started, Mapping) else None
    left = end_leftover(known, mark=mark) if known is not None else ()
    if left:
        raise Paused(
            f"processes of the agent of {whose} cannot be ended: {list(left)}",
            hint="end them by hand, then: ropewalk resume " + coordinator.context.epic_id,
        )


def _recover_landing(coordinator: Coordinator, landing: JsonObject) -> str:
    context = coordinator.context
    outcome = recover_landing(
        context.workspace.place,
        ref=str(landing["ref"]),
        old=str(landing["old"]),
        new=str(landing["new"]),
        started_at=datetime.fromisoformat(str(landing["at"])).timestamp(),
    )
    return f"landing on {landing['ref']}: {outcome}"

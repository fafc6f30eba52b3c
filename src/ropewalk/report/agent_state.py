"""What the journal tells of the agent of one domain, event by event: attempts, sessions, use."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ropewalk.model.event import Event
from ropewalk.model.result import Attempt, Outcome, TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.model.worktree import WorktreeStatus
from ropewalk.report.domain_state import DomainState, with_status
from ropewalk.report.reading import NOTHING_TOLD, text_of, usage_in, whole_of


def _agent_starting(domain: DomainState, event: Event) -> DomainState:
    number = whole_of(event.data, "number")
    goes_on = whole_of(event.data, "session_began") is not None
    working = replace(
        domain,
        at_work=True,
        activity="starting",
        started_ns=event.mono_ns,
        open_attempt=number,
        starting_at=event.at,
        started=None,
        session_id=domain.session_id if goes_on else None,
        session_agent=text_of(event.data, "agent"),
        session_began=domain.session_began if goes_on else number,
        session_usage=domain.session_usage if goes_on else NOTHING_TOLD,
        using=NOTHING_TOLD,
        worked_in=event.step,
        waiting=None,
    )
    if working.worktree_status is WorktreeStatus.CREATED:
        return with_status(working, event, WorktreeStatus.ASSIGNED)
    return replace(working, changed_at=event.at)


def _agent_started(domain: DomainState, event: Event) -> DomainState:
    started = event.data.get("started")
    known = started if isinstance(started, Mapping) else None
    working = replace(domain, activity="working", started=known, waiting=None)
    return with_status(working, event, WorktreeStatus.IN_PROGRESS)


def _agent_waiting(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, waiting=event.data)


def _agent_session(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, session_id=text_of(event.data, "session_id") or domain.session_id)


def _agent_usage(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, using=usage_in(event.data))


def _agent_activity(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, activity=str(event.data.get("text", "")))


def _agent_ended(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    code = data.get("exit_code")
    duration = data.get("duration_s")
    attempt = Attempt(
        number=len(domain.attempts) + 1,
        outcome=Outcome(str(data["outcome"])),
        exit_code=code if isinstance(code, int) else None,
        started_at=domain.starting_at or event.at,
        duration_s=float(duration) if isinstance(duration, int | float) else 0.0,
        log=str(data.get("log", "")),
    )
    used = _used(domain, data)
    return replace(
        domain,
        attempts=(*domain.attempts, attempt),
        at_work=False,
        open_attempt=None,
        started=None,
        unsettled=event.attempt if attempt.outcome is not Outcome.INTERRUPTED else None,
        activity=str(attempt.outcome),
        session_id=text_of(data, "session_id") or domain.session_id,
        cost_usd=_added(domain.cost_usd, used.cost_usd),
        usage=domain.usage.plus(used),
        session_usage=domain.session_usage.plus(used),
        using=NOTHING_TOLD,
        waiting=None,
        changed_at=event.at,
    )


def _used(domain: DomainState, data: JsonObject) -> TokenUsage:
    """Return what an attempt used: as its end says, else what was told before it was cut short."""
    told = usage_in(data)
    cost = data.get("cost_usd")
    if told == NOTHING_TOLD and isinstance(cost, int | float):
        return TokenUsage(cost_usd=float(cost))
    return domain.using if told == NOTHING_TOLD else told


def _added(so_far: float | None, more: float | None) -> float | None:
    return so_far if more is None else (so_far or 0.0) + more


AGENT_EVENTS: Mapping[str, Callable[[DomainState, Event], DomainState]] = {
    "agent_starting": _agent_starting,
    "agent_started": _agent_started,
    "agent_waiting": _agent_waiting,
    "agent_session": _agent_session,
    "agent_usage": _agent_usage,
    "agent_activity": _agent_activity,
    "agent_ended": _agent_ended,
}

"""The state of a run as a fold over its journal.

Nothing else remembers anything: the board, ``status``, the worktree metadata and every decision of
a resumed run are read from the value that :func:`fold` returns.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ropewalk.model.event import Event
from ropewalk.model.values import JsonObject
from ropewalk.report import clash_state
from ropewalk.report.agent_state import AGENT_EVENTS
from ropewalk.report.clash_state import ClashState
from ropewalk.report.domain_state import DOMAIN_EVENTS, DomainState
from ropewalk.report.reading import budget_asked_in, items_of, text_of, usage_in


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """What the journal tells of a run; see :func:`fold`.

    ``filters`` are the content filters (such as those of LFS) and ``drivers`` the merge drivers
    that the repository had before any agent ran; only these are trusted afterwards. ``mending`` is
    the attempt of an agent at putting a merge right that has not ended. ``clashes`` were seen while
    agents worked; when all are collected the merge knows better. ``mended_usd`` is what agents cost
    that put merges right, ``mending_usd`` what the one at work has cost so far; ``budget_warned``
    says that somebody was told that little is left of a budget, the last time of
    ``budget_warned_usd``; ``budget_usd`` is what somebody last said that the run may cost.
    ``wall_ns`` and ``busy_ns`` add up the rounds: the time from the worktrees to the aggregate, and
    all time that a verb was at work.
    """

    run_id: str = ""
    epic_id: str = ""
    plan_hash: str = ""
    base: str = ""
    target: str | None = None
    mode: str = "parallel"
    mode_reason: str = ""
    agent: str | None = None
    started_at: str | None = None
    last_at: str | None = None
    last_seq: int = 0
    domains: Mapping[str, DomainState] = field(default_factory=dict)
    phase: str = "planned"
    activity: str = "idle"
    aggregate: str | None = None
    merge: str | None = None
    merge_digest: str | None = None
    merge_writing: str | None = None
    landing: JsonObject | None = None
    landings: tuple[JsonObject, ...] = ()
    validation: str | None = None
    superseded: bool = False
    mending: JsonObject | None = None
    mended_usd: float = 0.0
    mending_usd: float = 0.0
    budget_warned: bool = False
    budget_warned_usd: float | None = None
    budget_usd: float | None = None
    clashes: ClashState = field(default_factory=ClashState)
    request: JsonObject = field(default_factory=dict)
    requested_at: str | None = None
    filters: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    last_collected: str | None = None
    wall_since_ns: int | None = None
    wall_ns: int = 0
    busy_since_ns: int | None = None
    busy_ns: int = 0

    @property
    def spent_usd(self) -> float:
        """What all agents have cost so far, as far as it is known."""
        domains = self.domains.values()
        costs = (cost for one in domains for cost in (one.cost_usd, one.using.cost_usd))
        known = sum(cost for cost in costs if cost is not None)
        return known + self.mended_usd + self.mending_usd

    @property
    def landed(self) -> JsonObject | None:
        """The last landing that was not taken back."""
        return self.landings[-1] if self.landings else None


def fold(events: Iterable[Event], *, start: RunState | None = None) -> RunState:
    """Return the state after ``events``, going on from ``start`` when given."""
    state = start or RunState()
    for event in events:
        state = apply(state, event)
    return state


def apply(state: RunState, event: Event) -> RunState:
    """Return the state after one more event; unknown types change only the clock."""
    state = replace(state, last_at=event.at, last_seq=event.seq, run_id=event.run_id)
    on_run = _RUN_EVENTS.get(event.type)
    if on_run is not None:
        state = on_run(state, event)
    name = event.data.get("domain")
    on_domain = _DOMAIN_EVENTS.get(event.type)
    if on_domain is None or not isinstance(name, str):
        return state
    domain = state.domains.get(name, DomainState(name=name))
    return replace(state, domains={**state.domains, name: on_domain(domain, event)})


def _run_started(state: RunState, event: Event) -> RunState:
    data = event.data
    names = [str(name) for name in items_of(data, "domains")]
    return replace(
        state,
        epic_id=str(data.get("epic_id", "")),
        plan_hash=str(data.get("plan_hash", "")),
        base=str(data.get("base", "")),
        target=text_of(data, "target"),
        mode=str(data.get("mode", "parallel")),
        mode_reason=str(data.get("mode_reason", "")),
        agent=text_of(data, "agent"),
        filters=tuple(str(line) for line in items_of(data, "filters")),
        drivers=tuple(str(line) for line in items_of(data, "drivers")),
        started_at=event.at,
        domains={name: DomainState(name=name) for name in names},
        phase="prepare",
        request=_mapping(data.get("request")),
        busy_since_ns=event.mono_ns,
    )


def _mapping(value: object) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _mode_changed(state: RunState, event: Event) -> RunState:
    return replace(
        state, mode=str(event.data["mode"]), mode_reason=str(event.data.get("reason", ""))
    )


def _attempt_finished(state: RunState, event: Event) -> RunState:
    """An agent's end is settled when the engine has taken the result of its attempt."""
    if event.data.get("reason") == "lost":
        return state
    settled = {
        name: replace(domain, unsettled=None)
        for name, domain in state.domains.items()
        if domain.unsettled is not None and domain.unsettled == event.attempt
    }
    return replace(state, domains={**state.domains, **settled}) if settled else state


def _requested(state: RunState, event: Event) -> RunState:
    since = state.busy_since_ns if state.busy_since_ns is not None else event.mono_ns
    return replace(
        state,
        request=event.data,
        requested_at=event.at,
        budget_usd=budget_asked_in(event.data) or state.budget_usd,
        activity="busy",
        busy_since_ns=since,
    )


def _work_started(state: RunState, event: Event) -> RunState:
    return replace(state, phase="work", wall_since_ns=event.mono_ns)


def _aggregated(state: RunState, event: Event) -> RunState:
    return replace(
        state,
        phase="results",
        aggregate=str(event.data["status"]),
        clashes=ClashState(notices=state.clashes.notices),
        wall_ns=_elapsed(state.wall_ns, state.wall_since_ns, event),
        wall_since_ns=None,
    )


def _request_finished(state: RunState, event: Event) -> RunState:
    return replace(
        state,
        activity=str(event.data.get("state", "idle")),
        request={},
        mending=None,
        busy_ns=_elapsed(state.busy_ns, state.busy_since_ns, event),
        busy_since_ns=None,
    )


def _collected_last(state: RunState, event: Event) -> RunState:
    return replace(state, last_collected=text_of(event.data, "domain"))


def _merge_started(state: RunState, _event: Event) -> RunState:
    return replace(state, phase="merge", merge=None)


def _merge_finished(state: RunState, event: Event) -> RunState:
    return replace(state, merge=str(event.data["status"]), landing=None)


def _merge_written(state: RunState, event: Event) -> RunState:
    return replace(state, merge_digest=text_of(event.data, "digest"), merge_writing=None)


def _merge_writing(state: RunState, event: Event) -> RunState:
    return replace(state, merge_writing=text_of(event.data, "digest"))


def _landing(state: RunState, event: Event) -> RunState:
    return replace(state, landing={**event.data, "at": event.at})


def _landed(state: RunState, event: Event) -> RunState:
    known = state.landings and state.landings[-1].get("new") == event.data.get("new")
    landings = state.landings if known else (*state.landings, event.data)
    return replace(state, landing=None, landings=landings, phase="landed", merge="landed")


def _land_refused(state: RunState, _event: Event) -> RunState:
    return replace(state, landing=None, merge="land_refused")


def _undone(state: RunState, event: Event) -> RunState:
    """Take the last landing off; an undo that was killed says so a second time."""
    is_known = bool(state.landings) and state.landings[-1].get("new") == event.data.get("old")
    landings = state.landings[:-1] if is_known else state.landings
    phase = "landed" if landings else "results"
    return replace(state, landing=None, landings=landings, merge="undone", phase=phase)


def _validated(state: RunState, event: Event) -> RunState:
    return replace(state, validation=str(event.data["status"]))


def _clash(
    take: Callable[[ClashState, Event], ClashState],
) -> Callable[[RunState, Event], RunState]:
    return lambda state, event: replace(state, clashes=take(state.clashes, event))


def _mend_starting(state: RunState, event: Event) -> RunState:
    # One that was cut short told no end: what it told before stays spent.
    spent = state.mended_usd + state.mending_usd
    return replace(state, mending=event.data, mended_usd=spent, mending_usd=0.0)


def _mend_started(state: RunState, event: Event) -> RunState:
    return replace(state, mending={**(state.mending or {}), **event.data})


def _mend_usage(state: RunState, event: Event) -> RunState:
    cost = usage_in(event.data).cost_usd
    return state if cost is None else replace(state, mending_usd=cost)


def _mended(state: RunState, event: Event) -> RunState:
    cost = event.data.get("cost_usd")
    more = float(cost) if isinstance(cost, int | float) else state.mending_usd
    return replace(state, mending=None, mended_usd=state.mended_usd + more, mending_usd=0.0)


def _budget_warning(state: RunState, event: Event) -> RunState:
    budget = event.data.get("budget_usd")
    warned = float(budget) if isinstance(budget, int | float) else None
    return replace(state, budget_warned=True, budget_warned_usd=warned)


def _superseded(state: RunState, _event: Event) -> RunState:
    return replace(state, superseded=True)


_DOMAIN_EVENTS: Mapping[str, Callable[[DomainState, Event], DomainState]] = {
    **DOMAIN_EVENTS,
    **AGENT_EVENTS,
}
_RUN_EVENTS: Mapping[str, Callable[[RunState, Event], RunState]] = {
    "run_started": _run_started,
    "mode_changed": _mode_changed,
    "attempt_finished": _attempt_finished,
    "requested": _requested,
    "work_started": _work_started,
    "domain_collected": _collected_last,
    "aggregated": _aggregated,
    "request_finished": _request_finished,
    "merge_started": _merge_started,
    "merge_finished": _merge_finished,
    "merge_written": _merge_written,
    "merge_writing": _merge_writing,
    "landing": _landing,
    "undoing": _landing,
    "landed": _landed,
    "land_refused": _land_refused,
    "undone": _undone,
    "validated": _validated,
    "mend_starting": _mend_starting,
    "mend_started": _mend_started,
    "mend_usage": _mend_usage,
    "mend_ended": _mended,
    "budget_warning": _budget_warning,
    "run_superseded": _superseded,
    "clash_found": _clash(clash_state.found),
    "clash_gone": _clash(clash_state.gone),
    "clash_told": _clash(clash_state.told),
}


def _elapsed(so_far: int, since: int | None, event: Event) -> int:
    return so_far + max(0, event.mono_ns - since) if since is not None else so_far

"""The state of a run as a fold over its journal.

Nothing else remembers anything: the board, ``status``, the worktree metadata and every decision of
a resumed run are read from the value that :func:`fold` returns.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ropewalk.model.event import Event
from ropewalk.model.result import Attempt, Outcome
from ropewalk.model.values import JsonObject
from ropewalk.model.worktree import StatusChange, WorktreeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainState:
    """What the journal tells of one domain.

    ``base`` is the commit its work starts from, ``outside`` what it changed outside its worktree,
    ``noticed`` what changed there while it was at work and may be somebody else's doing.
    ``brought`` are the ignored files that its worktree was provisioned with.
    """

    name: str
    path: str | None = None
    base: str | None = None
    branch: str | None = None
    head: str | None = None
    history: tuple[StatusChange, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    at_work: bool = False
    activity: str = ""
    status: str | None = None
    reason: str | None = None
    files_changed: int | None = None
    insertions: int = 0
    deletions: int = 0
    cost_usd: float | None = None
    outside: tuple[str, ...] = ()
    noticed: tuple[str, ...] = ()
    creating: str | None = None
    open_attempt: int | None = None
    started: JsonObject | None = None
    brought: tuple[str, ...] = ()
    session_id: str | None = None
    merged: str | None = None
    removed: str | None = None
    changed_at: str | None = None
    started_ns: int | None = None
    starting_at: str | None = None
    kept: str | None = None

    @property
    def worktree_status(self) -> WorktreeStatus | None:
        """The last status of its worktree, or None when it never had one."""
        return self.history[-1].status if self.history else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """What the journal tells of a run; see :func:`fold`.

    ``filters`` are the content filters (such as those of LFS) that the repository had before any
    agent ran; only these are trusted afterwards. ``wall_ns`` and ``busy_ns`` add up the rounds: the
    time from the worktrees to the aggregate, and all time that a verb was at work.
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
    landing: JsonObject | None = None
    landed: JsonObject | None = None
    validation: str | None = None
    superseded: bool = False
    request: JsonObject = field(default_factory=dict)
    filters: tuple[str, ...] = ()
    last_collected: str | None = None
    wall_since_ns: int | None = None
    wall_ns: int = 0
    busy_since_ns: int | None = None
    busy_ns: int = 0


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
    names = [str(name) for name in _items(data, "domains")]
    return replace(
        state,
        epic_id=str(data.get("epic_id", "")),
        plan_hash=str(data.get("plan_hash", "")),
        base=str(data.get("base", "")),
        target=_text(data, "target"),
        mode=str(data.get("mode", "parallel")),
        mode_reason=str(data.get("mode_reason", "")),
        agent=_text(data, "agent"),
        filters=tuple(str(line) for line in _items(data, "filters")),
        started_at=event.at,
        domains={name: DomainState(name=name) for name in names},
        phase="prepare",
    )


def _mode_changed(state: RunState, event: Event) -> RunState:
    return replace(
        state, mode=str(event.data["mode"]), mode_reason=str(event.data.get("reason", ""))
    )


def _requested(state: RunState, event: Event) -> RunState:
    since = state.busy_since_ns if state.busy_since_ns is not None else event.mono_ns
    return replace(state, request=event.data, activity="busy", busy_since_ns=since)


def _work_started(state: RunState, event: Event) -> RunState:
    return replace(state, phase="work", wall_since_ns=event.mono_ns)


def _aggregated(state: RunState, event: Event) -> RunState:
    return replace(
        state,
        phase="results",
        aggregate=str(event.data["status"]),
        wall_ns=_elapsed(state.wall_ns, state.wall_since_ns, event),
        wall_since_ns=None,
    )


def _request_finished(state: RunState, event: Event) -> RunState:
    return replace(
        state,
        activity=str(event.data.get("state", "idle")),
        request={},
        busy_ns=_elapsed(state.busy_ns, state.busy_since_ns, event),
        busy_since_ns=None,
    )


def _collected_last(state: RunState, event: Event) -> RunState:
    return replace(state, last_collected=_text(event.data, "domain"))


def _merge_started(state: RunState, _event: Event) -> RunState:
    return replace(state, phase="merge", merge=None)


def _merge_finished(state: RunState, event: Event) -> RunState:
    return replace(state, merge=str(event.data["status"]), landing=None)


def _landing(state: RunState, event: Event) -> RunState:
    return replace(state, landing={**event.data, "at": event.at})


def _landed(state: RunState, event: Event) -> RunState:
    return replace(state, landing=None, landed=event.data, phase="landed", merge="landed")


def _land_refused(state: RunState, _event: Event) -> RunState:
    return replace(state, landing=None, merge="land_refused")


def _undone(state: RunState, _event: Event) -> RunState:
    return replace(state, landing=None, landed=None, merge="undone", phase="results")


def _validated(state: RunState, event: Event) -> RunState:
    return replace(state, validation=str(event.data["status"]))


def _superseded(state: RunState, _event: Event) -> RunState:
    return replace(state, superseded=True)


_RUN_EVENTS: Mapping[str, Callable[[RunState, Event], RunState]] = {
    "run_started": _run_started,
    "mode_changed": _mode_changed,
    "requested": _requested,
    "work_started": _work_started,
    "domain_collected": _collected_last,
    "aggregated": _aggregated,
    "request_finished": _request_finished,
    "merge_started": _merge_started,
    "merge_finished": _merge_finished,
    "landing": _landing,
    "undoing": _landing,
    "landed": _landed,
    "land_refused": _land_refused,
    "undone": _undone,
    "validated": _validated,
    "run_superseded": _superseded,
}


def _step(domain: DomainState, event: Event, status: WorktreeStatus) -> DomainState:
    change = StatusChange(status=status, at=event.at, sequence=event.seq)
    return replace(domain, history=(*domain.history, change), changed_at=event.at)


def _worktree_creating(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, creating=str(event.data["path"]))


def _worktree_created(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    path, base = str(data["path"]), str(data["base"])
    created = replace(domain, path=path, base=base, removed=None, creating=None)
    return _step(created, event, WorktreeStatus.CREATED)


def _worktree_taken_down(domain: DomainState, event: Event) -> DomainState:
    gone = replace(domain, path=None, history=(), brought=(), creating=None)
    return replace(gone, changed_at=event.at)


def _provisioned(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, brought=tuple(str(path) for path in _items(event.data, "brought")))


def _rebased(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, base=str(event.data["base"]))


def _agent_starting(domain: DomainState, event: Event) -> DomainState:
    working = replace(
        domain,
        at_work=True,
        activity="starting",
        started_ns=event.mono_ns,
        open_attempt=_whole(event.data, "number"),
        starting_at=event.at,
        started=None,
    )
    if working.worktree_status is WorktreeStatus.CREATED:
        return _step(working, event, WorktreeStatus.ASSIGNED)
    return replace(working, changed_at=event.at)


def _agent_started(domain: DomainState, event: Event) -> DomainState:
    started = event.data.get("started")
    working = replace(
        domain, activity="working", started=started if isinstance(started, Mapping) else None
    )
    return _step(working, event, WorktreeStatus.IN_PROGRESS)


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
    return replace(
        domain,
        attempts=(*domain.attempts, attempt),
        at_work=False,
        open_attempt=None,
        started=None,
        activity=str(attempt.outcome),
        session_id=_text(data, "session_id") or domain.session_id,
        cost_usd=_added(domain.cost_usd, data.get("cost_usd")),
        changed_at=event.at,
    )


def _check_started(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, activity=f"checking: {event.data.get('command', '')}")


def _outside_change(domain: DomainState, event: Event) -> DomainState:
    found = tuple(str(change) for change in _items(event.data, "changes"))
    if not event.data.get("certain", True):
        return replace(domain, noticed=(*domain.noticed, *found))
    return replace(domain, outside=(*domain.outside, *found))


def _outside_settled(domain: DomainState, _event: Event) -> DomainState:
    return replace(domain, outside=(), noticed=())


def _collected(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    good = data["status"] in ("success", "partial")
    collected = replace(
        domain,
        at_work=False,
        status=str(data["status"]),
        reason=_text(data, "reason"),
        head=_text(data, "head"),
        branch=_text(data, "branch"),
        files_changed=_whole(data, "files_changed"),
        insertions=_whole(data, "insertions") or 0,
        deletions=_whole(data, "deletions") or 0,
        merged=None,
    )
    if not collected.history:
        return replace(collected, changed_at=event.at)
    return _step(collected, event, WorktreeStatus.COMPLETED if good else WorktreeStatus.FAILED)


def _domain_landed(domain: DomainState, event: Event) -> DomainState:
    merged = replace(domain, merged=_text(event.data, "commit") or "")
    return _step(merged, event, WorktreeStatus.MERGED) if domain.history else merged


def _domain_taken_back(domain: DomainState, event: Event) -> DomainState:
    back = replace(domain, merged=None, changed_at=event.at)
    if back.worktree_status is not WorktreeStatus.MERGED:
        return back
    return _step(back, event, _before(back, WorktreeStatus.COMPLETED))


def _worktree_removed(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    removed = replace(domain, removed=_text(data, "trash") or "", kept=_text(data, "kept"))
    return _step(removed, event, WorktreeStatus.REMOVED)


def _worktree_restored(domain: DomainState, event: Event) -> DomainState:
    restored = replace(domain, removed=None, kept=None, creating=None)
    return _step(restored, event, _before(domain, WorktreeStatus.CREATED))


def _before(domain: DomainState, else_: WorktreeStatus) -> WorktreeStatus:
    """Return what the worktree was before its removal, or before a landing that was taken back."""
    over = {WorktreeStatus.REMOVED}
    over |= {WorktreeStatus.MERGED} if domain.merged is None else set()
    before = [change.status for change in domain.history if change.status not in over]
    return before[-1] if before else else_


_DOMAIN_EVENTS: Mapping[str, Callable[[DomainState, Event], DomainState]] = {
    "worktree_creating": _worktree_creating,
    "worktree_created": _worktree_created,
    "worktree_taken_down": _worktree_taken_down,
    "provisioned": _provisioned,
    "rebased": _rebased,
    "agent_starting": _agent_starting,
    "agent_started": _agent_started,
    "agent_activity": _agent_activity,
    "agent_ended": _agent_ended,
    "check_started": _check_started,
    "outside_change": _outside_change,
    "outside_settled": _outside_settled,
    "domain_collected": _collected,
    "domain_landed": _domain_landed,
    "domain_taken_back": _domain_taken_back,
    "worktree_removed": _worktree_removed,
    "worktree_restoring": _worktree_creating,
    "worktree_restored": _worktree_restored,
}


def _items(data: JsonObject, key: str) -> list[object]:
    value = data.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def _text(data: JsonObject, key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) else None


def _elapsed(so_far: int, since: int | None, event: Event) -> int:
    return so_far + max(0, event.mono_ns - since) if since is not None else so_far


def _added(so_far: float | None, more: object) -> float | None:
    return (so_far or 0.0) + more if isinstance(more, int | float) else so_far


def _whole(data: JsonObject, key: str) -> int | None:
    value = data.get(key)
    return value if isinstance(value, int) else None

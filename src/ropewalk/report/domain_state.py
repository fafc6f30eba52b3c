"""What the journal tells of one domain, event by event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ropewalk.model.event import Event
from ropewalk.model.result import Attempt, Outcome
from ropewalk.model.values import JsonObject
from ropewalk.model.worktree import StatusChange, WorktreeStatus
from ropewalk.report.reading import items_of, text_of, whole_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainState:
    """What the journal tells of one domain.

    ``base`` is the commit its work starts from, ``outside`` what it changed outside its worktree,
    ``noticed`` what changed there while it was at work and may be somebody else's doing;
    ``strayed`` the first paths outside its files that were seen changed while it was at work.
    ``brought`` are the ignored files that its worktree was provisioned with. ``unsettled`` is the
    attempt of the engine whose agent has ended and whose result is not journalled yet.
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
    strayed: tuple[str, ...] = ()
    creating: str | None = None
    open_attempt: int | None = None
    started: JsonObject | None = None
    unsettled: str | None = None
    brought: tuple[str, ...] = ()
    session_id: str | None = None
    merged: str | None = None
    removed: str | None = None
    changed_at: str | None = None
    started_ns: int | None = None
    starting_at: str | None = None
    kept: str | None = None
    removing: str | None = None

    @property
    def worktree_status(self) -> WorktreeStatus | None:
        """The last status of its worktree, or None when it never had one."""
        return self.history[-1].status if self.history else None


def _step(domain: DomainState, event: Event, status: WorktreeStatus) -> DomainState:
    change = StatusChange(status=status, at=event.at, sequence=event.seq)
    return replace(domain, history=(*domain.history, change), changed_at=event.at)


def _worktree_creating(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, creating=str(event.data["path"]))


def _worktree_created(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    path, base = str(data["path"]), str(data["base"])
    created = replace(domain, path=path, base=base, removed=None, creating=None, removing=None)
    return _step(created, event, WorktreeStatus.CREATED)


def _worktree_taken_down(domain: DomainState, event: Event) -> DomainState:
    gone = replace(domain, path=None, history=(), brought=(), creating=None)
    return replace(gone, changed_at=event.at)


def _provisioned(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, brought=tuple(str(path) for path in items_of(event.data, "brought")))


def _rebased(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, base=str(event.data["base"]), strayed=())


def _agent_starting(domain: DomainState, event: Event) -> DomainState:
    working = replace(
        domain,
        at_work=True,
        activity="starting",
        started_ns=event.mono_ns,
        open_attempt=whole_of(event.data, "number"),
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
        unsettled=event.attempt if attempt.outcome is not Outcome.INTERRUPTED else None,
        activity=str(attempt.outcome),
        session_id=text_of(data, "session_id") or domain.session_id,
        cost_usd=_added(domain.cost_usd, data.get("cost_usd")),
        changed_at=event.at,
    )


def _check_started(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, activity=f"checking: {event.data.get('command', '')}")


def _outside_change(domain: DomainState, event: Event) -> DomainState:
    found = tuple(str(change) for change in items_of(event.data, "changes"))
    if not event.data.get("certain", True):
        return replace(domain, noticed=(*domain.noticed, *found))
    return replace(domain, outside=(*domain.outside, *found))


def _outside_found(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, strayed=(*domain.strayed, text_of(event.data, "path") or ""))


def _outside_settled(domain: DomainState, _event: Event) -> DomainState:
    return replace(domain, outside=(), noticed=())


def _collected(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    good = data["status"] in ("success", "partial")
    collected = replace(
        domain,
        at_work=False,
        status=str(data["status"]),
        reason=text_of(data, "reason"),
        head=text_of(data, "head"),
        branch=text_of(data, "branch"),
        files_changed=whole_of(data, "files_changed"),
        insertions=whole_of(data, "insertions") or 0,
        deletions=whole_of(data, "deletions") or 0,
        merged=None,
    )
    if not collected.history:
        return replace(collected, changed_at=event.at)
    return _step(collected, event, WorktreeStatus.COMPLETED if good else WorktreeStatus.FAILED)


def _domain_landed(domain: DomainState, event: Event) -> DomainState:
    merged = replace(domain, merged=text_of(event.data, "commit") or "")
    return _step(merged, event, WorktreeStatus.MERGED) if domain.history else merged


def _domain_taken_back(domain: DomainState, event: Event) -> DomainState:
    back = replace(domain, merged=None, changed_at=event.at)
    if back.worktree_status is not WorktreeStatus.MERGED:
        return back
    return _step(back, event, _before(back, WorktreeStatus.COMPLETED))


def _worktree_removing(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, removing=text_of(event.data, "trash"))


def _worktree_removed(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    removed = replace(domain, removed=text_of(data, "trash") or "", kept=text_of(data, "kept"))
    return _step(removed, event, WorktreeStatus.REMOVED)


def _worktree_restored(domain: DomainState, event: Event) -> DomainState:
    restored = replace(domain, removed=None, kept=None, creating=None, removing=None)
    return _step(restored, event, _before(domain, WorktreeStatus.CREATED))


def _before(domain: DomainState, else_: WorktreeStatus) -> WorktreeStatus:
    """Return what the worktree was before its removal, or before a landing that was taken back."""
    over = {WorktreeStatus.REMOVED}
    over |= {WorktreeStatus.MERGED} if domain.merged is None else set()
    before = [change.status for change in domain.history if change.status not in over]
    return before[-1] if before else else_


DOMAIN_EVENTS: Mapping[str, Callable[[DomainState, Event], DomainState]] = {
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
    "outside_found": _outside_found,
    "domain_collected": _collected,
    "domain_landed": _domain_landed,
    "domain_taken_back": _domain_taken_back,
    "worktree_removing": _worktree_removing,
    "worktree_removed": _worktree_removed,
    "worktree_restoring": _worktree_creating,
    "worktree_restored": _worktree_restored,
}


def _added(so_far: float | None, more: object) -> float | None:
    return (so_far or 0.0) + more if isinstance(more, int | float) else so_far

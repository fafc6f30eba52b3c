"""What the journal tells of one domain, event by event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ropewalk.model.event import Event
from ropewalk.model.result import Attempt, TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.model.worktree import StatusChange, WorktreeStatus
from ropewalk.report.reading import NOTHING_TOLD, items_of, text_of, whole_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainState:
    """What the journal tells of one domain.

    ``base`` is the commit its work starts from, ``outside`` what it changed outside its worktree,
    ``noticed`` what changed there while it was at work and may be somebody else's doing;
    ``strayed`` the first paths outside its files that were seen changed while it was at work.
    ``brought`` are the ignored files that its worktree was provisioned with. ``unsettled`` is the
    attempt of the engine whose agent has ended and whose result is not journalled yet.

    ``session_id`` is the session of its agent, ``session_agent`` whose it is and ``session_began``
    the attempt that began it. ``usage`` is what ended attempts used, ``using`` what the one at work
    has used so far, ``session_usage`` what all of the session did. ``worked_in`` is the step of its
    last attempt, ``waiting`` why no agent could start yet.
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
    session_agent: str | None = None
    session_began: int | None = None
    session_usage: TokenUsage = NOTHING_TOLD
    usage: TokenUsage = NOTHING_TOLD
    using: TokenUsage = NOTHING_TOLD
    worked_in: str | None = None
    waiting: JsonObject | None = None
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


def with_status(domain: DomainState, event: Event, status: WorktreeStatus) -> DomainState:
    """Return the domain with one more status of its worktree."""
    change = StatusChange(status=status, at=event.at, sequence=event.seq)
    return replace(domain, history=(*domain.history, change), changed_at=event.at)


def _worktree_creating(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, creating=str(event.data["path"]))


def _worktree_created(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    path, base = str(data["path"]), str(data["base"])
    created = replace(domain, path=path, base=base, removed=None, creating=None, removing=None)
    return with_status(created, event, WorktreeStatus.CREATED)


def _worktree_taken_down(domain: DomainState, event: Event) -> DomainState:
    gone = replace(domain, path=None, history=(), brought=(), creating=None)
    return replace(gone, changed_at=event.at)


def _provisioned(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, brought=tuple(str(path) for path in items_of(event.data, "brought")))


def _rebased(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, base=str(event.data["base"]), strayed=())


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
        waiting=None,
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
    return with_status(
        collected, event, WorktreeStatus.COMPLETED if good else WorktreeStatus.FAILED
    )


def _domain_landed(domain: DomainState, event: Event) -> DomainState:
    merged = replace(domain, merged=text_of(event.data, "commit") or "")
    return with_status(merged, event, WorktreeStatus.MERGED) if domain.history else merged


def _domain_taken_back(domain: DomainState, event: Event) -> DomainState:
    back = replace(domain, merged=None, changed_at=event.at)
    if back.worktree_status is not WorktreeStatus.MERGED:
        return back
    return with_status(back, event, _before(back, WorktreeStatus.COMPLETED))


def _worktree_removing(domain: DomainState, event: Event) -> DomainState:
    return replace(domain, removing=text_of(event.data, "trash"))


def _worktree_removed(domain: DomainState, event: Event) -> DomainState:
    data = event.data
    removed = replace(domain, removed=text_of(data, "trash") or "", kept=text_of(data, "kept"))
    return with_status(removed, event, WorktreeStatus.REMOVED)


def _worktree_restored(domain: DomainState, event: Event) -> DomainState:
    restored = replace(domain, removed=None, kept=None, creating=None, removing=None)
    return with_status(restored, event, _before(domain, WorktreeStatus.CREATED))


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

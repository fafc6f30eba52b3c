"""The log of operations: what each verb moved, from where to where, so that it can be taken back.

A fold over the journal, pure: nothing is remembered anywhere else. An operation is one request that
built a train, moved a branch or removed worktrees; it is taken back whole, the last one first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ropewalk.model.event import Event
from ropewalk.model.values import Value

CLEAN = "clean"
_STEP = "/step/"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefMove(Value):
    """A branch that was moved; full name, full ids."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Value):
    """What one request did.

    Attributes:
        id: number of the journal line with the request.
        verb: what was asked for.
        at: when, in UTC.
        before: the refs of the train before a train was built; None when none was built.
        after: the same refs behind it.
        landings: the moves of branches, first to last.
        removed: the domains whose worktrees were saved and removed.
        undone: whether it was taken back.
    """

    id: int
    verb: str
    at: str
    before: Mapping[str, str] | None = None
    after: Mapping[str, str] = field(default_factory=dict)
    landings: tuple[RefMove, ...] = ()
    removed: tuple[str, ...] = ()
    undone: bool = False

    @property
    def has_built(self) -> bool:
        """Whether it made a train that was not there before."""
        is_train = any(_STEP in ref for ref in self.after)
        return is_train and self.before is not None and self.before != self.after

    @property
    def can_be_undone(self) -> bool:
        """Whether there is anything of it to take back."""
        has_removed = self.verb == CLEAN and bool(self.removed)
        return not self.undone and (self.has_built or bool(self.landings) or has_removed)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationLog(Value):
    """The operations of a run, first to last."""

    epic_id: str
    run_id: str
    operations: tuple[Operation, ...]
    next_commands: tuple[str, ...] = ()
    schema_version: int = 1


def read_operations(events: Iterable[Event]) -> tuple[Operation, ...]:
    """Return the operations that a journal tells of, first to last."""
    found: dict[int, Operation] = {}
    last = 0
    for event in events:
        if event.type == "requested":
            last = event.seq
            found[last] = Operation(id=last, verb=str(event.data.get("verb", "")), at=event.at)
        elif event.type == "operation_undone":
            number = event.data.get("operation")
            if isinstance(number, int) and number in found:
                found[number] = replace(found[number], undone=True)
        elif last:
            found[last] = _with(found[last], event)
    return tuple(one for one in found.values() if one.undone or one.can_be_undone)


def find_last(operations: Iterable[Operation]) -> Operation | None:
    """Return the operation that is taken back next, or None."""
    left = [one for one in operations if one.can_be_undone]
    return left[-1] if left else None


def _with(operation: Operation, event: Event) -> Operation:
    data = event.data
    match event.type:
        case "train_pinning" if operation.before is None:
            return replace(operation, before=_refs(data.get("refs")))
        case "train_pinned":
            return replace(operation, after=_refs(data.get("refs")))
        case "landed" if operation.verb != "undo":
            move = RefMove(ref=str(data["ref"]), old=str(data["old"]), new=str(data["new"]))
            known = move in operation.landings
            return operation if known else replace(operation, landings=(*operation.landings, move))
        case "worktree_removed" if data.get("trash"):
            names = dict.fromkeys((*operation.removed, str(data["domain"])))
            return replace(operation, removed=tuple(names))
        case _:
            return operation


def _refs(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(ref): str(oid) for ref, oid in value.items()}

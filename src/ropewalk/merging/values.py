"""What goes into a merge, what it works with, and what its steps hand to each other.

`MergeInput`, `Train` and `Checked` are plain data and can be journalled; `MergeTools` holds what
cannot: the repository, the journal, the places where checks run.
"""

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ropewalk.checks.exact import ExactTrees
from ropewalk.git.command import GitContext, Identity
from ropewalk.git.merge_tree import MergedTree
from ropewalk.git.repository import Place
from ropewalk.model.config import Hooks
from ropewalk.model.conflict import Conflict
from ropewalk.model.merge import (
    Blame,
    Matrix,
    MergedDomain,
    MergedDomainStatus,
    MergeValidation,
    OnConflict,
    Resolution,
    Resolve,
    Suggestion,
)
from ropewalk.model.plan import Plan
from ropewalk.model.result import DomainResult
from ropewalk.model.values import JsonObject, Value
from ropewalk.store.paths import Layout

IN_TRAIN = (MergedDomainStatus.MERGED, MergedDomainStatus.RESOLVED)


class Note(Protocol):
    """Appends an event to the journal; ``sync`` waits until it is on the disk."""

    def __call__(self, type_: str, data: JsonObject, *, sync: bool = False) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOptions(Value):
    """What the person asked for; ``window`` prefixes are checked at once while a culprit is sought.

    ``proceed`` goes on after a person resolved a conflict, ``abort`` takes back what was built.
    """

    include: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    on_conflict: OnConflict = OnConflict.REPORT
    resolve: Resolve = Resolve.VERIFY
    checks: tuple[str, ...] = ()
    unchecked: bool = False
    land: bool = True
    squash: bool = False
    window: int = 1
    hooks: Hooks = Hooks.RUN
    into: str | None = None
    dry_run: bool = False
    proceed: bool = False
    abort: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeInput(Value):
    """Everything that decides the commits of a train.

    ``target`` is the full name of the branch to land on, ``target_commit`` where it stood when the
    merge began, ``date`` the seconds since the epoch that the first commit of the train carries.
    ``landed`` are the domains of which some work has landed, ``defaults`` the options of a person
    who types none.
    """

    epic_id: str
    run_id: str
    plan: Plan
    results: tuple[DomainResult, ...]
    target: str
    target_commit: str
    date: int
    options: MergeOptions = MergeOptions()
    defaults: MergeOptions = MergeOptions()
    landed: tuple[str, ...] = ()
    configured_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A conflict as a resolver sees it: the train so far, the domain, and what git made of them.

    ``context`` is where both sides and git's tree can be read, and new objects go; its work tree
    holds the attributes that count. ``before`` names the domains that are in the train so far.
    """

    domain: str
    ours: str
    theirs: str
    merged: MergedTree
    conflict: Conflict
    context: GitContext
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A tree in which a conflict is resolved, and how it came to be."""

    tree: str
    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """Why nothing could be taken, a sentence, and what was close to it."""

    reason: str
    suggestions: tuple[Suggestion, ...] = ()


Resolver = Callable[[Clash], Proposal | Unresolved | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A train that fails a check, as somebody sees it who is to mend it.

    ``names`` are the domains in it, ``notes`` say what is worth a look.
    """

    commit: str
    names: tuple[str, ...]
    blame: Blame
    notes: tuple[str, ...] = ()


# Asked for a commit on top of the broken one; each that does not help is answered by what is broken
# then. It may return a sentence for the person.
Fixer = Callable[[Broken], Generator[str, Broken, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTools:
    """What a merge works with; ``log`` names the file for the output of one check.

    ``resolver`` is asked about each conflict that nobody has resolved yet, ``fixer`` about each
    train that fails its checks; None: nobody is.
    """

    place: Place
    layout: Layout
    note: Note
    checks: ExactTrees
    identity: Identity
    log: Callable[[str], Path]
    cancel: threading.Event = field(default_factory=threading.Event)
    resolver: Resolver | None = None
    fixer: Fixer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Train(Value):
    """The train as it was built: ``result`` is its last commit, or ``base`` when it is empty.

    ``domains`` holds one entry for each domain of the plan, in the order of the train.
    """

    base: str
    result: str
    order: tuple[str, ...]
    order_reason: str
    domains: tuple[MergedDomain, ...]
    matrix: Matrix
    drivers_used: tuple[str, ...] = ()
    attributes_changes: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[MergedDomain, ...]:
        """The domains that have a commit in the train, first to last."""
        return tuple(each for each in self.domains if each.status in IN_TRAIN)

    @property
    def conflicting(self) -> tuple[MergedDomain, ...]:
        """The domains whose conflict waits for a decision."""
        return self.having(MergedDomainStatus.CONFLICT)

    def having(self, *statuses: MergedDomainStatus) -> tuple[MergedDomain, ...]:
        """The domains with one of ``statuses``, in the order of the train."""
        return tuple(each for each in self.domains if each.status in statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Value):
    """A train and what the checks said about it; ``problem`` is None when it may land.

    ``whole`` is the train from which domains were left out because they break a check.
    """

    train: Train
    validation: MergeValidation
    problem: str | None
    whole: Train | None = None

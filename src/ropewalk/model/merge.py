"""The train: the domains merged in order, what was checked, and whether it landed."""

from dataclasses import dataclass
from enum import StrEnum

from ropewalk.model.conflict import Conflict
from ropewalk.model.values import Value


class MergeStatus(StrEnum):
    """How a merge stands."""

    LANDED = "landed"
    BUILT = "built"
    CONFLICT = "conflict"
    VALIDATION_FAILED = "validation_failed"
    LAND_REFUSED = "land_refused"
    ABORTED = "aborted"
    UNDONE = "undone"


class MergedDomainStatus(StrEnum):
    """What became of one domain in the train."""

    MERGED = "merged"
    NOTHING_TO_MERGE = "nothing_to_merge"
    CONFLICT = "conflict"
    RESOLVED = "resolved"
    SKIPPED = "skipped"
    PARKED = "parked"
    BLOCKED = "blocked"
    EJECTED = "ejected"


class OnConflict(StrEnum):
    """What a conflict or a failed check does to the rest of the train."""

    REPORT = "report"
    STOP = "stop"
    PARK = "park"
    AGENT = "agent"


class Resolve(StrEnum):
    """Whether automatic resolutions are applied when proved, only shown, or not tried."""

    VERIFY = "verify"
    SUGGEST = "suggest"
    OFF = "off"


class ResolvedBy(StrEnum):
    """Who or what resolved a conflict."""

    RERERE = "rerere"
    DRIVER = "driver"
    CANDIDATE = "candidate"
    AGENT = "agent"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Value):
    """The branch that the train lands on: full ref, base commit, result commit."""

    ref: str
    base: str
    result: str | None
    landed: bool
    reason: str | None
    unchecked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution(Value):
    """How a conflict was resolved and what proved it.

    ``candidates_tried`` of ``candidates_offered`` were put to the proof, the last one passed.
    ``words`` say what was done, a sentence for each file; ``dropped`` names what a side had added
    and is not in the result, and why.
    """

    by: ResolvedBy
    candidates_tried: int
    verified_by: tuple[str, ...]
    edited_outside: tuple[str, ...]
    candidates_offered: int = 0
    words: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion(Value):
    """A tree that would resolve a conflict and was not taken; ``reason`` says why not.

    ``words`` and ``dropped`` are as in a `Resolution`.
    """

    tree: str
    by: ResolvedBy
    words: tuple[str, ...]
    reason: str
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedDomain(Value):
    """One domain of the train; ``depends_on`` names domains, ``blocked_by`` one of them."""

    name: str
    status: MergedDomainStatus
    reason: str | None = None
    commit: str | None = None
    tree: str | None = None
    parents: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    conflict: Conflict | None = None
    resolution: Resolution | None = None
    blocked_by: str | None = None
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def fails_as_resolved(self) -> bool:
        """Whether it was left out for a failure, and a person had resolved its conflict."""
        is_by_hand = self.resolution is not None and self.resolution.by is ResolvedBy.PERSON
        return is_by_hand and self.status is MergedDomainStatus.EJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixConflict(Value):
    """Two domains whose heads do not merge."""

    a: str
    b: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Value):
    """All pairs of domains: how many there are, how many had to be tried, which conflict."""

    pairs: int
    candidates: int
    conflicts: tuple[MatrixConflict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRun(Value):
    """The checks of one prefix of the train on its exact tree; ``said`` is why they fail."""

    prefix: tuple[str, ...]
    tree: str
    exit_code: int | None
    cached: bool
    duration_s: float
    log: str
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame(Value):
    """Why a domain is held to break a check.

    ``good`` is the commit before it, which passes, ``bad`` the first one that fails; it was run
    twice. ``together_with`` is an earlier domain without which it passes, where there is one.
    ``said`` is the finding, or the last line that the command wrote.
    """

    domain: str
    command: str
    exit_code: int | None
    log: str
    good: str
    bad: str
    together_with: str | None = None
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix(Value):
    """A commit on top of the train without which a check fails; ``domain`` broke it."""

    commit: str
    by: ResolvedBy
    domain: str | None
    agent: str | None
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeValidation(Value):
    """How the merged tree was checked.

    ``culprit`` is the first domain whose prefix fails, and ``blamed`` says why, one for each domain
    that had to be left out; ``fixes`` are the commits that were put on top of the train. ``notes``
    say what is worth a look although nothing failed.
    """

    method: str
    commands: tuple[str, ...]
    runs: tuple[ValidationRun, ...]
    culprit: str | None
    blamed: tuple[Blame, ...] = ()
    fixes: tuple[Fix, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport(Value):
    """``phase1c_merge_results.json``."""

    epic_id: str
    run_id: str
    status: MergeStatus
    target: Target
    order: tuple[str, ...]
    order_reason: str
    drivers_used: tuple[str, ...]
    attributes_changes: tuple[str, ...]
    domains: tuple[MergedDomain, ...]
    matrix: Matrix
    validation: MergeValidation
    backup_refs: tuple[str, ...]
    next_commands: tuple[str, ...]
    schema_version: int = 1

"""What was done: attempts, checks, and what git and the checks say about each domain."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from ropewalk.model.plan import Mode
from ropewalk.model.values import JsonObject, Value

_Number = TypeVar("_Number", int, float)


class Outcome(StrEnum):
    """How one attempt of an agent ended."""

    OK = "ok"
    NOTHING_TO_DO = "nothing_to_do"
    NONZERO_EXIT = "nonzero_exit"
    TIMEOUT = "timeout"
    IDLE = "idle"
    BUDGET = "budget"
    CANCELLED = "cancelled"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    LIMIT = "limit"
    AUTH = "auth"
    CRASHED = "crashed"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    BLOCKED = "blocked"


class DomainStatus(StrEnum):
    """The verified result of a domain."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a domain has its status; decided by git and the checks, never by the agent."""

    TAMPERED = "tampered"
    HISTORY_REWRITTEN = "history_rewritten"
    BLOCKED = "blocked"
    INTERRUPTED = "interrupted"
    MISSING_RESULT = "missing_result"
    INVALID_RESULT = "invalid_result"
    TIMEOUT = "timeout"
    IDLE = "idle"
    BUDGET = "budget"
    CANCELLED = "cancelled"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    LIMIT = "limit"
    AUTH = "auth"
    CRASHED = "crashed"
    AGENT_FAILED = "agent_failed"
    FAILED_WITH_WORK = "failed_with_work"
    OUT_OF_SCOPE = "out_of_scope"
    CHECK_FAILED = "check_failed"
    NO_CHANGES = "no_changes"


class OverallStatus(StrEnum):
    """The result of all domains together."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentIdentity(Value):
    """Which agent worked on a domain."""

    name: str
    version: str | None = None
    model: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Value):
    """One execution of an agent; ``log`` is an absolute path."""

    number: int
    outcome: Outcome
    exit_code: int | None
    started_at: str
    duration_s: float
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun(Value):
    """One check, run to its end on an exact tree; ``exit_code`` is None when it timed out."""

    command: str
    exit_code: int | None
    duration_s: float
    log: str

    @property
    def has_passed(self) -> bool:
        """Whether the check ended with exit code 0."""
        return self.exit_code == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed(Value):
    """A file that git sees as moved."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChanges(Value):
    """Paths that differ between base and head, as git reports them."""

    created: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that was touched, both names of a rename included, sorted."""
        both = {name for move in self.renamed for name in (move.old, move.new)}
        return tuple(sorted({*self.created, *self.modified, *self.deleted, *both}))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage(Value):
    """Tokens and dollars as the agent's own events tell them; None means unknown, never zero."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cost_usd: float | None = None

    def plus(self, other: "TokenUsage") -> "TokenUsage":
        """Return the sum of two; unknown plus something is something."""
        return TokenUsage(
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
            cache_read_tokens=_sum(self.cache_read_tokens, other.cache_read_tokens),
            cache_write_tokens=_sum(self.cache_write_tokens, other.cache_write_tokens),
            cost_usd=_sum(self.cost_usd, other.cost_usd),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainResult(Value):
    """``<domain>_results.json``: what was verified about one domain."""

    epic_id: str
    run_id: str
    domain: str
    status: DomainStatus
    reason: Reason | None
    placeholder: bool
    agent: AgentIdentity
    attempts: tuple[Attempt, ...]
    worktree: str
    branch: str | None
    base: str
    head: str | None
    commits: tuple[str, ...]
    files: FileChanges
    insertions: int
    deletions: int
    outside_declared_files: tuple[str, ...]
    sensitive_files: tuple[str, ...]
    claimed: JsonObject
    mismatches: tuple[str, ...]
    checks: tuple[CheckRun, ...]
    usage: TokenUsage
    summary: str
    schema_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateSummary(Value):
    """Totals of phase 1; seconds are measured, ``speedup`` is None in sequential mode."""

    domains_total: int
    succeeded: int
    partial: int
    failed: int
    files_created: int
    files_modified: int
    files_deleted: int
    insertions: int
    deletions: int
    duration_s: float
    agent_seconds_total: float
    agent_seconds_max: float
    speedup: float | None
    speedup_wall: float | None
    overhead_s: float
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateDomain(Value):
    """One line of the aggregate."""

    name: str
    status: DomainStatus
    reason: Reason | None
    result_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualOverlap(Value):
    """A path that two or more domains really changed."""

    path: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(Value):
    """``phase1_parallel_results.json``."""

    epic_id: str
    run_id: str
    status: OverallStatus
    mode: Mode
    mode_reason: str
    summary: AggregateSummary
    domains: tuple[AggregateDomain, ...]
    overlaps_actual: tuple[ActualOverlap, ...]
    next_commands: tuple[str, ...]
    schema_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentClaim(Value):
    """What an agent says in the file that ``$ROPEWALK_RESULT`` names: a claim, never a fact."""

    status: str | None = None
    summary: str | None = None
    files_created: tuple[str, ...] = ()
    files_modified: tuple[str, ...] = ()
    notes: str | tuple[str, ...] | None = None
    extra: JsonObject = field(default_factory=dict)


def _sum(one: _Number | None, other: _Number | None) -> _Number | None:
    if one is None or other is None:
        return one if other is None else other
    return one + other

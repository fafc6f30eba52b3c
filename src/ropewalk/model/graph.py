"""The graph of steps that the engine runs; it knows nothing of epics or workflows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ropewalk.model.values import JsonObject, Value


class StepState(StrEnum):
    """Where a step stands; the set is closed."""

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CACHED = "cached"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the step in this run."""
        return self in _FINAL

    @property
    def is_good(self) -> bool:
        """Whether dependants may build on the step."""
        return self in (StepState.SUCCEEDED, StepState.CACHED)


_FINAL = frozenset(
    (
        StepState.SUCCEEDED,
        StepState.FAILED,
        StepState.SKIPPED,
        StepState.CACHED,
        StepState.CANCELLED,
        StepState.TIMED_OUT,
    )
)


class WhenNeeds(StrEnum):
    """When a step may start, by the end of the steps it needs."""

    ALL_SUCCESS = "all_success"
    ANY_SUCCESS = "any_success"
    NONE_FAILED = "none_failed"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry(Value):
    """How often and when a failed attempt is repeated.

    Delays are seconds: ``delay_s * factor ** (n - 1)``, capped at ``max_delay_s``; with ``jitter``
    uniformly drawn between zero and that.
    """

    max_attempts: int = 1
    delay_s: float = 1.0
    factor: float = 2.0
    max_delay_s: float = 100.0
    jitter: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Value):
    """One node of a graph; ``payload`` is JSON for the runner of this ``kind``."""

    id: str
    kind: str
    needs: tuple[str, ...] = ()
    when_needs: WhenNeeds = WhenNeeds.ALL_SUCCESS
    payload: JsonObject = field(default_factory=dict)
    resources: Mapping[str, float] = field(default_factory=dict)
    priority: int = 0
    estimate_s: float | None = None
    timeout_s: float | None = None
    retry: Retry = Retry()


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph(Value):
    """Steps and, through their ``needs``, the order among them."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSpec(Value):
    """What an executor needs to run one attempt: JSON only."""

    attempt_id: str
    run_id: str
    step: str
    kind: str
    number: int
    payload: JsonObject
    needs: Mapping[str, JsonObject]
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult(Value):
    """How an attempt ended; ``grown`` are steps to add to the running graph.

    ``state`` is one of succeeded, failed, cancelled, timed_out, cached, waiting (at a gate), or
    skipped (by the step's own condition, which is no failure).
    ``retryable`` lets the scheduler try again within the step's ``retry``.
    """

    attempt_id: str
    state: StepState
    reason: str | None = None
    outputs: JsonObject = field(default_factory=dict)
    retryable: bool = False
    grown: tuple[Step, ...] = ()

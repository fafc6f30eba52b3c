"""What a journal says about the steps of a run: enough to go on from any point of it.

A fold over events, pure and tolerant of everything it does not know. A step is finished when the
journal says `step_finished` or `step_skipped`. An attempt that ended without that leaves its result
as `settled`, to be judged again by the same rules; one that never ended is `open`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ropewalk.engine.retries import read_time
from ropewalk.errors import RopewalkError, StorageError
from ropewalk.model.event import Event
from ropewalk.model.graph import AttemptResult, Graph, Step, StepState
from ropewalk.store.schema.documents import from_json

INTERRUPTED = "interrupted"
LOST = "lost"
_NO_STEPS = Graph()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """An attempt that was started and never ended."""

    step: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of one step.

    ``attempts`` is the highest number used, ``counted`` how many of them count for retries (not
    those that were interrupted, lost or stopped at a gate). ``state`` is set when the step is
    finished; ``result`` then is the accepted one, before that one still to be judged. ``due`` is
    the wall time of a retry that was promised.
    """

    attempts: int = 0
    counted: int = 0
    state: StepState | None = None
    reason: str | None = None
    result: AttemptResult | None = None
    due: float | None = None
    is_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The steps of a run so far."""

    graph: Graph = _NO_STEPS
    grown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    steps: Mapping[str, Past] = field(default_factory=dict)
    open_attempts: Mapping[str, OpenAttempt] = field(default_factory=dict)

    @property
    def states(self) -> dict[str, StepState]:
        """The states of the finished steps."""
        return {id_: past.state for id_, past in self.steps.items() if past.state is not None}

    @property
    def results(self) -> dict[str, AttemptResult]:
        """The accepted results of the finished steps; skipped ones have none."""
        return {
            id_: past.result
            for id_, past in self.steps.items()
            if past.state is not None and past.result is not None
        }

    @property
    def is_finished(self) -> bool:
        """Whether there were steps and every one of them is finished."""
        states = self.states
        return bool(self.graph.steps) and all(step.id in states for step in self.graph.steps)


EMPTY = History()


def fold(events: Iterable[Event]) -> History:
    """Read the events of a run in order.

    Raises:
        StorageError: an event of the engine does not hold what it must.
    """
    folding = _Folding()
    for event in events:
        try:
            folding.take(event)
        except (KeyError, TypeError, ValueError, RopewalkError) as error:
            raise StorageError(
                f"event {event.seq} of run '{event.run_id}' ({event.type}) cannot be read: {error}",
                code="journal_event",
            ) from error
    return History(
        graph=Graph(steps=tuple(folding.graph.values())),
        grown=folding.grown,
        steps=folding.steps,
        open_attempts=folding.open,
    )


def is_counted(state: StepState, reason: str | None) -> bool:
    """Say whether an attempt that ended so decides about its step."""
    if state is StepState.CANCELLED:
        return reason not in (INTERRUPTED, LOST)
    return state is not StepState.WAITING


class _Folding:
    def __init__(self) -> None:
        self.graph: dict[str, Step] = {}
        self.grown: dict[str, tuple[str, ...]] = {}
        self.steps: dict[str, Past] = {}
        self.open: dict[str, OpenAttempt] = {}

    def take(self, event: Event) -> None:
        data = event.data
        if event.type in ("graph_planned", "graph_extended"):
            self._plan(event)
        if event.step is None:
            return
        past = self.steps.get(event.step, Past())
        match event.type:
            case "attempt_started":
                self._start(event, past)
            case "attempt_finished":
                self._finish(event, past)
            case "retry_scheduled":
                due = read_time(str(data["due_at"]))
                self.steps[event.step] = replace(past, result=None, due=due)
            case "step_finished":
                self._conclude(event, past, StepState(str(data["state"])))
            case "step_skipped":
                self._conclude(event, past, StepState.SKIPPED)
            case _:
                return

    def _plan(self, event: Event) -> None:
        steps = from_json(Graph, {"steps": event.data["steps"]}).steps
        self.graph.update((step.id, step) for step in steps)
        if event.type == "graph_extended" and event.step is not None:
            known = self.grown.get(event.step, ())
            new = tuple(step.id for step in steps if step.id not in known)
            self.grown[event.step] = known + new

    def _start(self, event: Event, past: Past) -> None:
        number = int(str(event.data["number"]))
        if event.step is not None and event.attempt is not None:
            self.open[event.attempt] = OpenAttempt(step=event.step, number=number)
            self.steps[event.step] = replace(
                past, attempts=max(past.attempts, number), result=None, due=None, is_waiting=False
            )

    def _finish(self, event: Event, past: Past) -> None:
        """Take the first end of an attempt; any other is not the scheduler's."""
        attempt = self.open.pop(event.attempt or "", None)
        if attempt is None or event.attempt is None:
            return
        fields = ("state", "reason", "outputs", "retryable", "grown")
        result = from_json(
            AttemptResult,
            {
                "attempt_id": event.attempt,
                **{name: event.data[name] for name in fields if name in event.data},
            },
        )
        counts = is_counted(result.state, result.reason)
        self.steps[attempt.step] = replace(
            past,
            counted=past.counted + counts,
            result=result if counts else None,
            is_waiting=result.state is StepState.WAITING,
        )

    def _conclude(self, event: Event, past: Past, state: StepState) -> None:
        reason = event.data.get("reason")
        if event.step is not None and past.state is None:
            self.steps[event.step] = replace(
                past, state=state, reason=None if reason is None else str(reason), due=None
            )

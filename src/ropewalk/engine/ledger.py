"""What a scheduler believes and what the journal says, changed in one place and journal first.

The last event of each change is synced, which makes the ones before it durable as well; attempts
are in the journal before they are submitted. Nothing here starts, waits or looks at a clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ropewalk.engine.history import INTERRUPTED, LOST, History, OpenAttempt, Past, is_counted
from ropewalk.engine.progress import Moves, Progress, Skipped
from ropewalk.model.event import Emit
from ropewalk.model.graph import AttemptResult, Graph, Step, StepState
from ropewalk.model.values import JsonObject
from ropewalk.store.schema.documents import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution of a step."""

    id: str
    step: Step
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphOutcome:
    """Where all steps stand when the scheduler stops.

    ``results`` holds the accepted result of every step that ran; a step at a gate has the one that
    opened it. ``interrupted``: something was left that would have gone on.
    """

    states: Mapping[str, StepState]
    results: Mapping[str, AttemptResult] = field(default_factory=dict)
    interrupted: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[str, ...]:
        """The steps that failed, ran out of time or were cancelled."""
        bad = (StepState.FAILED, StepState.TIMED_OUT, StepState.CANCELLED)
        return self.in_state(*bad)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The steps at a gate."""
        return self.in_state(StepState.WAITING)

    def in_state(self, *states: StepState) -> tuple[str, ...]:
        """List the steps in these states, in the order of the graph."""
        return tuple(id_ for id_, state in self.states.items() if state in states)


class Ledger:
    """Progress, results and attempt numbers of a run, and its journal.

    Args:
        graph: the steps to run, with those grown before.
        run_id: the run; part of the ids of attempts.
        history: what the journal said when this coordinator started.
        emit: appends to the journal.

    Raises:
        InvalidInput: the graph is not valid.
    """

    def __init__(self, graph: Graph, *, run_id: str, history: History, emit: Emit) -> None:
        ids = {step.id for step in graph.steps}
        self._graph = graph
        self._run_id = run_id
        self._emit = emit
        self._known = {step.id: step for step in history.graph.steps}
        self._pasts = {id_: past for id_, past in history.steps.items() if id_ in ids}
        self._numbers = {id_: past.attempts for id_, past in self._pasts.items()}
        self._counted = {id_: past.counted for id_, past in self._pasts.items()}
        self._results = {id_: result for id_, result in history.results.items() if id_ in ids}
        ended = {
            id_: (past.state, past.reason)
            for id_, past in self._pasts.items()
            if past.state is not None
        }
        self.progress = Progress(graph, grown=history.grown, ended=ended)

    def plan(self) -> None:
        """Journal the graph, unless the journal has exactly these steps."""
        if not self._known or any(self._known.get(s.id) != s for s in self._graph.steps):
            self._emit("graph_planned", to_json(self._graph), sync=True)

    def past(self, step: str) -> Past:
        """What the journal said of an unfinished step; only once, later there is nothing."""
        return self._pasts.pop(step, Past())

    def lose(self, attempt_id: str, attempt: OpenAttempt) -> None:
        """Close an attempt of a coordinator that is gone."""
        result = AttemptResult(attempt_id=attempt_id, state=StepState.CANCELLED, reason=LOST)
        self._finished(attempt.step, result, sync=True)

    def number(self, step: Step) -> Attempt:
        """Give the next attempt of a step its number and id."""
        number = self._numbers.get(step.id, 0) + 1
        self._numbers[step.id] = number
        return Attempt(id=f"{self._run_id}/{step.id}/{number}", step=step, number=number)

    def start(self, attempts: Sequence[Attempt]) -> None:
        """Journal that these attempts are about to be submitted."""
        for position, attempt in enumerate(attempts, start=1):
            self._emit(
                "attempt_started",
                {"kind": attempt.step.kind, "number": attempt.number},
                step=attempt.step.id,
                attempt=attempt.id,
                sync=position == len(attempts),
            )
            self.progress.mark(attempt.step.id, StepState.RUNNING)

    def needs_of(self, step: str) -> dict[str, JsonObject]:
        """The outputs of everything that a step waited for; empty where there are none."""
        results = self._results
        return {
            need: results[need].outputs if need in results else {}
            for need in self.progress.needs_of(step)
        }

    def counted(self, step: str) -> int:
        """How many attempts decided about a step so far."""
        return self._counted.get(step, 0)

    def attempt_finished(self, step: str, result: AttemptResult) -> None:
        """Journal the end of an attempt; what follows from it is journalled next, and synced."""
        if is_counted(result.state, result.reason):
            self._counted[step] = self.counted(step) + 1
        self._finished(step, result, sync=False)

    def interrupt(self, step: str, result: AttemptResult) -> None:
        """Journal an attempt that was cut short; its step can run again."""
        self._finished(step, result, sync=True)
        self.progress.mark(step, StepState.READY)

    def retry(self, step: str, *, due_at: str) -> None:
        """Journal that a step will be tried again."""
        data = {"due_at": due_at, "number": self._numbers.get(step, 0) + 1}
        self._emit("retry_scheduled", data, step=step, sync=True)
        self.progress.mark(step, StepState.READY)

    def wait(self, step: str, result: AttemptResult) -> None:
        """Journal that a step stands at a gate."""
        self._results[step] = result
        data = {"reason": result.reason, "outputs": result.outputs}
        self._emit("gate_opened", data, step=step, attempt=result.attempt_id, sync=True)
        self.progress.mark(step, StepState.WAITING)

    def finish(self, step: str, result: AttemptResult) -> Moves:
        """Journal the end of a step, what it grew, and what is skipped because of it."""
        self._results[step] = result
        new = self.progress.grow(step, result.grown)
        if new:
            self._emit("graph_extended", to_json(Graph(steps=new)), step=step)
        data = {"state": str(result.state), "reason": result.reason}
        self._emit("step_finished", data, step=step, attempt=result.attempt_id, sync=True)
        return self.skip(self.progress.end(step, result.state, result.reason))

    def skip(self, moves: Moves) -> Moves:
        """Journal the skipped steps of `moves`, and give the same back."""
        last = moves.skipped[-1] if moves.skipped else None
        for skipped in moves.skipped:
            self._skipped(skipped, sync=skipped is last)
        return moves

    def late(self, step: str | None, result: AttemptResult) -> None:
        """Journal a result that is not accepted."""
        data = {
            "state": str(result.state),
            "reason": result.reason,
            "outputs": result.outputs,
        }
        self._emit("late_result", data, step=step, attempt=result.attempt_id)

    def outcome(self, *, interrupted: bool) -> GraphOutcome:
        """Say where everything stands."""
        states = self.progress.states
        left = (StepState.READY, StepState.RUNNING)
        return GraphOutcome(
            states=states,
            results=dict(self._results),
            reasons=self.progress.reasons,
            interrupted=interrupted and any(state in left for state in states.values()),
        )

    def _finished(self, step: str, result: AttemptResult, *, sync: bool) -> None:
        data: dict[str, object] = {
            "state": str(result.state),
            "reason": result.reason,
            "outputs": result.outputs,
            "retryable": result.retryable,
        }
        if result.grown:
            data["grown"] = to_json(Graph(steps=result.grown))["steps"]
        self._emit("attempt_finished", data, step=step, attempt=result.attempt_id, sync=sync)

    def _skipped(self, skipped: Skipped, *, sync: bool) -> None:
        self._emit("step_skipped", {"reason": skipped.reason}, step=skipped.step, sync=sync)


def interrupted(result: AttemptResult) -> AttemptResult:
    """Turn the result of an attempt that was told to end into one that decides nothing."""
    return AttemptResult(
        attempt_id=result.attempt_id,
        state=StepState.CANCELLED,
        reason=INTERRUPTED,
        outputs=result.outputs,
    )


def with_growth(graph: Graph, history: History) -> Graph:
    """Add to the steps of a graph those that they grew before, and what these grew."""
    steps = {step.id: step for step in graph.steps}
    before = {step.id: step for step in history.graph.steps}
    for grower, ids in history.grown.items():
        if grower in steps:
            steps.update((id_, before[id_]) for id_ in ids if id_ not in steps)
    return Graph(steps=tuple(steps.values())) if len(steps) > len(graph.steps) else graph

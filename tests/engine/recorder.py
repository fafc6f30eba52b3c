"""A journal in memory, runners that play given results, and shorthands for graphs."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ropewalk.engine.executor import Control, LocalExecutor, Runner
from ropewalk.engine.history import EMPTY, History, fold
from ropewalk.engine.ledger import GraphOutcome
from ropewalk.engine.retries import Timing
from ropewalk.engine.schedule import OnShort, run_graph
from ropewalk.model.event import Event
from ropewalk.model.graph import AttemptResult, AttemptSpec, Graph, Retry, Step, StepState
from ropewalk.model.values import JsonObject

QUICK = Timing(poll_s=0.01, grace_s=5.0)
NOW = Retry(max_attempts=3, delay_s=0.0)


class Recorder:
    """Keeps events in memory; a drop-in for the journal's `emit`."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events = list(events)
        self.synced: list[int] = []
        self._lock = threading.Lock()

    def __call__(
        self,
        type_: str,
        data: JsonObject,
        *,
        step: str | None = None,
        attempt: str | None = None,
        sync: bool = False,
    ) -> Event:
        with self._lock:
            event = Event(
                seq=len(self.events) + 1,
                prev_hash="0" * 64,
                at="2025-01-02T03:04:05.000000Z",
                mono_ns=0,
                run_id="run",
                step=step,
                attempt=attempt,
                type=type_,
                data=data,
            )
            self.events.append(event)
            if sync:
                self.synced.append(event.seq)
            return event

    def of(self, type_: str) -> list[Event]:
        return [event for event in self.events if event.type == type_]

    def steps(self, type_: str) -> list[str | None]:
        return [event.step for event in self.of(type_)]

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What an attempt of a played step comes to."""

    state: StepState = StepState.SUCCEEDED
    reason: str | None = None
    retryable: bool = False
    grown: tuple[Step, ...] = ()


@dataclass(slots=True, kw_only=True)
class Player:
    """A runner: the n-th attempt of a step that ends comes to the n-th play, later ones succeed."""

    plays: Mapping[str, Sequence[Play]] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    def __call__(self, spec: AttemptSpec, control: Control) -> AttemptResult:
        self.started.append(spec.step)
        position = self.done.get(spec.step, 0)
        self.done[spec.step] = position + 1
        plays = self.plays.get(spec.step, ())
        play = plays[position] if position < len(plays) else Play()
        return AttemptResult(
            attempt_id=spec.attempt_id,
            state=play.state,
            reason=play.reason,
            outputs={"step": spec.step, "needs": sorted(spec.needs)},
            retryable=play.retryable,
            grown=play.grown,
        )


def graph_of(*steps: Step) -> Graph:
    return Graph(steps=steps)


def step(id_: str, *needs: str, kind: str = "play") -> Step:
    return Step(id=id_, kind=kind, needs=needs)


def succeeded(spec: AttemptSpec, **outputs: object) -> AttemptResult:
    return AttemptResult(attempt_id=spec.attempt_id, state=StepState.SUCCEEDED, outputs=outputs)


def play(
    graph: Graph,
    runner: Runner | Mapping[str, Runner] | None = None,
    *,
    recorder: Recorder | None = None,
    pools: Mapping[str, float] | None = None,
    history: History | None = None,
    cancel: threading.Event | None = None,
    fail_fast: bool = False,
    timing: Timing = QUICK,
    on_short: OnShort | None = None,
) -> GraphOutcome:
    """Run a graph with local threads, from the history of the recorder unless another is given."""
    recorder = recorder or Recorder()
    runners = runner if isinstance(runner, Mapping) else {"play": runner or Player()}
    with LocalExecutor(runners) as executor:
        return run_graph(
            graph,
            run_id="run",
            executor=executor,
            emit=recorder,
            pools=pools or {},
            history=history or (fold(recorder.events) if recorder.events else EMPTY),
            cancel=cancel,
            fail_fast=fail_fast,
            timing=timing,
            on_short=on_short,
        )


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    """Look every few milliseconds; fail when it takes too long."""
    never = threading.Event()
    for _ in range(int(timeout_s / 0.005)):
        if condition():
            return
        never.wait(0.005)
    raise AssertionError("it did not happen in time")

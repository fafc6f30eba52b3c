import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ropewalk.engine.executor import Control, LocalExecutor
from ropewalk.engine.history import fold
from ropewalk.engine.schedule import run_graph
from ropewalk.model.graph import AttemptResult, AttemptSpec, Retry, StepState
from tests.engine.recorder import (
    QUICK,
    Play,
    Player,
    Recorder,
    graph_of,
    play,
    step,
    succeeded,
)

GRAPH = graph_of(step("a"), step("b", "a"), step("c", "b"))


class Cancelling:
    """A runner in which one step asks for the end of the run and then ends as given."""

    def __init__(self, cancel: threading.Event, *, at: str, state: StepState) -> None:
        self._cancel = cancel
        self._at = at
        self._state = state
        self.started: list[str] = []

    def __call__(self, spec: AttemptSpec, control: Control) -> AttemptResult:
        self.started.append(spec.step)
        if spec.step != self._at or spec.number > 1:
            return succeeded(spec, number=spec.number)
        self._cancel.set()
        assert control.cancelled.wait(10)
        return AttemptResult(
            attempt_id=spec.attempt_id, state=self._state, retryable=True, outputs={"left": 1}
        )


def test_before_the_start_nothing_is_started() -> None:
    recorder = Recorder()
    cancel = threading.Event()
    cancel.set()

    outcome = play(GRAPH, recorder=recorder, cancel=cancel)

    assert outcome.interrupted
    assert recorder.types == ["graph_planned"]
    assert outcome.states == {
        "a": StepState.READY,
        "b": StepState.PENDING,
        "c": StepState.PENDING,
    }


@pytest.mark.parametrize("state", [StepState.CANCELLED, StepState.FAILED, StepState.TIMED_OUT])
def test_a_running_step_is_told_to_end_and_stays_unfinished(state: StepState) -> None:
    recorder = Recorder()
    cancel = threading.Event()
    runner = Cancelling(cancel, at="b", state=state)

    outcome = play(GRAPH, runner, recorder=recorder, cancel=cancel)

    assert outcome.interrupted
    assert runner.started == ["a", "b"]
    assert outcome.states == {
        "a": StepState.SUCCEEDED,
        "b": StepState.READY,
        "c": StepState.PENDING,
    }
    assert recorder.of("attempt_finished")[-1].data == {
        "state": "cancelled",
        "reason": "interrupted",
        "outputs": {"left": 1},
        "retryable": False,
    }
    assert recorder.steps("step_finished") == ["a"]


def test_a_resume_runs_what_was_left_under_new_numbers_and_nothing_else() -> None:
    recorder = Recorder()
    cancel = threading.Event()
    runner = Cancelling(cancel, at="b", state=StepState.CANCELLED)
    play(GRAPH, runner, recorder=recorder, cancel=cancel)

    outcome = play(GRAPH, runner, recorder=recorder)

    assert not outcome.interrupted
    assert runner.started == ["a", "b", "b", "c"]
    assert outcome.results["b"].attempt_id == "run/b/2"
    assert recorder.types.count("graph_planned") == 1


def test_an_interrupted_attempt_uses_up_no_retry() -> None:
    recorder = Recorder()
    cancel = threading.Event()
    runner = Cancelling(cancel, at="b", state=StepState.CANCELLED)
    play(GRAPH, runner, recorder=recorder, cancel=cancel)

    past = fold(recorder.events).steps["b"]

    assert (past.attempts, past.counted, past.state) == (1, 0, None)


def test_work_that_was_done_when_the_request_came_counts() -> None:
    cancel = threading.Event()
    runner = Cancelling(cancel, at="c", state=StepState.SUCCEEDED)

    outcome = play(GRAPH, runner, cancel=cancel)

    assert outcome.states["c"] is StepState.SUCCEEDED
    assert not outcome.interrupted


def test_a_step_at_rest_stays_unfinished() -> None:
    cancel = threading.Event()
    recorder = Recorder()

    player = Player(plays={"a": [Play(state=StepState.FAILED, retryable=True)]})
    resting = replace(step("a"), retry=Retry(max_attempts=2, delay_s=60.0, jitter=False))

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        result = player(spec, control)
        if spec.step == "b":
            cancel.set()
        return result

    outcome = play(graph_of(resting, step("b")), runner, recorder=recorder, cancel=cancel)

    assert outcome.interrupted
    assert outcome.states["a"] is StepState.READY


def test_a_run_that_only_waits_at_a_gate_is_not_interrupted() -> None:
    cancel = threading.Event()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        cancel.set()
        return AttemptResult(attempt_id=spec.attempt_id, state=StepState.WAITING)

    outcome = play(GRAPH, runner, cancel=cancel)

    assert outcome.waiting == ("a",)
    assert outcome.states["b"] is StepState.PENDING
    assert not outcome.interrupted


def test_an_attempt_that_does_not_end_stays_open_in_the_journal() -> None:
    recorder = Recorder()
    cancel = threading.Event()
    let_go = threading.Event()

    def deaf(spec: AttemptSpec, control: Control) -> AttemptResult:
        cancel.set()
        assert let_go.wait(10)
        return succeeded(spec)

    outcome = run_graph(
        graph_of(step("a")),
        run_id="run",
        executor=LocalExecutor({"play": deaf}),
        emit=recorder,
        pools={},
        cancel=cancel,
        timing=replace(QUICK, grace_s=0.05),
    )
    let_go.set()

    assert outcome.interrupted
    assert outcome.states["a"] is StepState.RUNNING
    assert list(fold(recorder.events).open_attempts) == ["run/a/1"]


def test_a_time_limit_that_passed_before_the_request_still_decides() -> None:
    cancel = threading.Event()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        assert control.cancelled.wait(10)
        cancel.set()
        threading.Event().wait(0.1)
        return AttemptResult(attempt_id=spec.attempt_id, state=StepState.CANCELLED)

    outcome = play(graph_of(replace(step("a"), timeout_s=0.02)), runner, cancel=cancel)

    assert outcome.states["a"] is StepState.TIMED_OUT


def test_a_time_limit_that_passes_after_the_request_changes_nothing() -> None:
    cancel = threading.Event()
    recorder = Recorder()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        cancel.set()
        assert control.cancelled.wait(10)
        threading.Event().wait(0.4)
        return AttemptResult(attempt_id=spec.attempt_id, state=StepState.CANCELLED)

    graph = graph_of(replace(step("a"), timeout_s=0.2))
    outcome = play(graph, runner, recorder=recorder, cancel=cancel)

    assert outcome.states["a"] is StepState.READY
    assert recorder.of("attempt_finished")[0].data["reason"] == "interrupted"


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        yield
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_keyboard_interrupt_ends_what_runs_before_it_goes_up() -> None:
    recorder = Recorder()
    ended = threading.Event()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        assert control.cancelled.wait(10)
        ended.set()
        return succeeded(spec)

    with interrupted_after(0.2), pytest.raises(KeyboardInterrupt):
        play(graph_of(step("a")), runner, recorder=recorder)

    assert ended.is_set()
    assert list(fold(recorder.events).open_attempts) == ["run/a/1"]

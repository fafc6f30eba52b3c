import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace

import pytest

from ropewalk.engine.executor import Control, LocalExecutor, OnEvent
from ropewalk.engine.schedule import run_graph
from ropewalk.errors import InvalidInput, StorageError
from ropewalk.model.event import Event
from ropewalk.model.graph import (
    AttemptResult,
    AttemptSpec,
    Graph,
    Step,
    StepState,
)
from ropewalk.model.values import JsonObject
from tests.engine.recorder import (
    QUICK,
    Play,
    Player,
    Recorder,
    graph_of,
    play,
    step,
    succeeded,
    wait_until,
)

FAILS = Play(state=StepState.FAILED, reason="broken")


def test_steps_run_in_order_and_get_the_outputs_of_their_needs() -> None:
    seen: dict[str, Mapping[str, JsonObject]] = {}

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        seen[spec.step] = spec.needs
        return succeeded(spec, made=spec.step)

    outcome = play(graph_of(step("b", "a"), step("a"), step("c", "a", "b")), runner)

    assert list(seen) == ["a", "b", "c"]
    assert seen["c"] == {"a": {"made": "a"}, "b": {"made": "b"}}
    assert set(outcome.states.values()) == {StepState.SUCCEEDED}
    assert outcome.results["c"].outputs == {"made": "c"}
    assert not outcome.interrupted


def test_ready_steps_start_by_priority_then_id() -> None:
    player = Player()
    steps = (step("b"), step("a"), Step(id="z", kind="play", priority=1))

    play(graph_of(*(replace(s, resources={"jobs": 1}) for s in steps)), player, pools={"jobs": 1})

    assert player.started == ["z", "a", "b"]


def test_the_journal_tells_everything_before_it_has_an_effect() -> None:
    recorder = Recorder()
    seen: list[tuple[list[str], bool]] = []

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        started = recorder.of("attempt_started")[-1]
        seen.append((recorder.types, started.seq in recorder.synced))
        return succeeded(spec)

    play(graph_of(step("a")), runner, recorder=recorder)

    assert seen == [(["graph_planned", "attempt_started"], True)]
    assert recorder.types == [
        "graph_planned",
        "attempt_started",
        "attempt_finished",
        "step_finished",
    ]
    started, finished = recorder.of("attempt_started")[0], recorder.of("attempt_finished")[0]
    assert (started.step, started.attempt) == ("a", "run/a/1")
    assert started.data == {"kind": "play", "number": 1}
    assert finished.data == {
        "state": "succeeded",
        "reason": None,
        "outputs": {},
        "retryable": False,
    }
    assert recorder.synced[-1] == len(recorder.events)


def test_a_failure_skips_what_needs_it_and_nothing_else() -> None:
    recorder = Recorder()
    graph = graph_of(step("a"), step("b", "a"), step("c", "b"), step("x"), step("y", "x"))

    outcome = play(graph, Player(plays={"a": [FAILS]}), recorder=recorder)

    assert outcome.failed == ("a",)
    assert outcome.in_state(StepState.SKIPPED) == ("b", "c")
    assert outcome.in_state(StepState.SUCCEEDED) == ("x", "y")
    assert outcome.reasons == {"a": "broken", "b": "upstream_failed", "c": "upstream_failed"}
    assert recorder.steps("step_skipped") == ["b", "c"]


def test_an_exception_in_a_runner_fails_its_step_only() -> None:
    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        if spec.step == "a":
            raise ZeroDivisionError("by zero")
        return succeeded(spec)

    outcome = play(graph_of(step("a"), step("b"), step("c", "a")), runner)

    assert outcome.reasons["a"] == "internal: ZeroDivisionError: by zero"
    assert outcome.states["b"] is StepState.SUCCEEDED
    assert outcome.states["c"] is StepState.SKIPPED


@pytest.mark.parametrize("state", [StepState.PENDING, StepState.READY, StepState.RUNNING])
def test_an_attempt_cannot_end_in_a_state_that_is_no_end(state: StepState) -> None:
    outcome = play(graph_of(step("a")), Player(plays={"a": [Play(state=state)]}))

    assert outcome.states["a"] is StepState.FAILED
    assert outcome.reasons["a"] == f"internal: an attempt cannot end as '{state}'"


def test_a_result_of_another_attempt_is_evidence_and_not_accepted() -> None:
    recorder = Recorder()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        return AttemptResult(attempt_id="run/b/1", state=StepState.SUCCEEDED)

    outcome = play(graph_of(step("a")), runner, recorder=recorder)

    assert outcome.states["a"] is StepState.FAILED
    assert [event.attempt for event in recorder.of("late_result")] == ["run/b/1"]
    assert len(recorder.of("attempt_finished")) == 1


def test_events_of_a_runner_carry_its_step_and_attempt() -> None:
    recorder = Recorder()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        control.emit("said", {"text": "hello"}, sync=True)
        return succeeded(spec)

    play(graph_of(step("a")), runner, recorder=recorder)

    said = recorder.of("said")[0]
    assert (said.step, said.attempt, said.data) == ("a", "run/a/1", {"text": "hello"})
    assert said.seq in recorder.synced


def test_a_need_given_twice_is_waited_for_once() -> None:
    player = Player()

    play(graph_of(step("a"), step("b", "a", "a")), player)

    assert player.started == ["a", "b"]


def test_what_a_graph_cannot_be_is_refused_before_anything_is_written() -> None:
    recorder = Recorder()

    with pytest.raises(InvalidInput, match="wait for each other"):
        play(graph_of(step("a", "b"), step("b", "a")), recorder=recorder)

    assert recorder.events == []


def test_an_empty_graph_is_done_at_once() -> None:
    recorder = Recorder()

    outcome = play(Graph(), recorder=recorder)

    assert outcome.states == {}
    assert recorder.types == ["graph_planned"]


def test_a_journal_that_cannot_be_written_ends_what_runs_and_says_so() -> None:
    ended = threading.Event()
    second = threading.Event()

    class Full(Recorder):
        def __call__(
            self,
            type_: str,
            data: JsonObject,
            *,
            step: str | None = None,
            attempt: str | None = None,
            sync: bool = False,
        ) -> Event:
            if type_ == "attempt_finished":
                raise StorageError("the disk is full")
            return super().__call__(type_, data, step=step, attempt=attempt, sync=sync)

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        if spec.step == "a":
            assert second.wait(10)
            return succeeded(spec)
        second.set()
        assert control.cancelled.wait(10)
        ended.set()
        return succeeded(spec)

    with pytest.raises(StorageError, match="the disk is full"):
        run_graph(
            graph_of(step("a"), step("b")),
            run_id="run",
            executor=LocalExecutor({"play": runner}),
            emit=Full(),
            pools={},
            timing=QUICK,
        )

    assert ended.is_set()


class Refusing(LocalExecutor):
    """Refuses every attempt."""

    def submit(self, spec: AttemptSpec, on_event: OnEvent) -> Future[AttemptResult]:
        raise ConnectionError("nobody there")


class Breaking(LocalExecutor):
    """Hands back futures that end in other ways than with a result."""

    def submit(self, spec: AttemptSpec, on_event: OnEvent) -> Future[AttemptResult]:
        future: Future[AttemptResult] = Future()
        if spec.step == "cancelled":
            future.cancel()
        else:
            future.set_exception(EOFError("worker gone"))
        return future


class Awaited(LocalExecutor):
    """Has no room until it is asked a third time."""

    asked = 0

    def capacity(self) -> int | None:
        self.asked += 1
        return 0 if self.asked < 3 else 1


def run_with(executor: LocalExecutor, *steps: Step) -> Mapping[str, tuple[StepState, str | None]]:
    with executor:
        outcome = run_graph(
            graph_of(*steps),
            run_id="run",
            executor=executor,
            emit=Recorder(),
            pools={},
            timing=QUICK,
        )
    return {id_: (state, outcome.reasons.get(id_)) for id_, state in outcome.states.items()}


def test_an_executor_that_refuses_an_attempt_makes_it_fail() -> None:
    ends = run_with(Refusing({}), step("a"))

    assert ends == {"a": (StepState.FAILED, "internal: ConnectionError: nobody there")}


def test_a_future_without_a_result_is_a_failure_too() -> None:
    ends = run_with(Breaking({}), step("a"), step("cancelled"))

    assert ends == {
        "a": (StepState.FAILED, "internal: EOFError: worker gone"),
        "cancelled": (StepState.CANCELLED, "cancelled by the executor"),
    }


def test_steps_wait_until_the_executor_has_room() -> None:
    executor = Awaited({"play": Player()})

    assert set(run_with(executor, step("a"), step("b")).values()) == {(StepState.SUCCEEDED, None)}
    assert executor.asked >= 3


def test_a_chain_of_three_thousand_steps_needs_no_recursion() -> None:
    chain = graph_of(*(step(f"{n:05}", *([f"{n - 1:05}"] if n else [])) for n in range(3000)))

    outcome = play(chain, Player(plays={"01500": [FAILS]}))

    assert len(outcome.in_state(StepState.SUCCEEDED)) == 1500
    assert len(outcome.in_state(StepState.SKIPPED)) == 1499


def test_the_caller_may_watch_while_steps_run() -> None:
    recorder = Recorder()
    go_on = threading.Event()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        assert go_on.wait(10)
        return succeeded(spec)

    thread = threading.Thread(
        target=play, args=(graph_of(step("a")), runner), kwargs={"recorder": recorder}
    )
    thread.start()
    wait_until(lambda: recorder.types == ["graph_planned", "attempt_started"])
    go_on.set()
    thread.join(10)

    assert recorder.types[-1] == "step_finished"

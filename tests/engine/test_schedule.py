import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
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
    Retry,
    Step,
    StepState,
    WhenNeeds,
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
SKIPS = Play(state=StepState.SKIPPED, reason="condition")


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


@pytest.mark.parametrize(
    ("when", "first", "second", "expected"),
    [
        (WhenNeeds.ALL_SUCCESS, Play(), Play(), "succeeded"),
        (WhenNeeds.ALL_SUCCESS, Play(state=StepState.CACHED), Play(), "succeeded"),
        (WhenNeeds.ALL_SUCCESS, FAILS, Play(), "upstream_failed"),
        (WhenNeeds.ALL_SUCCESS, SKIPS, Play(), "upstream_skipped"),
        (WhenNeeds.ALL_SUCCESS, SKIPS, FAILS, "upstream_failed"),
        (WhenNeeds.ANY_SUCCESS, FAILS, Play(), "succeeded"),
        (WhenNeeds.ANY_SUCCESS, FAILS, SKIPS, "upstream_failed"),
        (WhenNeeds.ANY_SUCCESS, SKIPS, SKIPS, "upstream_skipped"),
        (WhenNeeds.NONE_FAILED, SKIPS, Play(), "succeeded"),
        (WhenNeeds.NONE_FAILED, SKIPS, SKIPS, "succeeded"),
        (WhenNeeds.NONE_FAILED, FAILS, Play(), "upstream_failed"),
        (WhenNeeds.NONE_FAILED, Play(state=StepState.CANCELLED), SKIPS, "upstream_failed"),
        (WhenNeeds.ALWAYS, FAILS, FAILS, "succeeded"),
        (WhenNeeds.ALWAYS, SKIPS, Play(), "succeeded"),
    ],
)
def test_when_a_step_starts(when: WhenNeeds, first: Play, second: Play, expected: str) -> None:
    last = Step(id="last", kind="play", needs=("a", "b"), when_needs=when)

    outcome = play(
        graph_of(step("a"), step("b"), last), Player(plays={"a": [first], "b": [second]})
    )

    assert outcome.reasons.get("last", str(outcome.states["last"])) == expected


def test_a_step_behind_one_that_failed_upstream_failed_too() -> None:
    careful = Step(id="careful", kind="play", needs=("b",), when_needs=WhenNeeds.NONE_FAILED)

    outcome = play(graph_of(step("a"), step("b", "a"), careful), Player(plays={"a": [FAILS]}))

    assert outcome.reasons["careful"] == "upstream_failed"


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


def test_fail_fast_cancels_what_runs_skips_the_rest_and_still_cleans_up() -> None:
    recorder = Recorder()
    running = threading.Event()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        if spec.step == "slow":
            running.set()
            assert control.cancelled.wait(10)
            return AttemptResult(attempt_id=spec.attempt_id, state=StepState.FAILED)
        if spec.step == "bad":
            assert running.wait(10)
            return AttemptResult(attempt_id=spec.attempt_id, state=StepState.FAILED, reason="no")
        return succeeded(spec)

    cleanup = Step(id="up", kind="play", needs=("bad", "slow"), when_needs=WhenNeeds.ALWAYS)
    queued = Step(id="z", kind="play", resources={"one": 1})
    first = Step(id="slow", kind="play", resources={"one": 1})
    outcome = play(
        graph_of(step("bad"), first, queued, step("behind", "z"), cleanup),
        runner,
        recorder=recorder,
        pools={"one": 1},
        fail_fast=True,
    )

    assert outcome.reasons == {
        "bad": "no",
        "slow": "fail_fast",
        "z": "fail_fast",
        "behind": "fail_fast",
    }
    assert outcome.states["slow"] is StepState.CANCELLED
    assert outcome.states["z"] is StepState.SKIPPED
    assert outcome.states["up"] is StepState.SUCCEEDED
    assert not outcome.interrupted


def test_fail_fast_gives_no_other_attempt_but_to_steps_that_run_in_any_case() -> None:
    flaky = Play(state=StepState.FAILED, reason="flaky", retryable=True)
    retry = Retry(max_attempts=2, delay_s=0.1, jitter=False)
    player = Player(plays={"a": [flaky], "b": [FAILS], "up": [flaky]})
    cleanup = Step(id="up", kind="play", when_needs=WhenNeeds.ALWAYS, retry=retry)
    last = Step(id="c", kind="play", needs=("b",), when_needs=WhenNeeds.ALWAYS, retry=retry)

    outcome = play(
        graph_of(replace(step("a"), retry=retry), step("b", "up0"), step("up0"), cleanup, last),
        player,
        pools={},
        fail_fast=True,
    )

    assert player.started.count("a") == 1
    assert player.started.count("up") == 2
    assert outcome.reasons == {"a": "flaky", "b": "broken"}
    assert outcome.states["c"] is StepState.SUCCEEDED


def test_fail_fast_holds_for_a_resume_too() -> None:
    recorder = Recorder()
    player = Player(plays={"a": [FAILS]})
    slots = {"jobs": 1}
    graph = graph_of(
        *(Step(id=id_, kind="play", resources={"jobs": 1}) for id_ in "abc"),
    )
    play(graph, player, recorder=recorder, pools=slots, fail_fast=True)
    cut = Recorder(recorder.events[: recorder.types.index("step_finished") + 1])

    outcome = play(graph, player, recorder=cut, pools=slots, fail_fast=True)

    assert player.started == ["a"]
    assert outcome.reasons == {"a": "broken", "b": "fail_fast", "c": "fail_fast"}


def test_what_is_grown_after_the_first_failure_is_skipped() -> None:
    failed = threading.Event()
    recorder = Recorder()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        if spec.step == "bad":
            return AttemptResult(attempt_id=spec.attempt_id, state=StepState.FAILED)
        assert control.cancelled.wait(10)
        failed.set()
        return replace(succeeded(spec), grown=(step("late"), step("later", "late")))

    outcome = play(graph_of(step("bad"), step("fan")), runner, recorder=recorder, fail_fast=True)

    assert failed.is_set()
    assert outcome.states["fan"] is StepState.SUCCEEDED
    assert outcome.in_state(StepState.SKIPPED) == ("late", "later")


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
        play(graph_of(step("a"), step("b")), runner, recorder=Full())

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


def test_no_failure_is_lost_in_a_thousand_random_runs() -> None:
    source = random.Random(20)
    for _ in range(1000):
        graph, failing = random_run(source.randrange(1 << 30))
        recorder = Recorder()

        outcome = play(graph, Player(plays=dict.fromkeys(failing, (FAILS,))), recorder=recorder)

        ran = Counter(recorder.steps("attempt_started"))
        assert set(outcome.failed) == failing & set(ran)
        assert set(ran.values()) <= {1}
        assert all(state.is_final for state in outcome.states.values())
        assert {id_ for id_, state in outcome.states.items() if state is StepState.SKIPPED} == {
            s.id for s in graph.steps if s.id not in ran
        }
        assert all(
            behind_a_failure(graph, outcome.failed, id_) for id_ in outcome.states.keys() - ran
        )


def random_run(seed: int) -> tuple[Graph, set[str]]:
    source = random.Random(seed)
    steps = [
        step(f"s{n}", *{f"s{source.randrange(n)}" for _ in range(source.randint(0, min(n, 2)))})
        for n in range(source.randint(1, 5))
    ]
    return graph_of(*steps), {s.id for s in steps if source.random() < 0.3}


def behind_a_failure(graph: Graph, failed: Iterable[str], id_: str) -> bool:
    needs = {s.id: s.needs for s in graph.steps}
    behind = set(failed)
    for s in graph.steps:
        if behind & set(needs[s.id]):
            behind.add(s.id)
    return id_ in behind


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

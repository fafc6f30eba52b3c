import threading
from dataclasses import replace

import pytest

from ropewalk.engine.executor import Control
from ropewalk.engine.history import fold
from ropewalk.engine.retries import Timing, delay_after, may_retry, read_time, write_time
from ropewalk.model.graph import AttemptResult, AttemptSpec, Retry, Step, StepState, WhenNeeds
from tests.engine.recorder import (
    NOW,
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

FLAKY = Play(state=StepState.FAILED, reason="flaky", retryable=True)


def retried(id_: str, retry: Retry = NOW, *needs: str) -> Step:
    return Step(id=id_, kind="play", retry=retry, needs=needs)


def test_a_retryable_failure_is_tried_again_and_each_attempt_is_in_the_journal() -> None:
    recorder = Recorder()
    player = Player(plays={"a": [FLAKY, FLAKY]})

    outcome = play(graph_of(retried("a"), step("b", "a")), player, recorder=recorder)

    assert outcome.states["b"] is StepState.SUCCEEDED
    assert [event.attempt for event in recorder.of("attempt_started")] == [
        "run/a/1",
        "run/a/2",
        "run/a/3",
        "run/b/1",
    ]
    assert [event.data["number"] for event in recorder.of("retry_scheduled")] == [2, 3]
    assert recorder.steps("step_finished") == ["a", "b"]


def test_attempts_are_limited() -> None:
    player = Player(plays={"a": [FLAKY] * 9})

    outcome = play(graph_of(retried("a")), player)

    assert player.started == ["a", "a", "a"]
    assert outcome.states["a"] is StepState.FAILED
    assert outcome.reasons["a"] == "flaky"


@pytest.mark.parametrize(
    "end",
    [
        replace(FLAKY, retryable=False),
        replace(FLAKY, state=StepState.CANCELLED),
        replace(FLAKY, state=StepState.SKIPPED),
    ],
)
def test_what_is_not_a_retryable_failure_is_final(end: Play) -> None:
    player = Player(plays={"a": [end]})

    play(graph_of(retried("a")), player)

    assert player.started == ["a"]


def test_a_step_without_retry_is_tried_once() -> None:
    result = AttemptResult(attempt_id="x", state=StepState.FAILED, retryable=True)

    assert not may_retry(result, Retry(), counted=1)


def test_delays_grow_to_a_limit() -> None:
    retry = Retry(max_attempts=9, delay_s=1.0, factor=2.0, max_delay_s=5.0, jitter=False)

    delays = [delay_after(retry, counted=n, draw=lambda: 0.5) for n in (1, 2, 3, 4, 5000)]

    assert delays == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_full_jitter_draws_between_nothing_and_the_delay() -> None:
    retry = Retry(max_attempts=9, delay_s=8.0)

    assert delay_after(retry, counted=1, draw=lambda: 0.25) == 2.0
    assert delay_after(retry, counted=1, draw=lambda: 0.0) == 0.0


def test_times_survive_being_written() -> None:
    assert read_time(write_time(1_735_787_045.125)) == 1_735_787_045.125
    assert write_time(0.0) == "1970-01-01T00:00:00.000000+00:00"


def test_a_step_at_rest_gives_its_slot_to_others() -> None:
    player = Player(plays={"a": [FLAKY]})
    retry = Retry(max_attempts=2, delay_s=0.1, jitter=False)
    steps = (
        replace(retried("a", retry), resources={"jobs": 1}),
        Step(id="b", kind="play", resources={"jobs": 1}),
    )

    play(graph_of(*steps), player, pools={"jobs": 1})

    assert player.started == ["a", "b", "a"]


def test_a_promised_retry_is_kept_by_a_resume_at_its_time() -> None:
    recorder = Recorder()
    retry = Retry(max_attempts=2, delay_s=60.0, jitter=False)
    cancel = threading.Event()
    player = Player(plays={"a": [FLAKY]})
    wall = [1000.0]
    timing = replace(QUICK, wall=lambda: wall[0])
    thread = threading.Thread(
        target=play,
        args=(graph_of(retried("a", retry)), player),
        kwargs={"recorder": recorder, "cancel": cancel, "timing": timing},
    )
    thread.start()
    wait_until(lambda: "retry_scheduled" in recorder.types)
    cancel.set()
    thread.join(10)
    assert fold(recorder.events).steps["a"].due == 1060.0

    wall[0] = 1059.8
    outcome = play(graph_of(retried("a", retry)), player, recorder=recorder, timing=timing)

    assert player.started == ["a", "a"]
    assert outcome.states["a"] is StepState.SUCCEEDED
    assert recorder.steps("retry_scheduled") == ["a"]


def test_a_clock_that_was_put_back_does_not_make_a_retry_wait_longer_than_its_limit() -> None:
    recorder = Recorder()
    retry = Retry(max_attempts=2, delay_s=0.05, max_delay_s=0.05, jitter=False)
    play(graph_of(retried("a", retry)), Player(plays={"a": [FLAKY]}), recorder=recorder)
    cut = Recorder(recorder.events[: recorder.types.index("retry_scheduled") + 1])

    outcome = play(
        graph_of(retried("a", retry)), recorder=cut, timing=replace(QUICK, wall=lambda: 0.0)
    )

    assert outcome.states["a"] is StepState.SUCCEEDED


def test_an_attempt_that_takes_too_long_is_told_to_end_and_timed_out() -> None:
    recorder = Recorder()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        assert control.cancelled.wait(10)
        return succeeded(spec, partly=True)

    slow = Step(id="a", kind="play", timeout_s=0.05)
    outcome = play(graph_of(slow, step("b", "a"), step("c", "b")), runner, recorder=recorder)

    assert outcome.states["a"] is StepState.TIMED_OUT
    assert outcome.reasons == {"a": "timeout", "b": "upstream_failed", "c": "upstream_failed"}
    assert recorder.of("attempt_finished")[0].data["outputs"] == {"partly": True}


def test_a_timed_out_attempt_is_tried_again_when_its_runner_says_so() -> None:
    starts: list[int] = []

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        starts.append(spec.number)
        if spec.number == 2:
            return succeeded(spec)
        assert control.cancelled.wait(10)
        return AttemptResult(attempt_id=spec.attempt_id, state=StepState.FAILED, retryable=True)

    outcome = play(graph_of(Step(id="a", kind="play", timeout_s=0.05, retry=NOW)), runner)

    assert starts == [1, 2]
    assert outcome.states["a"] is StepState.SUCCEEDED


def test_a_runner_that_does_not_end_is_given_up_and_its_result_is_late() -> None:
    recorder = Recorder()
    let_go = threading.Event()
    player = Player()

    def deaf(spec: AttemptSpec, control: Control) -> AttemptResult:
        assert let_go.wait(10)
        return succeeded(spec)

    def after(spec: AttemptSpec, control: Control) -> AttemptResult:
        let_go.set()
        wait_until(lambda: "late_result" in recorder.types)
        return player(spec, control)

    last = Step(id="b", kind="after", needs=("a",), when_needs=WhenNeeds.ALWAYS)
    outcome = play(
        graph_of(Step(id="a", kind="deaf", timeout_s=0.02, retry=NOW), last),
        {"deaf": deaf, "after": after},
        recorder=recorder,
        timing=Timing(poll_s=0.01, grace_s=0.05),
    )

    assert outcome.states["a"] is StepState.TIMED_OUT
    assert outcome.reasons["a"] == "timeout: it did not end when told to"
    assert outcome.states["b"] is StepState.SUCCEEDED
    late = recorder.of("late_result")[0]
    assert (late.step, late.attempt, late.data["state"]) == ("a", "run/a/1", "succeeded")
    assert len(recorder.of("attempt_finished")) == 2


def test_a_time_limit_that_was_not_needed_does_nothing() -> None:
    recorder = Recorder()

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        if spec.step == "b":
            control.cancelled.wait(0.15)
        return succeeded(spec)

    quick = Step(id="a", kind="play", timeout_s=0.1)
    outcome = play(graph_of(quick, step("b", "a")), runner, recorder=recorder)

    assert set(outcome.states.values()) == {StepState.SUCCEEDED}

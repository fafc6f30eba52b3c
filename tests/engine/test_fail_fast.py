import threading
from dataclasses import replace

from ropewalk.engine.executor import Control
from ropewalk.model.graph import (
    AttemptResult,
    AttemptSpec,
    Retry,
    Step,
    StepState,
    WhenNeeds,
)
from tests.engine.recorder import (
    Play,
    Player,
    Recorder,
    graph_of,
    play,
    step,
    succeeded,
)

FAILS = Play(state=StepState.FAILED, reason="broken")


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
    player = Player(plays={"a": [flaky], "b": [FAILS], "c": [flaky], "up": [flaky]})
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
    assert player.started.count("c") == 2
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

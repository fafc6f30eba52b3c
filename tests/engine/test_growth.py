import threading
from dataclasses import replace

import pytest

from ropewalk.engine.executor import Control
from ropewalk.engine.history import fold
from ropewalk.model.graph import AttemptResult, AttemptSpec, Retry, Step, StepState, WhenNeeds
from tests.engine.recorder import NOW, Play, Player, Recorder, graph_of, play, step, succeeded


def grows(*steps: Step, state: StepState = StepState.SUCCEEDED, retryable: bool = False) -> Play:
    return Play(state=state, grown=steps, retryable=retryable)


def test_grown_steps_run_and_are_journalled_before_they_start() -> None:
    recorder = Recorder()
    player = Player(plays={"a": [grows(step("x", "a"), step("y", "x"))]})

    outcome = play(graph_of(step("a")), player, recorder=recorder)

    assert player.started == ["a", "x", "y"]
    assert list(outcome.states) == ["a", "x", "y"]
    extended = recorder.of("graph_extended")[0]
    assert extended.step == "a"
    assert extended.seq < recorder.of("attempt_started")[1].seq
    assert [s["id"] for s in steps_in(extended.data)] == ["x", "y"]


def test_who_waits_for_a_step_waits_for_all_that_it_grew() -> None:
    recorder = Recorder()
    player = Player(
        plays={"fan": [grows(step("item1", "fan"), step("item2"))], "item1": [grows(step("more"))]}
    )

    outcome = play(graph_of(step("fan"), step("join", "fan")), player, recorder=recorder)

    assert player.started[-1] == "join"
    assert outcome.results["join"].outputs["needs"] == ["fan", "item1", "item2", "more"]


def test_grown_steps_do_not_wait_for_each_other() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        if spec.step == "fan":
            grown = (step("one", "fan"), step("two", "fan"))
            return replace(succeeded(spec), grown=grown)
        meeting.wait()
        return succeeded(spec)

    outcome = play(graph_of(step("fan")), runner)

    assert outcome.failed == ()


def test_a_failure_among_grown_steps_reaches_who_waits_for_the_fan() -> None:
    player = Player(plays={"fan": [grows(step("item"))], "item": [Play(state=StepState.FAILED)]})

    outcome = play(graph_of(step("fan"), step("join", "fan")), player)

    assert outcome.reasons["join"] == "upstream_failed"


def test_a_failed_step_may_grow_its_repair() -> None:
    fix = Step(id="fix", kind="play", needs=("check",), when_needs=WhenNeeds.ALWAYS)
    player = Player(plays={"check": [grows(fix, state=StepState.FAILED)]})

    outcome = play(graph_of(step("check")), player)

    assert outcome.states == {"check": StepState.FAILED, "fix": StepState.SUCCEEDED}


def test_an_attempt_that_is_tried_again_grows_nothing() -> None:
    first = grows(step("x"), state=StepState.FAILED, retryable=True)
    player = Player(plays={"a": [first, grows(step("y"))]})

    outcome = play(graph_of(replace(step("a"), retry=NOW)), player)

    assert list(outcome.states) == ["a", "y"]


@pytest.mark.parametrize(
    ("grown", "said"),
    [
        (step("b"), "adds 'b', which is in the graph already"),
        (step("a"), "adds 'a', which is in the graph already"),
        (step("x", "ghost"), "step 'x' needs 'ghost', which is not in the graph"),
        (step("x", "x"), "steps wait for each other: 'x' -> 'x'"),
        (step("x", "c"), "adds a step that needs 'c', which waits for 'a'"),
        (Step(id="x", kind="play", resources={"jobs": 9}), "asks for 9 of 'jobs', there are 2"),
    ],
)
def test_growth_that_does_not_fit_fails_the_step(grown: Step, said: str) -> None:
    recorder = Recorder()
    graph = graph_of(step("a"), step("b", "a"), step("c", "b"), step("z"))

    outcome = play(graph, Player(plays={"a": [grows(grown)]}), recorder=recorder, pools={"jobs": 2})

    assert outcome.states["a"] is StepState.FAILED
    assert outcome.reasons["a"].startswith("invalid_growth: ")
    assert said in outcome.reasons["a"]
    assert outcome.states["z"] is StepState.SUCCEEDED
    assert recorder.of("graph_extended") == []


def test_a_grown_step_may_need_what_is_done_or_does_not_wait_for_its_grower() -> None:
    player = Player(plays={"a": [grows(step("x", "a", "z"))]})

    outcome = play(graph_of(step("a"), step("z")), player)

    assert outcome.states["x"] is StepState.SUCCEEDED


def test_a_grown_step_may_need_what_was_done_long_before() -> None:
    player = Player(plays={"fan": [grows(step("x", "first"), step("y", "fan", "first"))]})

    outcome = play(graph_of(step("first"), step("fan", "first")), player)

    assert outcome.in_state(StepState.SUCCEEDED) == ("first", "fan", "x", "y")


def test_a_grown_step_that_needs_another_fan_waits_for_all_of_it() -> None:
    recorder = Recorder()
    player = Player(
        plays={"one": [grows(step("item", "one"))], "two": [grows(step("x", "two", "one"))]}
    )

    outcome = play(graph_of(step("one"), step("two", "one")), player, recorder=recorder)

    assert outcome.results["x"].outputs["needs"] == ["item", "one", "two"]


def test_two_steps_may_not_grow_the_same_step() -> None:
    player = Player(plays={"a": [grows(step("x"))], "b": [grows(step("x"))]})

    outcome = play(graph_of(step("a"), step("b", "a")), player)

    assert outcome.states["a"] is StepState.SUCCEEDED
    assert "'x', which is in the graph already" in outcome.reasons["b"]


def test_a_step_at_a_gate_cannot_grow() -> None:
    player = Player(plays={"a": [grows(step("x"), state=StepState.WAITING)]})

    outcome = play(graph_of(step("a")), player)

    assert outcome.reasons["a"] == "invalid_growth: a step at a gate cannot add steps"


def test_a_resume_knows_what_was_grown_from_the_journal_alone() -> None:
    recorder = Recorder()
    player = Player(plays={"fan": [grows(step("item", "fan"))]})
    graph = graph_of(step("fan"), step("join", "fan"))
    play(graph, player, recorder=recorder)
    cut = Recorder(recorder.events[: recorder.types.index("step_finished") + 1])

    again = Player()
    outcome = play(graph, again, recorder=cut)

    assert again.started == ["item", "join"]
    assert outcome.results["join"].outputs["needs"] == ["fan", "item"]
    assert "graph_planned" not in cut.types[len(cut.types) - 6 :]


def test_growth_is_not_lost_when_the_coordinator_dies_right_after_the_result() -> None:
    recorder = Recorder()
    player = Player(plays={"fan": [grows(step("item", "fan"))]})
    play(graph_of(step("fan")), player, recorder=recorder)
    cut = Recorder(recorder.events[: recorder.types.index("attempt_finished") + 1])

    again = Player()
    outcome = play(graph_of(step("fan")), again, recorder=cut)

    assert again.started == ["item"]
    assert outcome.states == {"fan": StepState.SUCCEEDED, "item": StepState.SUCCEEDED}


def test_growth_is_added_once_when_the_coordinator_dies_between_it_and_the_end_of_the_step() -> (
    None
):
    recorder = Recorder()
    player = Player(plays={"fan": [grows(step("item", "fan"))]})
    play(graph_of(step("fan")), player, recorder=recorder)
    cut = Recorder(recorder.events[: recorder.types.index("graph_extended") + 1])

    outcome = play(graph_of(step("fan")), Player(), recorder=cut)

    assert outcome.states == {"fan": StepState.SUCCEEDED, "item": StepState.SUCCEEDED}
    assert cut.types.count("graph_extended") == 1


def test_another_graph_of_the_same_run_leaves_the_steps_of_the_first_alone() -> None:
    recorder = Recorder()
    first = graph_of(step("a"), step("b", "a"))
    play(first, Player(plays={"a": [grows(step("x", "a"))]}), recorder=recorder)
    seen = len(recorder.events)

    second = Player()
    outcome = play(graph_of(step("merge")), second, recorder=recorder)

    assert second.started == ["merge"]
    assert list(outcome.states) == ["merge"]
    assert recorder.types[seen] == "graph_planned"
    history = fold(recorder.events)
    assert [s.id for s in history.graph.steps] == ["a", "b", "x", "merge"]
    assert history.is_finished


def test_a_later_graph_may_need_steps_that_were_grown_before() -> None:
    recorder = Recorder()
    play(graph_of(step("a")), Player(plays={"a": [grows(step("x", "a"))]}), recorder=recorder)

    again = Player()
    outcome = play(graph_of(step("a"), step("b", "x"), step("c", "a")), again, recorder=recorder)

    assert again.started == ["b", "c"]
    assert outcome.results["c"].outputs["needs"] == ["a", "x"]


def test_a_definition_given_now_wins_over_the_one_in_the_journal() -> None:
    recorder = Recorder()
    cancel = threading.Event()
    cancel.set()
    play(graph_of(step("a")), recorder=recorder, cancel=cancel)

    changed = replace(step("a"), retry=Retry(max_attempts=2, delay_s=0.0))
    player = Player(plays={"a": [Play(state=StepState.FAILED, retryable=True)]})
    outcome = play(graph_of(changed), player, recorder=recorder)

    assert outcome.states["a"] is StepState.SUCCEEDED
    assert recorder.types.count("graph_planned") == 2


def test_a_loop_may_grow_a_thousand_rounds() -> None:
    def runner(spec: AttemptSpec, control: Control) -> AttemptResult:
        number = int(spec.step)
        grown = (step(str(number + 1), spec.step),) if number < 1000 else ()
        return replace(succeeded(spec), grown=grown)

    outcome = play(
        graph_of(step("0"), step("end", "0", kind="end")), {"play": runner, "end": Player()}
    )

    assert len(outcome.in_state(StepState.SUCCEEDED)) == 1002


def steps_in(data: object) -> list[dict[str, object]]:
    assert isinstance(data, dict)
    steps = data["steps"]
    assert isinstance(steps, list)
    return steps

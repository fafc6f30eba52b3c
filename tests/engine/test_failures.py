import random
from collections import Counter
from collections.abc import Iterable

import pytest

from ropewalk.model.graph import (
    Graph,
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
)

FAILS = Play(state=StepState.FAILED, reason="broken")
SKIPS = Play(state=StepState.SKIPPED, reason="condition")


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

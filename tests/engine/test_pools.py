import math
import random
import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropewalk.engine.executor import Control
from ropewalk.engine.pools import Pools, Shortage, require_fits
from ropewalk.errors import InvalidInput
from ropewalk.model.graph import AttemptResult, AttemptSpec, Graph, Step
from tests.engine.recorder import Recorder, graph_of, play, step, succeeded


def asking(id_: str, priority: int = 0, **resources: float) -> Step:
    return Step(id=id_, kind="play", resources=resources, priority=priority)


def test_higher_priority_first_then_lower_id() -> None:
    pools = Pools({})
    for queued in (asking("b"), asking("c", priority=1), asking("a")):
        pools.push(queued)

    assert [popped.id for popped in (pools.pop(), pools.pop(), pools.pop()) if popped] == [
        "c",
        "a",
        "b",
    ]
    assert pools.pop() is None


def test_small_requests_do_not_starve_a_large_one_but_other_pools_go_on() -> None:
    pools = Pools({"memory": 4, "jobs": 9})
    first = asking("a", memory=3)
    for queued in (first, asking("b", memory=2), asking("c", memory=1), asking("d", jobs=1)):
        pools.push(queued)

    assert pools.pop() == first
    popped = pools.pop()
    assert popped is not None
    assert popped.id == "d"
    assert pools.pop() is None
    pools.release("a")
    assert [popped.id for popped in (pools.pop(), pools.pop()) if popped] == ["b", "c"]


def test_what_waits_is_told_with_the_pool_that_it_is_short_of() -> None:
    pools = Pools({"memory": 4, "jobs": 9})
    steps = [asking("a", memory=3), asking("b", memory=2), asking("c", memory=1), asking("d", x=1)]
    for queued in steps:
        pools.push(queued)
    started = [pools.pop(), pools.pop()]

    waits = {one.id: shortage for one, shortage in pools.shortages()}

    assert [one.id for one in started if one] == ["a", "d"]
    assert waits == {
        "b": Shortage(pool="memory", needed=2, free=1, size=4),
        "c": Shortage(pool="memory", needed=1, free=1, size=4),
    }


def test_a_step_that_waits_is_told_of_once() -> None:
    told: list[tuple[str, str]] = []
    steps = graph_of(*(asking(name, jobs=1) for name in "abc"))

    play(steps, pools={"jobs": 1}, on_short=lambda one, short: told.append((one.id, short.pool)))

    assert told == [("b", "jobs"), ("c", "jobs")]


def test_amounts_that_do_not_sum_up_exactly_fill_a_pool_again_and_again() -> None:
    pools = Pools({"jobs": 1.0})
    for _ in range(50):
        for number in range(10):
            pools.push(asking(str(number), jobs=0.1))
        started = [popped.id for popped in (pools.pop() for _ in range(10)) if popped]
        assert len(started) == 10
        for id_ in started:
            pools.release(id_)


def test_a_step_that_asks_for_more_than_there_is_is_refused_before_anything_starts() -> None:
    recorder = Recorder()

    with pytest.raises(
        InvalidInput, match="step 'big' asks for 3 of 'jobs', there are 2"
    ) as raised:
        play(graph_of(step("a"), asking("big", jobs=3)), recorder=recorder, pools={"jobs": 2})

    assert raised.value.code == "pool_too_small"
    assert recorder.events == []


@pytest.mark.parametrize("amount", [-1.0, math.nan, math.inf])
def test_an_amount_must_be_a_number_from_zero(amount: float) -> None:
    with pytest.raises(InvalidInput, match="asks for"):
        require_fits([asking("a", jobs=amount)], {})


@pytest.mark.parametrize("size", [-1.0, math.nan])
def test_a_size_must_be_a_number_from_zero(size: float) -> None:
    with pytest.raises(InvalidInput, match="pool 'jobs' has the size"):
        require_fits([], {"jobs": size})


def test_dropped_steps_do_not_start() -> None:
    pools = Pools({})
    for id_ in "abc":
        pools.push(asking(id_))

    pools.drop({"a", "c"})

    assert len(pools) == 1
    popped = pools.pop()
    assert popped is not None
    assert popped.id == "b"


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_pools_are_never_exceeded(source: random.Random, jobs: int) -> None:
    graph = random_graph(source, size=20, jobs=jobs)
    meter = Meter(graph)

    outcome = play(graph, meter, pools={"jobs": jobs, "memory": 10})

    assert all(state.is_good for state in outcome.states.values())
    assert meter.highest["jobs"] <= jobs
    assert meter.highest["memory"] <= 10


class Meter:
    """A runner that adds up what all attempts under way were given."""

    def __init__(self, graph: Graph) -> None:
        self._steps = {step.id: step for step in graph.steps}
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()
        self.highest: Counter[str] = Counter()

    def __call__(self, spec: AttemptSpec, control: Control) -> AttemptResult:
        resources = {name: int(n) for name, n in self._steps[spec.step].resources.items()}
        with self._lock:
            self._used.update(resources)
            self.highest = self.highest | self._used
        control.cancelled.wait(0.001)
        with self._lock:
            self._used.subtract(resources)
        return succeeded(spec)


def random_graph(source: random.Random, *, size: int, jobs: int) -> Graph:
    steps = [
        Step(
            id=f"s{number}",
            kind="play",
            needs=(f"s{source.randrange(number)}",) if number and source.random() < 0.5 else (),
            resources={
                "jobs": float(source.randint(0, jobs)),
                "memory": float(source.randint(0, 10)),
            },
        )
        for number in range(size)
    ]
    return Graph(steps=tuple(steps))

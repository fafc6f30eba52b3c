import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.engine.graph import (
    critical_path,
    extend,
    layers,
    order,
    require_valid,
    slack,
    unestimated,
    width,
)
from ropewalk.errors import InvalidInput
from ropewalk.model.graph import Graph, Step
from tests.engine.graphs import dags
from tests.engine.recorder import graph_of, step

DIAMOND = graph_of(step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"))


def test_order_puts_each_step_after_what_it_needs() -> None:
    assert order(DIAMOND) == ("a", "b", "c", "d")


def test_ties_go_to_the_higher_priority_and_then_to_the_lower_id() -> None:
    graph = graph_of(step("a"), step("c"), Step(id="b", kind="play", priority=1))

    assert order(graph) == ("b", "a", "c")
    assert layers(graph) == (("b", "a", "c"),)


@pytest.mark.parametrize("seed", range(5))
def test_order_does_not_depend_on_the_order_of_the_steps(seed: int) -> None:
    steps = list(DIAMOND.steps)
    random.Random(seed).shuffle(steps)

    assert order(Graph(steps=tuple(steps))) == order(DIAMOND)


def test_a_step_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="two steps are called 'a'") as raised:
        require_valid(graph_of(step("a"), step("a")))

    assert raised.value.code == "duplicate_step"


def test_an_unknown_need_is_refused_and_not_taken_for_a_step() -> None:
    with pytest.raises(InvalidInput, match="step 'a' needs 'ghost'") as raised:
        require_valid(graph_of(step("a", "ghost")))

    assert raised.value.code == "unknown_need"
    assert "ghost" in raised.value.hint


def test_an_empty_id_is_refused() -> None:
    with pytest.raises(InvalidInput, match="empty id"):
        require_valid(graph_of(step("")))


def test_a_circle_is_printed_with_all_of_its_steps_and_no_other() -> None:
    graph = graph_of(step("start"), step("a", "start", "c"), step("b", "a"), step("c", "b"))

    with pytest.raises(InvalidInput, match=r"'a' -> 'c' -> 'b' -> 'a'$") as raised:
        order(extend_unchecked(graph, step("behind", "c")))

    assert raised.value.code == "cycle"


def test_a_step_that_needs_itself_is_a_circle() -> None:
    with pytest.raises(InvalidInput, match=r"'a' -> 'a'$"):
        require_valid(graph_of(step("a", "a")))


def test_a_need_given_twice_counts_once() -> None:
    assert order(graph_of(step("a"), step("b", "a", "a"))) == ("a", "b")


def test_layers_and_width_of_a_diamond() -> None:
    assert layers(DIAMOND) == (("a",), ("b", "c"), ("d",))
    assert width(DIAMOND) == 2


def test_an_empty_graph_has_no_width_and_no_path() -> None:
    assert width(Graph()) == 0
    assert layers(Graph()) == ()
    assert critical_path(Graph(), {}) == ((), 0.0)
    assert slack(Graph(), {}) == {}


def test_critical_path_and_slack_of_a_diamond() -> None:
    durations = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 1.0}

    assert critical_path(DIAMOND, durations) == (("a", "b", "d"), 7.0)
    assert slack(DIAMOND, durations) == {"a": 0.0, "b": 0.0, "c": 3.0, "d": 0.0}


def test_a_step_without_duration_takes_its_own_estimate() -> None:
    graph = graph_of(Step(id="a", kind="play", estimate_s=4.0), step("b", "a"))

    assert critical_path(graph, {"b": 1.0}) == (("a", "b"), 5.0)


def test_nothing_is_guessed_for_a_step_without_duration_and_estimate() -> None:
    with pytest.raises(InvalidInput, match="no estimate for 'b', 'c'") as raised:
        critical_path(DIAMOND, {"a": 1.0, "d": 1.0})

    assert raised.value.code == "no_estimate"
    assert unestimated(DIAMOND, {"a": 1.0, "d": 1.0}) == ("b", "c")


def test_extend_appends_and_checks() -> None:
    assert order(extend(DIAMOND, [step("e", "d")]))[-1] == "e"
    with pytest.raises(InvalidInput, match="two steps"):
        extend(DIAMOND, [step("a")])


def test_a_chain_of_ten_thousand_steps_is_sorted_in_a_moment() -> None:
    chain = graph_of(*(step(str(n), *([str(n - 1)] if n else [])) for n in range(10_000)))
    started = time.process_time()

    assert len(layers(chain)) == 10_000
    assert critical_path(chain, dict.fromkeys(map(str, range(10_000)), 1.0))[1] == 10_000.0
    assert time.process_time() - started < 5.0


def test_a_diamond_ladder_stays_linear() -> None:
    steps = [step("0")]
    for level in range(1, 200):
        left, right = f"{level}l", f"{level}r"
        steps += [step(left, f"{level - 1}"), step(right, f"{level - 1}")]
        steps.append(step(f"{level}", left, right))

    assert len(order(graph_of(*steps))) == len(steps)


@given(dags(), st.data())
def test_the_longest_path_is_the_longest_of_all_paths(graph: Graph, data: st.DataObject) -> None:
    seconds = {s.id: float(data.draw(st.integers(0, 9))) for s in graph.steps}
    ends: dict[str, float] = {}
    needs = {s.id: s.needs for s in graph.steps}
    for id_ in order(graph):
        ends[id_] = seconds[id_] + max((ends[need] for need in needs[id_]), default=0.0)

    path, length = critical_path(graph, seconds)

    assert length == max(ends.values(), default=0.0)
    assert length == sum(seconds[id_] for id_ in path)
    assert all(before in needs[after] for before, after in itertools.pairwise(path))
    assert all(slack(graph, seconds)[id_] == 0.0 for id_ in path)


@given(dags())
def test_every_need_lies_in_an_earlier_layer(graph: Graph) -> None:
    level = {id_: number for number, layer in enumerate(layers(graph)) for id_ in layer}

    assert level.keys() == {s.id for s in graph.steps}
    assert all(level[need] < level[s.id] for s in graph.steps for need in s.needs)


def extend_unchecked(graph: Graph, *steps: Step) -> Graph:
    return Graph(steps=graph.steps + steps)

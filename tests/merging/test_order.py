from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.errors import InvalidInput
from ropewalk.merging.order import alternatives, is_order, levels, merge_order, order_reason
from ropewalk.model.plan import DomainSpec

NAMES = ("a", "b", "c", "d", "e", "f")


def domains(**needs: tuple[str, ...]) -> list[DomainSpec]:
    return [DomainSpec(name=name, depends_on=wanted) for name, wanted in needs.items()]


@st.composite
def plans(draw: st.DrawFn) -> list[DomainSpec]:
    """Domains whose dependencies form no cycle, in any order."""
    names = draw(st.permutations(NAMES))
    made = [
        DomainSpec(
            name=name,
            depends_on=tuple(draw(st.lists(st.sampled_from(names[:number]), unique=True)))
            if number
            else (),
        )
        for number, name in enumerate(names)
    ]
    return draw(st.permutations(made))


def test_dependencies_come_first_and_names_decide_the_rest() -> None:
    plan = domains(web=("api",), api=("database",), docs=(), database=())

    order = merge_order(plan)

    assert order == ("database", "api", "docs", "web")


@given(plans())
def test_every_plan_without_a_cycle_has_one_order_whatever_the_order_of_its_lines(
    plan: list[DomainSpec],
) -> None:
    order = merge_order(plan)

    assert sorted(order) == sorted(NAMES)
    assert is_order(order, {one.name: one.depends_on for one in plan})
    assert merge_order(sorted(plan, key=lambda one: one.name)) == order


@given(plans(), st.sampled_from(NAMES))
def test_alternatives_are_valid_distinct_and_bounded(plan: list[DomainSpec], late: str) -> None:
    needs = {one.name: one.depends_on for one in plan}
    order = merge_order(plan)

    others = list(alternatives(order, needs, late=late, limit=24))

    assert len(others) <= 24
    assert len(set(others)) == len(others)
    assert order not in others
    assert all(is_order(other, needs) and sorted(other) == sorted(order) for other in others)


def test_the_nearest_alternative_moves_the_late_domain_one_place() -> None:
    others = alternatives(("a", "b", "c"), {}, late="c")

    assert next(others) == ("a", "c", "b")


def test_a_cycle_names_those_in_it() -> None:
    plan = domains(a=("b",), b=("a",), c=())

    with pytest.raises(InvalidInput, match="the dependencies of a, b form a cycle"):
        merge_order(plan)


def test_an_unknown_dependency_is_named() -> None:
    plan = domains(a=("nobody",))

    with pytest.raises(InvalidInput, match="domain 'a' needs 'nobody', which is not in the plan"):
        merge_order(plan)


def test_levels_count_the_dependencies_below() -> None:
    needs = {"a": (), "b": ("a",), "c": ("b",), "d": ("a",)}

    depth = levels(("a", "b", "c", "d"), needs)

    assert depth == {"a": 0, "b": 1, "c": 2, "d": 1}


def test_the_reason_says_whether_there_are_dependencies() -> None:
    assert order_reason(("a", "b"), {"b": ("a",)}) == "dependencies first, then by name"
    assert order_reason(("a", "b"), {}) == "no dependencies, by name"


def test_a_long_chain_is_ordered_without_recursion() -> None:
    plan = [DomainSpec(name="d0")]
    plan += [
        replace(plan[0], name=f"d{number}", depends_on=(f"d{number - 1}",))
        for number in range(1, 2000)
    ]

    order = merge_order(plan)

    assert order == tuple(one.name for one in plan)

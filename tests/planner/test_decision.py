import time

import pytest

from ropewalk.errors import InvalidInput
from ropewalk.model.plan import DomainSpec, Mode, ReasonCode
from ropewalk.planner.decision import (
    critical_path,
    decide,
    expected_speedup,
    find_inside,
    find_overlaps,
    sort_domains,
)


def claims(**counts: int) -> dict[str, frozenset[str]]:
    """Each domain claims files of its own."""
    return {
        name: frozenset(f"{name}/{number}.py" for number in range(count))
        for name, count in counts.items()
    }


def sharing(distinct: int, shared: int) -> dict[str, frozenset[str]]:
    """Two domains that claim so many files together, so many of them both."""
    paths = [f"{number}.py" for number in range(distinct)]
    own = (distinct - shared) // 2
    return {
        "a": frozenset(paths[: shared + own]),
        "b": frozenset((*paths[:shared], *paths[shared + own :])),
    }


def specs(found: dict[str, frozenset[str]]) -> list[DomainSpec]:
    return [DomainSpec(name=name, files=tuple(paths)) for name, paths in found.items()]


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (claims(a=2, b=2), {ReasonCode.FEW_FILES}),
        (claims(a=2, b=3), {ReasonCode.OK}),
        (claims(a=12), {ReasonCode.SINGLE_DOMAIN}),
        (claims(a=1), {ReasonCode.FEW_FILES, ReasonCode.SINGLE_DOMAIN}),
        (sharing(10, 3), {ReasonCode.OVERLAP}),
        (sharing(1000, 299), {ReasonCode.OK}),
        (sharing(1000, 300), {ReasonCode.OVERLAP}),
        (sharing(9, 2), {ReasonCode.OK}),
        (claims(a=20) | {"b": frozenset(("a/0.py",))}, {ReasonCode.NOT_SEPARABLE}),
        (claims(a=5, b=0), {ReasonCode.OK}),
        (
            {"a": frozenset("xyz"), "b": frozenset("xyz")},
            {ReasonCode.FEW_FILES, ReasonCode.OVERLAP, ReasonCode.NOT_SEPARABLE},
        ),
    ],
)
def test_the_rule_at_its_boundaries(
    found: dict[str, frozenset[str]], codes: set[ReasonCode]
) -> None:
    decision = decide(specs(found), found)

    assert {reason.code for reason in decision.reasons} == codes
    assert (decision.mode is Mode.PARALLEL) == (codes == {ReasonCode.OK})


def test_nine_files_of_which_two_are_shared_overlap_by_22_2_percent() -> None:
    found = sharing(9, 2)

    decision = decide(specs(found), found)

    assert decision.overlap_percent == 22.2
    assert [overlap.path for overlap in find_overlaps(found)] == ["0.py", "1.py"]
    assert find_overlaps(found)[0].domains == ("a", "b")


def test_an_overlap_just_below_the_limit_is_not_shown_as_the_limit() -> None:
    found = sharing(10_000, 2_999)

    decision = decide(specs(found), found)

    assert decision.mode is Mode.PARALLEL
    assert decision.overlap_percent == 29.9


def test_disjoint_domains_of_17_files_are_parallel() -> None:
    found = claims(database=3, backend=8, frontend=6)

    decision = decide(specs(found), found)

    assert (decision.mode, decision.files, decision.domains) == (Mode.PARALLEL, 17, 3)
    assert decision.overlap_percent == 0.0


def test_a_domain_inside_another_is_named_with_it() -> None:
    found = claims(big=6) | {"small": frozenset(("big/1.py", "big/2.py"))}

    assert find_inside(found) == ("small", "big")


def test_three_domains_that_share_in_a_ring_are_separable() -> None:
    found = {"a": frozenset("pqx"), "b": frozenset("qry"), "c": frozenset("rpz")}

    assert find_inside(found) is None


def timed(**minutes: float) -> list[DomainSpec]:
    return [DomainSpec(name=name, estimate_minutes=m) for name, m in minutes.items()]


def chain(*, stacked: bool) -> list[DomainSpec]:
    return [
        DomainSpec(name="database", estimate_minutes=30.0),
        DomainSpec(
            name="backend", estimate_minutes=25.0, depends_on=("database",), stacked=stacked
        ),
        DomainSpec(name="ui", estimate_minutes=15.0, depends_on=("backend",), stacked=stacked),
    ]


@pytest.mark.parametrize(
    ("domains", "jobs", "speedup"),
    [
        (timed(a=30, b=25, c=15), None, 2.33),
        (timed(a=30, b=25, c=15), 3, 2.33),
        (timed(a=30, b=25, c=15), 2, 1.75),
        (timed(a=30, b=25, c=15), 1, 1.0),
        (timed(a=10, b=9, c=8), None, 2.7),
        (timed(a=10, b=9), None, 1.9),
        (chain(stacked=False), None, 2.33),
        (chain(stacked=True), None, 1.0),
        (timed(a=30), None, None),
        (timed(a=0, b=0), None, None),
        ([*timed(a=30), DomainSpec(name="b")], None, None),
    ],
)
def test_expected_speedup(
    domains: list[DomainSpec], jobs: int | None, speedup: float | None
) -> None:
    assert expected_speedup(domains, jobs=jobs) == speedup


def test_a_fan_that_waits_for_its_root_takes_root_and_longest() -> None:
    domains = [
        DomainSpec(name="database", estimate_minutes=30.0),
        DomainSpec(name="backend", estimate_minutes=25.0, depends_on=("database",), stacked=True),
        DomainSpec(name="frontend", estimate_minutes=15.0, depends_on=("database",), stacked=True),
    ]

    assert expected_speedup(domains) == 1.27
    assert critical_path(domains) == ("database", "backend")


@pytest.mark.parametrize(
    ("domains", "path"),
    [
        (timed(a=30, b=25), ("a",)),
        (chain(stacked=True), ("database", "backend", "ui")),
        (chain(stacked=False), ("database",)),
        ([DomainSpec(name="a"), DomainSpec(name="b")], ()),
        (
            [DomainSpec(name="a"), DomainSpec(name="b", depends_on=("a",), stacked=True)],
            ("a", "b"),
        ),
    ],
)
def test_critical_path(domains: list[DomainSpec], path: tuple[str, ...]) -> None:
    assert critical_path(domains) == path


def test_sequential_work_promises_no_speedup() -> None:
    found = claims(a=1, b=1)

    decision = decide(timed(a=30, b=30), found)

    assert decision.mode is Mode.SEQUENTIAL
    assert decision.expected_speedup is None


def test_dependencies_come_first_and_names_decide_the_rest() -> None:
    needs = {"frontend": ("backend",), "backend": ("database",), "database": (), "docs": ()}

    assert sort_domains(needs) == ("database", "backend", "docs", "frontend")


def test_domains_that_need_each_other_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="among a, b"):
        sort_domains({"a": ("b",), "b": ("a",), "c": ()})


def test_an_unknown_dependency_is_refused_with_both_names() -> None:
    with pytest.raises(InvalidInput, match="domain 'a' needs 'db', which is not in the plan"):
        sort_domains({"a": ("db",)})


def test_a_chain_of_ten_thousand_is_decided_in_seconds() -> None:
    names = [f"d{number}" for number in range(10_000)]
    domains = [
        DomainSpec(
            name=name,
            estimate_minutes=1.0,
            depends_on=(names[number - 1],) if number else (),
            stacked=True,
        )
        for number, name in enumerate(names)
    ]
    found = {name: frozenset((f"{name}.py",)) for name in names}
    started = time.process_time()

    decision = decide(domains, found)

    assert decision.expected_speedup == 1.0
    assert len(decision.critical_path) == 10_000
    assert time.process_time() - started < 10

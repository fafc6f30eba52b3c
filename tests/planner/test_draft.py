import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.model.plan import Base, DomainSpec, PlanFile, ResultPolicy
from ropewalk.planner.draft import to_yaml
from ropewalk.planner.resolve import resolve_plan
from ropewalk.store.schema.plan_file import parse_plan_file

PLAN = PlanFile(
    epic_id="orders",
    title="Orders: take them",
    description="First line.\n\n- a point\n  more of it\nlast line",
    domains=(
        DomainSpec(
            name="database",
            description="Two\nlines",
            files=("db/**", "[id].py", "- odd.py"),
            new_files=("db/orders.sql",),
            briefing="database",
            agent="claude",
            estimate_minutes=12.5,
            result=ResultPolicy.REQUIRED,
            checks=("pytest -q 'tests/db'",),
        ),
        DomainSpec(
            name="api", files=("api/**",), depends_on=("database",), stacked=True, command="sh -c x"
        ),
    ),
    validation=("make test",),
)


def test_a_plan_is_read_back_as_it_was() -> None:
    assert parse_plan_file(to_yaml(PLAN).encode(), name="plan.yaml") == PLAN


def test_a_resolved_plan_is_written_without_what_was_resolved() -> None:
    plan, _ = resolve_plan(
        PLAN,
        epic_id="orders",
        paths=("db/a.py",),
        base=Base(ref="main", commit="1" * 40),
        target=None,
        planner="file",
        created_at="now",
    )

    assert to_yaml(plan) == to_yaml(PLAN)


def test_it_looks_like_something_to_edit() -> None:
    plan = PlanFile(
        title="Orders",
        description="Take orders.\nShip them.",
        domains=(DomainSpec(name="api", files=("api/**", "api/a.py"), estimate_minutes=15.0),),
    )

    assert to_yaml(plan).splitlines() == [
        "title: Orders",
        "description: |-",
        "  Take orders.",
        "  Ship them.",
        "domains:",
        "  - name: api",
        '    description: ""',
        "    files:",
        '      - "api/**"',
        "      - api/a.py",
        "    depends_on: []",
        "    estimate_minutes: 15",
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "No", "null", "~", "1e3", "010", "0x1f", "2024-01-02", "true", "a: b", "a #b"),
        *("- a", "'", '"', "\\", "tab\there", "\n", "a\n", "\na", " a\nb", "a \nb", "é", "日本"),
        *(
            "line\u2028line",
            "\x85",
            "|",
            "> a",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a]",
            "a\n\n\nb",
            "a\n b",
        ),
    ],
)
def test_any_text_stays_that_text(text: str) -> None:
    plan = PlanFile(title=text, description=text, domains=PLAN.domains)
    if "\x85" in text:
        plan = PlanFile(title="x", description="x", domains=PLAN.domains)

    assert parse_plan_file(to_yaml(plan).encode(), name="plan.yaml") == plan


TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"],
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff",
    )
    | st.sampled_from("\n\t -:#'\"\\"),
    max_size=40,
)


@given(TEXT, TEXT, st.floats(min_value=1e-6, max_value=1e9))
def test_every_plan_is_read_back_as_it_was(title: str, description: str, minutes: float) -> None:
    domain = DomainSpec(
        name="a", files=("a",), description=description, estimate_minutes=minutes, checks=("x",)
    )
    plan = PlanFile(title=title, description=description, domains=(domain,))

    assert parse_plan_file(to_yaml(plan).encode(), name="plan.yaml") == plan

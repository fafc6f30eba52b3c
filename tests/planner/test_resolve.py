import time
from collections.abc import Sequence

import pytest

from ropewalk.errors import InvalidInput
from ropewalk.model.plan import Base, DomainSpec, Mode, Plan, PlanFile, PlanningNotes, ReasonCode
from ropewalk.planner.resolve import (
    is_unchanged,
    override_mode,
    rehash,
    resolve_plan,
)
from ropewalk.store.schema.documents import dump, load

TREE = (
    *("README.md", "api/routes.py", "api/service.py", "db/models.py", "db/schema.sql"),
    *("docs/README.md", "web/app.js", "web/index.html"),
)


def resolve(
    *domains: DomainSpec, paths: Sequence[str] = TREE, created_at: str = "2025-01-02T03:04:05Z"
) -> tuple[Plan, PlanningNotes]:
    return resolve_plan(
        PlanFile(domains=domains, title="Orders"),
        epic_id="orders",
        paths=paths,
        base=Base(ref="main", commit="1" * 40),
        target="refs/heads/main",
        planner="file",
        created_at=created_at,
    )


def spec(name: str, *files: str, new: Sequence[str] = (), needs: Sequence[str] = ()) -> DomainSpec:
    return DomainSpec(name=name, files=files, new_files=tuple(new), depends_on=tuple(needs))


def test_globs_become_the_sorted_paths_of_the_base() -> None:
    plan, _ = resolve(spec("db", "db/**"), spec("web", "web/index.html", "web/*.js"))

    assert plan.domain("db").paths == ("db/models.py", "db/schema.sql")
    assert plan.domain("web").paths == ("web/app.js", "web/index.html")
    assert plan.domain("web").files == ("web/index.html", "web/*.js")


def test_a_pattern_without_a_match_is_a_warning_that_names_both() -> None:
    _, notes = resolve(spec("db", "db/**", "database/**"))

    assert notes.warnings == ("db: 'database/**' matches no file of the base",)


def test_new_files_count_and_are_shared_with_the_glob_that_covers_them() -> None:
    plan, notes = resolve(spec("db", "db/**"), spec("api", "api/**", new=["db/auth.sql", "x/*.py"]))

    assert plan.decision.files == 6
    assert [overlap.path for overlap in plan.overlaps] == ["db/auth.sql"]
    assert plan.domain("api").paths == ("api/routes.py", "api/service.py")
    assert notes.warnings == (
        "db/auth.sql is claimed by api and db: they merge one on top of the other",
    )


def test_a_new_file_that_the_base_has_is_a_warning() -> None:
    _, notes = resolve(spec("db", new=["db/models.py"]))

    assert notes.warnings == ("db: 'db/models.py' is named as new, but the base has it",)


def test_a_later_exclamation_mark_takes_paths_out() -> None:
    plan, notes = resolve(spec("db", "db/**", "!db/schema.sql"))

    assert plan.domain("db").paths == ("db/models.py",)
    assert notes.warnings == ()


def test_merge_order_has_dependencies_first() -> None:
    plan, _ = resolve(
        spec("web", "web/**", needs=["api"]), spec("api", "api/**"), spec("b", "db/**")
    )

    assert plan.merge_order == ("api", "b", "web")


def test_the_hash_covers_what_is_planned_and_not_when() -> None:
    plan, _ = resolve(spec("db", "db/**"))
    later, _ = resolve(spec("db", "db/**"), created_at="2026-01-01T00:00:00Z")
    other, _ = resolve(spec("db", "db/*.sql"))

    assert plan.plan_hash == later.plan_hash != other.plan_hash
    assert is_unchanged(plan)


def test_a_plan_that_was_changed_by_hand_is_noticed() -> None:
    plan, _ = resolve(spec("db", "db/**"))

    text = dump(plan).replace(b'"Orders"', b'"Others"')
    changed = load(Plan, text, name="plan")

    assert not is_unchanged(changed)
    assert is_unchanged(rehash(changed))


def test_a_plan_survives_its_file() -> None:
    given = DomainSpec(name="db", files=("db/**", "größe.py"), estimate_minutes=15)
    plan, _ = resolve(given, paths=(*TREE, "größe.py"))

    again = load(Plan, dump(plan), name="plan")

    assert again == plan
    assert is_unchanged(again)


def test_paths_that_are_no_text_belong_to_nobody_and_that_is_said() -> None:
    plan, notes = resolve(spec("db", "db/**"), paths=(*TREE, "db/caf\udce9.py"))

    assert plan.domain("db").paths == ("db/models.py", "db/schema.sql")
    assert notes.warnings == ("1 paths of the base are not UTF-8 and belong to no domain",)
    assert is_unchanged(load(Plan, dump(plan), name="plan"))


def test_the_plans_own_checks_win_over_the_configured_ones() -> None:
    arguments = {
        "epic_id": "orders",
        "paths": TREE,
        "base": Base(ref="main", commit="1" * 40),
        "target": None,
        "planner": "file",
        "created_at": "now",
        "default_validation": ("make test",),
    }
    own = PlanFile(domains=(spec("db", "db/**"),), validation=("pytest",))

    with_own, _ = resolve_plan(own, **arguments)  # type: ignore[arg-type]
    without, _ = resolve_plan(PlanFile(domains=own.domains), **arguments)  # type: ignore[arg-type]

    assert (with_own.validation, without.validation) == (("pytest",), ("make test",))
    assert without.title == "orders"


def test_a_plan_without_domains_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no domains"):
        resolve()


def test_asking_for_the_other_mode_is_recorded() -> None:
    plan, _ = resolve(
        DomainSpec(name="db", files=("db/**",), estimate_minutes=10.0),
        DomainSpec(name="web", files=("web/**",), estimate_minutes=10.0),
    )

    parallel = override_mode(plan, Mode.PARALLEL)

    assert plan.decision.mode is Mode.SEQUENTIAL
    assert parallel.decision.mode is Mode.PARALLEL
    assert [r.code for r in parallel.decision.reasons] == [
        ReasonCode.FEW_FILES,
        ReasonCode.OVERRIDE,
    ]
    assert parallel.decision.expected_speedup == 2.0
    assert is_unchanged(parallel)
    assert override_mode(parallel, Mode.SEQUENTIAL).decision.expected_speedup is None


def test_asking_for_the_mode_that_was_decided_changes_nothing() -> None:
    plan, _ = resolve(spec("db", "db/**"))

    assert override_mode(plan, Mode.SEQUENTIAL) is plan


def test_many_overlaps_are_summed_up() -> None:
    paths = tuple(f"a/{number}.py" for number in range(30))

    _, notes = resolve(spec("one", "a/**"), spec("two", "a/**"), paths=paths)

    assert len(notes.warnings) == 21
    assert notes.warnings[-1] == "10 more paths are claimed by several domains"


def test_ten_thousand_domains_are_resolved_in_seconds() -> None:
    paths = [f"src/part{number}/file.py" for number in range(10_000)]
    domains = [
        spec(f"d{n}", f"src/part{n}/**", needs=[f"d{n - 1}"] if n else []) for n in range(10_000)
    ]
    started = time.process_time()

    plan, _ = resolve(*domains, paths=paths)

    assert time.process_time() - started < 10
    assert plan.merge_order[-1] == "d9999"
    assert plan.decision.mode is Mode.PARALLEL

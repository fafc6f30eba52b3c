"""Whole splits as a reviewer accepted them; each golden file says in one line why it is right."""

import json
from pathlib import Path

import pytest

from ropewalk.model.plan import Base, Mode, PlanFile, PlanningNotes
from ropewalk.planner.corpus import Corpus
from ropewalk.planner.draft import to_yaml
from ropewalk.planner.resolve import resolve_plan
from ropewalk.planner.static import split_corpus
from ropewalk.store.schema.plan_file import parse_plan_file
from tests.planner.trees import GOLDEN, REAL, domains_of, load_real, load_tree, split

SMALL = sorted(path.stem for path in GOLDEN.glob("*.md"))
LARGE = sorted(path.stem for path in REAL.glob("*.md"))


@pytest.fixture(scope="module")
def real() -> tuple[list[str], Corpus]:
    return load_real()


def require_golden(path: Path, plan: PlanFile, notes: PlanningNotes) -> None:
    expected = json.loads(path.read_text())
    assert expected["why"]
    assert domains_of(plan) == expected["domains"]
    assert [line.partition(" (")[0] for line in notes.left_out] == expected["left_out"]
    assert sorted(path for n in notes.domains for path in n.unsure) == expected["unsure"]


@pytest.mark.parametrize("name", SMALL)
def test_small_projects_are_split_as_expected(name: str) -> None:
    tree = load_tree(name.split("-", maxsplit=1)[0])
    epic = (GOLDEN / f"{name}.md").read_text()

    plan, notes = split(epic, paths=tree.paths, read=tree.read)

    require_golden(GOLDEN / f"{name}.json", plan, notes)
    assert parse_plan_file(to_yaml(plan).encode(), name="plan.yaml", from_person=False) == plan


@pytest.mark.parametrize("name", LARGE)
def test_epics_of_a_real_library_are_split_as_expected(
    name: str, real: tuple[list[str], Corpus]
) -> None:
    paths, corpus = real
    epic = (REAL / f"{name}.md").read_text()

    plan, notes = split_corpus(epic, corpus, paths=paths)

    require_golden(REAL / f"{name}.json", plan, notes)
    resolved, _ = resolve_plan(
        plan,
        epic_id=name,
        paths=paths,
        base=Base(ref="main", commit="1" * 40),
        target=None,
        planner="static",
        created_at="now",
    )
    assert resolved.decision.mode is Mode.PARALLEL
    assert resolved.overlaps == ()


def test_the_recorded_tree_is_as_large_as_a_real_project(
    real: tuple[list[str], Corpus],
) -> None:
    paths, corpus = real

    assert len(paths) >= 200
    assert len(corpus.facts) >= 200


def test_the_same_epic_and_tree_give_the_same_plan_in_any_order() -> None:
    tree = load_tree("service")
    epic = (GOLDEN / "service-search.md").read_text()

    forward = split(epic, paths=tree.paths, read=tree.read)
    backward = split(epic, paths=list(reversed(tree.paths)), read=tree.read)

    assert forward == backward

"""The rungs without an agent: whole trees from what is known of single files."""

from collections.abc import Iterator

import pytest

from ropewalk.errors import GitError
from ropewalk.merging.resolve.rungs import Remembered, Solved, candidates_rung, solver_rung
from ropewalk.merging.resolve.values import FileCandidate, Offered, Rung
from ropewalk.merging.values import Clash
from ropewalk.model.merge import ResolvedBy
from tests.conftest import run_git
from tests.merging.epics import Epic, numbered
from tests.merging.resolve.clashes import NOTES, clashing, two_sides

GUIDE = "docs/guide.md"


@pytest.fixture
def clash(epic: Epic) -> Iterator[Clash]:
    """Two files in conflict; in each both sides put a line at the same place."""
    sides = (
        {NOTES: numbered(line_5=f"note 5\n{side}"), GUIDE: f"# Guide\n\n{side}\n"}
        for side in ("one", "two")
    )
    ours, theirs = two_sides(epic, *sides)
    with clashing(epic, ours, theirs) as found:
        yield found


def known(**contents: str) -> Solved:
    paths = {"notes": NOTES, "guide": GUIDE}
    return {
        paths[name]: FileCandidate(content=text.encode(), methods=("rerere",), score=0.0)
        for name, text in contents.items()
    }


def offers(rung: Rung, clash: Clash) -> list[Offered]:
    return list(rung(clash))


def test_a_solver_that_knows_all_files_offers_the_tree(epic: Epic, clash: Clash) -> None:
    rung = solver_rung(ResolvedBy.RERERE, lambda _clash: [known(notes="n\n", guide="g\n")])

    (offered,) = offers(rung, clash)

    assert (epic.read(offered.tree, NOTES), epic.read(offered.tree, GUIDE)) == ("n", "g")
    assert offered.by == "rerere"
    assert offered.words == (
        f"{NOTES}: as a person resolved it before",
        f"{GUIDE}: as a person resolved it before",
    )


def test_what_a_solver_knows_of_one_file_is_completed_by_candidates(
    epic: Epic, clash: Clash
) -> None:
    def solver(_clash: Clash) -> list[Solved]:
        return [known(notes="as recorded\n")]

    assert offers(solver_rung(ResolvedBy.RERERE, solver), clash) == []
    first = offers(candidates_rung([solver]), clash)[0]

    assert epic.read(first.tree, NOTES) == "as recorded"
    assert "<<<" not in epic.read(first.tree, GUIDE)
    assert first.by == "candidate"


def test_candidates_of_several_files_are_combined_the_likeliest_first_within_the_limit(
    epic: Epic, clash: Clash
) -> None:
    found = offers(candidates_rung(limit=5), clash)

    assert len({one.tree for one in found}) == 5
    assert {one.among for one in found} == {5}
    for one in found:
        assert "<<<" not in epic.read(one.tree, NOTES) + epic.read(one.tree, GUIDE)
        changed = run_git(epic.root, "diff", "--name-only", clash.ours, one.tree)
        assert set(changed.split()) <= {GUIDE, NOTES}


def test_a_solver_that_cannot_be_used_is_said_and_hides_nothing(clash: Clash) -> None:
    def broken(_clash: Clash) -> list[Solved]:
        raise GitError("git is unwell")

    rung = solver_rung(ResolvedBy.DRIVER, broken)(clash)

    with pytest.raises(StopIteration) as end:
        next(rung)
    assert end.value.value == "driver could not be used: git is unwell"
    assert offers(candidates_rung([broken], limit=2), clash)


def test_a_solver_is_asked_once_about_a_conflict(clash: Clash) -> None:
    asked = []

    def solver(one: Clash) -> list[Solved]:
        asked.append(one.domain)
        return []

    remembered = Remembered(solver)
    offers(solver_rung(ResolvedBy.RERERE, remembered), clash)
    offers(candidates_rung([remembered], limit=1), clash)

    assert asked == ["b-side"]


def test_a_file_that_one_side_deleted_has_no_candidates(epic: Epic) -> None:
    ours, theirs = two_sides(epic, {GUIDE: None}, {GUIDE: "# Guide\n"})
    with clashing(epic, ours, theirs) as clash:
        assert offers(candidates_rung(), clash) == []

import random
from itertools import combinations
from pathlib import Path

import pytest

from benchmarks.histories import changed, make_tree, write_branches
from ropewalk.git.merge_batch import merge_pairs
from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.own import own_context, quarantined
from ropewalk.git.repository import find_place
from ropewalk.merging.footprint import footprint, may_clash, survey
from ropewalk.merging.matrix import candidate_pairs, clashes, matrix
from tests.conftest import run_git
from tests.merging.epics import Epic


@pytest.mark.parametrize("seed", range(8))
def test_the_filter_misses_no_conflict_and_the_matrix_is_that_of_all_pairs(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    base = make_tree(chance, folders=4, files=12)
    trees = [changed(chance, base, f"b{number}", times=chance.randint(1, 5)) for number in range(5)]
    branches = write_branches(tmp_path / "repository", base, trees)
    heads = {f"b{number}": head for number, head in enumerate(branches.heads)}
    own = own_context(find_place(tmp_path / "repository"))

    with quarantined(own) as apart:
        works = survey(apart, base=branches.base, heads=heads).works
        found = matrix(apart, heads, footprints=works)
        expected = {
            pair
            for pair in combinations(heads, 2)
            if not merge_tree(apart, heads[pair[0]], heads[pair[1]]).is_clean
        }

    assert {(one.a, one.b) for one in found.conflicts} == expected
    assert found.pairs == 10
    assert found.candidates == len(set(candidate_pairs(works)))
    alone = {n: footprint(own, base=branches.base, head=head) for n, head in heads.items()}
    assert all(may_clash(alone[a], alone[b]) for a, b in expected)


def test_the_matrix_names_the_files_and_what_it_knows_is_found_in_any_order(epic: Epic) -> None:
    heads = {
        "a": epic.commit({"docs/guide.md": "# Mine\n", "api/new.py": "1\n"}),
        "b": epic.commit({"docs/guide.md": "# Yours\n"}),
        "c": epic.commit({"Api/New.py": "2\n"}),
        "d": epic.commit({"web/app.js": "1\n"}),
    }
    own = own_context(epic.place)
    works = survey(own, base=epic.base, heads=heads).works

    with quarantined(own) as apart:
        found = matrix(apart, heads, footprints=works)

    assert next((one.a, one.b, one.paths) for one in found.conflicts) == (
        "a",
        "b",
        ("docs/guide.md",),
    )
    assert clashes(found, "c", "a")
    assert not clashes(found, "b", "d")
    assert (found.pairs, found.candidates) == (6, 2)


def test_many_pairs_are_asked_at_once_and_one_that_cannot_be_merged_costs_no_other(
    epic: Epic,
) -> None:
    a = epic.commit({"docs/guide.md": "# Mine\n"})
    b = epic.commit({"docs/guide.md": "# Yours\n"})
    c = epic.commit({"web/app.js": "1\n"})
    orphan = run_git(
        epic.root, "commit-tree", "-m", "alone", run_git(epic.root, "rev-parse", "HEAD^{tree}")
    )

    with quarantined(own_context(epic.place)) as apart:
        verdicts = merge_pairs(apart, [(a, c), (a, orphan), (a, b), ("1" * 40, a), (b, c)])

    assert [one and one.is_clean for one in verdicts] == [True, None, False, None, True]
    assert [one and one.paths for one in verdicts] == [(), None, ("docs/guide.md",), None, ()]


def test_no_pairs_are_no_question(epic: Epic) -> None:
    assert merge_pairs(own_context(epic.place), []) == ()

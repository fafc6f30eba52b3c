from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.merging.resolve.alignment import Align, myers, patience
from ropewalk.merging.resolve.three_way import Changed, three_way

SEQUENCES = st.lists(st.sampled_from("abcdef"), max_size=30)
ALIGNS: tuple[Align, ...] = (myers, patience)


def longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    lengths = [0] * (len(second) + 1)
    for one in first:
        above = lengths.copy()
        for at, two in enumerate(second):
            lengths[at + 1] = above[at] + 1 if one == two else max(lengths[at], above[at + 1])
    return lengths[-1]


@given(SEQUENCES, SEQUENCES, st.sampled_from(ALIGNS))
def test_matches_are_equal_stretches_in_order(
    first: list[str], second: list[str], align: Align
) -> None:
    at = (0, 0)
    for row, column, count in align(first, second):
        assert count > 0
        assert (row, column) >= at
        assert first[row : row + count] == second[column : column + count]
        at = (row + count, column + count)


@given(SEQUENCES, SEQUENCES)
def test_the_shortest_script_keeps_all_that_is_common(first: list[str], second: list[str]) -> None:
    assert sum(count for _, _, count in myers(first, second)) == longest_common(first, second)


def test_sequences_too_far_apart_for_the_shortest_script_are_paired_by_what_is_unique() -> None:
    first = [*(f"a{n}" for n in range(600)), "shared", *(f"b{n}" for n in range(600))]
    second = [*(f"c{n}" for n in range(600)), "shared", *(f"d{n}" for n in range(600))]

    assert myers(first, second) == ((600, 600, 1),)


def test_patience_keeps_unlike_blocks_apart_where_brackets_would_pair_up() -> None:
    first = ["def a():", "{", "one", "}", "def b():", "{", "two", "}"]
    second = ["def b():", "{", "two", "}"]

    assert patience(first, second) == ((4, 0, 4),)


@given(
    base=SEQUENCES,
    ours=SEQUENCES,
    theirs=SEQUENCES,
    align=st.sampled_from(ALIGNS),
    touching=st.booleans(),
)
def test_the_parts_cover_each_version_without_gap_and_say_who_changed_them(
    base: list[str], ours: list[str], theirs: list[str], align: Align, *, touching: bool
) -> None:
    parts = three_way(base, ours, theirs, align=align, touching=touching)

    for version, name in ((base, "base"), (ours, "ours"), (theirs, "theirs")):
        slices = [getattr(part, name) for part in parts]
        assert [element for each in slices for element in version[each]] == version
    for part in parts:
        was, mine, other = base[part.base], ours[part.ours], theirs[part.theirs]
        assert (mine == was, other == was, mine == other) == {
            Changed.NEITHER: (True, True, True),
            Changed.OURS: (False, True, False),
            Changed.THEIRS: (True, False, False),
            Changed.ALIKE: (False, False, True),
            Changed.BOTH: (False, False, False),
        }[part.changed]


@given(SEQUENCES, SEQUENCES)
def test_a_side_that_changed_nothing_is_never_in_conflict(base: list[str], side: list[str]) -> None:
    changed = {part.changed for part in three_way(base, base, side)}

    assert changed <= {Changed.NEITHER, Changed.THEIRS}


@pytest.mark.parametrize(("touching", "expected"), [(True, [Changed.BOTH]), (False, [])])
def test_changes_of_neighbouring_lines_are_one_conflict_only_when_touching_counts(
    expected: list[Changed], *, touching: bool
) -> None:
    parts = three_way("xaby", "xAby", "xaBy", touching=touching)

    assert [part.changed for part in parts if part.changed is Changed.BOTH] == expected


def test_two_insertions_at_one_place_are_in_conflict_even_when_touching_does_not_count() -> None:
    parts = three_way("xy", "x1y", "x2y", touching=False)

    assert [part.changed for part in parts] == [Changed.NEITHER, Changed.BOTH, Changed.NEITHER]

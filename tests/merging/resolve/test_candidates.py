import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ropewalk.merging.resolve.candidates import LARGEST, candidates
from ropewalk.merging.resolve.features import unspaced
from ropewalk.merging.resolve.parse import marked_line, why_unparsable
from ropewalk.merging.resolve.values import FileCandidate, FileConflict

STATEMENTS = st.lists(
    st.sampled_from(
        ["x = 1\n", "x = 2\n", "import a\n", "def f(a):\n    return a\n", "f(1,\n  2)\n", "\n"]
    ),
    max_size=5,
).map("".join)


def resolved(
    base: str | None, ours: str, theirs: str, *, path: str = "a.py", limit: int = 16
) -> tuple[FileCandidate, ...]:
    conflict = FileConflict(
        path=path,
        base=None if base is None else base.encode(),
        ours=ours.encode(),
        theirs=theirs.encode(),
    )
    return candidates(conflict, limit=limit)


def texts(found: tuple[FileCandidate, ...]) -> list[str]:
    return [each.content.decode() for each in found]


def test_changes_of_one_line_by_both_sides_are_put_together_first() -> None:
    found = resolved("call(one, two)\n", "call(1, two)\n", "call(one, 2)\n")

    assert found[0].content == b"call(1, 2)\n"
    assert found[0].dropped == ()


def test_two_functions_added_at_one_place_are_both_kept_in_either_order() -> None:
    one, two = "def one():\n    return 1\n", "def two():\n    return 2\n"
    found = {unspaced((each.content,)) for each in resolved("", one, two)}

    assert unspaced((f"{one}{two}".encode(),)) in found
    assert unspaced((f"{two}{one}".encode(),)) in found


def test_a_candidate_names_the_way_of_each_region_and_what_it_leaves_out() -> None:
    found = resolved(
        "mode = 'r'\nkept = 1\nlast = 0\n",
        "mode = 'w'\nkept = 1\nlast = 1\n",
        "mode = 'a'\nkept = 1\nlast = 2\n",
    )
    mixed = next(each for each in found if each.content == b"mode = 'w'\nkept = 1\nlast = 2\n")

    assert mixed.methods == ("ours", "theirs")
    assert any(sentence.startswith("theirs: 'mode = 'a''") for sentence in mixed.dropped)


def test_the_likeliest_comes_first_and_no_two_are_the_same_but_for_white_space() -> None:
    found = resolved("a = 1\nb = 2\n", "a = 3\nb = 4\n", "a = 5\nb = 6\n")

    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    assert len({unspaced((each.content,)) for each in found}) == len(found) > 1


def test_a_candidate_that_does_not_parse_is_not_offered_where_a_side_parses() -> None:
    base = "if a:\n    one()\n"
    found = resolved(base, "if b:\n    one()\n    two()\n", "while a:\n    one(1)\n")

    assert found
    assert [why_unparsable("a.py", each.content) for each in found] == [None] * len(found)


def test_where_no_side_parses_candidates_need_not() -> None:
    found = resolved("print 1, 2\n", "print 1, 3\n", "print 0, 2\n")

    assert found[0].content == b"print 0, 3\n"


def test_a_file_that_both_sides_added_has_candidates() -> None:
    assert "both\nours\ntheirs\n" in texts(
        resolved(None, "both\nours\n", "both\ntheirs\n", path="notes.txt")
    )


def test_line_ends_of_windows_and_a_missing_last_one_stay_as_they_are() -> None:
    crlf = resolved("a\r\nb\r\n", "a\r\nb 1\r\n", "x a\r\nb\r\n", path="notes.txt")
    bare = resolved("a b", "a b c", "x a b", path="notes.txt")

    assert crlf[0].content == b"x a\r\nb 1\r\n"
    assert bare[0].content == b"x a b c"


@pytest.mark.parametrize("ours", [b"\0", b"x\n" * (LARGEST // 2 + 1)])
def test_binary_and_very_large_files_have_none(ours: bytes) -> None:
    conflict = FileConflict(path="a", base=b"a\n", ours=ours, theirs=b"b\n")

    assert candidates(conflict) == ()


def test_markers_that_a_side_committed_are_in_no_candidate() -> None:
    ours = "<<<<<<< x\na = 1\n=======\na = 2\n>>>>>>> y\n"
    found = resolved("a = 0\n", ours, "a = 3\n", path="notes.txt")

    assert "a = 3\n" in texts(found)
    assert [marked_line(each.content) for each in found] == [None] * len(found)


def test_a_large_file_with_many_regions_is_done_in_bounded_time_and_number() -> None:
    base, ours, theirs = (
        "".join(f"line_{n} = {side if n % 50 == 0 else 0}\n" for n in range(1_500))
        for side in ("0", "1 + 1", "2 * 2")
    )
    started = time.monotonic()
    found = resolved(base, ours, theirs, limit=5)

    assert len(found) == 5
    assert time.monotonic() - started < 60


def test_no_time_at_all_gives_no_candidate_and_no_error() -> None:
    conflict = FileConflict(path="a.py", base=b"a\n", ours=b"b\n", theirs=b"c\n")

    assert candidates(conflict, seconds=0) == ()


@settings(max_examples=40, deadline=None)
@given(base=STATEMENTS, ours=STATEMENTS, theirs=STATEMENTS)
def test_every_candidate_is_free_of_markers_parses_and_comes_again(
    base: str, ours: str, theirs: str
) -> None:
    found = resolved(base, ours, theirs, limit=6)

    assert len(found) <= 6
    for each in found:
        assert marked_line(each.content) is None
        assert why_unparsable("a.py", each.content) is None
    assert resolved(base, ours, theirs, limit=6) == found

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.merging.resolve.texts import METHODS
from ropewalk.merging.resolve.values import Region

LINES = st.lists(
    st.sampled_from([b"a b\n", b"a c\n", b"f(a,\n", b"  b)\n", b"\n", b"x\r\n", b"\xff\n"]),
    max_size=8,
).flatmap(lambda lines: st.sampled_from([tuple(lines), (*lines, b"last")]))


def region(base: str, ours: str, theirs: str) -> Region:
    base_lines, our_lines, their_lines = (
        tuple(text.encode().splitlines(keepends=True)) for text in (base, ours, theirs)
    )
    return Region(path="notes", base=base_lines, ours=our_lines, theirs=their_lines)


def offered(base: str, ours: str, theirs: str) -> dict[str, str]:
    return {
        offer.method: b"".join(offer.lines).decode()
        for _, method in METHODS
        for offer in method(region(base, ours, theirs))
    }


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("ours", "a\nb\n"),
        ("theirs", "b\nc\n"),
        ("base", ""),
        ("nothing", ""),
        ("ours_then_theirs", "a\nb\nb\nc\n"),
        ("theirs_then_ours", "b\nc\na\nb\n"),
        ("ours_then_theirs_once", "a\nb\nc\n"),
        ("theirs_then_ours_once", "b\nc\na\n"),
        ("ours_then_theirs_spaced", "a\nb\n\nb\nc\n"),
        ("union_else_ours_then_theirs", "a\nb\nc\n"),
    ],
)
def test_two_insertions_at_one_place(method: str, expected: str) -> None:
    assert offered("", "a\nb\n", "b\nc\n")[method] == expected


def test_a_side_without_line_end_gets_one_before_the_other_follows() -> None:
    assert offered("", "ours", "theirs")["ours_then_theirs"] == "ours\ntheirs"


def test_where_both_additions_share_lines_the_clash_between_them_takes_one_side() -> None:
    found = offered("", "head\none\nfoot\n", "head\ntwo\nfoot\nmore\n")

    assert found["union_else_ours"] == "head\none\nfoot\n"
    assert found["additions_of_both_else_ours"] == "head\none\nfoot\nmore\n"
    assert found["additions_of_both_else_theirs"] == "head\ntwo\nfoot\nmore\n"


def test_changes_of_neighbouring_lines_are_both_made() -> None:
    found = offered("a\nb\n", "A\nb\n", "a\nB\n")

    assert found["close_both_sides_by_lines"] == "A\nB\n"


def test_changes_in_one_line_are_both_made_by_tokens() -> None:
    found = offered("call(one, two)\n", "call(1, two)\n", "call(one, 2)\n")

    assert found["both_sides_by_tokens"] == "call(1, 2)\n"


def test_a_line_that_both_changed_is_taken_from_one_side_and_its_neighbours_are_merged() -> None:
    found = offered(
        "first line here\nsecond line here\n",
        "first line there\nsecond line now\n",
        "first line here\nsecond line then\n",
    )

    assert (
        found["both_sides_by_similar_lines_else_theirs"] == "first line there\nsecond line then\n"
    )
    assert found["both_sides_by_similar_lines_else_ours"] == "first line there\nsecond line now\n"


def test_what_one_side_only_wrapped_gets_the_change_of_the_other_in_the_new_form() -> None:
    found = offered(
        "call(one, two, three)\n",
        "call(\n    one,\n    two,\n    three,\n)\n",
        "call(one, 2, three)\n",
    )

    wrapped = "call(\n    one,\n    2,\n    three,\n)\n"
    assert found["close_both_sides_by_words_but_last_commas_laid_out_ours"] == wrapped


def test_lines_that_one_side_indented_get_the_change_of_the_other_where_they_stand_now() -> None:
    found = offered("one\ntwo\n", "if x:\n    one\n    two\n", "one\n2\n")

    assert found["close_both_sides_by_words_laid_out_ours"] == "if x:\n    one\n    2\n"


@given(base=LINES, ours=LINES, theirs=LINES)
def test_no_method_raises_or_makes_up_words(
    base: tuple[bytes, ...], ours: tuple[bytes, ...], theirs: tuple[bytes, ...]
) -> None:
    known = set(b"".join((*base, *ours, *theirs)).split()) | {b"\n"}
    letters = set(b"".join(known))
    given_region = Region(path="notes", base=base, ours=ours, theirs=theirs)

    for _, method in METHODS:
        for offer in method(given_region):
            assert set(b"".join(offer.lines)) <= letters | set(b" \n\r")
            assert all(line.endswith(b"\n") for line in offer.lines[:-1])

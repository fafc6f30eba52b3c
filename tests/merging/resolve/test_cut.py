from hypothesis import given
from hypothesis import strategies as st

from ropewalk.merging.resolve.regions import cut, lines_of
from ropewalk.merging.resolve.values import FileConflict

TEXTS = st.lists(st.sampled_from([b"a\n", b"b\r\n", b"\n", b"\x0c", b"end"]), max_size=12).map(
    b"".join
)


def conflict(base: bytes | None, ours: bytes, theirs: bytes) -> FileConflict:
    return FileConflict(path="notes", base=base, ours=ours, theirs=theirs)


@given(TEXTS)
def test_lines_joined_are_the_text_whatever_its_line_ends(text: bytes) -> None:
    assert b"".join(lines_of(text)) == text


@given(TEXTS, TEXTS, TEXTS)
def test_regions_filled_with_one_side_and_their_surroundings_are_one_text(
    base: bytes, ours: bytes, theirs: bytes
) -> None:
    parts = cut(conflict(base, ours, theirs))
    whole = parts.filled([region.ours for region in parts.regions])

    assert len(parts.stable) == len(parts.regions) + 1
    for region in parts.regions:
        assert b"".join((*region.before, *region.ours, *region.after)) == whole
        assert region.ours not in (region.base, region.theirs)
        assert region.theirs != region.base


def test_what_only_one_side_changed_is_stable_already() -> None:
    parts = cut(conflict(b"a\nb\nc\nd\ne\n", b"A\nb\nc\nd\nours\n", b"a\nb\nC\nd\ntheirs\n"))

    assert [(region.ours, region.theirs) for region in parts.regions] == [
        ((b"ours\n",), (b"theirs\n",))
    ]
    assert parts.filled([(b"both\n",)]) == b"A\nb\nC\nd\nboth\n"


def test_windows_line_ends_stay_in_the_lines() -> None:
    parts = cut(conflict(b"a\r\nb\r\n", b"a\r\nours\r\n", b"a\r\ntheirs\r\n"))

    assert parts.filled([(b"both\r\n",)]) == b"a\r\nboth\r\n"


def test_a_last_line_without_end_is_a_region_of_its_own() -> None:
    parts = cut(conflict(b"a\nb", b"a\nours", b"a\ntheirs"))

    assert [(region.base, region.ours) for region in parts.regions] == [((b"b",), (b"ours",))]


def test_a_file_that_both_sides_added_is_one_region_without_base() -> None:
    parts = cut(conflict(None, b"ours\n", b"theirs\n"))

    assert [region.base for region in parts.regions] == [()]

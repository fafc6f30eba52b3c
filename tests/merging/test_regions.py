import random

import pytest

from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.objects import read_blob
from ropewalk.git.repository import find_place
from ropewalk.merging.regions import (
    MOST_BYTES,
    MOST_LINES,
    MOST_REGIONS,
    lines_of,
    read_texts,
    regions,
    with_regions,
)
from ropewalk.model.conflict import ConflictRegion, Excerpt
from tests.git.bench import LINES, Bench, Content, bench_of, changed
from tests.merging.epics import Epic

Sides = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@pytest.fixture
def bench(epic: Epic) -> Bench:
    return bench_of(find_place(epic.root))


def found(
    bench: Bench, base: Content, ours: Content, theirs: Content, *, path: str = "f"
) -> tuple[ConflictRegion, ...]:
    """Merge two versions of one file and return the regions of the first path in conflict."""
    merged = bench.merge({"other": b"x\n", path: base}, {path: ours}, {path: theirs})
    return regions(bench.context, merged.paths[0])


def texts(region: ConflictRegion) -> Sides:
    return region.base.lines, region.ours.lines, region.theirs.lines


def test_a_region_has_the_lines_of_each_side_with_the_numbers_they_have_there(
    bench: Bench,
) -> None:
    ours = b"new 1\nnew 2\n" + changed(9, b"ours").replace(b"line 15\n", b"")
    theirs = changed(9, b"theirs\nmore").replace(b"line 4\n", b"")

    (region,) = found(bench, LINES, ours, theirs)

    assert region == ConflictRegion(
        base=Excerpt(start=10, count=1, lines=("line 9",)),
        ours=Excerpt(start=12, count=1, lines=("ours",)),
        theirs=Excerpt(start=9, count=2, lines=("theirs", "more")),
    )


def test_a_side_that_only_deletes_has_no_lines_but_a_place(bench: Bench) -> None:
    (region,) = found(bench, LINES, LINES.replace(b"line 9\n", b""), changed(9, b"theirs"))

    assert region.ours == Excerpt(start=10, count=0)
    assert region.theirs == Excerpt(start=10, count=1, lines=("theirs",))


def test_both_added_the_file(bench: Bench) -> None:
    (region,) = found(bench, None, b"same\nours\nend\n", b"same\ntheirs\nend\n")

    assert region.base == Excerpt(start=0, count=0)
    assert texts(region)[1:] == (("ours",), ("theirs",))
    assert region.ours.start == 2


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_deleted_file_stands_against_every_change_of_the_other_side(
    bench: Bench,
    *,
    mirrored: bool,
) -> None:
    edited = changed(2, b"edited").replace(b"line 15\n", b"again\n")
    sides: list[Content] = [edited, None]
    shown = found(bench, LINES, *(reversed(sides) if mirrored else sides))

    kept = [region.theirs if mirrored else region.ours for region in shown]
    gone = [region.ours if mirrored else region.theirs for region in shown]
    assert [(one.start, one.lines) for one in kept] == [(3, ("edited",)), (16, ("again",))]
    assert gone == [Excerpt(start=0, count=0)] * 2


def test_line_ends_are_told_apart_and_not_shown(bench: Bench) -> None:
    windows = LINES.replace(b"\n", b"\r\n")

    (region,) = found(bench, LINES, windows, changed(2, b"theirs"))

    assert region.ours.count == 20
    assert region.ours.lines[2] == "line 2"
    assert region.theirs.lines[2] == "theirs"


def test_a_missing_line_end_at_the_end_of_the_file(bench: Bench) -> None:
    (region,) = found(bench, b"a\nb", b"a\nb\nours", b"a\nb\ntheirs")

    assert texts(region) == (("b",), ("ours",), ("theirs",))
    assert (region.ours.start, region.ours.count) == (3, 1)


def test_a_carriage_return_alone_ends_no_line(bench: Bench) -> None:
    (region,) = found(bench, b"a\rb\nc\n", b"a\rours\nc\n", b"a\rtheirs\nc\n")

    assert region.ours.count == 1
    assert region.base.start == 1


def test_markers_in_the_file_are_text(bench: Bench) -> None:
    inside = b"<<<<<<< ours\n=======\n>>>>>>> theirs\n"
    base = inside + LINES + inside

    (region,) = found(
        bench,
        base,
        inside + changed(9, b"=======\nours") + inside,
        inside + changed(9, b"theirs\n=======") + inside,
    )

    assert region.ours == Excerpt(start=13, count=2, lines=("=======", "ours"))
    assert region.theirs == Excerpt(start=13, count=2, lines=("theirs", "======="))


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (b"\0base", b"\0ours", b"\0theirs"),
        (b"base\n", b"ours\n" + b"x" * MOST_BYTES, b"theirs\n"),
        (("160000", b"1" * 40), ("160000", b"2" * 40), ("160000", b"3" * 40)),
        (b"base\n", ("120000", b"elsewhere"), b"theirs\n"),
    ],
    ids=["binary", "large", "submodule", "types"],
)
def test_what_is_no_text_of_two_sides_has_no_regions(
    bench: Bench, base: Content, ours: Content, theirs: Content
) -> None:
    assert found(bench, base, ours, theirs) == ()


def test_symlinks_show_where_they_lead(bench: Bench) -> None:
    (region,) = found(bench, ("120000", b"a"), ("120000", b"b"), ("120000", b"c"))

    assert texts(region) == (("a",), ("b",), ("c",))


def test_what_a_file_holds_cannot_move_the_cursor(bench: Bench) -> None:
    (region,) = found(bench, b"a\n", b"\x1b[2Jours\x07\n", b"th\xffeirs\xe2\x80\xae\n")

    assert texts(region)[1:] == (("ours",), ("th\\xffeirs",))


def test_everything_is_bounded(bench: Bench) -> None:
    base = b"".join(b"%d\nkeep\nkeep %d\n" % (number, number) for number in range(20))
    ours, theirs = (
        base.replace(b"keep\nkeep", text * 30 + b"x" * 5000 + b"\nkeep")
        for text in (b"ours\n", b"theirs\n")
    )

    shown = found(bench, base, ours, theirs)

    assert len(shown) == MOST_REGIONS
    assert shown[0].ours.count == 30
    assert len(shown[0].ours.lines) == MOST_LINES
    (long,) = found(bench, b"a\n", b"x" * 5000 + b"\n", b"b\n")
    assert long.ours.lines[0] == "x" * 200 + "…"


def test_nothing_is_written_to_the_repository(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"f": b"ours\n"}, {"f": b"theirs\n"})
    store = bench.context.objects
    assert store is not None
    before = sorted(path.name for path in store.rglob("*"))

    assert regions(bench.context, merged.paths[0])

    assert sorted(path.name for path in store.rglob("*")) == before


def between_markers(preview: bytes, ours: str, theirs: str) -> list[Sides]:
    """Return base, ours and theirs of each region as git marks them."""
    shown: list[list[list[str]]] = []
    part = None
    for line in lines_of(preview):
        text = line.decode().removesuffix("\n")
        if text == f"<<<<<<< {ours}":
            shown.append([[], [], []])
            part = 1
        elif text == f">>>>>>> {theirs}":
            part = None
        elif text.startswith("||||||| "):
            part = 0
        elif text == "=======":
            part = 2
        elif part is not None:
            shown[-1][part].append(text)
    return [(tuple(base), tuple(mine), tuple(other)) for base, mine, other in shown]


def edited(lines: list[bytes], chance: random.Random) -> bytes:
    lines = list(lines)
    for _ in range(chance.randrange(1, 5)):
        at, size = chance.randrange(len(lines) + 1), chance.randrange(3)
        put = [b"new %d\n" % chance.randrange(9) for _ in range(chance.randrange(3))]
        lines[at : at + size] = put
    return b"".join(lines)


def test_the_regions_are_those_that_git_marks(bench: Bench) -> None:
    chance = random.Random(3)
    base = {
        f"file-{name}": [
            b"line %d\n" % chance.randrange(12) for _ in range(chance.randrange(3, 30))
        ]
        for name in range(80)
    }
    root = bench.commit(None, {path: b"".join(lines) for path, lines in base.items()})
    ours, theirs = (
        bench.commit(root, {path: edited(lines, chance) for path, lines in base.items()})
        for _ in "ab"
    )
    merged = merge_tree(bench.context, ours, theirs)
    paths = with_regions(bench.context, merged.paths, read_texts(bench.context, merged.paths))

    compared = 0
    for path in paths:
        preview = read_blob(bench.context, str(merged.tree), path.path, limit=10_000) or b""
        assert [texts(region) for region in path.regions] == between_markers(preview, ours, theirs)
        compared += bool(path.regions)

    assert compared > 30

from ropewalk.merging.resolve.keep import dropped
from ropewalk.merging.resolve.values import FileConflict

BASE = "start\nvalue = load(path)\nend\n"


def left_out(ours: str, theirs: str, result: str, *, base: str = BASE) -> tuple[str, ...]:
    conflict = FileConflict(
        path="a.txt", base=base.encode(), ours=ours.encode(), theirs=theirs.encode()
    )
    return dropped(conflict, result.encode())


def test_long_lines_are_shown_where_the_lost_one_differs_from_the_one_that_stands_there() -> None:
    same = "return [text for (text,) in database.execute('SELECT text FROM notes ORDER BY id"

    (sentence,) = left_out(
        f"{same} DESC')]\n", f"{same} LIMIT 10')]\n", f"{same} DESC')]\n", base=f"{same}')]\n"
    )

    assert sentence == (
        "theirs: '…T text FROM notes ORDER BY id LIMIT 10')]' is not there: "
        "'…T text FROM notes ORDER BY id DESC')]' stands there instead, as ours has it"
    )


def test_nothing_is_left_out_where_both_additions_are_there() -> None:
    assert left_out(f"{BASE}mine\n", f"{BASE}other\n", f"{BASE}mine\nother\n") == ()


def test_a_line_counts_as_there_when_only_its_white_space_or_line_breaks_are_different() -> None:
    assert left_out(f"{BASE}call(a, b)\n", BASE, f"{BASE}    call(\n  a, b)\n") == ()


def test_an_addition_that_is_gone_is_named_with_its_side() -> None:
    assert left_out(f"{BASE}mine\n", f"{BASE}other\n", f"{BASE}other\n") == (
        "ours: 'mine' is not there",
    )


def test_a_changed_line_that_gave_way_to_the_other_side_is_told_with_what_stands_there() -> None:
    ours = BASE.replace("load(path)", "load(path, mine)")
    theirs = BASE.replace("load(path)", "load(path, other)")

    (sentence,) = left_out(ours, theirs, theirs)

    assert sentence == (
        "ours: 'value = load(path, mine)' is not there: 'value = load(path, other)' stands there "
        "instead, as theirs has it"
    )


def test_a_line_made_of_both_sides_leaves_nothing_out() -> None:
    ours = BASE.replace("load(path)", "load(path, mine)")
    theirs = BASE.replace("value", "other")

    assert left_out(ours, theirs, "start\nother = load(path, mine)\nend\n") == ()


def test_a_change_to_what_the_other_side_removed_says_so() -> None:
    ours = BASE.replace("load(path)", "load(path, mine)")

    assert left_out(ours, "start\nend\n", "start\nend\n") == (
        "ours: 'value = load(path, mine)' is not there: theirs removed what it was made from",
    )


def test_many_lines_are_counted_and_a_long_one_is_cut() -> None:
    many = "".join(f"number{n}\n" for n in range(30))
    sentences = left_out(f"{BASE}{'x' * 200}\n{many}", BASE, BASE)

    assert sentences[0] == f"ours: '{'x' * 79}…' is not there"
    assert sentences[-1] == "11 more lines that a side added are not there"

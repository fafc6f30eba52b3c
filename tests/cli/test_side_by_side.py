import pytest
from rich.cells import cell_len

from ropewalk.cli.side_by_side import side_by_side
from ropewalk.model.conflict import ConflictRegion, Excerpt
from ropewalk.report.conflict_words import line_range

NAMES = ("backend", "frontend")
NOTHING = Excerpt(start=0, count=0)


def excerpt(start: int, *lines: str, count: int | None = None) -> Excerpt:
    return Excerpt(start=start, count=len(lines) if count is None else count, lines=lines)


def shown(ours: Excerpt, theirs: Excerpt, *, width: int = 60) -> list[str]:
    region = ConflictRegion(base=NOTHING, ours=ours, theirs=theirs)
    return list(side_by_side(region, names=NAMES, width=width))


def test_each_side_has_its_own_numbers() -> None:
    ours = excerpt(9, "def save(self):", "    commit()")
    theirs = excerpt(12, "def save(self, index):")

    assert shown(ours, theirs) == [
        "backend, lines 9-10          │ frontend, line 12",
        " 9  def save(self):          │ 12  def save(self, index):",
        "10      commit()             │",
    ]


def test_a_side_without_lines_says_whether_it_has_the_file() -> None:
    kept = excerpt(3, "kept")

    assert shown(kept, NOTHING)[0] == "backend, line 3              │ frontend has no such file"
    gone = shown(excerpt(3, count=0), kept)
    assert gone[0] == "backend takes it away        │ frontend, line 3"


def test_what_is_too_much_is_counted() -> None:
    many = excerpt(1, *(f"line {number}" for number in range(12)), count=40)

    lines = shown(many, excerpt(1, "one"))

    assert len(lines) == 8
    assert lines[-1].startswith("   … 34 more lines")


def test_a_long_line_is_shown_where_the_two_sides_differ() -> None:
    same = 'return [text for (text,) in database.execute("SELECT text FROM notes ORDER BY id'

    lines = shown(excerpt(18, same + ' DESC")]'), excerpt(18, same + ' LIMIT 10")]'))

    assert lines[1] == '18  …ORDER BY id DESC")]     │ 18  …ORDER BY id LIMIT 10")]'


def test_a_line_that_fits_in_two_rows_is_shown_whole() -> None:
    ours = excerpt(12, '    return f"{len(items)} items"', "    done()")
    theirs = excerpt(14, '    return f"Cart with {len(items)} items, thanks"', "    end()")

    assert shown(ours, theirs, width=74)[1:] == [
        '12      return f"{len(items)} items │ 14      return f"Cart with {len(ite',
        '    "                               │     ms)} items, thanks"',
        "13      done()                      │ 15      end()",
    ]


def test_a_line_that_moved_is_compared_with_its_like_on_the_other_side() -> None:
    same = 'return [text for (text,) in database.execute("SELECT text FROM notes ORDER BY id'

    lines = shown(excerpt(18, same + ' DESC")]'), excerpt(18, "# new", same + ' LIMIT 10")]'))

    assert lines[1:] == [
        '18  …ORDER BY id DESC")]     │ 18  # new',
        '                             │ 19  …ORDER BY id LIMIT 10")]',
    ]


@pytest.mark.parametrize("width", [80, 100, 61, 40])
@pytest.mark.parametrize(
    "text", ["x" * 300, "漢字" * 80, "e\u0301" * 100, "\t" * 40 + "end", "👩\u200d💻 " * 60, ""]
)
def test_no_line_is_wider_than_the_screen(text: str, width: int) -> None:
    for line in shown(excerpt(998, text, text, text), excerpt(5, "short", text), width=width):
        assert cell_len(line) <= width


def test_columns_stand_below_each_other_whatever_the_width_of_the_letters() -> None:
    lines = shown(excerpt(1, "漢字", "abc", "\tx"), excerpt(1, "1", "2", "3"))

    assert {cell_len(line.partition("│")[0]) for line in lines} == {29}


def test_text_of_a_file_cannot_move_the_cursor_or_break_a_line() -> None:
    lines = shown(excerpt(1, "a\x1b[2J\x1b]0;owned\x07b\rc\nd\u202e"), excerpt(1, "x\x00y"))

    assert lines[1] == "1  abc d                     │ 1  xy"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (excerpt(12, "x"), "line 12"),
        (excerpt(12, "x", count=19), "lines 12-30"),
        (excerpt(12, count=0), ""),
        (NOTHING, ""),
    ],
)
def test_lines_are_named_as_people_name_them(given: Excerpt, words: str) -> None:
    assert line_range(given) == words

"""What a report says about a conflict: with whom, where, and why it is one."""

from pathlib import Path

import pytest

from ropewalk.git.merge_tree import MergedTree
from ropewalk.git.own import own_context
from ropewalk.merging.conflict import Meeting, describe, outline
from ropewalk.merging.matrix import NOTHING
from ropewalk.merging.report import exit_code
from ropewalk.model.conflict import Conflict, ConflictPath
from ropewalk.model.merge import MergeReport
from tests.conftest import run_git
from tests.merging.epics import TARGET, Change, Epic, entry, numbered, statuses

NOTES = "docs/notes.txt"
LONG = "docs/long.txt"


def conflict_of(report: MergeReport, domain: str) -> Conflict:
    conflict = entry(report, domain).conflict
    assert conflict is not None
    return conflict


def path_of(report: MergeReport, domain: str) -> ConflictPath:
    (path,) = conflict_of(report, domain).paths
    return path


def begin_with(epic: Epic, change: Change | dict[str, str | None]) -> None:
    """Let the epic start from a commit with these files."""
    epic.base = epic.commit(change)
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)


def commit_meanwhile(epic: Epic, files: dict[str, str]) -> None:
    for name, text in files.items():
        (epic.root / name).write_text(text, encoding="utf-8")
    run_git(epic.root, "add", "--all")
    run_git(epic.root, "commit", "--quiet", "--message=meanwhile")


def put(path: str, content: bytes) -> Change:
    def change(tree: Path) -> None:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)

    return change


def moved(old: str, new: str) -> Change:
    def change(tree: Path) -> None:
        (tree / new).parent.mkdir(parents=True, exist_ok=True)
        run_git(tree, "mv", old, new)

    return change


def test_a_conflict_shows_its_lines_with_the_numbers_of_each_side(epic: Epic) -> None:
    epic.domain("a-side", {NOTES: "first\n" + numbered(line_5="one")})
    epic.domain("b-side", {NOTES: numbered(line_5="two")})

    path = path_of(epic.merge(), "b-side")

    (region,) = path.regions
    assert (region.base.start, region.ours.start, region.theirs.start) == (5, 6, 5)
    assert (region.ours.lines, region.theirs.lines) == (("one",), ("two",))
    assert path.detail is None


def test_only_a_domain_that_clashes_over_the_path_is_named(epic: Epic) -> None:
    epic.domain("a-elsewhere", {NOTES: numbered(line_5="one"), "a.txt": "a\n"})
    epic.domain("b-here", {"same.txt": "b\n"})
    epic.domain("c-late", {"same.txt": "c\n", "c.txt": "c\n"})

    report = epic.merge()

    assert conflict_of(report, "c-late").with_domains == ("b-here",)


def test_two_domains_that_clash_with_a_third_only_together_are_both_named(epic: Epic) -> None:
    begin_with(epic, {LONG: numbered(100)})
    many = {f"line_{number}": f"other {number}" for number in range(1, 61)}
    epic.domain("a-rewrites", {LONG: numbered(100, **many)})
    epic.domain("b-moves", moved(LONG, "docs/moved.txt"), depends_on=("a-rewrites",))
    epic.domain("c-edits", {LONG: numbered(100, line_90="edited")}, depends_on=("b-moves",))

    report = epic.merge()

    assert report.matrix.conflicts == ()
    assert statuses(report)["c-edits"] == "conflict"
    assert conflict_of(report, "c-edits").with_domains == ("a-rewrites", "b-moves")
    assert entry(report, "c-edits").reason == "conflicts with a-rewrites, b-moves"


def test_a_domain_that_touched_the_file_elsewhere_is_not_blamed_for_the_target(
    epic: Epic,
) -> None:
    epic.domain("a-far", {NOTES: numbered(line_18="far away")})
    epic.domain("b-near", {NOTES: numbered(line_5="one")})
    commit_meanwhile(epic, {NOTES: numbered(line_5="moved")})

    report = epic.merge()

    assert statuses(report) == {"a-far": "merged", "b-near": "conflict"}
    assert conflict_of(report, "b-near").with_domains == ()
    assert entry(report, "b-near").reason == "conflicts with the target"


def test_the_target_and_a_domain_can_both_be_in_the_way(epic: Epic) -> None:
    epic.domain("a-side", {"same.txt": "a\n"})
    epic.domain("b-side", {"same.txt": "b\n", NOTES: numbered(line_5="one")})
    commit_meanwhile(epic, {NOTES: numbered(line_5="moved")})

    conflict = conflict_of(epic.merge(), "b-side")

    assert [path.path for path in conflict.paths] == [NOTES, "same.txt"]
    assert conflict.with_domains == ("a-side",)


def test_sides_are_named_as_people_know_them(epic: Epic) -> None:
    epic.domain("a-moves", moved(NOTES, "docs/a.txt"))
    epic.domain("b-moves", moved(NOTES, "docs/b.txt"))
    epic.domain("c-folder", {"thing": "file\n"})
    commit_meanwhile(epic, {"other.txt": "x\n"})
    (epic.root / "thing").mkdir()
    commit_meanwhile(epic, {"thing/inner": "x\n"})

    report = epic.merge()

    words = [path.detail for path in conflict_of(report, "b-moves").paths]
    assert words == [f"{NOTES} renamed to docs/a.txt in train and to docs/b.txt in b-moves."] * 3
    thing = path_of(report, "c-folder")
    assert thing.path == "thing~c-folder"
    assert "directory in the way of thing from c-folder" in str(thing.detail)


def test_a_conflict_with_the_target_alone_names_the_branch(epic: Epic) -> None:
    epic.domain("a-side", {"thing/inner": "x\n"})
    commit_meanwhile(epic, {"thing": "file\n"})

    path = path_of(epic.merge(), "a-side")

    assert path.path == "thing~main"
    assert "from main" in str(path.detail)


def test_a_name_that_is_no_utf8_keeps_its_bytes_behind_the_name_of_the_side(epic: Epic) -> None:
    def link(tree: Path) -> None:
        (tree / "na\udcffme").symlink_to("README.md")

    epic.domain("a-side", put("na\udcffme", b"file\n"))
    epic.domain("b-side", link)

    paths = conflict_of(epic.merge(), "b-side").paths

    assert {(path.path, path.path_b64) for path in paths} == {
        ("na\udcffme", "bmH/bWU="),
        ("na\udcffme~train", "bmH/bWV+dHJhaW4="),
    }


def test_words_of_git_about_a_hostile_name_cannot_move_the_cursor(epic: Epic) -> None:
    epic.domain("a-moves", moved(NOTES, "a\x1b[2J.txt"))
    epic.domain("b-moves", moved(NOTES, "b\n.txt"))

    report = epic.merge()

    details = {path.detail for path in conflict_of(report, "b-moves").paths}
    assert details == {f"{NOTES} renamed to a.txt in train and to b .txt in b-moves."}


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (numbered(line_5="two"), "and nothing else is in conflict"),
        (numbered(line_5="two") + "more\n", "and nothing else is in conflict"),
    ],
)
def test_line_ends_alone_are_told_from_a_real_conflict(epic: Epic, theirs: str, words: str) -> None:
    epic.domain("a-windows", put(NOTES, numbered().replace("\n", "\r\n").encode()))
    epic.domain("b-side", {NOTES: theirs})

    path = path_of(epic.merge(), "b-side")

    assert path.detail == (
        f"line ends are CRLF in train and LF in b-side, {words}: "
        "'* text=auto' in the .gitattributes of the target keeps them alike"
    )
    assert path.regions[0].ours.count == 20


def test_line_ends_besides_a_real_conflict_are_named_too(epic: Epic) -> None:
    one = numbered(line_5="one").replace("\n", "\r\n")
    epic.domain("a-windows", put(NOTES, one.encode()))
    epic.domain("b-side", {NOTES: numbered(line_5="two")})

    detail = str(path_of(epic.merge(), "b-side").detail)

    assert detail.startswith("line ends are CRLF in train and LF in b-side, so that every line")


def test_with_text_auto_in_the_target_line_ends_do_not_conflict(epic: Epic) -> None:
    begin_with(epic, {".gitattributes": "* text=auto\n"})
    epic.domain("a-windows", put(NOTES, numbered().replace("\n", "\r\n").encode()))
    epic.domain("b-side", {NOTES: numbered(line_5="two")})

    assert epic.merge().status == "landed"


@pytest.mark.parametrize("attribute", ["-merge", "binary"])
def test_text_that_the_target_says_is_not_merged_shows_its_lines_and_why(
    epic: Epic, attribute: str
) -> None:
    begin_with(epic, {".gitattributes": f"*.txt {attribute}\n"})
    epic.domain("a-side", {NOTES: numbered(line_5="one")})
    epic.domain("b-side", {NOTES: numbered(line_15="two")})

    report = epic.merge()

    path = path_of(report, "b-side")
    assert path.kind == "binary"
    assert path.detail == "not merged as text: the attributes of the target say so"
    sides = [(region.ours.lines, region.theirs.lines) for region in path.regions]
    assert sides == [(("one",), ("note 5",)), (("note 15",), ("two",))]
    assert report.drivers_used == (f"{NOTES}: binary",)


def test_a_union_driver_that_brings_deleted_lines_back_is_listed(epic: Epic) -> None:
    begin_with(epic, {".gitattributes": "*.txt merge=union\n"})
    epic.domain("a-deletes", {NOTES: numbered().replace("note 5\nnote 6\n", "")})
    epic.domain("b-edits", {NOTES: numbered(line_6="note six")})

    report = epic.merge()

    assert report.status == "landed"
    assert "note 5" in epic.read("main", NOTES).splitlines()
    assert report.drivers_used == (f"{NOTES}: union",)


def test_attributes_that_a_domain_takes_away_still_apply_and_are_reported(epic: Epic) -> None:
    begin_with(epic, {"docs/.gitattributes": "*.txt merge=union\n"})
    epic.domain("a-attributes", {"docs/.gitattributes": None})
    epic.domain("b-side", {NOTES: numbered(line_5="one")})
    epic.domain("c-side", {NOTES: numbered(line_5="two")})

    report = epic.merge()

    assert report.status == "landed"
    assert report.attributes_changes == ("a-attributes: docs/.gitattributes",)
    assert report.drivers_used == (f"{NOTES}: union",)


def test_a_conflict_that_leaves_no_path_in_the_index_is_one_and_says_why(epic: Epic) -> None:
    begin_with(epic, {f"old/{name}": numbered(30, line_1=name) for name in "abcd"})

    def split(tree: Path) -> None:
        for name, folder in zip("abcd", ("one", "one", "two", "two"), strict=True):
            moved(f"old/{name}", f"{folder}/{name}")(tree)

    epic.domain("a-splits", split)
    epic.domain("b-adds", {"old/added": "added\n"})

    report = epic.merge()

    assert exit_code(report) == 3
    path = path_of(report, "b-adds")
    assert (path.path, path.kind, path.stages) == ("old", "dir_rename_split", ())
    assert str(path.detail).startswith("Unclear where to rename old to")
    assert conflict_of(report, "b-adds").with_domains == ("a-splits",)


def meeting(epic: Epic, merged: MergedTree) -> Meeting:
    head = epic.domain("b-side", {NOTES: numbered(line_5="two")})
    return Meeting(
        context=own_context(epic.place),
        domain="b-side",
        theirs=head,
        ours=epic.base,
        start=epic.base,
        target=TARGET,
        heads=epic.heads,
        before=(),
        matrix=NOTHING,
        merged=merged,
    )


@pytest.mark.parametrize(
    ("tail", "words"),
    [("", "git says that they do not merge and names no path"), ("no \x1b[2Jway", "no way")],
)
def test_a_conflict_that_names_no_path_at_all_is_still_described(
    epic: Epic, tail: str, words: str
) -> None:
    tree = run_git(epic.root, "rev-parse", f"{epic.base}^{{tree}}")
    merged = MergedTree(tree=tree, is_clean=False, paths=(), messages=(), raw_tail=tail)
    given = meeting(epic, merged)

    assert outline(given) == Conflict(paths=(), with_domains=(), preview_tree=tree, detail=words)
    assert describe(given) == outline(given)

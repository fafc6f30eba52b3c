import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.command import run
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.objects import commit_tree, read_blob
from ropewalk.git.repository import Place, find_place
from ropewalk.git.trees import list_tree
from ropewalk.model.conflict import ConflictKind, ConflictPath
from tests.conftest import RunGit
from tests.git.bench import LINES, Bench, Content, bench_of, changed


@pytest.fixture
def bench(place: Place) -> Bench:
    return bench_of(place)


def kinds(merged: MergedTree) -> dict[str, ConflictKind]:
    return {path.path: path.kind for path in merged.paths}


def stages(path: ConflictPath) -> tuple[int, ...]:
    return tuple(stage.stage for stage in path.stages)


def test_changes_apart_go_together(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"f": changed(2, b"ours")}, {"f": changed(15, b"theirs")})

    assert merged.is_clean
    assert merged.paths == ()
    assert merged.tree is not None
    content = read_blob(bench.context, merged.tree, "f", limit=1000)
    assert content == changed(2, b"ours").replace(b"line 15\n", b"theirs\n")


def test_content(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"f": changed(2, b"ours")}, {"f": changed(2, b"theirs")})

    assert not merged.is_clean
    assert kinds(merged) == {"f": ConflictKind.CONTENT}
    assert stages(merged.paths[0]) == (1, 2, 3)
    assert merged.tree is not None
    preview = read_blob(bench.context, merged.tree, "f", limit=10_000)
    assert preview is not None
    assert b"<<<<<<<" in preview
    assert b"|||||||" in preview


def test_names_that_differ_in_case_only_clash(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"Read.md": b"ours\n"}, {"read.md": b"theirs\n"})

    assert not merged.is_clean
    assert kinds(merged) == dict.fromkeys(("Read.md", "read.md"), ConflictKind.CASE_CLASH)
    assert [stages(path) for path in merged.paths] == [(2,), (3,)]


def test_directories_that_differ_in_case_only_clash(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"Docs/a": b"ours\n"}, {"docs/b": b"theirs\n"})

    assert kinds(merged) == dict.fromkeys(("Docs", "docs"), ConflictKind.CASE_CLASH)


def test_names_that_differ_in_normal_form_only_clash(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"\u00e9": b"ours\n"}, {"e\u0301": b"theirs\n"})

    assert set(kinds(merged).values()) == {ConflictKind.CASE_CLASH}


def test_names_that_one_side_already_had_together_do_not_clash(bench: Bench) -> None:
    merged = bench.merge(
        {"f": LINES, "A/x": b"1\n", "a/y": b"2\n"}, {"other": b"o\n"}, {"A/new": b"n\n"}
    )

    assert merged.is_clean


def test_names_that_were_alike_from_the_beginning_do_not_clash(bench: Bench) -> None:
    base: dict[str, Content] = {"f": LINES, "Read.md": b"1\n", "read.md": b"2\n"}

    edited = bench.merge(base, {"f": b"ours\n"}, {"Read.md": b"theirs\n"})
    added = bench.merge(base, {"new": b"ours\n"}, {"other": b"theirs\n"})

    assert edited.is_clean
    assert added.is_clean


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"f": changed(2, b"same")}, {"f": changed(2, b"same")}),
        ({"new": b"same\n"}, {"new": b"same\n"}),
        ({"f": ("100755", LINES)}, {"f": changed(2, b"edited")}),
        ({"f": None, "moved": LINES}, {"f": changed(2, b"edited")}),
        ({"f": None}, {"f": None}),
    ],
    ids=["same-change", "same-file", "chmod-and-edit", "rename-and-edit", "both-delete"],
)
def test_what_git_puts_together_is_clean(
    bench: Bench, ours: Mapping[str, Content], theirs: Mapping[str, Content]
) -> None:
    merged = bench.merge({"f": LINES, "other": b"x\n"}, ours, theirs)

    assert merged.is_clean
    assert merged.paths == ()


@pytest.mark.parametrize(
    "name", [b"tab\there", b"new\nline", b'quote"d', b"raw \xff", b" 1", b"-x"]
)
def test_any_name_is_read_as_it_is(bench: Bench, name: bytes) -> None:
    path = os.fsdecode(name)
    merged = bench.merge({path: LINES}, {path: b"ours\n"}, {path: b"theirs\n"})

    (conflict,) = merged.paths
    assert (conflict.path, conflict.kind) == (path, ConflictKind.CONTENT)
    assert (conflict.path_b64 is not None) == (b"\xff" in name)


def test_an_ancestor_changes_nothing(bench: Bench) -> None:
    root = bench.commit(None, {"f": LINES})
    head = bench.commit(root, {"f": changed(2, b"ours")})

    merged = merge_tree(bench.context, head, root)

    assert merged.is_clean
    assert merged.tree == run(bench.context, "rev-parse", f"{head}^{{tree}}").text


@pytest.mark.parametrize("operand", ["0" * 40, "nothing", "HEAD^{tree}"])
def test_an_operand_that_is_no_commit_is_an_error_and_no_conflict(
    bench: Bench, operand: str
) -> None:
    head = bench.commit(None, {"f": LINES})

    with pytest.raises(GitError):
        merge_tree(bench.context, head, operand)


def test_unrelated_histories_are_an_error(bench: Bench) -> None:
    first, second = (bench.commit(None, {"f": content}) for content in (b"a\n", b"b\n"))

    with pytest.raises(GitError, match="unrelated histories"):
        merge_tree(bench.context, first, second)


def test_a_missing_blob_is_an_error_and_no_conflict(bench: Bench, place: Place) -> None:
    root = bench.commit(None, {"f": LINES})
    ours = bench.commit(root, {"f": changed(2, b"ours")})
    theirs = bench.commit(root, {"f": changed(2, b"theirs")})
    oid = next(entry.oid for entry in list_tree(bench.context, theirs))
    (place.common_dir / "objects" / oid[:2] / oid[2:]).unlink()

    with pytest.raises(GitError):
        merge_tree(bench.context, ours, theirs)


def test_two_merge_bases_are_merged_first(bench: Bench) -> None:
    root = bench.commit(None, {"f": LINES})
    left, right = (bench.commit(root, {name: b"x\n"}) for name in ("left", "right"))
    tree = merge_tree(bench.context, left, right).tree
    assert tree is not None
    tips = []
    for number, parents in enumerate(((left, right), (right, left))):
        crossed = commit_tree(bench.context, tree, parents=parents, message="cross")
        tips.append(bench.commit(crossed, {"f": changed(number * 10, b"edited")}))

    merged = merge_tree(bench.context, tips[0], tips[1])

    assert merged.is_clean


def test_the_answer_comes_from_the_attributes_of_the_work_tree(
    bench: Bench, tmp_path: Path
) -> None:
    root = bench.commit(None, {"f": LINES, ".gitattributes": b"f merge=union\n"})
    sides = [bench.commit(root, {"f": changed(2, text)}) for text in (b"ours", b"theirs")]
    (tmp_path / ".gitattributes").write_text("f merge=union\n", encoding="utf-8")
    scratch = replace(bench.context, directory=tmp_path, work_tree=tmp_path)

    assert not merge_tree(bench.context, *sides).is_clean
    assert merge_tree(scratch, *sides).is_clean


def test_what_git_says_is_kept(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"f": b"ours\n"}, {"f": b"theirs\n"})

    assert any("CONFLICT" in message for message in merged.messages)
    assert any("Auto-merging f" in message for message in merged.messages)


def test_several_conflicts_are_all_named_in_order(bench: Bench) -> None:
    merged = bench.merge(
        {"z": LINES, "a": LINES, "m": b"\0base"},
        {"z": b"ours\n", "a": None, "m": b"\0ours", "Same": b"s\n"},
        {"z": b"theirs\n", "a": changed(2, b"theirs"), "m": b"\0theirs", "same": b"s\n"},
    )

    assert kinds(merged) == {
        "Same": ConflictKind.CASE_CLASH,
        "a": ConflictKind.MODIFY_DELETE,
        "m": ConflictKind.BINARY,
        "same": ConflictKind.CASE_CLASH,
        "z": ConflictKind.CONTENT,
    }


def test_a_sha256_repository_merges(tmp_path: Path, git: RunGit) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "long")
    git(tmp_path / "long", "commit", "-q", "--allow-empty", "-m", "Begin")
    place = find_place(tmp_path / "long")
    bench = bench_of(place)

    merged = bench.merge({"f": LINES}, {"f": b"ours\n"}, {"f": b"theirs\n"})

    assert kinds(merged) == {"f": ConflictKind.CONTENT}
    assert merged.tree is not None
    assert len(merged.tree) == 64

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import pytest

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext, run
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.objects import commit_tree, read_blob, write_blob, write_tree_from
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place, find_place
from ropewalk.git.trees import TreeEntry, list_tree
from ropewalk.model.conflict import ConflictKind, ConflictPath
from tests.conftest import RunGit
from tests.git.conftest import PERSON

LINES = b"".join(b"line %d\n" % number for number in range(20))
Content: TypeAlias = bytes | tuple[str, bytes] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Makes commits out of nothing but contents: bytes, (mode, bytes) or None to take away."""

    context: GitContext

    def commit(self, parent: str | None, files: Mapping[str, Content]) -> str:
        put: list[TreeEntry] = []
        for path, content in files.items():
            if content is not None:
                mode, raw = content if isinstance(content, tuple) else ("100644", content)
                oid = raw.decode() if mode == "160000" else write_blob(self.context, raw)
                put.append(TreeEntry(mode=mode, oid=oid, path=path))
        remove = [path for path, content in files.items() if content is None]
        tree = write_tree_from(self.context, parent, put=put, remove=remove)
        return commit_tree(self.context, tree, parents=[parent] if parent else [], message="made")

    def merge(
        self,
        base: Mapping[str, Content],
        ours: Mapping[str, Content],
        theirs: Mapping[str, Content],
    ) -> MergedTree:
        root = self.commit(None, base)
        return merge_tree(self.context, self.commit(root, ours), self.commit(root, theirs))


@pytest.fixture
def bench(place: Place) -> Bench:
    return Bench(context=replace(own_context(place), author=PERSON, committer=PERSON))


def changed(number: int, text: bytes) -> bytes:
    return LINES.replace(b"line %d\n" % number, text + b"\n")


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


def test_add_add(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"new": b"ours\n"}, {"new": b"theirs\n"})

    assert kinds(merged) == {"new": ConflictKind.ADD_ADD}
    assert stages(merged.paths[0]) == (2, 3)


def test_add_add_mode(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"new": b"same\n"}, {"new": ("100755", b"same\n")})

    assert kinds(merged) == {"new": ConflictKind.ADD_ADD_MODE}
    assert [stage.mode for stage in merged.paths[0].stages] == ["100644", "100755"]


def test_symlink(bench: Bench) -> None:
    merged = bench.merge(
        {"link": ("120000", b"a")}, {"link": ("120000", b"b")}, {"link": ("120000", b"c")}
    )

    assert kinds(merged) == {"link": ConflictKind.SYMLINK}
    assert stages(merged.paths[0]) == (1, 2, 3)


@pytest.mark.parametrize(("mirrored", "expected"), [(False, (1, 2)), (True, (1, 3))])
def test_modify_delete(bench: Bench, mirrored: bool, expected: tuple[int, ...]) -> None:  # noqa: FBT001
    sides: list[Mapping[str, Content]] = [{"f": changed(2, b"edited")}, {"f": None}]
    ours, theirs = reversed(sides) if mirrored else sides
    merged = bench.merge({"f": LINES, "other": b"x\n"}, ours, theirs)

    assert kinds(merged) == {"f": ConflictKind.MODIFY_DELETE}
    assert stages(merged.paths[0]) == expected


def test_rename_rename(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"f": None, "left": LINES}, {"f": None, "right": LINES})

    assert kinds(merged) == dict.fromkeys(("f", "left", "right"), ConflictKind.RENAME_RENAME)
    assert all(len(path.stages) == 1 for path in merged.paths)


def test_rename_delete(bench: Bench) -> None:
    merged = bench.merge(
        {"f": LINES, "other": b"x\n"}, {"f": None, "moved": changed(2, b"edited")}, {"f": None}
    )

    assert kinds(merged) == {"moved": ConflictKind.RENAME_DELETE}


def test_file_directory(bench: Bench) -> None:
    merged = bench.merge({"f": LINES}, {"x": b"file\n"}, {"x/inside": b"below\n"})

    assert not merged.is_clean
    (conflict,) = merged.paths
    assert conflict.kind is ConflictKind.FILE_DIRECTORY
    assert conflict.path.startswith("x~")
    assert merged.tree is not None
    assert "x/inside" in {entry.path for entry in list_tree(bench.context, merged.tree)}


def test_binary(bench: Bench) -> None:
    merged = bench.merge({"b": b"\0base"}, {"b": b"\0ours"}, {"b": b"\0theirs"})

    assert kinds(merged) == {"b": ConflictKind.BINARY}
    assert stages(merged.paths[0]) == (1, 2, 3)


def test_distinct_types(bench: Bench) -> None:
    merged = bench.merge(
        {"f": LINES}, {"f": ("120000", b"elsewhere")}, {"f": changed(2, b"theirs")}
    )

    assert not merged.is_clean
    assert set(kinds(merged).values()) == {ConflictKind.DISTINCT_TYPES}


@pytest.mark.parametrize("with_base", [True, False])
def test_submodule(bench: Bench, with_base: bool) -> None:  # noqa: FBT001
    base: dict[str, Content] = {"sub": ("160000", b"1" * 40)} if with_base else {}
    merged = bench.merge(
        base | {"f": LINES}, {"sub": ("160000", b"2" * 40)}, {"sub": ("160000", b"3" * 40)}
    )

    assert not merged.is_clean
    assert kinds(merged) == {"sub": ConflictKind.SUBMODULE}


@pytest.mark.parametrize(("mirrored", "expected"), [(False, (3,)), (True, (2,))])
def test_dir_rename_suggested(bench: Bench, mirrored: bool, expected: tuple[int, ...]) -> None:  # noqa: FBT001
    base: dict[str, Content] = {f"old/{name}": LINES + name.encode() for name in "abc"}
    moved: dict[str, Content] = dict.fromkeys(base)
    moved |= {path.replace("old/", "new/"): content for path, content in base.items()}
    sides: list[Mapping[str, Content]] = [moved, {"old/added": b"added\n"}]
    ours, theirs = reversed(sides) if mirrored else sides
    merged = bench.merge(base, ours, theirs)

    assert kinds(merged) == {"new/added": ConflictKind.DIR_RENAME_SUGGESTED}
    assert stages(merged.paths[0]) == expected


def test_dir_rename_split_is_a_conflict_although_no_entry_is_in_conflict(bench: Bench) -> None:
    base: dict[str, Content] = {f"old/{name}": LINES + name.encode() for name in "abcd"}
    moved: dict[str, Content] = dict.fromkeys(base)
    for name, folder in zip("abcd", ("one", "one", "two", "two"), strict=True):
        moved[f"{folder}/{name}"] = base[f"old/{name}"]
    merged = bench.merge(base, moved, {"old/added": b"added\n"})

    assert not merged.is_clean
    assert [path.kind for path in merged.paths] == [ConflictKind.DIR_RENAME_SPLIT]
    assert merged.paths[0].stages == ()


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


@pytest.mark.parametrize("operand", ["0" * 40, "nothing"])
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
    bench = Bench(context=replace(own_context(place), author=PERSON, committer=PERSON))

    merged = bench.merge({"f": LINES}, {"f": b"ours\n"}, {"f": b"theirs\n"})

    assert kinds(merged) == {"f": ConflictKind.CONTENT}
    assert merged.tree is not None
    assert len(merged.tree) == 64

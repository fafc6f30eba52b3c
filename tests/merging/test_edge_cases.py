"""Rare situations of merges that have no other home; `test_edge_table` says which is which."""

import tempfile
from dataclasses import replace
from pathlib import Path

from ropewalk.git.objects import read_blob
from ropewalk.git.own import absorb, own_context, quarantine
from ropewalk.merging.resolve.candidates import candidates
from ropewalk.merging.resolve.values import FileConflict
from tests.conftest import run_git
from tests.git.bench import bench_of
from tests.git.conftest import PERSON
from tests.merging.epics import Epic, entry, numbered, statuses

NOTES = "docs/notes.txt"


def test_a_target_beyond_the_boundary_of_a_shallow_clone_is_named_as_that(
    epic: Epic, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    run_git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{epic.root}", str(clone))
    scratch = tmp_path / "below"
    scratch.mkdir()
    shallow = Epic(clone, scratch)
    shallow.domain("api", {"api/x.py": "X = 1\n"})
    for number in range(2):
        (epic.root / NOTES).write_text(f"{number}\n", encoding="utf-8")
        run_git(epic.root, "commit", "--quiet", "--all", "--message=meanwhile")
    run_git(clone, "fetch", "--quiet", "--depth=1", "origin", "main")
    run_git(clone, "reset", "--quiet", "--hard", "FETCH_HEAD")

    report = shallow.merge()

    assert statuses(report) == {"api": "skipped"}
    assert entry(report, "api").reason == (
        "its head has no history in common with the target, as far as this shallow clone "
        "reaches: git fetch --unshallow"
    )


def test_lines_next_to_each_other_conflict_for_git_and_have_a_candidate(epic: Epic) -> None:
    epic.domain("a-side", {NOTES: numbered(line_5="one")})
    epic.domain("b-side", {NOTES: numbered(line_6="two")})

    report = epic.merge()

    assert statuses(report)["b-side"] == "conflict"
    sides = {"ours": numbered(line_5="one"), "theirs": numbered(line_6="two")}
    conflict = FileConflict(
        path=NOTES,
        base=numbered().encode(),
        **{side: text.encode() for side, text in sides.items()},
    )
    assert candidates(conflict)[0].content.decode() == numbered(line_5="one", line_6="two")


def test_objects_in_quarantine_on_another_device_are_brought_home(epic: Epic) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        shared = replace(own_context(epic.place), author=PERSON, committer=PERSON)
        kept_apart = quarantine(shared, Path(folder))
        bench = replace(bench_of(epic.place), context=kept_apart)
        commit = bench.commit(epic.base, {"new": b"made far away\n"})

        absorb(kept_apart, shared, tips=(commit,), known=(epic.base,))

    assert read_blob(shared, commit, "new", limit=100) == b"made far away\n"
    assert run_git(epic.root, "fsck", "--connectivity-only", commit) == ""

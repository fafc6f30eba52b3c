import shutil
import subprocess
from pathlib import Path

import pytest

from ropewalk.errors import ConflictWaiting, WrongPhase
from ropewalk.merging.report import exit_code
from ropewalk.merging.resolve.rerere import own_recordings
from ropewalk.model.merge import MergeReport, OnConflict, Resolve
from tests.conftest import run_git
from tests.merging.epics import EPIC, Epic, entry, numbered, statuses, write

NOTES = "docs/notes.txt"


@pytest.fixture
def stopped(epic: Epic) -> Epic:
    """An epic whose second domain conflicts, opened for a person."""
    epic.domain("a-side", {NOTES: numbered(line_5="one")})
    epic.domain("b-side", {NOTES: numbered(line_5="two"), "b.txt": "b\n"})
    epic.domain("c-needs-b", {"c.txt": "c\n"}, depends_on=("b-side",))
    report = epic.merge(on_conflict=OnConflict.STOP)
    assert report.status == "conflict"
    return epic


def bench(epic: Epic) -> Path:
    return epic.root / ".worktrees" / EPIC / "_resolve"


def resolve(epic: Epic, text: str = "both") -> None:
    write(bench(epic), {NOTES: numbered(line_5=text)})
    run_git(bench(epic), "add", NOTES)


def test_stop_opens_the_conflict_with_stages_and_readable_labels(stopped: Epic) -> None:
    unmerged = run_git(bench(stopped), "ls-files", "-u")
    text = (bench(stopped) / NOTES).read_text(encoding="utf-8")

    assert [line.split("\t")[0].split()[2] for line in unmerged.splitlines()] == ["1", "2", "3"]
    assert "<<<<<<< main + a-side\none\n" in text
    assert ">>>>>>> b-side\n" in text
    assert run_git(bench(stopped), "status", "--porcelain") == f"A  b.txt\nUU {NOTES}"
    assert stopped.tip() == stopped.base
    assert stopped.status() == ""


def test_stop_again_keeps_what_the_person_did(stopped: Epic) -> None:
    write(bench(stopped), {NOTES: "half done\n"})

    report = stopped.merge(on_conflict=OnConflict.STOP)

    assert exit_code(report) == 3
    assert (bench(stopped) / NOTES).read_text(encoding="utf-8") == "half done\n"


def test_continue_takes_the_resolution_and_goes_on_to_landing(stopped: Epic) -> None:
    resolve(stopped)

    report = stopped.merge(
        on_conflict=OnConflict.STOP, proceed=True, configured=(f"test -e {NOTES}",)
    )

    assert report.status == "landed"
    assert statuses(report) == {
        "a-side": "merged",
        "b-side": "resolved",
        "c-needs-b": "merged",
    }
    resolution = entry(report, "b-side").resolution
    assert resolution is not None
    assert (resolution.by, resolution.edited_outside) == ("person", ())
    assert resolution.verified_by == (f"test -e {NOTES}",)
    assert stopped.read("main", NOTES).splitlines()[4] == "both"
    assert not bench(stopped).exists()
    assert not [ref for ref in stopped.refs() if ref.startswith("resolving/")]


def test_a_resolution_committed_by_the_person_counts_and_edits_outside_are_named(
    stopped: Epic,
) -> None:
    resolve(stopped)
    write(bench(stopped), {"README.md": "changed too\n"})
    run_git(bench(stopped), "commit", "--quiet", "--all", "--message=resolved")

    report = stopped.merge(proceed=True, land=False)

    resolution = entry(report, "b-side").resolution
    assert resolution is not None
    assert resolution.edited_outside == ("README.md",)
    assert stopped.read(str(report.target.result), "README.md") == "changed too"


def test_a_merge_without_continue_finds_a_taken_resolution_again(stopped: Epic) -> None:
    resolve(stopped)
    first = stopped.merge(proceed=True, land=False)

    second = stopped.merge(land=False)

    assert second == first


def test_continue_refuses_unmerged_files(stopped: Epic) -> None:
    write(bench(stopped), {NOTES: numbered(line_5="both")})

    with pytest.raises(ConflictWaiting, match="is not resolved"):
        stopped.merge(proceed=True)

    assert bench(stopped).exists()


def test_continue_refuses_markers(stopped: Epic) -> None:
    run_git(bench(stopped), "add", NOTES)

    with pytest.raises(ConflictWaiting, match=r"conflict markers are left in docs/notes\.txt"):
        stopped.merge(proceed=True)


def test_continue_refuses_when_the_train_changed(stopped: Epic) -> None:
    resolve(stopped)
    stopped.results.pop(0)
    stopped.domains.pop(0)
    stopped.domain("a-side", {NOTES: numbered(line_5="three")})

    with pytest.raises(WrongPhase, match="the train changed since"):
        stopped.merge(proceed=True)

    assert bench(stopped).exists()


def test_continue_refuses_another_history(stopped: Epic) -> None:
    run_git(bench(stopped), "checkout", "--quiet", "--force", "--detach", stopped.base)

    with pytest.raises(WrongPhase, match="no longer on the train"):
        stopped.merge(proceed=True)


def test_continue_without_an_open_conflict_is_refused(epic: Epic) -> None:
    epic.domain("a-side", {NOTES: numbered(line_5="one")})

    with pytest.raises(WrongPhase, match="no conflict of add-auth is open"):
        epic.merge(proceed=True)


def test_continue_stops_again_at_the_next_conflict(epic: Epic) -> None:
    epic.domain("a-side", {NOTES: numbered(line_5="one")})
    epic.domain("b-side", {NOTES: numbered(line_5="two")})
    epic.domain("c-side", {NOTES: numbered(line_5="three")})
    epic.merge(on_conflict=OnConflict.STOP)
    resolve(epic, "one and two")

    report = epic.merge(on_conflict=OnConflict.STOP, proceed=True)

    assert statuses(report) == {"a-side": "merged", "b-side": "resolved", "c-side": "conflict"}
    text = (bench(epic) / NOTES).read_text(encoding="utf-8")
    assert "<<<<<<< main + a-side + b-side\none and two\n" in text


def test_continue_goes_on_after_a_kill_behind_the_removal_of_the_worktree(stopped: Epic) -> None:
    pending = stopped.refs()["resolving/b-side"]
    resolve(stopped)
    first = stopped.merge(proceed=True, land=False)
    ref = f"refs/ropewalk/{EPIC}/resolving/b-side"
    run_git(stopped.root, "update-ref", ref, pending)

    second = stopped.merge(proceed=True, land=False)

    assert second == first


def test_abort_takes_everything_back_and_keeps_it_in_the_trash(stopped: Epic) -> None:
    write(bench(stopped), {NOTES: "half done\n"})
    result = stopped.refs()["result"]

    report = stopped.merge(abort=True)

    refs = stopped.refs()
    assert report.status == "aborted"
    assert exit_code(report) == 0
    assert not bench(stopped).exists()
    assert not [ref for ref in refs if ref.startswith(("resolving/", "step/", "result"))]
    assert refs[f"trash/result/{result}"] == result
    assert "trash/resolve/run-1" in refs
    assert stopped.tip() == stopped.base
    assert stopped.merge(abort=True).status == "aborted"


def test_a_conflict_of_names_opens_with_names_of_domains(epic: Epic) -> None:
    def folder(tree: Path) -> None:
        (tree / "thing").mkdir()
        (tree / "thing/inner").write_text("inner\n", encoding="utf-8")

    epic.domain("a-side", folder)
    epic.domain("b-side", {"thing": "file\n"})

    epic.merge(on_conflict=OnConflict.STOP)

    assert (bench(epic) / "thing~b-side").read_text(encoding="utf-8") == "file\n"
    assert run_git(bench(epic), "ls-files", "-u").split("\t")[1] == "thing~b-side"
    run_git(bench(epic), "mv", "thing/inner", "inner")
    if (bench(epic) / "thing").is_dir():
        (bench(epic) / "thing").rmdir()
    run_git(bench(epic), "rm", "--quiet", "--cached", "thing~b-side")
    (bench(epic) / "thing~b-side").rename(bench(epic) / "thing")
    run_git(bench(epic), "add", "thing")
    report = epic.merge(proceed=True, land=False)
    assert entry(report, "b-side").status == "resolved"
    assert epic.read(str(report.target.result), "thing") == "file"


def test_a_person_can_use_the_tools_of_git_in_the_worktree(stopped: Epic) -> None:
    subprocess.run(
        ["git", "checkout", "--quiet", "--theirs", NOTES], cwd=bench(stopped), check=True
    )
    run_git(bench(stopped), "add", NOTES)

    report = stopped.merge(proceed=True, land=False)

    assert stopped.read(str(report.target.result), NOTES).splitlines()[4] == "two"


def test_a_second_conflict_is_not_opened_over_the_first(stopped: Epic) -> None:
    stopped.results.pop(0)
    stopped.domains.pop(0)
    stopped.domain("a-side", {NOTES: numbered(line_5="three")})

    with pytest.raises(WrongPhase, match="the conflict of 'b-side' is still open"):
        stopped.merge(on_conflict=OnConflict.STOP)

    assert bench(stopped).exists()


def test_a_repository_inside_the_worktree_is_not_taken_in(stopped: Epic) -> None:
    resolve(stopped)
    run_git(bench(stopped), "init", "--quiet", "inside")
    run_git(bench(stopped) / "inside", "commit", "--quiet", "--allow-empty", "--message=x")

    with pytest.raises(ConflictWaiting, match="holds files that git cannot take in"):
        stopped.merge(proceed=True)


def test_a_half_made_worktree_of_a_killed_merge_is_put_away_and_made_again(epic: Epic) -> None:
    epic.domain("a-side", {NOTES: numbered(line_5="one")})
    epic.domain("b-side", {NOTES: numbered(line_5="two")})
    reason = f"ropewalk {EPIC}/_resolve"
    run_git(
        epic.root,
        *("worktree", "add", "--quiet", "--detach", "--lock", "--reason", reason, str(bench(epic))),
    )

    epic.merge(on_conflict=OnConflict.STOP)

    assert ">>>>>>> b-side\n" in (bench(epic) / NOTES).read_text(encoding="utf-8")


def test_a_conflict_in_a_sha256_repository_can_be_resolved(tmp_path: Path) -> None:
    root = tmp_path / "sha256"
    root.mkdir()
    run_git(root, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    write(root, {NOTES: numbered()})
    run_git(root, "add", "--all")
    run_git(root, "commit", "--quiet", "--message=first")
    (tmp_path / "scratch").mkdir()
    epic = Epic(root, tmp_path / "scratch")
    epic.domain("a-side", {NOTES: numbered(line_5="one")})
    epic.domain("b-side", {NOTES: numbered(line_5="two")})
    epic.merge(on_conflict=OnConflict.STOP)
    resolve(epic)

    report = epic.merge(proceed=True)

    assert report.status == "landed"
    assert len(epic.tip()) == 64


def test_a_conflict_whose_worktree_was_deleted_by_hand_is_opened_again(stopped: Epic) -> None:
    shutil.rmtree(bench(stopped))

    with pytest.raises(WrongPhase, match="where the conflict of 'b-side' was open, is gone"):
        stopped.merge(proceed=True)
    stopped.merge(on_conflict=OnConflict.STOP)
    reopened = (bench(stopped) / NOTES).read_text(encoding="utf-8")
    shutil.rmtree(bench(stopped))
    stopped.merge(abort=True)

    assert ">>>>>>> b-side\n" in reopened
    assert "_resolve" not in run_git(stopped.root, "worktree", "list")
    assert statuses(stopped.merge(on_conflict=OnConflict.STOP))["b-side"] == "conflict"
    assert bench(stopped).is_dir()


def test_a_resolution_that_was_wrong_can_be_made_again_with_resolve_off(stopped: Epic) -> None:
    resolve(stopped, "wrong")
    stopped.merge(proceed=True, land=False, resolve=Resolve.OFF)

    asked = stopped.merge(on_conflict=OnConflict.STOP, resolve=Resolve.OFF)
    shutil.rmtree(bench(stopped))
    with pytest.raises(WrongPhase, match="is gone"):
        stopped.merge(proceed=True, land=False, resolve=Resolve.OFF)
    stopped.merge(on_conflict=OnConflict.STOP, resolve=Resolve.OFF)
    resolve(stopped, "right")
    again = stopped.merge(proceed=True, land=False, resolve=Resolve.OFF)

    assert statuses(asked)["b-side"] == "conflict"
    assert stopped.read(str(again.target.result), NOTES).splitlines()[4] == "right"
    assert len([ref for ref in stopped.refs() if ref.startswith("trash/resolved/")]) == 1


def test_resolve_off_asks_about_every_conflict_again_and_only_this_time_counts(epic: Epic) -> None:
    for name in ("a", "b", "c"):
        epic.domain(name, {NOTES: numbered(line_5=name)})

    def asked(*, proceed: bool = False) -> MergeReport:
        stop, off = OnConflict.STOP, Resolve.OFF
        return epic.merge(on_conflict=stop, resolve=off, proceed=proceed, land=False)

    def both(first: str, second: str) -> MergeReport:
        asked()
        resolve(epic, first)
        between = asked(proceed=True)
        assert statuses(between) == {"a": "merged", "b": "resolved", "c": "conflict"}
        resolve(epic, second)
        return asked(proceed=True)

    assert epic.read(str(both("one", "two").target.result), NOTES).splitlines()[4] == "two"
    assert epic.read(str(both("one", "three").target.result), NOTES).splitlines()[4] == "three"


def test_abort_forgets_what_was_resolved_and_did_not_land(stopped: Epic) -> None:
    resolve(stopped, "wrong")
    stopped.merge(proceed=True, land=False)
    made = stopped.refs()["resolved/b-side"]
    recordings = own_recordings(stopped.place)
    was_recorded = list(recordings.glob("*/postimage"))

    stopped.merge(abort=True)
    asked = stopped.merge()

    assert statuses(asked)["b-side"] == "conflict"
    assert stopped.refs()[f"trash/resolved/{made}"] == made
    assert (len(was_recorded), list(recordings.glob("*/postimage"))) == (1, [])
    stopped.merge(abort=True)
    stopped.merge(on_conflict=OnConflict.STOP)
    resolve(stopped, "right")
    landed = stopped.merge(proceed=True)
    stopped.merge(abort=True)
    assert landed.status == "landed"
    assert "resolved/b-side" in stopped.refs()


def test_a_resolution_that_fails_the_checks_is_shown_with_how_to_make_it_again(
    stopped: Epic,
) -> None:
    checks = (f"! grep wrong {NOTES}",)
    resolve(stopped, "wrong")
    failed = stopped.merge(proceed=True, checks=checks)

    opened = stopped.merge(on_conflict=OnConflict.STOP, resolve=Resolve.OFF, checks=checks)
    resolve(stopped, "right")
    landed = stopped.merge(proceed=True, resolve=Resolve.OFF, checks=checks)

    assert statuses(failed)["b-side"] == "ejected"
    assert any(line.endswith(" --resolve off --on-conflict stop") for line in failed.next_commands)
    assert statuses(opened)["b-side"] == "conflict"
    assert landed.status == "landed"

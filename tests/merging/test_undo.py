import pytest

from ropewalk.errors import LandingRefused
from ropewalk.merging.undo import revert_commands, undo_building, undo_landing
from ropewalk.model.merge import MergeReport
from tests.conftest import run_git
from tests.merging.epics import EPIC, Epic, entry, numbered

NOTES = "docs/notes.txt"


@pytest.fixture
def landed(epic: Epic) -> MergeReport:
    epic.domain("api", {NOTES: numbered(line_5="changed"), "web/app.js": None})
    epic.domain("web", {"web/x.js": "1\n"})
    return epic.merge()


def test_undo_restores_branch_index_and_files(epic: Epic, landed: MergeReport) -> None:
    undo_landing(epic.place, landed, note=epic.journal)

    assert epic.tip() == epic.base
    assert epic.status() == ""
    assert (epic.root / "web/app.js").exists()
    assert not (epic.root / "web/x.js").exists()
    assert epic.journal.types()[-2:] == ["undoing", "undone"]


def test_undo_twice_changes_nothing(epic: Epic, landed: MergeReport) -> None:
    undo_landing(epic.place, landed, note=epic.journal)

    undo_landing(epic.place, landed, note=epic.journal)

    assert epic.tip() == epic.base


def test_undo_keeps_unrelated_changes_and_what_is_staged(epic: Epic, landed: MergeReport) -> None:
    (epic.root / "README.md").write_text("dirty\n", encoding="utf-8")
    (epic.root / "staged.txt").write_text("staged\n", encoding="utf-8")
    run_git(epic.root, "add", "staged.txt")

    undo_landing(epic.place, landed, note=epic.journal)

    assert epic.status().splitlines() == [" M README.md", "A  staged.txt"]


def test_undo_refuses_dirty_files_in_the_way(epic: Epic, landed: MergeReport) -> None:
    (epic.root / NOTES).write_text("mine\n", encoding="utf-8")
    tip = epic.tip()

    with pytest.raises(LandingRefused, match="has changes that are not committed"):
        undo_landing(epic.place, landed, note=epic.journal)

    assert epic.tip() == tip
    assert (epic.root / NOTES).read_text(encoding="utf-8") == "mine\n"


def test_undo_refuses_to_overwrite_an_ignored_file(epic: Epic, landed: MergeReport) -> None:
    (epic.root / ".git/info/exclude").write_text("/web/app.js\n", encoding="utf-8")
    (epic.root / "web/app.js").write_text("mine\n", encoding="utf-8")

    with pytest.raises(LandingRefused, match=r"web/app\.js"):
        undo_landing(epic.place, landed, note=epic.journal)

    assert (epic.root / "web/app.js").read_text(encoding="utf-8") == "mine\n"


def test_undo_of_a_target_that_moved_on_names_the_reverts(epic: Epic, landed: MergeReport) -> None:
    run_git(epic.root, "commit", "--quiet", "--allow-empty", "--message=later")

    with pytest.raises(LandingRefused) as caught:
        undo_landing(epic.place, landed, note=epic.journal)

    assert caught.value.hint == "; ".join(
        f"git revert -m 1 {entry(landed, name).commit}" for name in ("web", "api")
    )
    for command in revert_commands(landed):
        run_git(epic.root, *command.split()[1:], "--no-edit")
    assert epic.read("main", NOTES) == numbered().rstrip("\n")


def test_undo_moves_a_branch_that_is_not_checked_out(epic: Epic, landed: MergeReport) -> None:
    run_git(epic.root, "checkout", "--quiet", "--detach")

    undo_landing(epic.place, landed, note=epic.journal)

    assert epic.tip() == epic.base
    assert run_git(epic.root, "rev-parse", "HEAD") == landed.target.result


def test_what_did_not_land_cannot_be_undone_as_a_landing(epic: Epic) -> None:
    epic.domain("api", {"x.txt": "x\n"})
    built = epic.merge(land=False)

    with pytest.raises(LandingRefused, match="did not land"):
        undo_landing(epic.place, built, note=epic.journal)


def test_undo_before_landing_moves_the_refs_to_the_trash(epic: Epic) -> None:
    epic.domain("api", {"x.txt": "x\n"})
    built = epic.merge(land=False)

    moved = undo_building(epic.place, EPIC, note=epic.journal)

    refs = epic.refs()
    assert moved == (f"refs/ropewalk/{EPIC}/result", f"refs/ropewalk/{EPIC}/step/1")
    assert "result" not in refs
    assert refs[f"trash/result/{built.target.result}"] == built.target.result
    assert undo_building(epic.place, EPIC, note=epic.journal) == ()


def test_a_new_train_keeps_the_result_of_the_old_one(epic: Epic) -> None:
    epic.domain("api", {"x.txt": "x\n"})
    first = epic.merge(land=False)
    epic.domain("a-new", {"y.txt": "y\n"})

    epic.merge(land=False)

    result = first.target.result
    assert epic.refs()[f"trash/result/{result}"] == result

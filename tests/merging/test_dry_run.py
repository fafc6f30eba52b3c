from ropewalk.git.own import own_context
from ropewalk.merging.report import exit_code
from tests.merging.epics import EPIC, Epic, numbered, snapshot_folder, statuses

NOTES = "docs/notes.txt"


def test_a_dry_run_writes_nothing_at_all(epic: Epic) -> None:
    epic.domain("a-side", {NOTES: numbered(line_5="one")})
    epic.domain("b-side", {NOTES: numbered(line_5="two")})
    epic.domain("c-alone", {"c.txt": "c\n"})
    own_context(epic.place)
    git_dir = snapshot_folder(epic.root / ".git")
    files = snapshot_folder(epic.root)

    report = epic.merge(dry_run=True)

    assert report.status == "conflict"
    assert exit_code(report) == 3
    assert statuses(report) == {"a-side": "merged", "b-side": "conflict", "c-alone": "merged"}
    assert snapshot_folder(epic.root / ".git") == git_dir
    assert snapshot_folder(epic.root) == files
    assert epic.journal.types() == []


def test_a_dry_run_names_the_commands_and_the_commits_of_the_real_run(epic: Epic) -> None:
    epic.domain("api", {"api/x.py": "X = 1\n"}, checks=("test -f api/x.py",))
    given = epic.given(land=False)

    dry = epic.merge(dry_run=True)
    real = epic.merge(given=given)

    assert dry.status == "built"
    assert dry.target.reason == "dry run"
    assert dry.validation.commands == ("test -f api/x.py",)
    assert dry.target.result == real.target.result
    assert real.validation.commands == dry.validation.commands


def test_a_dry_run_says_what_would_refuse_landing(epic: Epic) -> None:
    epic.domain("api", {NOTES: numbered(line_5="one")})
    (epic.root / NOTES).write_text("mine\n", encoding="utf-8")

    report = epic.merge(dry_run=True)

    assert report.status == "built"
    assert report.target.reason == (
        f"dry run; would be refused: '{NOTES}' in {epic.root} has changes that are not committed"
    )


def test_a_dry_run_knows_that_a_check_is_missing(epic: Epic) -> None:
    epic.domain("api", {NOTES: numbered(line_5="one")})

    report = epic.merge(dry_run=True, unchecked=False)

    assert report.status == "land_refused"
    assert report.epic_id == EPIC

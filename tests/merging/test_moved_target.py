"""A target that moves while a train is built and checked."""

from pathlib import Path

import pytest

from ropewalk.merging.merge import build, land_train, validate
from ropewalk.merging.report import exit_code
from ropewalk.model.merge import MergeReport
from tests.conftest import run_git
from tests.merging.epics import TARGET, Epic, numbered

NOTES = "docs/notes.txt"


@pytest.fixture
def ready(epic: Epic) -> Epic:
    epic.domain("api", {NOTES: numbered(line_5="changed")})
    return epic


def commit_on_main(epic: Epic, name: str, text: str) -> str:
    (epic.root / name).write_text(text, encoding="utf-8")
    run_git(epic.root, "add", "--all")
    run_git(epic.root, "commit", "--quiet", "--message=meanwhile")
    return epic.tip()


def merge_while(epic: Epic, name: str, text: str, *, checks: tuple[str, ...] = ()) -> MergeReport:
    """Merge, with a commit on the target between the checks and the landing."""
    given, tools = epic.given(checks=checks), epic.tools()
    with tools.checks:
        checked = validate(given, build(given, tools), tools)
        commit_on_main(epic, name, text)
        return land_train(given, checked, tools)


def test_the_train_is_built_again_on_a_target_that_went_forward(ready: Epic) -> None:
    report = merge_while(ready, "meanwhile.txt", "theirs\n", checks=(f"grep changed {NOTES}",))

    moved = run_git(ready.root, "rev-parse", "main~1")
    assert (report.status, report.target.base) == ("landed", moved)
    assert ready.read("main", "meanwhile.txt") == "theirs"
    assert ready.read("main", NOTES) == numbered(line_5="changed").strip()
    assert [run.exit_code for run in report.validation.runs] == [0]


def test_what_fails_its_checks_on_the_new_target_does_not_land(ready: Epic) -> None:
    check = "test ! -e meanwhile.txt"

    report = merge_while(ready, "meanwhile.txt", "theirs\n", checks=(check,))

    assert (report.status, exit_code(report)) == ("validation_failed", 4)
    assert run_git(ready.root, "log", "-1", "--format=%s", "main") == "meanwhile"


def test_what_conflicts_with_the_new_target_is_a_conflict(ready: Epic) -> None:
    report = merge_while(ready, NOTES, numbered(line_5="theirs"))

    assert (report.status, exit_code(report)) == ("conflict", 3)
    assert ready.read("main", NOTES) == numbered(line_5="theirs").strip()


def test_a_target_that_was_rewritten_is_refused(ready: Epic, tmp_path: Path) -> None:
    given, tools = ready.given(), ready.tools()
    with tools.checks:
        checked = validate(given, build(given, tools), tools)
        run_git(ready.root, "commit", "--quiet", "--amend", "--message=rewritten")
        rewritten = ready.tip()
        report = land_train(given, checked, tools)

    assert (report.status, exit_code(report)) == ("land_refused", 5)
    assert report.target.reason == (
        f"{TARGET} moved: it is at {rewritten}, the train was built on {ready.base}"
    )
    assert ready.tip() == rewritten


def test_a_target_that_keeps_moving_is_given_up(ready: Epic) -> None:
    git = "git -c user.name=a -c user.email=a@example.invalid"
    mover = (
        f"cd {ready.root}; git rev-list --count HEAD > count.txt; "
        f"git add count.txt; {git} commit -q -m again"
    )

    report = ready.merge(checks=(mover,))

    assert (report.status, exit_code(report)) == ("land_refused", 5)
    assert "moved: it is at" in str(report.target.reason)

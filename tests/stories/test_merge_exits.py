"""How a merge can end: one exit code and one status for each, and the file says the same."""

import json
from pathlib import Path

import pytest

from ropewalk.model.merge import MergeReport, MergeStatus
from tests.conftest import run_git
from tests.harness import Epic
from tests.stories.scenes import append_to
from tests.stories.shell import answer, ropewalk

DOMAINS = {
    "notes": "sed -i 's/note 5$/note five/' docs/notes.txt",
    "removal": "rm docs/notes.txt",
    "page": append_to(["web/index.html"]),
}


@pytest.fixture
def ran(epic: Epic, tmp_path: Path) -> Epic:
    """An epic of three domains, two of which can never be merged without a person."""
    domains = [
        {"name": name, "files": ["docs/**", "web/**"], "command": command}
        for name, command in DOMAINS.items()
    ]
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"epic_id": "exits", "domains": domains}))
    assert ropewalk(epic.repository, "plan", "--from", str(plan)).code == 0
    assert ropewalk(epic.repository, "run", "exits", "--parallel").code == 0
    return epic


def ends(epic: Epic, *words: str, code: int) -> MergeReport:
    """Run a verb that has to end with ``code``; what it prints is the file, byte for byte."""
    ended = ropewalk(epic.repository, *words, "--json")
    report = answer(ended, MergeReport, code=code)
    path = epic.workspace.layout.merge_results("exits")
    assert path.read_text(encoding="utf-8") == ended.stdout
    return report


def test_each_way_a_merge_can_end_has_its_exit_code_and_status(ran: Epic) -> None:
    main = run_git(ran.repository, "rev-parse", "main")
    part = ("merge", "exits", "--skip", "removal")

    conflict = ends(ran, "merge", "exits", "--resolve", "off", "--check", "true", code=3)
    built = ends(ran, *part, "--check", "true", "--no-land", code=0)
    aborted = ends(ran, "merge", "exits", "--abort", code=0)
    failed = ends(ran, *part, "--check", "test ! -e docs/notes.txt", code=4)
    refused = ends(ran, *part, code=5)
    assert run_git(ran.repository, "rev-parse", "main") == main
    in_part = ends(ran, *part, "--check", "true", code=6)
    undone = ends(ran, "undo", "exits", code=0)
    assert run_git(ran.repository, "rev-parse", "main") == main
    unchecked = ends(ran, *part, "--unchecked", code=6)

    reports = (conflict, built, aborted, failed, refused, in_part, undone, unchecked)
    assert [report.status for report in reports] == [
        MergeStatus.CONFLICT,
        MergeStatus.BUILT,
        MergeStatus.ABORTED,
        MergeStatus.VALIDATION_FAILED,
        MergeStatus.LAND_REFUSED,
        MergeStatus.LANDED,
        MergeStatus.UNDONE,
        MergeStatus.LANDED,
    ]
    assert [report.target.landed for report in reports] == [False] * 5 + [True, False, True]
    assert [report.target.unchecked for report in reports] == [False] * 7 + [True]
    assert all(report.next_commands for report in reports)
    assert failed.validation.culprit is None
    assert "fails on the target without any domain too" in str(failed.target.reason)
    assert refused.target.reason == "no check is configured, and --unchecked was not given"


def test_an_epic_that_lands_as_a_whole_ends_with_0(epic: Epic, tmp_path: Path) -> None:
    domain = {"name": "page", "files": ["web/**"], "command": DOMAINS["page"]}
    plan = tmp_path / "plan.json"
    plan.write_text(
        json.dumps({"epic_id": "exits", "domains": [domain], "validation": ["grep -q page web/*"]})
    )
    ropewalk(epic.repository, "plan", "--from", str(plan))
    ropewalk(epic.repository, "run", "exits")

    whole = ends(epic, "merge", "exits", code=0)

    assert whole.status is MergeStatus.LANDED
    assert run_git(epic.repository, "rev-parse", "main") == whole.target.result
    assert [run.exit_code for run in whole.validation.runs] == [0]

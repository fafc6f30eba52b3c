"""A conflict as a person meets it: in the merge, in the results afterwards, and on the page."""

import json
import os
import shlex
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.model.merge import MergedDomainStatus
from ropewalk.model.plan import Mode
from tests.conftest import run_git
from tests.harness import Epic
from tests.stories.shell import ropewalk

NOTES = "docs/notes.txt"


def domain(name: str, line: str) -> dict[str, object]:
    return {"name": name, "files": [NOTES], "command": f"sed -i 's/^note 5$/{line}/' {NOTES}"}


def test_a_conflict_is_shown_with_the_lines_of_both_sides_wherever_a_person_looks(
    epic: Epic,
) -> None:
    domains = [domain("api", "five by api"), domain("web", "five by web")]
    epic.plan(json.dumps({"epic_id": "both", "domains": domains, "validation": ["false"]}))
    before = run_git(epic.repository, "rev-parse", "main")
    epic.run(api.RunRequest(mode=Mode.PARALLEL))

    merge = ropewalk(epic.repository, "merge", "both", "--resolve", "off")
    results = ropewalk(epic.repository, "results", "both")
    page = ropewalk(epic.repository, "report", "both")

    assert merge.code == 3
    rows = merge.stdout.splitlines()
    assert rows[0].split() == ["1", "api", "merged", "1", "file", "+1", "−1", *rows[0].split()[7:]]
    assert rows[1] == f"  2 web  conflict  {NOTES} (content) with api"
    assert f"✗ web does not merge: {NOTES} conflicts with api (line 5)" in merge.stdout
    for screen in (merge, results):
        lines = [line.rstrip() for line in screen.stdout.splitlines()]
        at = lines.index(f"  {NOTES} (content)")
        assert [line.split("│")[1].strip() for line in lines[at + 1 : at + 3]] == [
            "web, line 5",
            "5  five by web",
        ]
    assert f"   - {NOTES} (content) with api: line 5 of web against line 5" in page.stdout
    assert epic.merged("web").status is MergedDomainStatus.CONFLICT
    assert run_git(epic.repository, "rev-parse", "main") == before


def test_a_decision_about_a_name_that_is_no_utf8_is_shown_against_both_sides(epic: Epic) -> None:
    name = os.fsdecode(b"docs/caf\xe9.txt")
    (epic.repository / name).write_text("one\n")
    run_git(epic.repository, "add", "docs")
    run_git(epic.repository, "commit", "--quiet", "-m", "A name in Latin-1")
    domains = [
        {"name": side, "files": ["docs/**"], "command": f"echo {side} | tee docs/caf*.txt"}
        for side in ("api", "web")
    ]
    epic.plan(json.dumps({"epic_id": "latin", "domains": domains, "validation": ["true"]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    stopped = ropewalk(
        epic.repository, "merge", "latin", "--resolve", "off", "--on-conflict", "stop"
    )
    bench = epic.workspace.layout.worktree("latin", "_resolve")
    (bench / name).write_text("both\n")
    run_git(bench, "add", "docs")
    taken = ropewalk(epic.repository, "merge", "latin", "--continue")

    shown = ropewalk(epic.repository, "diff", "latin", "--resolved", "--json")

    assert (stopped.code, taken.code) == (3, 0), stopped.stderr + taken.stderr
    (decided,) = json.loads(shown.stdout)["diffs"]
    assert ["+both" in side["patch"] for side in decided["sides"]] == [True, True]


@pytest.mark.parametrize("checks", [("",), ("true", " ")])
def test_an_empty_check_proves_nothing_and_is_refused(epic: Epic, checks: tuple[str, ...]) -> None:
    epic.plan(json.dumps({"epic_id": "none", "domains": [domain("api", "five by api")]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    before = run_git(epic.repository, "rev-parse", "main")
    options = [word for check in checks for word in ("--check", check)]

    merge = ropewalk(epic.repository, "merge", "none", *options)

    assert merge.code == 2
    assert "error: the command of --check is empty" in merge.stderr
    assert run_git(epic.repository, "rev-parse", "main") == before


def test_the_command_that_takes_a_suggestion_works_in_a_folder_with_spaces(
    epic: Epic, tmp_path: Path
) -> None:
    place = epic.repository.rename(tmp_path / "my projects")
    domains = [domain("api", "five by api"), domain("web", "five by web")]
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"epic_id": "both", "domains": domains}))
    assert ropewalk(place, "plan", "--from", str(plan)).code == 0
    assert ropewalk(place, "run", "both", "--parallel").code == 0
    ropewalk(place, "merge", "both", "--unchecked", "--on-conflict", "stop")

    shown = ropewalk(place, "diff", "both", "--resolved").stdout.splitlines()

    take = shown[shown.index("# take it:") + 1].removeprefix("# ")
    words = shlex.split(take.partition(" && ")[0])
    assert words[:3] == ["git", "-C", str(place / ".worktrees" / "both" / "_resolve")]

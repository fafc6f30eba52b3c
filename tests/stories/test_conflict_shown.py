"""A conflict as a person meets it: in the merge, in the results afterwards, and on the page."""

import json

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

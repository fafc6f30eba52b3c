"""Looking at an epic that has been run, by what a person types."""

import json
from pathlib import Path

from tests.cli.running import program, ropewalk
from tests.conftest import RunGit


def output(repository: Path, name: str) -> str:
    return (repository / ".workflow" / "outputs" / "search" / name).read_text()


def test_with_json_watching_prints_one_event_a_line(finished: Path) -> None:
    watched = ropewalk(finished, "--json", "watch", "search")
    followed = ropewalk(finished, "--json", "logs", "search", "-f")

    events = [json.loads(line) for line in watched.out.splitlines()]
    assert events[0]["type"] == "run_started"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert followed.out == watched.out


def test_watching_a_run_at_rest_shows_how_it_stands(finished: Path) -> None:
    ended = ropewalk(finished, "watch", "search")

    assert "▲ search: partial" in ended.out
    assert "2 of 4 succeeded" in ended.err


def test_the_story_and_the_logs_of_a_run(finished: Path) -> None:
    story = ropewalk(finished, "logs", "search")
    followed = ropewalk(finished, "logs", "search", "-f")
    log = ropewalk(finished, "logs", "search", "work-database.1")
    tail = ropewalk(finished, "logs", "search", "database", "-f")
    as_json = ropewalk(finished, "--json", "logs", "search", "database", "-f")
    missing = ropewalk(finished, "logs", "search", "nope", "--attempt", "7")

    assert "✓ database: success" in story.out
    assert "checks-backend" in story.out
    assert "✓ database: success" in followed.out
    assert log.out == tail.out == "at work on database\n"
    assert as_json.json == {"domain": "database", "attempt": 1, "text": "at work on database\n"}
    assert "there is no log of attempt 7 of 'nope'" in missing.err


def test_results_name_everything_that_is_known_of_a_domain(finished: Path) -> None:
    ended = ropewalk(finished, "results", "search")
    one = ropewalk(finished, "results", "search", "frontend")
    none = ropewalk(finished, "results", "search", "nope")

    assert "✗ docs: failed (agent failed) · 0 files +0 −0" in ended.out
    assert "checks     grep -q found api/service.py ✓" in ended.out
    assert "    next       ropewalk logs search docs" in ended.out
    assert one.out.startswith("▲ frontend: partial (outside its files: outside.txt) · 2 files")
    assert "outside    outside.txt" in one.out
    assert (none.code, "there is no result of 'nope'" in none.err) == (2, True)


def test_a_diff_can_be_applied_as_it_is_printed(finished: Path, git: RunGit) -> None:
    one = ropewalk(finished, "diff", "search", "database")
    every = ropewalk(finished, "diff", "search")
    path = ropewalk(finished, "diff", "search", "frontend", "--", "web/app.js")
    nothing = ropewalk(finished, "diff", "search", "--", "README.md")
    unknown = ropewalk(finished, "diff", "search", "nope")

    (finished.parent / "one.patch").write_text(one.out)
    git(finished, "apply", "--check", str(finished.parent / "one.patch"))
    assert every.out.count("diff --git") == 4
    assert "# database " in every.out
    assert "outside.txt" not in path.out
    assert "+// search" in path.out
    assert "diff --git" not in nothing.out
    assert (unknown.code, "paths come after --" in unknown.err) == (2, True)


def test_nothing_resolved_is_said(finished: Path) -> None:
    before = ropewalk(finished, "diff", "search", "--resolved")
    ropewalk(finished, "-q", "merge", "search")

    after = ropewalk(finished, "diff", "search", "--resolved")

    assert (before.code, "has not been merged" in before.err) == (2, True)
    assert (after.code, after.err) == (0, "no conflict was resolved automatically\n")


def test_a_graph_is_drawn_and_written(finished: Path) -> None:
    drawn = {
        kind: ropewalk(finished, "graph", "search", "--format", kind).out
        for kind in ("text", "mermaid", "dot", "json")
    }
    written = ropewalk(finished, "graph", "search", "--format", "dot", "-o", "graph.dot")
    failed = ropewalk(finished, "graph", "search", "-o", "missing/graph.dot")

    assert "backend [succeeded] <- database" in drawn["text"]
    assert drawn["mermaid"].startswith("flowchart TD")
    assert json.loads(drawn["json"])["width"] == 2
    assert (finished / "graph.dot").read_text() == drawn["dot"]
    assert written.err == "written graph.dot\n"
    assert (failed.code, "cannot be written" in failed.err) == (1, True)


def test_a_report_is_a_page(finished: Path) -> None:
    ropewalk(finished, "-q", "merge", "search", "--include", "frontend")
    ropewalk(finished, "-q", "postmortem", "search")
    ropewalk(finished, "-q", "validate", "search")

    page = ropewalk(finished, "report", "search")
    html = ropewalk(finished, "report", "search", "--html")
    named = ropewalk(finished, "report", "search", "-o", "page.md")

    assert page.out.startswith("# search\n")
    assert html.err == "written .workflow/outputs/search/report.html\n"
    text = output(finished, "report.html")
    assert "<h2>Merge</h2>" in text
    assert "<h2>Validation</h2>" in text
    assert "<script" not in text
    assert (finished / "page.md").read_text().strip() == page.out.strip()
    assert named.err == "written page.md\n"


def test_status_has_a_line_for_each_epic(finished: Path) -> None:
    every = ropewalk(finished, "status")
    one = ropewalk(finished, "status", "search")

    assert every.out.splitlines()[1].split()[:4] == ["▲", "search", "partial", "results"]
    assert "✗ docs" in one.out
    assert "next: ropewalk results search" in one.out


def test_without_any_epic_status_says_how_to_begin(repository: Path) -> None:
    ended = ropewalk(repository, "status")

    assert ended.code == 0
    assert "no epic has been planned here" in ended.out
    assert "no epic has been run here" in ropewalk(repository, "clean").out


def test_completion_names_epics_and_domains(finished: Path) -> None:
    asked = {"_ROPEWALK_COMPLETE": "bash_complete", "COMP_CWORD": "2"}

    epics = program(finished, **asked, COMP_WORDS="ropewalk merge se")
    domains = program(finished, **{**asked, "COMP_CWORD": "3"}, COMP_WORDS="ropewalk diff search d")
    nowhere = program(finished.parent, **asked, COMP_WORDS="ropewalk merge se")
    unknown = program(finished, **{**asked, "COMP_CWORD": "3"}, COMP_WORDS="ropewalk diff nope d")

    assert epics.out == "plain,search\n"
    assert domains.out == "plain,database\nplain,docs\n"
    assert nowhere.out.strip() == unknown.out.strip() == ""

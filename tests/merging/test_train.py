from pathlib import Path

import pytest

from ropewalk.errors import InvalidInput
from ropewalk.merging.report import exit_code
from ropewalk.model.result import DomainStatus, Reason
from tests.conftest import run_git
from tests.merging.epics import EPIC, Epic, entry, numbered, statuses


def test_disjoint_domains_land_in_dependency_order_as_merge_commits(epic: Epic) -> None:
    epic.domain("api", {"api/auth.py": "AUTH = 1\n"}, depends_on=("database",))
    epic.domain("database", {"db/auth.sql": "CREATE TABLE users (id INTEGER);\n"})
    epic.domain("web", {"web/login.html": "<form></form>\n"}, depends_on=("api",))

    report = epic.merge()

    assert report.status == "landed"
    assert exit_code(report) == 0
    assert report.order == ("database", "api", "web")
    assert statuses(report) == dict.fromkeys(("database", "api", "web"), "merged")
    assert epic.tip() == report.target.result
    assert entry(report, "api").parents == (entry(report, "database").commit, epic.heads["api"])
    assert epic.status() == ""
    assert (epic.root / "web/login.html").exists()


def test_commits_name_epic_domain_agent_and_run(epic: Epic) -> None:
    epic.domain("api", {"api/auth.py": "AUTH = 1\n"})

    report = epic.merge()

    message = run_git(epic.root, "log", "-1", "--format=%B", str(report.target.result))
    assert message.splitlines()[0] == "Merge domain 'api' of add-auth"
    assert message.splitlines()[-4:] == [
        "Epic: add-auth",
        "Domain: api",
        "Agent: script",
        "Run: run-1",
    ]
    assert run_git(epic.root, "log", "-1", "--format=%an %at", "main") == "Rope Walk 1700000000"


def test_the_same_input_gives_the_same_commits_and_refs(epic: Epic) -> None:
    epic.domain("api", {"api/auth.py": "AUTH = 1\n"})
    epic.domain("web", {"web/login.html": "<form></form>\n"})
    given = epic.given(land=False)
    first = epic.merge(given=given)
    refs = epic.refs()

    second = epic.merge(given=given)

    assert second == first
    assert epic.refs() == refs


def test_steps_result_backup_and_heads_are_pinned(epic: Epic) -> None:
    epic.domain("api", {"api/auth.py": "AUTH = 1\n"})
    epic.domain("web", {"web/login.html": "<form></form>\n"})
    run_git(epic.root, "update-ref", "-d", f"refs/ropewalk/{EPIC}/head/web")

    report = epic.merge(land=False)

    refs = epic.refs()
    assert refs["step/1"] == entry(report, "api").commit
    assert refs["step/2"] == refs["result"] == entry(report, "web").commit
    assert refs[f"backup/{epic.base}"] == epic.base
    assert refs[f"seen/{epic.heads['web']}"] == epic.heads["web"]
    assert report.backup_refs == (f"refs/ropewalk/{EPIC}/backup/{epic.base}",)
    assert epic.tip() == epic.base


def test_squash_gives_one_parent_each_and_the_same_trees(epic: Epic) -> None:
    first = epic.domain("api", {"api/auth.py": "AUTH = 1\n"})
    epic.domain("web", {"api/auth.py": "AUTH = 2\n"}, on=first, depends_on=("api",))

    report = epic.merge(squash=True)

    assert report.status == "landed"
    assert entry(report, "api").parents == (epic.base,)
    assert entry(report, "web").parents == (entry(report, "api").commit,)
    assert epic.read("main", "api/auth.py") == "AUTH = 2"


def test_a_domain_without_commits_has_nothing_to_merge(epic: Epic) -> None:
    epic.domain("api", {"api/auth.py": "AUTH = 1\n"})
    epic.domain("docs", None)
    epic.domain("again", None, head=epic.heads["api"], depends_on=("api",))

    report = epic.merge()

    assert statuses(report) == {
        "api": "merged",
        "again": "nothing_to_merge",
        "docs": "nothing_to_merge",
    }
    assert exit_code(report) == 0


def test_nothing_at_all_to_merge_moves_nothing(epic: Epic) -> None:
    epic.domain("docs", None)

    report = epic.merge()

    assert report.status == "built"
    assert report.target.result is None
    assert exit_code(report) == 0
    assert epic.tip() == epic.base


def test_failed_domains_are_skipped_and_block_their_dependants_only(epic: Epic) -> None:
    epic.domain("database", {"db/x.sql": "x\n"}, status=DomainStatus.FAILED, reason=Reason.TAMPERED)
    epic.domain("api", {"api/auth.py": "AUTH = 1\n"}, depends_on=("database",))
    epic.domain("web", {"web/login.html": "<form></form>\n"}, depends_on=("api",))
    epic.domain("docs", {"docs/auth.md": "# Auth\n"})

    report = epic.merge()

    assert report.status == "landed"
    assert exit_code(report) == 6
    assert statuses(report) == {
        "database": "skipped",
        "api": "blocked",
        "web": "blocked",
        "docs": "merged",
    }
    assert entry(report, "database").reason == "failed: tampered"
    assert entry(report, "web").blocked_by == "database"


def test_partial_domains_take_part_only_when_included(epic: Epic) -> None:
    epic.domain(
        "api", {"api/x.py": "X = 1\n"}, status=DomainStatus.PARTIAL, reason=Reason.OUT_OF_SCOPE
    )

    without = epic.merge(land=False)
    included = epic.merge(land=False, include=("api",))

    assert statuses(without) == {"api": "skipped"}
    assert entry(without, "api").reason == "partial: out_of_scope; take it in with --include api"
    assert exit_code(without) == 6
    assert statuses(included) == {"api": "merged"}


def test_a_skipped_domain_lands_in_part(epic: Epic) -> None:
    epic.domain("api", {"api/x.py": "X = 1\n"})
    epic.domain("web", {"web/x.js": "1\n"})

    report = epic.merge(skip=("web",))

    assert statuses(report) == {"api": "merged", "web": "skipped"}
    assert exit_code(report) == 6


def test_an_unknown_domain_in_an_option_is_refused(epic: Epic) -> None:
    epic.domain("api", {"api/x.py": "X = 1\n"})

    with pytest.raises(InvalidInput, match="domain 'nobody' is not in the plan of add-auth"):
        epic.merge(skip=("nobody",))


def test_a_failed_domain_cannot_be_included(epic: Epic) -> None:
    epic.domain(
        "api", {"api/x.py": "X\n"}, status=DomainStatus.FAILED, reason=Reason.HISTORY_REWRITTEN
    )

    with pytest.raises(InvalidInput, match=r"domain 'api' failed \(history_rewritten\) and cannot"):
        epic.merge(include=("api",))


def test_a_head_without_common_history_is_left_out(epic: Epic) -> None:
    tree = run_git(epic.root, "rev-parse", "HEAD^{tree}")
    orphan = run_git(epic.root, "commit-tree", "-m", "alone", tree)
    epic.domain("api", None, head=orphan)
    epic.domain("web", {"web/x.js": "1\n"})

    report = epic.merge()

    assert statuses(report) == {"api": "skipped", "web": "merged"}


def test_domains_are_merged_onto_a_target_that_moved_since_the_plan(epic: Epic) -> None:
    epic.domain("api", {"api/auth.py": "AUTH = 1\n"})
    (epic.root / "README.md").write_text("# Moved\n", encoding="utf-8")
    run_git(epic.root, "commit", "--quiet", "--all", "--message=meanwhile")

    report = epic.merge()

    assert report.status == "landed"
    assert epic.read("main", "README.md") == "# Moved"
    assert epic.read("main", "api/auth.py") == "AUTH = 1"


def test_another_order_is_taken_when_the_planned_one_conflicts(epic: Epic) -> None:
    lines = 100
    epic.base = epic.commit({"docs/long.txt": numbered(lines)})
    run_git(epic.root, "reset", "--hard", "--quiet", epic.base)
    edits = {f"line_{n}": f"rewritten {n} {'x' * 30}" for n in range(1, 61)}

    def rename(tree: Path) -> None:
        run_git(tree, "mv", "docs/long.txt", "docs/moved.txt")

    epic.domain("a-edit", {"docs/long.txt": numbered(lines, **edits)})
    epic.domain("b-move", rename)
    epic.domain("c-last", {"docs/long.txt": numbered(lines, line_90="the other end")})

    report = epic.merge()

    assert report.status == "landed", report
    assert report.matrix.conflicts == ()
    assert report.order != ("a-edit", "b-move", "c-last")
    assert "changed because" in report.order_reason
    merged = epic.read("main", "docs/moved.txt")
    assert "rewritten 1 " in merged
    assert "the other end" in merged

from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.cli import merge_screen
from ropewalk.model.conflict import (
    Conflict,
    ConflictKind,
    ConflictPath,
    ConflictRegion,
    Excerpt,
)
from ropewalk.model.merge import (
    Blame,
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
    Resolution,
    ResolvedBy,
    Suggestion,
)
from ropewalk.model.result import DomainResult
from tests.cli.documents import ESCAPE, PROOF, REPORT, RESULT, merged

GOLDEN = Path(__file__).with_name("golden")


REGION = ConflictRegion(
    base=Excerpt(start=12, count=1, lines=("def save(self):",)),
    ours=Excerpt(start=12, count=2, lines=("def save(self, *, index=True):", "    index()")),
    theirs=Excerpt(start=14, count=9, lines=("def save(self, path):", "\twrite(path)")),
)
LINES = Conflict(
    paths=(
        ConflictPath(
            path="models/document.py", kind=ConflictKind.CONTENT, regions=(REGION, REGION, REGION)
        ),
        ConflictPath(
            path="docs/a.md",
            kind=ConflictKind.RENAME_RENAME,
            detail=f"docs/n.md renamed to docs/a.md in train {ESCAPE}and to docs/b.md in frontend.",
        ),
    ),
    with_domains=("database",),
    preview_tree=None,
)
PROVED = replace(
    PROOF,
    candidates_offered=16,
    words=("both fields kept, in this order",),
    verified_by=("pytest -q tests/db", "pytest -q tests/api"),
)


def merge_text(
    report: MergeReport, exit_code: int = 0, results: tuple[DomainResult, ...] = ()
) -> str:
    lines = merge_screen.merge_lines(report, exit_code=exit_code, results=results)
    return "\n".join(lines) + "\n"


def resolved(conflict: Conflict, resolution: Resolution) -> MergedDomain:
    status = MergedDomainStatus.RESOLVED
    return merged("backend", status, conflict=conflict, resolution=resolution)


def with_backend(domain: MergedDomain) -> MergeReport:
    first, _backend, last = REPORT.domains
    return replace(REPORT, domains=(first, domain, last))


def brought(domain: str, insertions: int) -> DomainResult:
    return replace(RESULT, domain=domain, insertions=insertions, checks=())


def refused(status: MergeStatus, reason: str) -> MergeReport:
    target = replace(REPORT.target, landed=False, reason=reason)
    return replace(REPORT, status=status, target=target)


def test_a_landed_merge_looks_as_promised() -> None:
    report = with_backend(resolved(LINES, PROVED))
    results = (brought("database", 118), replace(RESULT, domain="backend", insertions=1214))

    assert merge_text(report, results=results) == (GOLDEN / "merge.txt").read_text()


def test_what_a_resolution_left_out_or_edited_besides_is_said() -> None:
    resolution = replace(PROVED, dropped=("line 3 of api",), edited_outside=("a.py", "b.py"))

    text = merge_text(with_backend(resolved(LINES, resolution)))

    assert "      ▲ left out: line 3 of api\n" in text
    assert "      ▲ edited besides: a.py, b.py\n" in text


@pytest.mark.parametrize(
    ("by", "words", "counted"),
    [
        (ResolvedBy.PERSON, "by a person", None),
        (ResolvedBy.AGENT, "by an agent", "resolved by an agent: look with"),
        (ResolvedBy.RERERE, "as it was resolved before", "resolved by a rule: look with"),
        (ResolvedBy.DRIVER, "by a merge driver", "resolved by a rule: look with"),
    ],
)
def test_who_resolved_a_conflict_is_said(by: ResolvedBy, words: str, counted: str | None) -> None:
    resolution = Resolution(by=by, candidates_tried=1, verified_by=(), edited_outside=())

    report = with_backend(resolved(LINES, resolution))
    unchecked = replace(report, validation=replace(report.validation, commands=(), runs=()))

    text = merge_text(unchecked)

    assert f"      {words}\n      no check is configured\n" in text
    assert (counted or "resolved by") in text if counted else "conflict was" not in text


def test_a_parked_conflict_shows_its_lines_beside_what_landed() -> None:
    reason = "conflicts with database; 16 candidates tried, none passed both sides' checks"
    parked = merged("backend", MergedDomainStatus.PARKED, conflict=LINES, reason=reason)

    text = merge_text(with_backend(parked), 6)

    assert (
        "▲ backend is left out: models/document.py, docs/a.md conflict with database "
        "(lines 14-22); 16 candidates tried, none passed both sides' checks\n"
    ) in text
    assert "      database, lines 12-13               │ backend, lines 14-22\n" in text
    assert "      and 1 more region\n" in text
    assert "  landed on main" in text


def test_results_show_every_conflict_of_the_merge_whole() -> None:
    lines = merge_screen.review_lines(with_backend(resolved(LINES, PROVED)), width=80)

    text = "\n".join(lines)

    assert text.startswith("conflicts of the merge (landed):\n  backend: resolved\n")
    assert text.count("backend, lines 14-22") == 3
    assert text.endswith("look at what was decided: ropewalk diff search --resolved")


def test_results_of_a_merge_without_conflicts_say_nothing_of_them() -> None:
    domains = (REPORT.domains[0], REPORT.domains[2])

    assert not list(merge_screen.review_lines(replace(REPORT, domains=domains), width=80))


def test_a_conflict_that_names_no_path_says_what_git_says() -> None:
    nameless = Conflict(paths=(), with_domains=(), preview_tree=None, detail="names no path")
    stuck = merged("backend", MergedDomainStatus.CONFLICT, conflict=nameless, reason="conflicts")

    text = merge_text(replace(with_backend(stuck), status=MergeStatus.CONFLICT), 3)

    assert "✗ backend does not merge: names no path\n" in text


NOT_BUILT = replace(REPORT.target, landed=False, result=None, reason="everything has landed")
TRIED = "conflicts with database; 16 candidates tried, none passed both sides' checks"
CLOSE = Suggestion(
    tree="a" * 40,
    by=ResolvedBy.CANDIDATE,
    words=("docs/a.md: both kept, the train's first",),
    reason="no check is configured that could prove one",
)


def test_each_line_that_a_suggestion_leaves_out_stands_by_itself() -> None:
    lost = tuple(f"a.py, of frontend: 'x = {number}' is not there" for number in range(5))
    parked = merged("frontend", MergedDomainStatus.PARKED, conflict=LINES, reason=TRIED)
    domain = replace(parked, suggestions=(replace(CLOSE, dropped=lost), CLOSE))

    text = merge_text(with_backend(domain), 6)

    assert "    ▲ left out: a.py, of frontend: 'x = 0' is not there\n" in text
    assert "    ▲ left out: a.py, of frontend: 'x = 2' is not there\n" in text
    assert "      and 2 more lines left out\n" in text
    assert "    and 1 more suggestion\n" in text


def test_a_conflict_says_what_is_true_and_what_can_be_done() -> None:
    domains = (
        merged("database", MergedDomainStatus.MERGED),
        replace(
            merged("frontend", MergedDomainStatus.CONFLICT, conflict=LINES, reason=TRIED),
            suggestions=(CLOSE, CLOSE),
        ),
        merged("tests", MergedDomainStatus.BLOCKED, blocked_by="frontend"),
        merged("docs", MergedDomainStatus.SKIPPED, reason="failed"),
    )
    ways = ("--resolve suggest --on-conflict park", "--resolve off --on-conflict stop")
    choices = tuple(f"ropewalk merge search {way}" for way in ways)
    report = replace(
        refused(MergeStatus.CONFLICT, "frontend"), domains=domains, next_commands=choices
    )

    text = merge_text(replace(report, validation=replace(REPORT.validation, runs=())), 3)

    assert text == (GOLDEN / "conflict.txt").read_text()


def test_failed_checks_name_the_domain_that_breaks_them() -> None:
    run = replace(REPORT.validation.runs[0], exit_code=1, cached=True)
    validation = replace(REPORT.validation, runs=(run,), culprit="backend")
    report = replace(refused(MergeStatus.VALIDATION_FAILED, "pytest -q"), validation=validation)

    text = merge_text(report, 4)
    unknown = merge_text(replace(report, validation=replace(validation, culprit=None)), 4)

    assert "checks on the merged tree: pytest -q ✗ (known from before)" in text
    assert "they pass without backend and fail with it: /l/1.log" in text
    assert "✗ the merged tree fails its checks: pytest -q (exit 4)" in text
    assert "  see /l/1.log" in unknown


def test_checks_that_pass_are_said_to_be_those_of_the_rest() -> None:
    whole = replace(REPORT.validation.runs[0], exit_code=1)
    rest = replace(whole, prefix=("database",), exit_code=0)
    blame = Blame(
        domain="backend", command="pytest -q", exit_code=1, log="/l/1.log", good="a", bad="b",
        said="assert 2 == 3",
    )  # fmt: skip
    validation = replace(REPORT.validation, runs=(whole, rest), culprit="backend", blamed=(blame,))
    why = "'pytest -q' fails from backend on"
    ejected = merged("backend", MergedDomainStatus.EJECTED, reason=why, conflict=LINES)
    report = with_backend(replace(ejected, resolution=PROVED))
    failed = refused(MergeStatus.VALIDATION_FAILED, why)

    landed = merge_text(replace(report, validation=validation), 6)
    stopped = merge_text(replace(failed, domains=report.domains, validation=validation), 4)

    for text in (landed, stopped):
        assert f"  2 backend   ejected           {why}\n" in text
        assert (
            "  checks without backend: pytest -q ✓ (12 s)   tree 9a41c07\n"
            "✗ with backend they fail: 'pytest -q' (exit 1)\n"
            "    assert 2 == 3\n"
            "    see /l/1.log\n"
        ) in text
        assert "checks on the merged tree" not in text
    assert "✗ not landed: 'pytest -q' fails from backend on (exit 4)\n" in stopped


def test_a_search_for_the_culprit_does_not_hide_that_the_whole_fails() -> None:
    whole = replace(REPORT.validation.runs[0], exit_code=1, log="/l/whole.log")
    without = replace(whole, prefix=(), exit_code=0, log="/l/without.log", tree="0" * 40)
    found = replace(REPORT.validation, runs=(whole, without), culprit="database")
    report = replace(refused(MergeStatus.VALIDATION_FAILED, "pytest -q"), validation=found)
    ejected = tuple(merged(each.name, MergedDomainStatus.EJECTED) for each in report.domains)

    texts = [merge_text(report, 4), merge_text(replace(report, domains=ejected), 4)]

    for text in texts:
        assert "checks on the merged tree: pytest -q ✗ (12 s)   tree 9a41c07" in text
        assert "they pass without database and fail with it: /l/whole.log" in text


@pytest.mark.parametrize("status", [MergeStatus.ABORTED, MergeStatus.UNDONE])
def test_what_was_taken_back_is_not_listed_as_merged(status: MergeStatus) -> None:
    text = merge_text(refused(status, ""))

    assert text.startswith("✓ taken back: main is at 3f2c9e1\n")


def test_a_dry_run_does_not_say_that_a_domain_was_merged() -> None:
    text = merge_text(refused(MergeStatus.BUILT, "dry run"))

    assert "  1 database  merges\n" in text
    assert "merged\n" not in text


@pytest.mark.parametrize(
    ("report", "exit_code", "expected"),
    [
        (refused(MergeStatus.LAND_REFUSED, "main moved"), 5, "✗ not landed on main: main moved (e"),
        (refused(MergeStatus.BUILT, "not asked"), 0, "  built, not landed: not asked"),
        (
            replace(REPORT, status=MergeStatus.BUILT, target=NOT_BUILT),
            0,
            "  nothing was built: everything has landed",
        ),
        (refused(MergeStatus.BUILT, "dry run"), 0, "  nothing was changed: dry run"),
        (refused(MergeStatus.BUILT, "dry run"), 0, "would check the merged tree with: pytest -q"),
        (refused(MergeStatus.ABORTED, ""), 0, "✓ taken back: main is at 3f2c9e1"),
        (refused(MergeStatus.UNDONE, ""), 0, "✓ taken back: main is at 3f2c9e1"),
        (REPORT, 6, "a part of the epic did not land (exit 6)"),
        (replace(REPORT, attributes_changes=(".gitattributes",)), 0, "▲ domains change how git"),
        (replace(REPORT, drivers_used=("a.txt: union",)), 0, "▲ merged by a driver that the"),
        (
            replace(REPORT, target=replace(REPORT.target, unchecked=True)),
            0,
            "▲ no check has been run on what landed",
        ),
    ],
)
def test_every_end_of_a_merge_is_said(report: MergeReport, exit_code: int, expected: str) -> None:
    assert expected in merge_text(report, exit_code)


def test_what_was_taken_back_is_said_as_the_report_says_it() -> None:
    dropped = "the built train was dropped; main was and is at 1234567"

    text = merge_text(refused(MergeStatus.UNDONE, dropped))

    assert text.startswith(f"✓ {dropped}\n")
    assert "taken back" not in text


def test_a_resolution_by_hand_that_fails_is_shown_with_the_command_that_opens_it_again() -> None:
    by_hand = replace(PROVED, by=ResolvedBy.PERSON, verified_by=())
    ejected = merged("backend", MergedDomainStatus.EJECTED, resolution=by_hand)

    text = merge_text(replace(REPORT, domains=(ejected,)), 6)

    assert (
        "▲ backend was resolved by hand; to resolve it again:\n"
        "  ropewalk merge search --resolve off --on-conflict stop\n"
    ) in text

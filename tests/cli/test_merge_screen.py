from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.cli import merge_screen
from ropewalk.model.merge import (
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
)
from tests.cli.documents import CONFLICT, REPORT, merged

GOLDEN = Path(__file__).with_name("golden")


def merge_text(report: MergeReport, exit_code: int = 0) -> str:
    return "\n".join(merge_screen.merge_lines(report, exit_code=exit_code)) + "\n"


def refused(status: MergeStatus, reason: str) -> MergeReport:
    target = replace(REPORT.target, landed=False, reason=reason)
    return replace(REPORT, status=status, target=target)


def test_a_landed_merge_looks_as_promised() -> None:
    assert merge_text(REPORT) == (GOLDEN / "merge.txt").read_text()


def test_a_conflict_says_what_is_true_and_what_can_be_done() -> None:
    domains = (
        merged("database", MergedDomainStatus.MERGED),
        merged("frontend", MergedDomainStatus.CONFLICT, conflict=CONFLICT, reason="16 tried"),
        merged("tests", MergedDomainStatus.BLOCKED, blocked_by="frontend"),
        merged("docs", MergedDomainStatus.SKIPPED, reason="failed"),
    )
    choices = tuple(f"ropewalk merge search --on-conflict {how}" for how in ("park", "stop"))
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
        (refused(MergeStatus.BUILT, "dry run"), 0, "  nothing was changed: dry run"),
        (refused(MergeStatus.BUILT, "dry run"), 0, "would check the merged tree with: pytest -q"),
        (refused(MergeStatus.ABORTED, ""), 0, "✓ taken back: main is at 3f2c9e1"),
        (refused(MergeStatus.UNDONE, ""), 0, "✓ taken back: main is at 3f2c9e1"),
        (REPORT, 6, "a part of the epic did not land (exit 6)"),
        (replace(REPORT, attributes_changes=(".gitattributes",)), 0, "▲ domains change how git"),
        (
            replace(REPORT, target=replace(REPORT.target, unchecked=True)),
            0,
            "▲ no check has been run on what landed",
        ),
    ],
)
def test_every_end_of_a_merge_is_said(report: MergeReport, exit_code: int, expected: str) -> None:
    assert expected in merge_text(report, exit_code)

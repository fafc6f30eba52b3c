"""The repairs of phase 2 go on as long as they get somewhere, and no longer."""

import json

import pytest

from ropewalk import api
from ropewalk.epic.failures import plain_output
from ropewalk.model.validation import ValidationReport, ValidationStatus
from tests.harness import Epic
from tests.phases.rounds import parallel, plan

CHECK = "date; cat left.txt; ! grep -q x left.txt"


def validated(epic: Epic, repair: str) -> ValidationReport:
    """Land an epic that leaves three things to repair; let an agent do it, four times at most."""
    (epic.repository / "ropewalk.toml").write_text(
        '[merge]\nagent = "fixer"\nfix_attempts = 4\n'
        f'[agents.fixer]\nkind = "command"\nshell = {json.dumps(repair)}\n'
    )
    made = "printf 'x1\\nx2\\nx3\\n' > left.txt"
    domains: list[dict[str, object]] = [
        {"name": "a", "new_files": ["left.txt"], "command": made},
        {"name": "b"},
    ]
    plan(epic, domains, validation=["true"])
    epic.run(parallel())
    epic.merge()
    with (epic.repository / "ropewalk.toml").open("a") as config:
        config.write(f"[checks]\ncommands = [{json.dumps(CHECK)}]\n")
    answer = api.validate(epic.workspace, "rounds")
    assert isinstance(answer.document, ValidationReport)
    return answer.document


def test_repairs_that_get_somewhere_go_on_although_the_exit_code_is_the_same(epic: Epic) -> None:
    report = validated(epic, "sed -i '0,/x/{/x/d}' left.txt")

    assert report.status is ValidationStatus.FIXED
    assert len(report.attempts) == 4


def test_repairs_stop_when_the_same_failure_comes_back(epic: Epic) -> None:
    report = validated(epic, "echo try >> notes.txt")

    assert report.status is ValidationStatus.FAILED
    assert len(report.attempts) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 failed in 0.12s", "1 failed in 3 seconds"),
        ("at 2026-01-02T03:04:05.123 done", "at 2026-11-20 17:00:01 done"),
        ("<object at 0x7f00>", "<object at 0xbeef>"),
        ("/w/epic/_check-1/a.py:3", "/w/epic/_check-2/a.py:3"),
    ],
)
def test_what_differs_from_run_to_run_is_left_out(one: str, other: str) -> None:
    assert plain_output(one) == plain_output(other)


def test_what_failed_is_not_left_out() -> None:
    assert plain_output("FAILED test_a - 1 failed") != plain_output("FAILED test_a - 2 failed")

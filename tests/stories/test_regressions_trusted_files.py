"""What a run rests on lies where agents can write; a change to it is noticed, not obeyed."""

import json

import pytest

from ropewalk import api
from ropewalk.errors import PlanChanged, RopewalkError
from ropewalk.model.merge import MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus
from ropewalk.store.journal import read_events
from tests.conftest import run_git
from tests.harness import Epic

FAILS_ITS_CHECK = "echo broken > one.txt"
RESULT = "$ROPEWALK_REPOSITORY/.workflow/outputs/trusted/one_results.json"
FORGES = (
    f"until grep -q check_failed {RESULT}; do sleep 0.05; done; "
    f"sed -i -e 's/partial/success/' -e 's/\"check_failed\"/null/' {RESULT}; "
    "echo two > two.txt"
)


def plan(*, second: str) -> str:
    return json.dumps(
        {
            "epic_id": "trusted",
            "domains": [
                {
                    "name": "one",
                    "new_files": ["one.txt"],
                    "command": FAILS_ITS_CHECK,
                    "checks": ["grep -q whole one.txt"],
                },
                {"name": "two", "new_files": ["two.txt"], "command": second},
            ],
            "validation": ["false"],
        }
    )


def test_a_result_that_a_sibling_agent_forged_is_not_merged(epic: Epic) -> None:
    epic.plan(plan(second=FORGES))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    forged = epic.result("one").status
    before = run_git(epic.repository, "rev-parse", "main")

    with pytest.raises(RopewalkError, match="the results file of 'one' is not what was found"):
        epic.merge(api.MergeOptions(checks=("true",)))

    assert forged is DomainStatus.SUCCESS
    assert run_git(epic.repository, "rev-parse", "main") == before


def test_collecting_again_replaces_a_forged_result(epic: Epic) -> None:
    epic.plan(plan(second=FORGES))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))

    api.collect(epic.workspace, "trusted", ["one"])

    assert epic.result("one").status is DomainStatus.PARTIAL


def test_a_plan_whose_checks_were_changed_after_the_run_is_not_merged(epic: Epic) -> None:
    epic.plan(plan(second="echo two > two.txt"))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    path = epic.workspace.layout.analysis("trusted")
    untouched = path.read_bytes()
    path.write_bytes(untouched.replace(b'"false"', b'"true"'))

    with pytest.raises(PlanChanged, match="was changed after it was run"):
        epic.merge()

    path.write_bytes(untouched)
    assert epic.merge().status is MergeStatus.VALIDATION_FAILED


def test_an_agent_that_deletes_all_state_takes_neither_the_run_nor_the_way_back(
    epic: Epic,
) -> None:
    text = {
        "epic_id": "trusted",
        "domains": [
            {
                "name": "one",
                "new_files": ["one.txt"],
                "command": "echo one > one.txt; rm -r $ROPEWALK_REPOSITORY/.workflow",
            }
        ],
    }
    epic.plan(json.dumps(text))
    before = run_git(epic.repository, "rev-parse", "main")

    epic.run(api.RunRequest(mode=Mode.SEQUENTIAL))
    report = epic.merge(api.MergeOptions(checks=("grep -q one one.txt",)))
    api.undo(epic.workspace, "trusted")

    assert report.status is MergeStatus.LANDED
    (journal,) = epic.repository.glob(".workflow/runs/*/journal.jsonl")
    assert "journal_put_back" in {event.type for event in read_events(journal)}
    assert run_git(epic.repository, "rev-parse", "main") == before

"""An attempt that could not start takes nothing away of what an earlier one made."""

import json

import pytest

from ropewalk import api
from ropewalk.errors import RopewalkError
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus, Reason
from tests.harness import Epic
from tests.phases.programs import write_program
from tests.phases.rounds import parallel, plan

WORK = 'echo more >> "$ROPEWALK_DOMAIN.txt"; result done false 0.6'


@pytest.mark.parametrize("mode", [Mode.PARALLEL, Mode.SEQUENTIAL])
def test_a_retry_without_money_leaves_the_work_of_the_domain_in_its_result(
    epic: Epic, mode: Mode
) -> None:
    write_program(epic.repository, WORK)
    plan(epic, [{"name": name, "command": None} for name in "ab"])
    epic.run(api.RunRequest(mode=mode))
    before = epic.result("a")
    config = epic.repository / "ropewalk.toml"
    config.write_text(config.read_text().replace("[run]", "[run]\nbudget_usd = 1.3"))

    api.retry(epic.workspace, "rounds", api.RetryRequest(domain="a"))

    result = epic.result("a")
    assert (result.status, result.reason) == (DomainStatus.PARTIAL, Reason.BUDGET)
    assert (result.head, result.files.paths) == (before.head, ("a.txt",))
    assert "ropewalk retry rounds a --budget USD" in result.summary


def test_an_own_retry_without_money_takes_in_the_work_of_the_attempt_before(epic: Epic) -> None:
    turns = [
        {"tool": "run", "command": 'echo half > "$ROPEWALK_DOMAIN.txt"'},
        {"usage": {"cost_usd": 0.7}},
        {"tool": "run", "command": "kill -9 $PPID"},
    ]
    (epic.repository / "turns.json").write_text(json.dumps(turns))
    (epic.repository / "ropewalk.toml").write_text(
        '[run]\nagent = "x"\n\n[agents.x]\nkind = "script"\nscript = "turns.json"\nretries = 3\n'
        "budget_usd = 0.7\n"
    )
    plan(epic, [{"name": "a", "command": None}])

    epic.run(parallel(budget_usd=0.7))

    result = epic.result("a")
    assert (result.status, result.reason) == (DomainStatus.PARTIAL, Reason.BUDGET)
    assert result.files.paths == ("a.txt",)


def test_a_retry_that_cannot_be_made_is_no_success_and_says_why(epic: Epic) -> None:
    write_program(epic.repository, WORK)
    plan(epic, [{"name": "a", "command": None}])
    epic.run(parallel())
    before = epic.result("a")
    outputs = epic.worktree("a") / ".workflow" / "outputs"
    outputs.rename(outputs.with_name("elsewhere"))
    outputs.symlink_to(epic.repository.parent)

    with pytest.raises(RopewalkError, match="is a link to elsewhere"):
        api.retry(epic.workspace, "rounds", api.RetryRequest(domain="a"))

    result = epic.result("a")
    assert (result.status, result.reason) == (DomainStatus.PARTIAL, Reason.FAILED_WITH_WORK)
    assert result.head == before.head
    assert "is a link to elsewhere" in result.summary

"""What an agent does to the worktree of a domain that has finished is said of it."""

import json

from ropewalk import api
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus
from tests.harness import Epic

REMOVES = (
    "until test -f $ROPEWALK_REPOSITORY/.workflow/outputs/guarded/first_results.json; "
    "do sleep 0.05; done; sleep 0.1; rm -rf ../first; echo second > second.txt"
)
PLAN = json.dumps(
    {
        "epic_id": "guarded",
        "domains": [
            {"name": "first", "new_files": ["first.txt"], "command": "echo first > first.txt"},
            {"name": "second", "new_files": ["second.txt"], "command": REMOVES},
        ],
    }
)


def test_an_agent_that_deletes_the_worktree_of_a_finished_domain_is_reported(epic: Epic) -> None:
    epic.plan(PLAN)

    epic.run(api.RunRequest(mode=Mode.PARALLEL))

    told = [text for text in epic.result("second").mismatches if "worktree_git" in text]
    assert len(told) == 1
    assert "worktrees/first" in told[0]
    assert epic.result("first").status is DomainStatus.SUCCESS

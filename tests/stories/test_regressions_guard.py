"""What an agent does outside its worktree is said of it, and what ropewalk does there is not."""

import json
import subprocess

from ropewalk import api
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus
from tests.harness import Epic
from tests.stories.shell import ARGV

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


def test_output_of_ropewalk_that_goes_to_a_file_of_the_checkout_is_no_agents_doing(
    epic: Epic,
) -> None:
    waits = "until grep -q 'first: agent ended' $ROPEWALK_REPOSITORY/run.log; do sleep 0.05; done"
    plan = json.loads(PLAN)
    plan["domains"][1]["command"] = f"{waits}; echo second > second.txt"
    epic.plan(json.dumps(plan))

    with (epic.repository / "run.log").open("w") as log:
        run = [*ARGV, "-C", str(epic.repository), "run", epic.epic_id, "--parallel"]
        ended = subprocess.run(run, stdout=log, stderr=log, check=False, timeout=60)

    assert ended.returncode == 0, (epic.repository / "run.log").read_text()
    assert epic.result("second").mismatches == ("no result file was written",)

"""Sixteen domains at once: all agents start before the first one ends; each leaves its trace."""

import json
from pathlib import Path

from ropewalk import api
from ropewalk.model.merge import MergeStatus
from ropewalk.model.result import OverallStatus
from tests.harness import Epic
from tests.stories.scenes import agent, time_of

NAMES = tuple(f"part{number:02}" for number in range(16))
STEPS = ["created", "assigned", "in_progress", "completed"]


def test_sixteen_agents_all_start_before_the_first_one_ends(epic: Epic, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    # Each agent waits until all of them have begun: with fewer at once, none would ever end.
    wait = f"while [ $(ls {notes} | grep -c began) -lt {len(NAMES)} ]; do sleep 0.1; done"
    domains = [
        {
            "name": name,
            "new_files": [f"{name}.txt"],
            "command": agent(notes, work=f"echo {name} > {name}.txt; {wait}", seconds=0.5),
        }
        for name in NAMES
    ]
    epic.plan(json.dumps({"epic_id": "sixteen", "domains": domains, "validation": ["true"]}))

    document = epic.run(api.RunRequest(jobs=len(NAMES)))

    assert document.status is OverallStatus.SUCCESS
    assert max(time_of(notes, name, "began") for name in NAMES) < min(
        time_of(notes, name, "ended") for name in NAMES
    )
    kinds = [event.type for event in epic.seen]
    last_start = max(i for i, kind in enumerate(kinds) if kind == "agent_starting")
    assert last_start < kinds.index("agent_ended")
    for name in NAMES:
        history = epic.metadata(name).history
        assert [str(step.status) for step in history] == STEPS
        assert [step.sequence for step in history] == sorted(step.sequence for step in history)
    assert epic.merge().status is MergeStatus.LANDED
    assert {path.name for path in epic.repository.glob("part*.txt")} == {
        f"{name}.txt" for name in NAMES
    }

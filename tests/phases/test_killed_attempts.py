"""The coordinator is killed while an agent is at work: what the agent had told is not forgotten."""

import json
import time
from pathlib import Path

import pytest

from tests.harness import Epic
from tests.phases.rounds import plan
from tests.stories.shell import start

SECRET = "canary-4711-secret"
MARK = '"$ROPEWALK_REPOSITORY/../at-work"'
AT_WORK = f"[ -e {MARK} ] || {{ touch {MARK}; sleep 60; }}"


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def test_what_an_attempt_left_that_was_cut_short_is_masked_and_its_cost_counts(epic: Epic) -> None:
    turns = [
        {"tool": "write", "path": "a.txt", "content": "a\n"},
        {"say": f"the key is {SECRET}"},
        {"usage": {"cost_usd": 0.25}},
        {"usage": {"cost_usd": 0.25}},
        {"tool": "run", "command": AT_WORK},
    ]
    (epic.repository / "turns.json").write_text(json.dumps(turns))
    table = f'kind = "script"\nscript = "turns.json"\nenv = {{ MY_KEY = "{SECRET}" }}\n'
    config = f'[run]\nagent = "x"\nbudget_usd = 5.0\n\n[agents.x]\n{table}'
    (epic.repository / "ropewalk.toml").write_text(config)
    plan(epic, [{"name": "a", "command": None}])
    coordinator = start(epic.repository, "run", "rounds", log=epic.repository.parent / "said")
    wait_for(epic.repository.parent / "at-work")
    coordinator.kill()
    coordinator.wait()

    epic.resume()

    result = epic.result("a")
    assert [attempt.outcome.value for attempt in result.attempts] == ["interrupted", "ok"]
    assert result.usage.cost_usd == pytest.approx(1.0)
    assert epic.state.spent_usd == pytest.approx(1.0)
    files = [path for path in (epic.repository / ".workflow").rglob("*") if path.is_file()]
    told = {path.name for path in files if b"the key is [redacted]" in path.read_bytes()}
    assert {"work-a.1.log", "work-a.1.transcript.md"} <= told
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]

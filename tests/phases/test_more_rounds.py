"""Rounds after the first: the one sequential worktree, and what counts as work."""

import json
import time
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.errors import WrongPhase
from ropewalk.model.event import Event
from ropewalk.model.merge import MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import Aggregate, DomainStatus
from tests.harness import Epic
from tests.phases.rounds import WRITE, parallel, plan


def test_a_retry_in_the_one_sequential_worktree_finds_the_work_of_its_own_domain(
    epic: Epic,
) -> None:
    plan(epic, [{"name": "a", "command": "echo half > a.txt; exit 1"}, {"name": "b"}])
    epic.run(api.RunRequest(mode=Mode.SEQUENTIAL))

    request = api.RetryRequest(domain="a", agent_command="test ! -e b.txt; echo whole >> a.txt")
    api.retry(epic.workspace, "rounds", request)

    assert epic.result("a").status is DomainStatus.SUCCESS
    assert epic.merge().status is MergeStatus.LANDED
    assert (epic.repository / "a.txt").read_text() == "half\nwhole\n"


def test_uncollected_work_in_the_one_sequential_worktree_is_refused_by_merge(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    epic.run(api.RunRequest(mode=Mode.SEQUENTIAL))
    (Path(epic.result("b").worktree) / "b.txt").write_text("by hand\n")

    with pytest.raises(WrongPhase) as refused:
        epic.merge()

    assert refused.value.hint == "ropewalk collect rounds b"


@pytest.mark.parametrize(
    ("setup", "seen"),
    [
        ((), ["secret", "test", "nothing"]),
        (("test -e tool || echo tool > tool",), ["mine", "test", "tool"]),
    ],
)
def test_what_an_agent_took_away_or_changed_of_the_environment_is_there_for_the_next_one(
    epic: Epic, setup: tuple[str, ...], seen: list[str]
) -> None:
    (epic.repository / ".git/info/exclude").write_text(".env*\ntool\n")
    (epic.repository / ".env").write_text("secret\n")
    (epic.repository / ".env.test").write_text("test\n")
    settings = {"include": [".env*"], "setup": list(setup)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    (epic.repository / "ropewalk.toml").write_text("\n".join(("[worktree]", *lines)))
    looks = "cat .env .env.test > b.txt; cat tool >> b.txt || echo nothing >> b.txt"
    spoils = "echo a > a.txt; rm -f tool .env.test; echo mine > .env"
    plan(epic, [{"name": "a", "command": spoils}, {"name": "b", "command": looks}])

    epic.run(api.RunRequest(mode=Mode.SEQUENTIAL))

    assert epic.result("b").status is DomainStatus.SUCCESS
    assert (Path(epic.result("b").worktree) / "b.txt").read_text().split() == seen
    kept = [each.read_text() for each in epic.worktree("a").parent.glob(".kept-*/.env")]
    assert kept == ([] if setup else ["mine\n"])
    assert epic.result("b").files.paths == ("b.txt",)


def test_the_time_between_rounds_is_not_counted_as_work(epic: Epic) -> None:
    plan(epic, [{"name": "a", "command": "exit 1"}, {"name": "b"}])
    first = epic.run(parallel()).summary
    time.sleep(1.5)

    api.retry(epic.workspace, "rounds", api.RetryRequest(domain="a", agent_command=WRITE))

    second = api.read(Aggregate, epic.workspace.layout.aggregate("rounds")).summary
    assert second.duration_s > first.duration_s
    state = epic.state
    assert state.busy_ns / 1e9 < (last(epic).mono_ns - first_event(epic).mono_ns) / 1e9 - 1.4


def first_event(epic: Epic) -> Event:
    return api.require_run(epic.workspace, "rounds").events[0]


def last(epic: Epic) -> Event:
    return api.require_run(epic.workspace, "rounds").events[-1]

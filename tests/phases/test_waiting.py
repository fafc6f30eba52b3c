"""Agents that have to wait: for memory, a slot, the gate of their provider; and say so."""

import threading

import pytest

from ropewalk import api
from ropewalk.errors import Interrupted, InvalidInput
from ropewalk.model.event import Event
from ropewalk.model.result import DomainStatus, Outcome
from tests.harness import Epic
from tests.phases.programs import write_program
from tests.phases.rounds import parallel, plan

NAMES = ("a", "b", "c", "d")
# Works as soon as somebody else has started too.
IN_COMPANY = 'until [ "$(wc -l < "$ROPEWALK_REPOSITORY/../said")" -ge 2 ]; do sleep 0.05; done'
WORK = 'echo done > "$ROPEWALK_DOMAIN.txt"; result done'
DOMAINS = [{"name": name, "command": None} for name in NAMES]


def waits(epic: Epic) -> list[Event]:
    return [event for event in epic.seen if event.type == "agent_waiting"]


def most_at_work(epic: Epic) -> int:
    now = most = 0
    for event in epic.seen:
        now += (event.type == "agent_starting") - (event.type == "agent_ended")
        most = max(most, now)
    return most


@pytest.mark.parametrize(
    ("settings", "more", "reason"),
    [
        ({}, "\n[resources]\nmemory_mb = 600\n", "memory"),
        ({"slots": 2}, "", "slots"),
    ],
    ids=["memory", "slots"],
)
def test_agents_beyond_the_limit_wait_and_the_journal_says_why(
    epic: Epic, settings: dict[str, int], more: str, reason: str
) -> None:
    write_program(epic.repository, f"{IN_COMPANY}; {WORK}", **settings)
    with (epic.repository / "ropewalk.toml").open("a") as config:
        config.write(more)
    plan(epic, DOMAINS)

    epic.run(parallel())

    assert {epic.result(name).status for name in NAMES} == {DomainStatus.SUCCESS}
    assert most_at_work(epic) == 2
    assert {event.data["reason"] for event in waits(epic)} == {reason}
    assert {event.data["domain"] for event in waits(epic)} == {"c", "d"}
    needed = 250 if reason == "memory" else 1
    assert all(event.data["needed"] == needed for event in waits(epic))


def test_an_agent_that_needs_more_than_all_may_have_is_refused(epic: Epic) -> None:
    write_program(epic.repository, WORK)
    with (epic.repository / "ropewalk.toml").open("a") as config:
        config.write("\n[resources]\nmemory_mb = 100\n")
    plan(epic, DOMAINS)

    with pytest.raises(InvalidInput) as refused:
        epic.run(parallel())

    assert "needs 250 MB" in refused.value.message
    assert not epic.worktree("a").exists()


def test_a_limit_of_the_provider_holds_the_others_back_and_is_tried_again_later(
    epic: Epic,
) -> None:
    meet = f'[ "$began" = resumed ] || {{ limited 1200; result no true 0.1 429; exit 1; }}\n{WORK}'
    said = write_program(epic.repository, meet, retries=1, slots=1)
    plan(epic, DOMAINS[:2])

    epic.run(parallel())

    assert {epic.result(name).status for name in "ab"} == {DomainStatus.SUCCESS}
    outcomes = [attempt.outcome for attempt in epic.result("a").attempts]
    assert outcomes == [Outcome.RATE_LIMITED, Outcome.OK]
    assert [line.split()[1] for line in said.read_text().splitlines()].count("resumed") == 2
    shut = [event.data for event in epic.seen if event.type == "rate_limited"]
    assert {data["provider"] for data in shut} == {"claude"}
    rate = [event.data for event in waits(epic) if event.data["reason"] == "rate"]
    assert rate
    assert all(data["until"] for data in rate)


def test_waiting_for_a_provider_ends_when_the_run_is_stopped(epic: Epic) -> None:
    write_program(epic.repository, "limited 3000000; result no true 0.1 429; exit 1", slots=1)
    plan(epic, DOMAINS[:2])
    cancel = threading.Event()

    def stop(event: Event) -> None:
        if event.type == "agent_waiting" and event.data["reason"] == "rate":
            cancel.set()

    with pytest.raises(Interrupted):
        epic.run(parallel(), observe=stop, cancel=cancel)

    outcomes = [attempt.outcome for one in "ab" for attempt in epic.state.domains[one].attempts]
    assert outcomes == [Outcome.RATE_LIMITED]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("echo 'this program is retired'", "does not say a version"),
        ("echo 1.0.0", "version 1.0.0 is too old"),
        ("exit 3", "does not say a version"),
    ],
)
def test_an_agent_that_cannot_run_is_refused_before_anything_is_made(
    epic: Epic, line: str, problem: str
) -> None:
    write_program(epic.repository, WORK)
    (epic.repository.parent / "claude").write_text(f"#!/bin/sh\n{line}\n")
    plan(epic, DOMAINS[:2])
    before = sorted(path for path in epic.repository.rglob("*") if ".git" not in path.parts)

    with pytest.raises(InvalidInput) as refused:
        epic.run(parallel())

    assert problem in refused.value.message
    assert refused.value.exit_code == 2
    after = sorted(path for path in epic.repository.rglob("*") if ".git" not in path.parts)
    assert after == before
    assert api.find_run(epic.workspace, "rounds") is None

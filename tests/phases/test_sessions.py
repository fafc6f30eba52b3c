"""Attempts that go on with a session: the same id, the same worktree, the same private HOME."""

import threading

import pytest

from ropewalk import api
from ropewalk.errors import Interrupted
from ropewalk.model.event import Event
from ropewalk.model.result import DomainStatus, Outcome, TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.report.state import fold
from tests.cli.events import make
from tests.harness import Epic
from tests.phases.programs import write_program
from tests.phases.rounds import parallel, plan

WORK = 'echo done > "$ROPEWALK_DOMAIN.txt"; result done'


def test_an_own_retry_goes_on_with_the_session_in_the_same_home(epic: Epic) -> None:
    said = write_program(
        epic.repository,
        f'if [ "$began" = anew ]; then echo "$session" > "$HOME/mine"; exit 1; fi\n'
        f'grep -q "$session" "$HOME/mine" && {WORK}',
        retries=1,
    )
    plan(epic, [{"name": "a", "command": None}])

    epic.run(parallel())

    starts = [line.split() for line in said.read_text().splitlines()]
    assert [start[1] for start in starts] == ["anew", "resumed"]
    assert starts[0][2] == starts[1][2] == epic.result("a").agent.session_id
    outcomes = [attempt.outcome for attempt in epic.result("a").attempts]
    assert outcomes == [Outcome.CRASHED, Outcome.OK]


def test_a_retry_goes_on_with_the_session_unless_it_is_to_start_afresh(epic: Epic) -> None:
    said = write_program(epic.repository, f'[ "$began" = anew ] && exit 1\n{WORK}')
    plan(epic, [{"name": "a", "command": None}])
    epic.run(parallel())

    api.retry(epic.workspace, "rounds", api.RetryRequest(domain="a"))
    resumed = epic.result("a")
    api.retry(epic.workspace, "rounds", api.RetryRequest(domain="a", fresh=True))

    starts = [line.split() for line in said.read_text().splitlines()]
    assert [start[1] for start in starts] == ["anew", "resumed", "anew"]
    assert starts[0][2] == starts[1][2] != starts[2][2]
    assert resumed.status is DomainStatus.SUCCESS


def test_the_result_names_the_version_of_a_program_that_does_not_tell_it(epic: Epic) -> None:
    write_program(epic.repository, WORK)
    plan(epic, [{"name": "a", "command": None}])

    epic.run(parallel())

    assert epic.result("a").agent.version == "2.1.328"


def test_another_agent_begins_a_session_of_its_own(epic: Epic) -> None:
    said = write_program(epic.repository, f"{WORK}; exit 1")
    config = epic.repository / "ropewalk.toml"
    house = config.read_text().partition("\n\n")[2]
    config.write_text(f"{config.read_text()}\n{house.replace('house', 'other')}")
    plan(epic, [{"name": "a", "command": None}])
    epic.run(parallel())

    api.retry(epic.workspace, "rounds", api.RetryRequest(domain="a", agent="other"))

    assert [line.split()[1] for line in said.read_text().splitlines()] == ["anew", "anew"]


def test_an_interrupted_attempt_is_gone_on_with_by_resume(epic: Epic) -> None:
    body = f'if [ "$began" = anew ]; then echo half > half.txt; sleep 60; fi\n{WORK}'
    said = write_program(epic.repository, body)
    plan(epic, [{"name": "a", "command": None, "new_files": ["a.txt", "half.txt"]}])
    cancel = threading.Event()

    def stop(event: Event) -> None:
        if event.type == "agent_session":
            cancel.set()

    with pytest.raises(Interrupted):
        epic.run(parallel(), observe=stop, cancel=cancel)
    epic.resume()

    starts = [line.split() for line in said.read_text().splitlines()]
    assert [start[1] for start in starts] == ["anew", "resumed"]
    assert starts[0][2] == starts[1][2]
    assert epic.result("a").status is DomainStatus.SUCCESS


def test_what_an_attempt_told_that_was_cut_short_is_not_forgotten() -> None:
    told: list[tuple[str, JsonObject]] = [
        ("agent_starting", {"number": 1, "agent": "house"}),
        ("agent_session", {"session_id": "s1"}),
        ("agent_usage", {"usage": {"input_tokens": 7, "cost_usd": 0.5}}),
    ]
    cut: JsonObject = {"domain": "a", "outcome": "interrupted", "session_id": None}
    events = make((0, type_, {"domain": "a", **data}, "work:a:1") for type_, data in told)
    ended = make([(0, "agent_ended", cut, "work:a:1")])

    at_work, after = fold(events), fold((*events, *ended))

    assert (at_work.spent_usd, after.spent_usd) == (0.5, 0.5)
    domain = after.domains["a"]
    assert (domain.session_id, domain.session_agent, domain.session_began) == ("s1", "house", 1)
    assert domain.usage == domain.session_usage == TokenUsage(input_tokens=7, cost_usd=0.5)

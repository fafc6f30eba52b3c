from functools import reduce

import pytest

from ropewalk.cli.board_lines import board_lines
from ropewalk.cli.plain_lines import plain_lines
from ropewalk.cli.progress import Progress, advance
from ropewalk.cli.waiting_words import waiting_text
from ropewalk.model.values import JsonObject
from tests.cli.events import SECOND, make

STARTED = (
    0,
    "run_started",
    {"epic_id": "search", "plan_hash": "h", "base": "b", "domains": ["api"], "mode": "parallel"},
    None,
)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {"reason": "memory", "needed": 250, "free": 100.2, "of": 600},
            "waits for memory: 250 MB needed, 100 free",
        ),
        ({"reason": "slots", "of": 2}, "waits for a slot: 2 of this agent may work at once"),
        ({"reason": "jobs", "of": 4}, "waits: 4 agents may work at once"),
        ({"reason": "cpu", "of": 2}, "waits to start: 2 more are starting"),
        (
            {"reason": "rate", "provider": "claude", "until": "2026-01-02T10:00:00+00:00"},
            "waits until 10:00:00: the limit of claude is met",
        ),
        ({"reason": "rate"}, "waits: the limit of its provider is met"),
        (
            {"reason": "budget", "needed": 1.25, "free": 0.5},
            "waits for the budget: 1.25 USD needed, 0.50 not reserved",
        ),
        (
            {"reason": "budget", "needed": 0.02, "free": 0.0, "of": 3.0},
            "waits for the budget: 0.02 USD needed, all of it is reserved",
        ),
        (
            {"reason": "budget", "needed": None, "free": 0.0},
            "waits: what a domain costs is not known before one has ended",
        ),
        ({"reason": "gpu"}, "waits for gpu"),
    ],
)
def test_why_an_agent_waits_is_said_in_words(data: JsonObject, text: str) -> None:
    assert waiting_text(data) == text


def test_a_waiting_agent_stands_on_the_board_until_it_starts() -> None:
    waiting = (1, "agent_waiting", {"domain": "api", "reason": "cpu", "of": 2}, None)
    starting = (2, "agent_starting", {"domain": "api", "number": 1, "agent": "claude"}, None)

    before = reduce(advance, make((STARTED, waiting)), Progress())
    after = reduce(advance, make((STARTED, waiting, starting)), Progress())

    boards = [board_lines(each, now_ns=3 * SECOND, width=80) for each in (before, after)]
    assert any("waits to start" in line for line in boards[0])
    assert not any("waits" in line for line in boards[1])


def test_waiting_for_others_that_were_asked_to_go_first_needs_no_line() -> None:
    jobs, memory = make(
        (
            (0, "agent_waiting", {"domain": "api", "reason": "jobs", "of": 1}, None),
            (0, "agent_waiting", {"domain": "api", "reason": "cpu", "of": 1}, None),
        )
    )

    assert plain_lines(Progress(), jobs) == ()
    assert plain_lines(Progress(), memory) == ("00:00 ○ api: waits to start: 1 more are starting",)


def test_that_most_of_a_budget_is_spent_is_an_alert() -> None:
    told = (5, "budget_warning", {"spent_usd": 4.81, "budget_usd": 6.0}, None)

    progress = reduce(advance, make((STARTED, told)), Progress())

    assert progress.alerts == ("4.81 of 6.00 USD of the budget are spent",)
    assert progress.run.budget_warned

"""What an agent tells that concerns others: its session, what it spends, limits that it meets."""

import threading
from dataclasses import replace

import pytest

from ropewalk.agents.base import (
    AgentEvent,
    SessionEvent,
    TextEvent,
    TroubleEvent,
    UsageEvent,
)
from ropewalk.agents.budget import Need, Purse
from ropewalk.agents.claude import ClaudeAdapter
from ropewalk.agents.gate import GateTiming, RateGate
from ropewalk.agents.listener import Listener, Stop
from ropewalk.agents.script import ScriptAdapter
from ropewalk.agents.watch import Terms, Together, Watch
from ropewalk.model.config import PriceConfig
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.store.redact import Redactor
from tests.agents.conftest import Journal

LIMITED = TroubleEvent(text="429", outcome=Outcome.RATE_LIMITED)


def watch(
    journal: Journal, *, terms: Terms | None = None, patience_s: float = 3600.0
) -> tuple[Watch, Stop]:
    stop = Stop(threading.Event())
    together = Together(gate=RateGate(GateTiming(first_s=0.1)), patience_s=patience_s)
    return Watch(terms or Terms(key="house"), together, emit=journal, stop=stop), stop


def take(one: Watch, *events: AgentEvent) -> None:
    for event in events:
        one.take(event)


def test_a_session_is_journalled_at_once_and_once(journal: Journal) -> None:
    one, _stop = watch(journal)

    take(one, SessionEvent(session_id="s1"), SessionEvent(session_id="s1", model="m"))

    assert journal.events == [("agent_session", {"session_id": "s1"}, True)]


@pytest.mark.parametrize(("model", "stopped"), [("m", Outcome.BUDGET), ("other", None)])
def test_tokens_spend_an_allowance_where_their_price_is_known(
    journal: Journal, model: str, stopped: Outcome | None
) -> None:
    need = Need(agent="house", cap_usd=1.0)
    allowance = Purse().reserve(need, cancel=threading.Event(), told=print)
    prices = {"m": PriceConfig(input=1.0, output=1.0)}
    one, stop = watch(journal, terms=Terms(key="house", prices=prices, allowance=allowance))

    take(one, SessionEvent(model=model), UsageEvent(usage=TokenUsage(input_tokens=1_000_000)))
    at_limit = stop.outcome
    take(one, UsageEvent(usage=TokenUsage(input_tokens=1)))

    assert at_limit is None
    assert stop.outcome is stopped


@pytest.mark.parametrize(
    ("line", "stopped"),
    [
        (b'{"type": "usage", "cost_usd": 2.0}', Outcome.BUDGET),
        (b'{"type": "result", "total_cost_usd": 2.0, "is_error": false, "result": "done"}', None),
    ],
    ids=["on the way", "with its last word"],
)
def test_an_agent_is_ended_for_what_it_spent_but_not_with_its_last_word(
    journal: Journal, line: bytes, stopped: Outcome | None
) -> None:
    need = Need(agent="house", cap_usd=1.0)
    allowance = Purse().reserve(need, cancel=threading.Event(), told=print)
    one, stop = watch(journal, terms=Terms(key="house", allowance=allowance))
    adapter = ClaudeAdapter() if b"result" in line else ScriptAdapter()
    listener = Listener(adapter, Redactor(()), tell=print, stop=stop, watch=one.take)

    listener.take(line)

    assert allowance is not None
    assert allowance.spent_usd == 2.0
    assert stop.outcome is stopped


def test_what_an_agent_says_itself_about_its_cost_outweighs_prices() -> None:
    terms = Terms(key="house", model="m", prices={"m": PriceConfig(input=1.0, output=1.0)})
    told = TokenUsage(input_tokens=1_000_000, cost_usd=0.25)

    assert terms.priced(told, None).cost_usd == 0.25
    assert terms.priced(replace(told, cost_usd=None), None).cost_usd == 1.0
    assert terms.priced(TokenUsage(), None).cost_usd is None


def test_a_limit_shuts_the_gate_for_as_long_as_the_provider_asks(journal: Journal) -> None:
    one, stop = watch(journal)

    take(one, replace(LIMITED, retry_after_s=30.0))

    [(type_, data, _)] = journal.events
    assert (type_, data) == ("rate_limited", {"provider": "house", "wait_s": 30.0})
    assert stop.outcome is None


def test_an_agent_that_meets_nothing_but_its_limit_is_ended(journal: Journal) -> None:
    one, stop = watch(journal, patience_s=0.0)

    take(one, LIMITED)

    assert stop.outcome is Outcome.RATE_LIMITED


def test_one_that_is_to_wait_longer_than_anybody_has_patience_is_ended_at_once(
    journal: Journal,
) -> None:
    one, stop = watch(journal, patience_s=60.0)

    take(one, replace(LIMITED, retry_after_s=20.0))
    waits = stop.outcome
    take(one, TextEvent(text="it answered"), replace(LIMITED, retry_after_s=90.0))

    assert waits is None
    assert stop.outcome is Outcome.RATE_LIMITED


def test_a_limit_that_is_told_with_the_end_alone_shuts_the_gate(journal: Journal) -> None:
    one, _stop = watch(journal)

    one.note_end(Outcome.RATE_LIMITED)

    assert [type_ for type_, _, _ in journal.events] == ["rate_limited"]

import threading

import pytest

from ropewalk.agents.base import (
    AgentEvent,
    SessionEvent,
    TextEvent,
    ToolEvent,
    TroubleEvent,
    UsageEvent,
)
from ropewalk.agents.lines import format_event
from ropewalk.agents.listener import Listener, Stop, describe
from ropewalk.agents.script import ScriptAdapter
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.store.redact import Redactor


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def stop() -> Stop:
    return Stop(threading.Event())


@pytest.fixture
def listener(told: list[str], stop: Stop) -> Listener:
    return Listener(ScriptAdapter(), Redactor(["tell-nobody"]), tell=told.append, stop=stop)


def hear(listener: Listener, *events: AgentEvent) -> None:
    for event in events:
        listener.take(format_event(event).encode())


def test_trouble_that_cannot_get_better_ends_the_agent(listener: Listener, stop: Stop) -> None:
    hear(listener, TroubleEvent(text="no such key", outcome=Outcome.AUTH, fatal=True))

    assert stop.is_set()
    assert stop.outcome is Outcome.AUTH


def test_trouble_on_the_way_does_not(listener: Listener, stop: Stop, told: list[str]) -> None:
    hear(listener, TroubleEvent(text="trying again", outcome=Outcome.RATE_LIMITED))

    assert not stop.is_set()
    assert told == ["trouble: trying again"]


@pytest.mark.parametrize(
    ("named", "known"),
    [("0198-ab_c.d:e", "0198-ab_c.d:e"), ("--full", None), ("a b", None), ("x" * 300, None)],
    ids=["plain", "option", "two-words", "long"],
)
def test_a_session_without_a_plain_name_is_no_session(
    listener: Listener, named: str, known: str | None
) -> None:
    hear(listener, SessionEvent(session_id=named, version="1.0"))

    assert listener.events[0] == SessionEvent(session_id=known, version="1.0")


def test_the_first_reason_to_end_counts(stop: Stop) -> None:
    stop.give_reason(Outcome.BUDGET)
    stop.give_reason(Outcome.AUTH)

    assert stop.outcome is Outcome.BUDGET


def test_a_cancelled_agent_has_no_reason_of_its_own() -> None:
    outer = threading.Event()
    stop = Stop(outer)
    outer.set()

    stop.give_reason(Outcome.BUDGET)

    assert stop.is_set()
    assert stop.outcome is None


def test_the_same_activity_is_told_once(listener: Listener, told: list[str]) -> None:
    event = ToolEvent(kind="edit", detail="api/a.py", status="started")

    hear(listener, event, ToolEvent(kind="edit", detail="api/a.py", status="ok"))

    assert told == ["editing api/a.py"]


def test_usage_and_session_survive_a_flood(listener: Listener) -> None:
    hear(listener, SessionEvent(session_id="s1"), UsageEvent(usage=TokenUsage(input_tokens=1)))
    hear(listener, *(TextEvent(text=str(number)) for number in range(3000)))
    hear(listener, UsageEvent(usage=TokenUsage(input_tokens=2)))

    assert listener.events[:2] == (
        SessionEvent(session_id="s1"),
        UsageEvent(usage=TokenUsage(input_tokens=3)),
    )
    assert listener.events[-1] == TextEvent(text="2999")
    assert len(listener.events) < 1000


@pytest.mark.parametrize(
    "event",
    [
        TextEvent(text="it is tell-nobody"),
        TroubleEvent(text="it is tell-nobody"),
        ToolEvent(kind="run", detail="curl tell-nobody", status="ok"),
        SessionEvent(session_id="tell-nobody", version="tell-nobody", model="tell-nobody"),
    ],
)
def test_secrets_are_masked_in_every_event(
    listener: Listener, told: list[str], event: AgentEvent
) -> None:
    hear(listener, event)

    assert "tell-nobody" not in f"{listener.events}{told}"
    assert "[redacted]" in f"{listener.events}"


def test_a_secret_that_json_spells_oddly_is_masked(listener: Listener) -> None:
    spelled = "".join(f"\\u{ord(letter):04x}" for letter in "tell-nobody")

    listener.take(f'{{"type": "text", "text": "{spelled}"}}'.encode())

    assert listener.events[-1] == TextEvent(text="[redacted]")


def test_an_unknown_tool_is_described_by_its_name() -> None:
    assert describe(ToolEvent(kind="browse", detail="docs", status="ok")) == "browse docs"
    assert describe(UsageEvent(usage=TokenUsage())) == ""

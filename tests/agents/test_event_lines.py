import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.agents.base import (
    MAX_TEXT,
    AgentEvent,
    FinalEvent,
    SessionEvent,
    TextEvent,
    ToolEvent,
    TroubleEvent,
    UsageEvent,
    add_usage,
    outcome_of,
)
from ropewalk.agents.lines import finish_by_final, format_event, parse_line
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import Ended, EndedBy

texts = st.text(max_size=50)
names = st.none() | st.text(min_size=1, max_size=20)
counts = st.none() | st.integers(min_value=0, max_value=10**9)
usages = st.builds(
    TokenUsage,
    input_tokens=counts,
    output_tokens=counts,
    cache_read_tokens=counts,
    cache_write_tokens=counts,
    cost_usd=st.none() | st.floats(min_value=0, max_value=1e6),
)
outcomes = st.sampled_from(Outcome)
events = st.one_of(
    st.builds(SessionEvent, session_id=names, version=names, model=names),
    st.builds(TextEvent, text=texts),
    st.builds(ToolEvent, kind=texts, detail=texts, status=texts),
    st.builds(TroubleEvent, text=texts, outcome=st.none() | outcomes, fatal=st.booleans()),
    st.builds(UsageEvent, usage=usages),
    st.builds(FinalEvent, outcome=outcomes, summary=texts),
)


def ended(**changes: object) -> Ended:
    settings: dict[str, object] = {
        "exit_code": 0,
        "signal": None,
        "ended_by": EndedBy.EXIT,
        "duration_s": 1.0,
        "usage": None,
        "tail": (),
        "output": b"",
        "output_bytes": 0,
        "truncated": False,
        "swept": 0,
    }
    return Ended(**(settings | changes))  # type: ignore[arg-type]


@given(events)
def test_what_is_printed_is_read_back(event: AgentEvent) -> None:
    assert parse_line(format_event(event).encode()) == (event,)


@given(st.binary(max_size=200))
def test_any_line_is_read_without_an_error(line: bytes) -> None:
    assert isinstance(parse_line(line), tuple)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"plain words",
        b"[1]",
        b'{"type": "unknown"}',
        b'{"type": 1}',
        b"[" * 100_000,
        b'{"type": "text"',
        b"\xff\xfe",
    ],
)
def test_lines_that_are_no_event_say_nothing(line: bytes) -> None:
    assert parse_line(line) == ()


def test_wrong_types_become_nothing() -> None:
    (usage,) = parse_line(
        b'{"type": "usage", "input_tokens": true, "output_tokens": -1, "cost_usd": NaN,'
        b' "cache_read_tokens": "5", "cache_write_tokens": 1e3}'
    )
    (text,) = parse_line(b'{"type": "text", "text": 5}')
    (final,) = parse_line(b'{"type": "final", "outcome": "splendid"}')
    (true_cost,) = parse_line(b'{"type": "usage", "cost_usd": true}')

    assert usage == true_cost == UsageEvent(usage=TokenUsage())
    assert text == TextEvent(text="")
    assert final == FinalEvent(outcome=Outcome.ERROR)


def test_long_texts_are_cut() -> None:
    (event,) = parse_line(b'{"type": "text", "text": "' + b"x" * 10_000 + b'"}')

    assert event == TextEvent(text="x" * MAX_TEXT)


@given(usages, usages, usages)
def test_usage_adds_up_in_any_order(one: TokenUsage, two: TokenUsage, three: TokenUsage) -> None:
    left = add_usage(add_usage(one, two), three)
    right = add_usage(one, add_usage(two, three))

    assert left.input_tokens == right.input_tokens
    assert (left.cost_usd is None) == (right.cost_usd is None)
    assert math.isclose(left.cost_usd or 0, right.cost_usd or 0)
    assert add_usage(one, TokenUsage()) == one


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.OK),
        ({"exit_code": 2}, Outcome.NONZERO_EXIT),
        ({"exit_code": None, "signal": 9}, Outcome.CRASHED),
        ({"exit_code": None, "ended_by": EndedBy.LOST}, Outcome.CRASHED),
        ({"ended_by": EndedBy.TIMEOUT}, Outcome.TIMEOUT),
        ({"ended_by": EndedBy.IDLE}, Outcome.IDLE),
        ({"ended_by": EndedBy.CANCELLED, "exit_code": 130}, Outcome.CANCELLED),
    ],
)
def test_the_end_of_the_process_has_an_outcome(
    changes: dict[str, object], outcome: Outcome
) -> None:
    assert outcome_of(ended(**changes)) is outcome


@pytest.mark.parametrize(
    ("changes", "final", "outcome"),
    [
        ({}, Outcome.OK, Outcome.OK),
        ({}, Outcome.REFUSED, Outcome.REFUSED),
        ({}, None, Outcome.CRASHED),
        ({"exit_code": 1}, Outcome.ERROR, Outcome.ERROR),
        ({"exit_code": 1}, Outcome.OK, Outcome.CRASHED),
        ({"exit_code": 1}, None, Outcome.CRASHED),
        ({"exit_code": None, "signal": 11}, Outcome.OK, Outcome.CRASHED),
        ({"ended_by": EndedBy.TIMEOUT}, Outcome.OK, Outcome.TIMEOUT),
    ],
)
def test_the_process_outweighs_the_last_word(
    changes: dict[str, object], final: Outcome | None, outcome: Outcome
) -> None:
    said = () if final is None else (FinalEvent(outcome=final, summary="so it was"),)

    finish = finish_by_final(ended(**changes), said)

    assert finish.outcome is outcome
    assert finish.summary == ("so it was" if said else "")


def test_an_end_tells_session_usage_and_that_nothing_was_to_be_done() -> None:
    finish = finish_by_final(
        ended(),
        (
            SessionEvent(session_id="s1", version="v", model=None),
            UsageEvent(usage=TokenUsage(input_tokens=1)),
            SessionEvent(model="m"),
            UsageEvent(usage=TokenUsage(input_tokens=2, cost_usd=0.5)),
            FinalEvent(outcome=Outcome.NOTHING_TO_DO),
        ),
    )

    assert (finish.session_id, finish.version, finish.model) == ("s1", "v", "m")
    assert finish.usage == TokenUsage(input_tokens=3, cost_usd=0.5)
    assert finish.said_nothing_to_do
    assert not finish.retryable

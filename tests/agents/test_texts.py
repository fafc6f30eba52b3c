import threading
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from ropewalk.agents.base import (
    MAX_ANSWER,
    MAX_TEXT,
    AgentEvent,
    FinalEvent,
    TextEvent,
    ToolEvent,
    UsageEvent,
)
from ropewalk.agents.lines import format_event
from ropewalk.agents.listener import Listener, Stop
from ropewalk.agents.script import ScriptAdapter
from ropewalk.agents.texts import find_last_text, split_text
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.store.redact import Redactor

DONE = FinalEvent(outcome=Outcome.OK)
RUN = ToolEvent(kind="run", detail="true", status="ok")


@given(st.text(max_size=3 * MAX_TEXT))
def test_a_text_of_any_length_is_found_again(text: str) -> None:
    events = split_text(text)

    assert all(len(event.text) <= MAX_TEXT for event in events)
    assert find_last_text((TextEvent(text="before"), RUN, *events, DONE)) == text


def test_what_was_said_before_the_last_deed_is_no_answer() -> None:
    assert find_last_text((*split_text("I begin."), RUN, DONE)) == ""


def test_an_endless_text_is_cut() -> None:
    assert len(find_last_text(split_text("x" * (MAX_ANSWER + 5)))) == MAX_ANSWER


def test_a_listener_joins_pieces_and_masks_a_secret_that_came_in_two() -> None:
    told: list[str] = []
    redactor = Redactor(("canary-value-1",))
    listener = Listener(ScriptAdapter(), redactor, tell=told.append, stop=Stop(threading.Event()))

    for piece in ("the key is can", "ary-value-1", ", keep it"):
        event = TextEvent(text=piece, goes_on=True)
        listener.take(format_event(event).encode())

    texts = [event.text for event in listener.events if isinstance(event, TextEvent)]
    assert texts == ["the key is [redacted], keep it"]
    assert told == ["the key is can", "the key is [redacted]"]


def test_a_word_costs_the_same_however_much_was_said_before_it() -> None:
    listener = Listener(
        ScriptAdapter(), Redactor(()), tell=lambda _: None, stop=Stop(threading.Event())
    )
    half = MAX_ANSWER // 2
    word = TextEvent(text="word", goes_on=True)
    used = UsageEvent(usage=TokenUsage(input_tokens=1))
    events: tuple[AgentEvent, ...] = (RUN, *split_text("x" * half), used, word)
    for event in events:
        listener.take_event(event)

    tracemalloc.start()
    try:
        costs = [_memory_of(listener, word) for _ in range(9)]
    finally:
        tracemalloc.stop()

    assert min(costs) < half // 4
    assert find_last_text(listener.events) == "x" * half + "word" * 10


def _memory_of(listener: Listener, event: TextEvent) -> int:
    """Return how many bytes are held at most while an event is taken."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    listener.take_event(event)
    return tracemalloc.get_traced_memory()[1] - before


def test_an_endless_text_in_words_is_cut() -> None:
    listener = Listener(
        ScriptAdapter(), Redactor(()), tell=lambda _: None, stop=Stop(threading.Event())
    )
    for _ in range(3):
        listener.take_event(TextEvent(text="y" * (MAX_ANSWER // 2 - 1), goes_on=True))

    assert find_last_text(listener.events) == "y" * MAX_ANSWER

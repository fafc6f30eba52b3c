import threading

from hypothesis import given
from hypothesis import strategies as st

from ropewalk.agents.base import MAX_ANSWER, MAX_TEXT, FinalEvent, TextEvent, ToolEvent
from ropewalk.agents.lines import format_event
from ropewalk.agents.listener import Listener, Stop
from ropewalk.agents.script import ScriptAdapter
from ropewalk.agents.texts import find_last_text, split_text
from ropewalk.model.result import Outcome
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

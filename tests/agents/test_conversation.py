from pathlib import Path

import pytest

from ropewalk.agents.conversation import Conversation
from ropewalk.agents.message_blocks import tool_result
from ropewalk.store.redact import Redactor

NOTHING = Redactor(())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "attempt" / "messages.jsonl"


def call(number: int) -> dict[str, object]:
    arguments = {"command": f"make step{number}"}
    return {"type": "tool_use", "id": f"call-{number}", "name": "run", "input": arguments}


def work(conversation: Conversation, count: int, *, answer: str = "ok") -> None:
    for number in range(count):
        conversation.add("assistant", [call(number)])
        conversation.add("user", [tool_result(f"call-{number}", answer, ok=True)])


def reopen(path: Path, session_id: str) -> Conversation:
    found = Conversation.resume(path, session_id, NOTHING)
    assert found is not None
    return found


def test_a_session_that_was_torn_off_goes_on_with_its_whole_lines(path: Path) -> None:
    first = Conversation.start(path, NOTHING)
    first.say("Do it.")
    work(first, 2)
    with path.open("a") as file:
        file.write('{"message": {"role": "assistant", "content": [{"type": "te')

    again = reopen(path, first.session_id)
    again.say("Go on.")

    assert [message["role"] for message in again.to_send()] == ["user", "assistant"] * 2 + ["user"]
    assert reopen(path, first.session_id).to_send() == again.to_send()


def test_a_call_without_an_answer_gets_one(path: Path) -> None:
    first = Conversation.start(path, NOTHING)
    first.say("Do it.")
    first.add("assistant", [{"type": "text", "text": "I will"}, call(1), call(2)])

    again = reopen(path, first.session_id)

    *_, last = again.to_send()
    assert isinstance(last["content"], list)
    answered = [(block["tool_use_id"], block["is_error"]) for block in last["content"]]
    assert answered == [("call-1", True), ("call-2", True)]


def test_a_session_is_found_by_its_own_name_only(path: Path) -> None:
    conversation = Conversation.start(path, NOTHING)

    assert Conversation.resume(path, "another", NOTHING) is None
    assert Conversation.resume(path.with_name("none"), conversation.session_id, NOTHING) is None


def test_what_people_said_survives_every_compaction(path: Path) -> None:
    conversation = Conversation.start(path, NOTHING)
    conversation.say("Do it.")
    work(conversation, 4)
    conversation.say("Mind the tests.")
    work(conversation, 70, answer="x" * 5000)

    assert conversation.compact(0)
    assert len(conversation.to_send()) == 13
    assert conversation.compact(1)
    assert not conversation.compact(1)

    head, answer, result = reopen(path, conversation.session_id).to_send()
    texts = [block["text"] for block in head["content"]]  # type: ignore[attr-defined]
    assert texts[:2] == ["Do it.", "Mind the tests."]
    assert "- 8 earlier ones\n" in texts[2]
    assert texts[3].endswith("- run make step68")
    assert answer["content"] == [call(69)]
    assert len(str(result)) < 2300

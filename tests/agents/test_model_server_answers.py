"""Side requests get an example, requests for an answer of a schema get the scene's answer."""

import json
from typing import Final

import pytest

from ropewalk.model.values import JsonObject
from tests.model_server import Fault, FaultKind, ModelServer, Say, Scene, Shell
from tests.model_server.dialects import CHAT, GEMINI, MESSAGES, RESPONSES
from tests.model_server.raw_client import Dialect, Heard

PROMPT: Final = "cd /repo/tree\n"
TITLE: Final[JsonObject] = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "kind": {"enum": ["new", "old"]}},
    "required": ["title", "kind"],
}


def test_side_requests_are_no_turns(server: ModelServer) -> None:
    stage = server.add(
        Scene("key", (Shell("true"),), fault=Fault(FaultKind.SERVER_ERROR), aside="a title")
    )
    without_tools = {**CHAT.body(PROMPT, ()), "tools": []}
    wanted = {"type": "json_schema", "json_schema": {"name": "title", "schema": TITLE}}

    plain = CHAT.send(server.url, "key", without_tools)
    by_schema = CHAT.send(server.url, "key", {**without_tools, "response_format": wanted})

    assert CHAT.heard(plain).text == "a title"
    assert json.loads(CHAT.heard(by_schema).text) == {"title": "text", "kind": "new"}
    assert [one.is_main for one in stage.requests] == [False, False]


@pytest.mark.parametrize(
    ("dialect", "asking"),
    [
        (MESSAGES, {"output_config": {"format": {"type": "json_schema", "schema": TITLE}}}),
        (MESSAGES, {"output_format": {"type": "json_schema", "schema": TITLE}}),
        (RESPONSES, {"text": {"format": {"type": "json_schema", "schema": TITLE}}}),
        (CHAT, {"response_format": {"json_schema": {"schema": TITLE}}}),
        (GEMINI, {"generationConfig": {"responseJsonSchema": TITLE}}),
    ],
)
def test_answers_for_a_schema_are_given_one_by_one(
    server: ModelServer, dialect: Dialect, asking: JsonObject
) -> None:
    answers = ('{"title": "one"}', "no JSON at all")
    stage = server.add(Scene("key", answer=answers, fault=Fault(FaultKind.SERVER_ERROR, times=1)))
    body = {**dialect.body(PROMPT, ()), **asking, "tools": []}

    got = [dialect.send(server.url, "key", body) for _ in range(4)]

    assert got[0].status == 500
    assert [dialect.heard(one).text for one in got[1:]] == [*answers, "no JSON at all"]
    assert all(one.is_main for one in stage.requests)


@pytest.mark.parametrize("name", ["StructuredOutput", "structured_output"])
def test_an_answer_goes_through_the_tool_for_it_after_all_turns(
    server: ModelServer, name: str
) -> None:
    stage = server.add(Scene("key", (Shell("true"), Say("done")), answer='{"title": "one"}'))
    tools = [{"name": "Bash", "input_schema": {}}, {"name": name, "input_schema": TITLE}]
    heard: list[Heard] = []

    for _ in range(3):
        body = {**MESSAGES.body(PROMPT, heard), "tools": tools}
        heard.append(MESSAGES.heard(MESSAGES.send(server.url, "key", body)))

    assert [one.name for one in heard] == ["Bash", name, ""]
    assert json.loads(heard[1].arguments) == {"title": "one"}
    assert stage.failed == ""

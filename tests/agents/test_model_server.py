"""The model server plays scenes in every protocol, and finds its place in each request."""

import http.client
import json
import threading
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anthropic
import pytest

from tests.model_server import (
    Fault,
    FaultKind,
    ModelServer,
    Say,
    Scene,
    Shell,
    TokenCounts,
    Turn,
    Write,
)
from tests.model_server.dialects import CHAT, DIALECTS, MESSAGES
from tests.model_server.raw_client import Dialect, post

TURNS: Final[tuple[Turn, ...]] = (
    Say("I begin."),
    Write("a.txt", "hello\n"),
    Shell("true"),
    Say("done so far"),
)
PROMPT: Final = "cd /repo/tree\n\nWrite it.\n"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_protocol_plays_a_scene_to_its_end(
    server: ModelServer, dialect: Dialect, *, stream: bool
) -> None:
    usage = TokenCounts(input_tokens=7, cache_read_tokens=5, cache_write_tokens=3)
    stage = server.add(Scene("key", TURNS, usage=usage))

    heard = dialect.play(server.url, "key", PROMPT, stream=stream)

    assert [(one.text, one.name) for one in heard] == [
        ("I begin.", "write"),
        ("", "run"),
        ("done so far", ""),
    ]
    assert json.loads(heard[0].arguments) == {"path": "/repo/tree/a.txt", "content": "hello\n"}
    assert json.loads(heard[1].arguments) == {"command": "true"}
    # Only one protocol counts what came from a cache apart.
    assert {one.input_tokens for one in heard} == {7 if dialect is MESSAGES else 15}
    assert stage.failed == ""
    assert [one.protocol for one in stage.requests] == [dialect.name] * 3
    assert all(one.is_main and not one.faulted for one in stage.requests)


def test_the_same_request_gets_the_same_call_again(server: ModelServer) -> None:
    server.add(Scene("key", TURNS))
    first = MESSAGES.heard(MESSAGES.ask(server.url, "key", PROMPT, stream=True))

    again = MESSAGES.heard(MESSAGES.ask(server.url, "key", PROMPT, stream=False))
    second = MESSAGES.heard(MESSAGES.ask(server.url, "key", PROMPT, [first], stream=True))
    second_again = MESSAGES.heard(MESSAGES.ask(server.url, "key", PROMPT, [first], stream=True))

    assert again == first
    assert second.name == "run"
    assert second_again == second


def test_results_of_another_scene_are_no_progress(server: ModelServer) -> None:
    server.add(Scene("key", TURNS))
    old = MESSAGES.play(server.url, "key", PROMPT, stream=False)[:2]
    server.add(Scene("key", (Shell("make"),)))

    heard = MESSAGES.heard(MESSAGES.ask(server.url, "key", PROMPT, old, stream=False))

    assert (heard.name, json.loads(heard.arguments)) == ("run", {"command": "make"})


def test_a_scene_that_loops_never_ends(server: ModelServer) -> None:
    server.add(Scene("key", TURNS, loop=True))

    heard = MESSAGES.play(server.url, "key", PROMPT, stream=False)

    assert [one.name for one in heard] == ["write", "run"] * 5


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/messages", {"x-api-key": "key"}),
        ("/v1/messages", {"authorization": "Bearer key"}),
        ("/v1/messages", {"x-goog-api-key": "key"}),
        ("/v1/messages?key=key", {}),
        ("/run/key/v1/messages", {"x-api-key": "of nobody"}),
    ],
)
def test_a_run_is_known_by_its_key(server: ModelServer, path: str, headers: dict[str, str]) -> None:
    stage = server.add(Scene("key", TURNS))
    server.add(Scene("other key", (Shell("make"),)))

    answer = post(server.url, path, MESSAGES.body(PROMPT, ()), headers=headers)

    assert MESSAGES.heard(answer).name == "write"
    assert len(stage.requests) == 1


def test_a_key_of_no_scene_and_an_unknown_path_are_refused_and_remembered(
    server: ModelServer,
) -> None:
    wrong_key = CHAT.ask(server.url, "key", PROMPT, stream=False)
    wrong_path = post(server.url, "/v1/embeddings", {})

    assert (wrong_key.status, wrong_path.status) == (401, 404)
    assert [one.path for one in server.strange] == ["/v1/chat/completions", "/v1/embeddings"]


def test_scenes_of_one_key_are_told_apart_by_what_is_mentioned(server: ModelServer) -> None:
    plain = server.add(Scene("key", (Shell("plain"),)))
    api = server.add(Scene("key", (Shell("api"),), mentions="/trees/api"))
    web = server.add(Scene("key", (Shell("web"),), mentions="/trees/web"))

    for prompt in ("cd /trees/web\n", "cd /trees/api\n", "cd /elsewhere\n"):
        CHAT.ask(server.url, "key", prompt, stream=False)

    assert [len(stage.requests) for stage in (plain, api, web)] == [1, 1, 1]


def test_runs_at_the_same_time_do_not_mix(server: ModelServer) -> None:
    stages = [
        server.add(Scene(f"key-{number}", (Write(f"{number}.txt", ""), Shell("true"))))
        for number in range(8)
    ]
    written: dict[int, str] = {}

    def play(number: int) -> None:
        dialect = DIALECTS[number % len(DIALECTS)]
        heard = dialect.play(server.url, f"key-{number}", PROMPT, stream=True)
        written[number] = json.loads(heard[0].arguments)["path"]

    threads = [threading.Thread(target=play, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert written == {number: f"/repo/tree/{number}.txt" for number in range(8)}
    assert [len(stage.requests) for stage in stages] == [3] * 8


def test_a_turn_that_no_tool_can_do_is_told_and_ends_the_run(server: ModelServer) -> None:
    stage = server.add(Scene("key", (Write("a.txt", ""), Shell("make"))))
    body = {**MESSAGES.body(PROMPT, ()), "tools": [{"name": "Write", "input_schema": {}}]}
    heard = [MESSAGES.heard(MESSAGES.send(server.url, "key", body))]

    body = {**MESSAGES.body(PROMPT, heard), "tools": body["tools"]}
    heard.append(MESSAGES.heard(MESSAGES.send(server.url, "key", body)))

    assert [one.name for one in heard] == ["Write", ""]
    assert stage.failed == "no tool on offer can do Shell(command='make'): Write"
    assert heard[1].text == f"I cannot go on: {stage.failed}"


def test_lists_counts_and_greetings_are_answered(server: ModelServer) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    got = []
    for method, path, headers in (
        ("HEAD", "/", {}),
        ("GET", "/v1/models", {"anthropic-version": "2026-10-21"}),
        ("GET", "/v1/models", {}),
        ("GET", "/v1beta/models", {}),
        ("POST", "/v1/messages/count_tokens", {}),
        ("POST", "/v1beta/models/m:countTokens", {}),
    ):
        connection.request(method, path, b'{"messages": "12345678"}', headers)
        response = connection.getresponse()
        body = response.read()
        got.append((response.status, [*json.loads(body)] if body else []))
    connection.close()

    assert got == [
        (200, []),
        (200, ["data", "has_more", "first_id", "last_id"]),
        (200, ["object", "data"]),
        (200, ["models"]),
        (200, ["input_tokens"]),
        (200, ["totalTokens"]),
    ]


def test_bodies_are_kept_and_may_come_in_chunks(server: ModelServer, tmp_path: Path) -> None:
    server.add(Scene("key", TURNS))
    body = json.dumps(MESSAGES.body(PROMPT, ())).encode()
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)

    halves = iter((body[:50], body[50:]))
    connection.request("POST", "/v1/messages", halves, {"x-api-key": "key"}, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()

    assert status == 200
    assert (tmp_path / "bodies" / "0001-messages.json").read_bytes() == body


def test_the_sdk_plays_a_scene_through_an_error(server: ModelServer) -> None:
    fault = Fault(FaultKind.OVERLOADED, after=1, times=1, retry_after_s=0)
    stage = server.add(Scene("key", TURNS, fault=fault))
    ran: list[str] = []

    @anthropic.beta_tool
    def write(path: str, content: str) -> str:
        ran.append(f"{path}: {content}")
        return "fine"

    @anthropic.beta_tool
    def run(command: str) -> str:
        ran.append(command)
        return "fine"

    with anthropic.Anthropic(base_url=server.url, api_key="key", timeout=10) as client:
        runner = client.beta.messages.tool_runner(
            model="m",
            max_tokens=100,
            tools=[write, run],
            messages=[{"role": "user", "content": PROMPT}],
            thread=False,
        )
        last = runner.until_done()

    assert ran == ["/repo/tree/a.txt: hello\n", "true"]
    assert [block.to_dict() for block in last.content] == [{"text": "done so far", "type": "text"}]
    assert [one.faulted for one in stage.requests] == [False, True, False, False]

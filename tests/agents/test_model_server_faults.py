"""Every fault of the model server looks on the wire as it is said to."""

import http.client
import json
import socket
import time
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.model_server import Fault, FaultKind, ModelServer, Scene, Stage, Write
from tests.model_server.dialects import CHAT, DIALECTS, GEMINI, MESSAGES, RESPONSES
from tests.model_server.faults import Delivery, End, spoil
from tests.model_server.raw_client import Dialect

PROMPT: Final = "cd /repo/tree\n"
WRITE: Final = Write("a.txt", "a text of some length\n")
STATUSES: Final = {
    FaultKind.RATE_LIMIT: 429,
    FaultKind.OVERLOADED: 529,
    FaultKind.SERVER_ERROR: 500,
    FaultKind.UNAVAILABLE: 503,
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.FORBIDDEN: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.CONTEXT: 400,
    FaultKind.CREDIT: 400,
}
UNAUTHORIZED: Final = {
    MESSAGES: '"authentication_error"',
    RESPONSES: '"invalid_api_key"',
    CHAT: '"invalid_api_key"',
    GEMINI: '"UNAUTHENTICATED"',
}
# What ends an answer in each protocol: refused, too long, too long within a call, a call cut off.
STOPS: Final = {
    MESSAGES: ("refusal", "max_tokens", "max_tokens", "tool_use"),
    RESPONSES: ("refusal", "max_output_tokens", "max_output_tokens", "completed"),
    CHAT: ("content_filter", "length", "length", "tool_calls"),
    GEMINI: ("SAFETY", "MAX_TOKENS", "MAX_TOKENS", "MALFORMED_FUNCTION_CALL"),
}


def add(server: ModelServer, fault: Fault) -> Stage:
    return server.add(Scene("key", (WRITE,), fault=fault))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_errors_have_their_status_and_the_words_of_the_protocol(
    server: ModelServer, dialect: Dialect
) -> None:
    got = {}
    for kind in STATUSES:
        add(server, Fault(kind, retry_after_s=1.5))
        answer = dialect.ask(server.url, "key", PROMPT, stream=True)
        got[kind] = answer.status
        assert answer.json["error"]
        assert answer.headers["retry-after"] == "1.5"
        assert (b'"retryDelay": "1.5s"' in answer.body) is (dialect is GEMINI)
        if kind is FaultKind.UNAUTHORIZED:
            assert UNAUTHORIZED[dialect] in answer.body.decode()

    assert got == STATUSES


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_answers_that_end_otherwise_say_so(
    server: ModelServer, dialect: Dialect, *, stream: bool
) -> None:
    kinds = (
        FaultKind.REFUSAL,
        FaultKind.MAX_TOKENS,
        FaultKind.MAX_TOKENS_IN_TOOL,
        FaultKind.TRUNCATED_TOOL,
    )
    stops = []
    for kind in kinds:
        add(server, Fault(kind))
        heard = dialect.heard(dialect.ask(server.url, "key", PROMPT, stream=stream))
        stops.append(heard.stop)
        assert "of some length" not in heard.arguments

    assert tuple(stops) == STOPS[dialect]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_an_empty_answer_ends_well_and_says_nothing(
    server: ModelServer, dialect: Dialect, *, stream: bool
) -> None:
    add(server, Fault(FaultKind.EMPTY))

    heard = dialect.heard(dialect.ask(server.url, "key", PROMPT, stream=stream))

    assert (heard.text, heard.name) == ("", "")
    assert heard.stop in {"end_turn", "completed", "stop", "STOP"}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_stream_breaks_off_by_an_error_or_by_nonsense(
    server: ModelServer, dialect: Dialect
) -> None:
    add(server, Fault(FaultKind.SSE_ERROR))
    error = dialect.ask(server.url, "key", PROMPT, stream=True)
    add(server, Fault(FaultKind.MALFORMED_SSE))
    nonsense = dialect.ask(server.url, "key", PROMPT, stream=True)

    assert "error" in json.dumps(error.events[-1])
    assert "of some length" not in error.body.decode()
    with pytest.raises(json.JSONDecodeError):
        assert nonsense.events


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_bodies_that_are_no_answer_come_with_status_200(
    server: ModelServer, *, stream: bool
) -> None:
    add(server, Fault(FaultKind.HTML))
    html = MESSAGES.ask(server.url, "key", PROMPT, stream=stream)
    add(server, Fault(FaultKind.BAD_JSON))
    half = MESSAGES.ask(server.url, "key", PROMPT, stream=stream)

    assert (html.status, html.headers["content-type"]) == (200, "text/html")
    assert (half.status, half.headers["content-type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        assert half.json


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_connection_ends_in_the_middle(server: ModelServer, *, stream: bool) -> None:
    add(server, Fault(FaultKind.DROP))
    with pytest.raises(http.client.IncompleteRead):
        MESSAGES.ask(server.url, "key", PROMPT, stream=stream)

    add(server, Fault(FaultKind.RESET))
    with pytest.raises(ConnectionResetError):
        MESSAGES.ask(server.url, "key", PROMPT, stream=stream)


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.STALL])
def test_an_answer_that_does_not_go_on_ends_with_the_server(
    server: ModelServer, kind: FaultKind
) -> None:
    stage = add(server, Fault(kind))
    place = urlsplit(server.url)
    got = b""
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(_streaming_request())
        while kind is FaultKind.STALL and b"content_block_start" not in got:
            got += connection.recv(4096)
        while not stage.requests:
            time.sleep(0.01)
        server.close()
        while more := connection.recv(4096):
            got += more

    assert got.startswith(b"HTTP/1.1 200 OK" if kind is FaultKind.STALL else b"")
    assert bool(got) is (kind is FaultKind.STALL)
    assert b"message_stop" not in got


def test_a_call_that_was_cut_off_comes_again_after_its_result(server: ModelServer) -> None:
    add(server, Fault(FaultKind.TRUNCATED_TOOL, times=1))

    heard = CHAT.play(server.url, "key", PROMPT, stream=True)

    assert [one.name for one in heard] == ["write", "write", ""]
    assert WRITE.content == json.loads(heard[1].arguments)["content"]


def test_a_fault_comes_after_some_requests_and_goes_again(server: ModelServer) -> None:
    stage = add(server, Fault(FaultKind.SERVER_ERROR, after=2, times=2))

    got = [CHAT.ask(server.url, "key", PROMPT, stream=False).status for _ in range(6)]

    assert got == [200, 200, 500, 500, 200, 200]
    assert [one.faulted for one in stage.requests] == [status == 500 for status in got]


def test_side_requests_suffer_only_a_fault_of_all_requests(server: ModelServer) -> None:
    body = {**CHAT.body(PROMPT, ()), "tools": []}
    got = []
    for all_requests in (False, True):
        add(server, Fault(FaultKind.SERVER_ERROR, all_requests=all_requests))
        got.append(CHAT.send(server.url, "key", body).status)

    assert got == [200, 500]


def test_a_scene_can_take_its_time(server: ModelServer) -> None:
    server.add(Scene("key", (WRITE,), delay_s=0.1))
    begun = time.monotonic()

    answer = CHAT.ask(server.url, "key", PROMPT, stream=True)

    assert CHAT.heard(answer).name == "write"
    assert time.monotonic() - begun >= 0.1


def test_a_slow_delivery_is_whole_and_pauses_before_each_piece() -> None:
    whole = Delivery(pieces=(b"one", b"two"), streams=True)

    slow = spoil(whole, FaultKind.SLOW, lambda: b"")

    assert (slow.pieces, slow.end) == (whole.pieces, End.WELL)
    assert slow.pause_s > 0


def _streaming_request() -> bytes:
    body = json.dumps({**MESSAGES.body(PROMPT, ()), "stream": True}).encode()
    head = f"POST /v1/messages HTTP/1.1\r\nx-api-key: key\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body

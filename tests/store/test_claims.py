import json
import time

import pytest

from ropewalk.model.result import AgentClaim
from ropewalk.store.schema.claims import parse_claim


def test_what_an_agent_says_is_read() -> None:
    data = {
        "status": "done",
        "summary": "Added\n\tlog-in",
        "files_created": ["a"],
        "files_modified": [],
        "notes": ["one", "two"],
    }

    assert parse_claim(json.dumps(data).encode()) == AgentClaim(
        status="done", summary="Added\n\tlog-in", files_created=("a",), notes=("one", "two")
    )


def test_notes_may_be_one_text() -> None:
    claim = parse_claim(b'{"notes": "x"}')

    assert isinstance(claim, AgentClaim)
    assert claim.notes == "x"


def test_unknown_fields_are_kept() -> None:
    claim = parse_claim(b'{"domain": "other", "extra": 1, "deep": {"a": [1, null]}}')

    assert isinstance(claim, AgentClaim)
    assert claim.extra == {"domain": "other", "extra": 1, "deep": {"a": [1, None]}}


def test_control_characters_in_escapes_become_visible_text() -> None:
    claim = parse_claim(b'{"summary": "\\u001b[2J\\u0000\\u202e", "k\\u0007": ["\\u009b"]}')

    assert isinstance(claim, AgentClaim)
    assert claim.summary == "\\u001b[2J\\u0000\\u202e"
    assert claim.extra == {"k\\u0007": ["\\u009b"]}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b'{"status": "do', "invalid JSON: EOF"),
        (b'{"status": "failed", "status": "success"}', "stands twice"),
        (b'{"st\\u0061tus": "failed", "status": "success"}', "stands twice"),
        (b'{"x": {"a": 1, "a": 2}}', "stands twice"),
        (b'{"x": NaN}', "invalid JSON"),
        (b'{"x": Infinity}', "invalid JSON"),
        (b'{"x": ' + b"1" * 5000 + b"}", "invalid JSON"),
        (b"[" * 200_000, "invalid JSON: recursion limit"),
        (b'{"x": ' + b"[" * 30 + b"]" * 30 + b"}", "nested deeper than 20"),
        (b'{"x": "\\ud800"}', "invalid JSON"),
        (b'\xef\xbb\xbf{"status": "done"}', "invalid JSON"),
        ('{"status": "done"}'.encode("utf-16"), "invalid JSON"),
        (b'{"x": "\xff"}', "invalid JSON"),
        (b'{"x": "\x1b"}', "invalid JSON"),
        (b"{} {}", "invalid JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"status": true}', "'status' must be text"),
        (b'{"status": 1}', "'status' must be text"),
        (b'{"files_created": "a"}', "'files_created' must be a list"),
        (b'{"files_created": [1]}', "'files_created[0]' must be text"),
        (b'{"files_modified": [true]}', "'files_modified[0]' must be text"),
        (b'{"notes": {"a": 1}}', "'notes' must be text"),
        (b'{"x": "' + b"a" * 70_000 + b'"}', "larger than 65536 bytes"),
        (json.dumps({str(n): n for n in range(65)}).encode(), "more than 64 unknown fields"),
        (b" " * ((1 << 20) + 1) + b"{}", "larger than"),
    ],
)
def test_a_claim_that_tries_something_is_refused_with_a_reason(data: bytes, words: str) -> None:
    start = time.process_time()

    verdict = parse_claim(data)

    assert isinstance(verdict, str)
    assert words in verdict
    assert time.process_time() - start < 1

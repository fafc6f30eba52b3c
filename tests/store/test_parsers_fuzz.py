import contextlib
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ropewalk.errors import InvalidInput
from ropewalk.model.result import AgentClaim, DomainResult
from ropewalk.store.journal_lines import parse_line
from ropewalk.store.schema.claims import parse_claim
from ropewalk.store.schema.config_file import parse_config
from ropewalk.store.schema.documents import load
from ropewalk.store.schema.plan_file import parse_plan_file

PLAN = b"epic_id: e\ndomains:\n  - name: a\n    files: [x, 'y']\n    depends_on: []\n"
PLAN_JSON = b'{"epic_id": "e", "domains": [{"name": "a", "files": ["x"]}]}'
CONFIG = b"[run]\njobs = 2\n[[domain]]\nname = 'a'\nfiles = ['x']\n[agents.a]\nkind = 'claude'\n"
CLAIM = b'{"status": "done", "files_created": ["a"], "notes": "x", "more": {"a": [1, 2.5]}}'
LONG = 64 * 1024


def yaml_plan(data: bytes) -> None:
    parse_plan_file(data, name="plan.yaml")


def json_plan(data: bytes) -> None:
    parse_plan_file(data, name="plan.json")


def config(data: bytes) -> None:
    parse_config(data, name="ropewalk.toml")


def document(data: bytes) -> None:
    load(DomainResult, data, name="d.json")


def claim(data: bytes) -> None:
    assert isinstance(parse_claim(data), AgentClaim | str)


def journal_line(data: bytes) -> None:
    parse_line(data)


PARSERS: list[tuple[Callable[[bytes], None], bytes]] = [
    (yaml_plan, PLAN),
    (json_plan, PLAN_JSON),
    (config, CONFIG),
    (document, CLAIM),
    (claim, CLAIM),
    (journal_line, CLAIM),
]
TOKENS = st.sampled_from(
    [
        *(b"\n", b"  ", b": ", b"- ", b"? ", b"[", b"]", b"{", b"}", b",", b"'", b'"', b"\\", b"#"),
        *(
            b"&a",
            b"*a",
            b"!",
            b"!!",
            b"<<",
            b"|",
            b">",
            b"%",
            b"---",
            b"...",
            b"\t",
            b"\0",
            b"\x85",
        ),
        *(b"=", b".", b"[[", b'"""', b"'''", b"1", b"-1e9", b"nan", b"null", b"true", b"domains"),
        *(b"name", b"files", b"a", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\r", b"\\u0000"),
        *(b"\xed\xa0\x80", b"\\ud800", b"1979-05-27", b"epic_id", b"\xf0\x9f\x99\x82"),
    ]
)


@pytest.mark.parametrize(("parse", "valid"), PARSERS, ids=lambda one: getattr(one, "__name__", ""))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pieces=st.lists(TOKENS | st.binary(max_size=4), max_size=25),
    cut=st.integers(0, 100),
    skip=st.integers(0, 10),
)
@example(pieces=[b'"'], cut=0, skip=0)
def test_no_text_breaks_a_parser(
    parse: Callable[[bytes], None], valid: bytes, pieces: list[bytes], cut: int, skip: int
) -> None:
    text = b"".join(pieces)

    for data in (text, valid[:cut] + text + valid[cut + skip :]):
        with contextlib.suppress(InvalidInput):
            parse(data)


@pytest.mark.parametrize(("parse", "valid"), PARSERS, ids=lambda one: getattr(one, "__name__", ""))
@pytest.mark.parametrize(
    "unit",
    [
        *(b"[", b"{", b"- ", b"? ", b"a: ", b"[a,", b"'", b'"', b"\n", b"a", b"a ", b"#", b"a."),
        *(b'"\\', b'["', b'{"a":', b"a={", b"[a]\n", b"[[a]]\n", b"1", b"&a ", b"\\"),
    ],
)
def test_no_flood_keeps_a_parser_busy(
    parse: Callable[[bytes], None], valid: bytes, unit: bytes
) -> None:
    start = time.process_time()

    for before in (b"", b"a = ", b"a: "):
        with contextlib.suppress(InvalidInput):
            parse(before + unit * (LONG // len(unit)))

    # Quadratic work takes ten times as long; tracing of coverage takes twice as long.
    assert time.process_time() - start < 8


@pytest.mark.parametrize(
    "module", ["paths", "files", "journal", "lock", "text", "untrusted", "journal_lines"]
)
def test_state_on_disk_is_reached_without_paying_for_schemas(module: str) -> None:
    code = f"import sys, ropewalk.store.{module}; print('pydantic' in sys.modules)"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout == "False\n"

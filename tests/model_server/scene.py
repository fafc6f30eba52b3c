"""What a run is to be answered: turns, the fault that befalls it, and what was asked meanwhile.

A scene belongs to one key, or to the requests of a key that mention something. It is a value: what
happens while it is played is remembered by `stage.Stage`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from ropewalk.model.values import JsonObject


@dataclass(frozen=True, slots=True)
class Write:
    """Let the program write a whole file; `path` is relative to its worktree."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class Shell:
    """Let the program run a shell command in its worktree."""

    command: str


@dataclass(frozen=True, slots=True)
class Call:
    """Let the program use the tool of that very name, whether it offered one or not."""

    name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class Say:
    """Say something: with the next tool call, or as the last word when no call follows."""

    text: str


Turn: TypeAlias = Write | Shell | Call | Say


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCounts:
    """What one answer cost: `input_tokens` are those that came from no cache."""

    input_tokens: int = 100
    output_tokens: int = 20
    cache_read_tokens: int = 40
    cache_write_tokens: int = 0


class FaultKind(StrEnum):
    """What can go wrong; `faults.py` says how each looks on the wire."""

    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONTEXT = "context"
    CREDIT = "credit"
    HANG = "hang"
    STALL = "stall"
    RESET = "reset"
    DROP = "drop"
    SSE_ERROR = "sse_error"
    MALFORMED_SSE = "malformed_sse"
    BAD_JSON = "bad_json"
    HTML = "html"
    SLOW = "slow"
    EMPTY = "empty"
    REFUSAL = "refusal"
    MAX_TOKENS = "max_tokens"
    MAX_TOKENS_IN_TOOL = "max_tokens_in_tool"
    TRUNCATED_TOOL = "truncated_tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class _FaultOptions:
    after: int = 0
    times: int | None = None
    retry_after_s: float | None = None
    all_requests: bool = False


@dataclass(frozen=True, slots=True)
class Fault(_FaultOptions):
    """Something that goes wrong.

    Attributes:
        kind: what it is.
        after: main requests that go well first.
        times: requests that it befalls; None for all that follow.
        retry_after_s: seconds that an error answer asks to be left alone for.
        all_requests: whether it befalls side requests too, such as those for a title.
    """

    kind: FaultKind


@dataclass(frozen=True, slots=True)
class Scene:
    """How one run is answered.

    Attributes:
        key: the key that the program sends, or the `KEY` of a path that begins with `/run/KEY/`.
        turns: what the model does, one tool call an answer.
        fault: what goes wrong.
        usage: what every answer says that it cost.
        answer: last text of the run in place of its `Say`, given through a schema where the
            program asks for one; several are given one after another, to one request each.
        loop: whether the tool calls begin anew after the last one, for ever.
        delay_s: seconds that pass before every answer.
        cwd: where the program works; found in the request where it is not given.
        mentions: text that a request has to hold, so that several scenes can share a key.
        aside: text that answers side requests.
    """

    key: str
    turns: tuple[Turn, ...] = ()
    fault: Fault | None = None
    usage: TokenCounts = TokenCounts()
    answer: str | tuple[str, ...] | None = None
    loop: bool = False
    delay_s: float = 0.0
    cwd: Path | None = None
    mentions: str = ""
    aside: str = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request for an answer.

    Attributes:
        path: path and query as sent, without the prefix `/run/KEY`.
        protocol: `messages`, `responses`, `chat` or `gemini`.
        body: the whole body, which also stands in a file below the folder of the server.
        headers: the headers, by lower-case name.
        at: when it came, on the monotonic clock.
        is_main: whether it is part of the work, not a side request.
        faulted: whether the fault of the scene befell it.
    """

    path: str
    protocol: str
    body: JsonObject
    headers: Mapping[str, str]
    at: float
    is_main: bool
    faulted: bool

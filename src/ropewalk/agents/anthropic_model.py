"""One question to a model of the Messages API, behind the ``anthropic`` client.

Invariants: `AnthropicModel.ask` sends one request and returns a value, whatever comes back; an
answer is only an answer when its stream came to its own end; a call of a tool whose arguments were
cut off is marked, however much of it the client could make sense of. Imported by the child program
only, since importing the client takes longer than everything else.
"""

import json
from collections.abc import Mapping
from typing import Final

import anthropic
import httpx2
from anthropic.types import OutputConfigParam

from ropewalk.agents.base import MAX_TEXT
from ropewalk.agents.fields import Fields, below, count_at, objects_at, text_at
from ropewalk.agents.message_blocks import Block
from ropewalk.agents.model_values import Answer, Kind, Question, Trouble
from ropewalk.model.result import TokenUsage
from ropewalk.model.values import JsonObject

SDK_VERSION: Final = anthropic.__version__
_CONNECT_S: Final = 15.0
_FULL_WORDS: Final = ("prompt is too long", "context window", "context limit", "too many tokens")
_FIRST_ERROR: Final = 400
_FIRST_OF_SERVER: Final = 500
_KINDS_BY_TYPE: Final[Mapping[str, Kind]] = {
    "rate_limit_error": Kind.BUSY,
    "overloaded_error": Kind.BUSY,
    "authentication_error": Kind.DENIED,
    "permission_error": Kind.DENIED,
    "request_too_large": Kind.FULL,
    "api_error": Kind.BROKEN,
    "timeout_error": Kind.BROKEN,
}
_KINDS_BY_STATUS: Final[Mapping[int, Kind]] = {
    401: Kind.DENIED,
    403: Kind.DENIED,
    408: Kind.BROKEN,
    409: Kind.BROKEN,
    413: Kind.FULL,
    429: Kind.BUSY,
    529: Kind.BUSY,
}


class AnthropicModel:
    """A model behind the Messages API.

    Args:
        env: holds ``ANTHROPIC_API_KEY`` or ``ANTHROPIC_AUTH_TOKEN``, and maybe
            ``ANTHROPIC_BASE_URL``.
        read_timeout_s: how long the provider may say nothing at all.
    """

    def __init__(self, env: Mapping[str, str], *, read_timeout_s: float) -> None:
        key = env.get("ANTHROPIC_API_KEY") or None
        self._client = anthropic.Anthropic(
            api_key=key,
            auth_token=None if key else env.get("ANTHROPIC_AUTH_TOKEN") or None,
            base_url=env.get("ANTHROPIC_BASE_URL") or None,
            max_retries=0,
            timeout=httpx2.Timeout(read_timeout_s, connect=min(_CONNECT_S, read_timeout_s)),
        )

    def ask(self, question: Question) -> Answer | Trouble:
        """Ask once, see `Model`."""
        reading = _Reading()
        try:
            self._read(question, reading)
        except anthropic.APIStatusError as error:
            return _refused(error, reading.usage)
        except (anthropic.APITimeoutError, httpx2.TimeoutException):
            text = "the model said nothing for too long"
            return Trouble(kind=Kind.SILENT, text=text, usage=reading.usage)
        except (anthropic.APIError, httpx2.HTTPError, OSError) as error:
            return reading.broken(f"the connection to the model failed: {_brief(error)}")
        except (ValueError, LookupError, RuntimeError, AttributeError, TypeError) as error:
            # The client does not foresee a stream that makes no sense, and says so in many ways.
            return reading.broken(f"the model's answer cannot be read: {_brief(error)}")
        return reading.answer()

    def _read(self, question: Question, reading: "_Reading") -> None:
        # The values are the JSON that the API takes; the client's own types say no more.
        asked = self._client.messages.stream(
            model=question.model,
            max_tokens=question.max_tokens,
            system=question.system,  # type: ignore[arg-type]
            tools=question.tools,  # type: ignore[arg-type]
            messages=question.messages,  # type: ignore[arg-type]
            output_config=_format(question.schema),
        )
        with asked as stream:
            for event in stream:
                reading.take(event.to_dict())
                if event.type in ("message_start", "message_delta", "message_stop"):
                    reading.message = stream.current_message_snapshot.to_dict()


class _Reading:
    """What has come of an answer so far."""

    def __init__(self) -> None:
        self.message: Fields = {}
        self._has_ended = False
        self._arguments: dict[int, str] = {}

    def take(self, event: Fields) -> None:
        """Take one event of the stream."""
        delta = below(event, "delta")
        match event.get("type"), delta.get("type"):
            case "content_block_delta", "input_json_delta":
                index = count_at(event, "index") or 0
                piece = str(delta.get("partial_json", ""))
                self._arguments[index] = self._arguments.get(index, "") + piece
            case "message_stop", _:
                self._has_ended = True
            case _:
                return

    @property
    def usage(self) -> TokenUsage:
        """Return what the provider has counted so far."""
        counts = below(self.message, "usage")
        return TokenUsage(
            input_tokens=count_at(counts, "input_tokens"),
            output_tokens=count_at(counts, "output_tokens"),
            cache_read_tokens=count_at(counts, "cache_read_input_tokens"),
            cache_write_tokens=count_at(counts, "cache_creation_input_tokens"),
        )

    def broken(self, text: str) -> Trouble:
        """Return that the answer did not come whole."""
        return Trouble(kind=Kind.BROKEN, text=text[:MAX_TEXT], usage=self.usage)

    def answer(self) -> Answer | Trouble:
        """Return the whole answer, or that it is not whole."""
        stop_reason = text_at(self.message, "stop_reason")
        if not self._has_ended or not stop_reason:
            return self.broken("the model's answer broke off")
        blocks = [dict(block) for block in objects_at(self.message, "content")]
        cut = {
            str(block.get("id"))
            for index, block in enumerate(blocks)
            if block.get("type") == "tool_use" and not self._is_whole(index, block)
        }
        return Answer(
            stop_reason=stop_reason,
            blocks=tuple(_sendable(block) for block in blocks if not _is_empty(block)),
            usage=self.usage,
            cut=frozenset(cut),
        )

    def _is_whole(self, index: int, block: Block) -> bool:
        """Whether the arguments of a call are the JSON object that the model meant to send."""
        text = self._arguments.get(index, "")
        try:
            arguments = json.loads(text) if text else block.get("input")
        except (ValueError, RecursionError):
            return False
        return isinstance(arguments, dict)


def strict_schema(schema: JsonObject) -> JsonObject:
    """Return a JSON Schema as the API takes it.

    Raises:
        ValueError: the schema has a form that the API does not know.
    """
    return anthropic.transform_schema(dict(schema))


def _format(schema: JsonObject | None) -> OutputConfigParam | anthropic.Omit:
    if schema is None:
        return anthropic.omit
    return {"format": {"type": "json_schema", "schema": dict(schema)}}


def _refused(error: anthropic.APIStatusError, usage: TokenUsage) -> Trouble:
    status, text = error.status_code, error.api_message or _brief(error)
    other = Kind.BROKEN if status >= _FIRST_OF_SERVER else Kind.REJECTED
    kind = _KINDS_BY_STATUS.get(status, other)
    if status < _FIRST_ERROR:
        # An error event in a stream that had begun well.
        kind = _KINDS_BY_TYPE.get(error.type or "", Kind.BROKEN)
    if kind is Kind.REJECTED and any(words in text.casefold() for words in _FULL_WORDS):
        kind = Kind.FULL
    return Trouble(
        kind=kind,
        text=f"{status}: {text}"[:MAX_TEXT],
        retry_after_s=_seconds(error.response.headers.get("retry-after")),
        usage=usage,
    )


def _seconds(text: str | None) -> float | None:
    """Return the seconds of a ``retry-after``; a date in it is passed over."""
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _brief(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())[:300]


def _is_empty(block: Block) -> bool:
    return block.get("type") == "text" and not str(block.get("text", "")).strip()


def _sendable(block: Block) -> Block:
    """Return a block as it can be sent back: without what the client adds to it."""
    arguments = block.get("input")
    if block.get("type") == "tool_use":
        block = {**block, "input": arguments if isinstance(arguments, dict) else {}}
    return {
        name: value
        for name, value in block.items()
        if name != "parsed_output" and value is not None
    }

"""One request and its answer, as every protocol means them.

Each protocol module reads its body into a `Conversation` and puts a `Reply` into its own words;
nothing else knows how a protocol spells anything.
"""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ropewalk.model.values import JsonObject
from tests.model_server.scene import TokenCounts

REFUSAL_TEXT: Final = "I cannot help with that."


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A tool that the program offers; a free-form one takes text in place of JSON arguments."""

    name: str
    schema: JsonObject
    is_free_form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What a request holds.

    Attributes:
        model: the model that was asked for.
        streams: whether the answer is to be a stream of events.
        offers: the tools.
        answered: ids of the tool calls whose results are in the request.
        text: every text of the request but those of its tools.
        wanted: JSON Schema that the answer has to meet, None for free text.
    """

    model: str
    streams: bool
    offers: tuple[Offer, ...]
    answered: tuple[str, ...]
    text: str
    wanted: JsonObject | None = None


class Stop(StrEnum):
    """Why an answer ends."""

    END = "end"
    TOOL = "tool"
    LENGTH = "length"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One use of a tool; a free-form one carries `text` and no arguments."""

    id: str
    name: str
    arguments: JsonObject
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; of a `cut` one the arguments of the call break off in their middle."""

    text: str
    usage: TokenCounts
    call: ToolCall | None = None
    stop: Stop = Stop.END
    cut: bool = False

    @property
    def input_text(self) -> str:
        """The input of the call as it is sent, broken off where the reply is a cut one."""
        if self.call is None:
            return ""
        whole = self.call.text
        if whole is None:
            whole = json.dumps(self.call.arguments)
        return whole[: len(whole) // 2] if self.cut else whole

    @property
    def arguments(self) -> JsonObject:
        """The arguments of the call for protocols that send an object: none of a cut one."""
        return {} if self.call is None or self.cut else self.call.arguments


def halves(text: str) -> Iterator[str]:
    """Yield a text in the two parts that a stream sends, or in one that cannot be divided."""
    middle = len(text) // 2
    return (part for part in (text[:middle], text[middle:]) if part)


def all_text(value: object) -> str:
    """Return every text that JSON data holds, one below the other."""
    return "\n".join(_texts(value))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def new_id(kind: str) -> str:
    """Return an id that no other answer has: programs join what has the same."""
    return f"{kind}_{secrets.token_hex(8)}"


def event(data: JsonObject, name: str = "") -> bytes:
    """Return one server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def object_at(fields: JsonObject, name: str) -> JsonObject | None:
    """Return the object of that name, None where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else None


def text_of(body: JsonObject, *, without: Sequence[str] = ("tools",)) -> str:
    """Return the texts of a request but those below the names in `without`."""
    return all_text({name: value for name, value in body.items() if name not in without})

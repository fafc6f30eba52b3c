"""JSON that means one thing only: no duplicate keys, no NaN, no second document, no deep nesting.

The fast strict parser goes first, because it refuses what would exhaust the one of the standard
library, which then finds what the first one lets pass.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from ropewalk.errors import InvalidInput
from ropewalk.store.schema.names import show
from ropewalk.store.schema.source import Location, Place, Places, Source, adapter, explain

T = TypeVar("T")

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_AT = re.compile(r" at line (\d+) column (\d+)$")
_CONSTANTS = frozenset(("NaN", "Infinity", "-Infinity"))


class _Refused(ValueError):
    """Something that the JSON parser of the standard library would take."""


def load_json(kind: type[T], data: bytes, *, name: str, limit: int) -> T:
    """Parse one JSON document into a value.

    Args:
        kind: the dataclass to make.
        data: the whole text.
        name: what to call it in errors.
        limit: the largest size in bytes that is taken.

    Raises:
        InvalidInput: it is too large, not strict JSON, or does not fit the fields of ``kind``.
    """
    _require_size(data, name=name, limit=limit)
    try:
        value = adapter(kind).validate_json(data)
    except ValidationError as error:
        _require_syntax(data, name=name)
        raise explain(kind, error, _source(data, name=name, value=None)) from error
    _reread(data, name=name)
    return value


def parse_json(data: bytes, *, name: str, limit: int) -> Source:
    """Parse one JSON document into plain data.

    Raises:
        InvalidInput: it is too large or not strict JSON.
    """
    _require_size(data, name=name, limit=limit)
    _require_syntax(data, name=name)
    return _source(data, name=name, value=_reread(data, name=name))


def _require_size(data: bytes, *, name: str, limit: int) -> None:
    if len(data) > limit:
        raise InvalidInput(f"{name} is larger than {limit} bytes", code="too_large")


def _require_syntax(data: bytes, *, name: str) -> None:
    try:
        from_json(data, allow_inf_nan=False)
    except ValueError as error:
        words = str(error)
        found = _AT.search(words)
        where = f"{name}:{found[1]}:{found[2]}" if found else f"{name}:1:1"
        raise InvalidInput(
            f"invalid JSON: {_AT.sub('', words)}", code="invalid_json", where=where
        ) from error


def _reread(data: bytes, *, name: str) -> object:
    try:
        value: object = json.loads(data, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except ValueError as error:
        text = data.decode(errors="replace")
        line, column = _place(text, _find_refused(text))
        raise InvalidInput(
            f"invalid JSON: {error}", code="invalid_json", where=f"{name}:{line}:{column}"
        ) from error
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Refused(f"the key {show(twice)} stands twice in one object")
    return fields


def _refuse_constant(text: str) -> NoReturn:
    raise _Refused(f"{text} is not a number")


def _source(data: bytes, *, name: str, value: object) -> Source:
    return Source(name=name, data=value, places=lambda: _find_places(data.decode()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A key or a value, where it stands, and whether its key stood there before."""

    location: Location
    offset: int
    is_key: bool
    is_second: bool = False
    word: str = ""


@dataclass(slots=True)
class _Frame:
    """An array or an object that is being read."""

    keys: set[str] | None
    key: str | int

    def is_at_key(self, after: str) -> bool:
        return self.keys is not None and after in {"{", ","}

    def name(self, key: str) -> bool:
        """Go to ``key`` and return whether it was there before."""
        self.key = key
        known = self.keys if self.keys is not None else set()
        is_second = key in known
        known.add(key)
        return is_second


def _walk(text: str) -> Iterator[_Found]:
    """Find all keys and values of a text that is known to be JSON, without recursion."""
    frames: list[_Frame] = []
    before = ""
    for match in _TOKEN.finditer(text):
        word = match.group()
        here = tuple(frame.key for frame in frames)
        if word in {"]", "}"}:
            frames.pop()
        elif word == "," and frames[-1].keys is None:
            frames[-1].key = int(frames[-1].key) + 1
        elif word not in {",", ":"}:
            yield from _enter(frames, here, match, before)
        before = word


def _enter(
    frames: list[_Frame], here: Location, match: re.Match[str], before: str
) -> Iterator[_Found]:
    word = match.group()
    if frames and frames[-1].is_at_key(before):
        key = str(json.loads(word))
        is_second = frames[-1].name(key)
        location = (*here[:-1], key)
        yield _Found(location=location, offset=match.start(), is_key=True, is_second=is_second)
        return
    yield _Found(location=here, offset=match.start(), is_key=False, word=word)
    if word == "{":
        frames.append(_Frame(keys=set(), key=""))
    elif word == "[":
        frames.append(_Frame(keys=None, key=0))


def _find_places(text: str) -> Places:
    keys: dict[Location, Place] = {}
    values: dict[Location, Place] = {}
    line, start, counted = 1, 0, 0
    for found in _walk(text):
        breaks = text.count("\n", counted, found.offset)
        if breaks:
            line += breaks
            start = text.rindex("\n", counted, found.offset) + 1
        counted = found.offset
        (keys if found.is_key else values)[found.location] = (line, found.offset - start + 1)
    return Places(values=values, keys=keys)


def _find_refused(text: str) -> int:
    wrong = (found for found in _walk(text) if found.is_second or found.word in _CONSTANTS)
    return next((found.offset for found in wrong), 0)


def _place(text: str, offset: int) -> Place:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1

"""YAML that means one thing only, with the place of everything in it.

The events of the parser are read in one loop, without recursion. What makes YAML surprising or
dangerous is refused: duplicate keys, anchors and aliases, tags, merge keys, directives, a second
document, deep nesting. Of plain scalars only ``true``, ``false``, ``null``, whole numbers without
leading zeros and decimal numbers are not text: ``no``, ``010`` and ``2025-11-20`` are text.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from ropewalk.errors import InvalidInput
from ropewalk.store.schema.names import show
from ropewalk.store.schema.source import Location, Place, Places, Source

YAML_LIMIT = 1 << 20
_DEPTH_LIMIT = 60
_DIGITS_LIMIT = 18
_NUMBER_LIMIT = 64
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


def parse_yaml(data: bytes, *, name: str, limit: int = YAML_LIMIT) -> Source:
    """Parse one YAML document into plain data.

    Raises:
        InvalidInput: it is too large, not UTF-8, not YAML, or holds something refused here.
    """
    if len(data) > limit:
        raise InvalidInput(f"{name} is larger than {limit} bytes", code="too_large")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            "invalid YAML: it is not UTF-8", code="invalid_yaml", where=f"{name}:{line}:1"
        ) from error
    builder = _Builder(name=name)
    for event in _events(text, name):
        builder.take(event)
    places = Places(values=builder.values, keys=builder.keys)
    return Source(name=name, data=builder.document, places=lambda: places)


def _events(text: str, name: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        raise _invalid(name, _words(error), error.problem_mark or error.context_mark) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InvalidInput(
            f"control character U+{ord(text[error.position]):04X} in the text",
            hint="remove it; use plain text with line breaks and tabs only",
            code="control_character",
            where=f"{name}:{line}:{error.position - text.rfind(chr(10), 0, error.position)}",
        ) from error
    except YAMLError as error:
        raise _invalid(name, str(error), None) from error


def _words(error: MarkedYAMLError) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part)


def _invalid(name: str, words: str, mark: StringMark | None) -> InvalidInput:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    one_line = " ".join(words.split())
    return InvalidInput(
        f"invalid YAML: {one_line}", code="invalid_yaml", where=f"{name}:{line}:{column}"
    )


@dataclass(slots=True)
class _Frame:
    """A list or a mapping that is being read; ``key`` is where its next value goes."""

    container: list[object] | dict[str, object]
    location: Location
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    """Puts events together to data."""

    name: str
    document: object = None
    documents: int = 0
    values: dict[Location, Place] = field(default_factory=dict)
    keys: dict[Location, Place] = field(default_factory=dict)
    frames: list[_Frame] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Take the next event in."""
        self._refuse(event)
        match event:
            case ScalarEvent():
                self._scalar(event)
            case MappingStartEvent():
                self._begin({}, event)
            case SequenceStartEvent():
                self._begin([], event)
            case MappingEndEvent() | SequenceEndEvent():
                self.frames.pop()
            case _:
                return

    def _refuse(self, event: Event) -> None:
        mark = event.start_mark
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise _invalid(self.name, "a second document begins", mark)
            if event.version or event.tags:
                raise _invalid(self.name, "directives are not used here", mark)
        if isinstance(event, AliasEvent):
            raise _invalid(self.name, "aliases are not used here", mark)
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise _invalid(self.name, "anchors are not used here", mark)
        if getattr(event, "tag", None) is not None:
            raise _invalid(self.name, "tags are not used here", mark)

    def _scalar(self, event: ScalarEvent) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame and isinstance(frame.container, dict) and frame.key is None:
            self._key(frame, event)
            return
        is_plain = event.implicit[0] and event.style is None
        self._put(resolve_scalar(event.value) if is_plain else event.value, event)

    def _key(self, frame: _Frame, event: ScalarEvent) -> None:
        key = str(event.value)
        location = (*frame.location, key)
        if key == "<<" and event.style is None:
            raise _invalid(self.name, "merge keys are not used here", event.start_mark)
        if location in self.keys:
            line = self.keys[location][0]
            raise _invalid(
                self.name, f"the key {show(key)} was there before, in line {line}", event.start_mark
            )
        self.keys[location] = _place(event)
        frame.key = key

    def _begin(self, container: list[object] | dict[str, object], event: Event) -> None:
        if len(self.frames) >= _DEPTH_LIMIT:
            raise _invalid(self.name, f"nested deeper than {_DEPTH_LIMIT} levels", event.start_mark)
        location = self._put(container, event)
        self.frames.append(_Frame(container=container, location=location))

    def _put(self, value: object, event: Event) -> Location:
        location: Location = ()
        if not self.frames:
            self.document = value
        else:
            location = self._put_inside(self.frames[-1], value, event)
        # An absent value has no place of its own: the parser names the token after it.
        is_absent = event.start_mark.index == event.end_mark.index and location in self.keys
        self.values[location] = self.keys[location] if is_absent else _place(event)
        return location

    def _put_inside(self, frame: _Frame, value: object, event: Event) -> Location:
        if isinstance(frame.container, list):
            frame.container.append(value)
            return (*frame.location, len(frame.container) - 1)
        if frame.key is None:
            raise _invalid(self.name, "a key must be text", event.start_mark)
        key, frame.key = frame.key, None
        frame.container[key] = value
        return (*frame.location, key)


def resolve_scalar(text: str) -> object:
    """Return what a plain scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) <= _DIGITS_LIMIT:
        return int(text)
    if len(text) > _NUMBER_LIMIT or _INTEGER.fullmatch(text) or not _FLOAT.fullmatch(text):
        return text
    number = float(text)
    return number if math.isfinite(number) else text


def _place(event: Event) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1

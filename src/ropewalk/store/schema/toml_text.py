"""TOML with the place of everything in it.

The parser of the standard library says nothing about places, so they are found by reading the text
a second time, when something is wrong: headers and keys at the beginning of lines. A key inside a
text of several lines can be taken for one; only the place in an error would be wrong then.
"""

import math
import re
import tomllib
from collections.abc import Iterator
from datetime import date, time

from ropewalk.errors import InvalidInput
from ropewalk.store.schema.source import Location, Place, Places, Source

TOML_LIMIT = 256 << 10
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]")
_KEY = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=[ \t]*")
_TOKEN = re.compile(
    # A quote that is never closed takes the rest: looking for its end only once keeps this linear.
    r"""([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?)|(\.)|[ \t]+|#[^\n]*|.""",
    re.DOTALL,
)
_DEPTH_LIMIT = 60


def parse_toml(data: bytes, *, name: str, limit: int = TOML_LIMIT) -> Source:
    """Parse a TOML document into plain data.

    Raises:
        InvalidInput: it is too large, not UTF-8, not TOML, or holds a date or a number that is not
            finite.
    """
    if len(data) > limit:
        raise InvalidInput(f"{name} is larger than {limit} bytes", code="too_large")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        _require_short_keys(text, name)
        parsed = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _invalid("it is not UTF-8", f"{name}:{line}:1") from error
    except RecursionError as error:
        raise _invalid("it is nested too deeply", f"{name}:1:1") from error
    except ValueError as error:
        raise _syntax_error(str(error), name, data) from error
    source = Source(name=name, data=parsed, places=lambda: _find_places(text))
    _require_plain(source)
    return source


def _require_short_keys(text: str, name: str) -> None:
    # The parser takes seconds for a key of some thousand parts.
    parts, after_part = 0, False
    for token in _TOKEN.finditer(text):
        if token[1]:
            after_part = True
        elif token[2] and after_part:
            parts, after_part = parts + 1, False
        elif not token[0].isspace() or "\n" in token[0]:
            parts, after_part = 0, False
        if parts > _DEPTH_LIMIT:
            line = text.count("\n", 0, token.start()) + 1
            raise _invalid(f"a key has more than {_DEPTH_LIMIT} parts", f"{name}:{line}:1")


def _syntax_error(words: str, name: str, data: bytes) -> InvalidInput:
    found = _AT.search(words)
    if "integer string conversion" in words:
        return _invalid("a number has too many digits", f"{name}:1:1")
    if found is None:
        return _invalid(words, f"{name}:1:1")
    line, column = found[1] or str(data.count(b"\n") + 1), found[2] or "1"
    return _invalid(_AT.sub("", words), f"{name}:{line}:{column}")


def _invalid(words: str, where: str) -> InvalidInput:
    return InvalidInput(f"invalid TOML: {words}", code="invalid_toml", where=where)


def _require_plain(source: Source) -> None:
    waiting: list[tuple[Location, object]] = [((), source.data)]
    while waiting:
        location, value = waiting.pop()
        if len(location) > _DEPTH_LIMIT:
            raise source.error("nested too deeply", at=location, code="invalid_toml")
        if isinstance(value, date | time):
            raise source.error("dates are not used here", at=location, hint="quote it to make text")
        if isinstance(value, float) and not math.isfinite(value):
            raise source.error("the number is not finite", at=location)
        if isinstance(value, dict):
            waiting.extend(((*location, key), member) for key, member in value.items())
        elif isinstance(value, list):
            waiting.extend(((*location, index), member) for index, member in enumerate(value))


def _find_places(text: str) -> Places:
    keys: dict[Location, Place] = {}
    values: dict[Location, Place] = {}
    table: Location = ()
    counts: dict[Location, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header:
            table = _enter(header, counts)
            keys[table] = values[table] = (number, header.start(2) + 1)
        elif key:
            location = (*table, *_split(key[1]))
            keys.setdefault(location, (number, key.start(1) + 1))
            values.setdefault(location, (number, key.end() + 1))
    return Places(values=values, keys=keys)


def _enter(header: re.Match[str], counts: dict[Location, int]) -> Location:
    location: Location = ()
    *parents, last = _split(header[2])
    for parent in parents:
        location = (*location, parent)
        if location in counts:
            location = (*location, counts[location])
    location = (*location, last)
    if header[1] == "[[":
        counts[location] = counts.get(location, -1) + 1
        location = (*location, counts[location])
    return location


def _split(dotted: str) -> Iterator[str]:
    for part in re.findall(_PART, dotted):
        yield part[1:-1] if part[0] in "\"'" else part

"""Whether a file is still readable by what reads it: a syntax check for the kinds that we know.

A key that stands twice in one mapping counts as unreadable, also where a reader takes the last of
them: the other one would be lost without a word.
"""

import ast
import json
import threading
import tomllib
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

# The warning filters of Python are shared by all threads.
_PARSING = threading.Lock()
_MARKERS = (b"<<<<<<<", b"|||||||", b">>>>>>>")
_NODES = (AliasEvent, ScalarEvent, MappingStartEvent, SequenceStartEvent)


def why_unparsable(path: str, content: bytes) -> str | None:
    """Return why a file does not parse, in words; None when it does or its kind is not known.

    Args:
        path: Its name in the repository: the ending says which kind it is.
        content: The whole file.
    """
    parse = _PARSERS.get(PurePosixPath(path).suffix.lower())
    return parse(content) if parse is not None else None


def marked_line(content: bytes) -> int | None:
    """Return the number of the first line that is a conflict marker, from 1."""
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.startswith(_MARKERS) and line[7:8] in (b"", b" ", b"\r"):
            return number
    return None


def python_tree(content: bytes) -> ast.Module:
    """Return the syntax tree of Python source; what Python would warn of is not said.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: It cannot be read.
    """
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(content, "<candidate>")


def _python(content: bytes) -> str | None:
    try:
        python_tree(content)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError):
        return "not readable as Python"
    return None


def _json(content: bytes) -> str | None:
    try:
        json.loads(content, object_pairs_hook=_require_once)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}"
    except _TwiceError as error:
        return str(error)
    except (ValueError, RecursionError):
        return "not readable as JSON"
    return None


def _toml(content: bytes) -> str | None:
    try:
        tomllib.loads(content.decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        return str(error)
    except (ValueError, RecursionError):
        return "not readable as TOML"
    return None


def _yaml(content: bytes) -> str | None:
    reader = YAML(typ="safe", pure=True)
    try:
        return _twice_in_yaml(reader.parse(content))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable as YAML"
        return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)
    except (ValueError, RecursionError):
        return "not readable as YAML"


class _TwiceError(ValueError):
    """A key stands twice in one JSON object."""


def _require_once(pairs: Sequence[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _value in pairs:
        if key in seen:
            raise _TwiceError(f"the key '{key}' is there twice")
        seen.add(key)


def _twice_in_yaml(events: Iterable[Event]) -> str | None:
    """Return where a plain key stands twice in one mapping; all events are read before that."""
    found: str | None = None
    # The keys of each open mapping, None for a sequence; and whether a key comes next in it.
    open_: list[tuple[set[str] | None, bool]] = []
    for event in events:
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            open_.pop()
            continue
        if open_ and isinstance(event, _NODES):
            keys, is_key = open_[-1]
            open_[-1] = keys, not is_key
            if keys is not None and is_key and isinstance(event, ScalarEvent):
                if event.value in keys and event.value != "<<":
                    line = event.start_mark.line + 1
                    found = found or f"line {line}: the key '{event.value}' is there twice"
                keys.add(event.value)
        if isinstance(event, MappingStartEvent):
            open_.append((set(), True))
        elif isinstance(event, SequenceStartEvent):
            open_.append((None, False))
    return found


_PARSERS: dict[str, Callable[[bytes], str | None]] = {
    ".py": _python,
    ".pyi": _python,
    ".json": _json,
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
}

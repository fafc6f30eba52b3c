"""Whether a file is still readable by what reads it: a syntax check for the kinds that we know."""

import ast
import json
import threading
import tomllib
import warnings
from collections.abc import Callable
from pathlib import PurePosixPath

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

# The warning filters of Python are shared by all threads.
_PARSING = threading.Lock()
_MARKERS = (b"<<<<<<<", b"|||||||", b">>>>>>>")


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
        json.loads(content)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}"
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
        for _ in reader.parse(content):
            pass
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable as YAML"
        return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)
    except (ValueError, RecursionError):
        return "not readable as YAML"
    return None


_PARSERS: dict[str, Callable[[bytes], str | None]] = {
    ".py": _python,
    ".pyi": _python,
    ".json": _json,
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
}

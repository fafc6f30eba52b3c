"""Reads the JSON lines that agents print: what is missing or of another type reads as empty.

Agents change what they print from version to version; a line that holds something else than was
expected says less, and is never an error.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from ropewalk.agents.base import MAX_TEXT

Fields: TypeAlias = Mapping[str, object]
_NOTHING: Fields = {}
_MAX_AMOUNT: Final = 1e15


def read_object(line: bytes) -> Fields:
    """Return the object that a line holds, an empty one when it holds something else."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return _NOTHING
    return found if isinstance(found, dict) else _NOTHING


def below(fields: Fields, *names: str) -> Fields:
    """Return the object that stands below a path of names."""
    for name in names:
        inner = fields.get(name)
        fields = inner if isinstance(inner, Mapping) else _NOTHING
    return fields


def text_at(fields: Fields, name: str, *, most: int = MAX_TEXT) -> str:
    """Return a text, cut at `most` characters."""
    value = fields.get(name)
    return value[:most] if isinstance(value, str) else ""


def count_at(fields: Fields, name: str) -> int | None:
    """Return a count, None where there is none."""
    value = fields.get(name)
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and isinstance(value, int) and 0 <= value < _MAX_AMOUNT else None


def amount_at(fields: Fields, name: str) -> float | None:
    """Return an amount such as dollars or seconds, None where there is none."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _MAX_AMOUNT else None


def objects_at(fields: Fields, name: str) -> Sequence[Fields]:
    """Return the objects of a list."""
    value = fields.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []

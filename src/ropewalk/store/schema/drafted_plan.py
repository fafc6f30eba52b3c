"""A plan as a model or an agent is asked for it: its schema, and its way out of what they answer.

The schema asks for less than a plan may hold: nothing that is executed, and no number that nobody
measured. Every field is required and no other is allowed, which all providers of structured output
accept. What comes back is read by the rules for any plan, `plan_file.review_plan`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ropewalk.model.values import Value
from ropewalk.store.schema.source import adapter

VERSION: Final = 1
_FENCED: Final = re.compile(r"^ {0,3}```[\w-]*[ \t]*\n(.*?)^ {0,3}```", re.MULTILINE | re.DOTALL)
_STARTS_TRIED: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedDomain(Value):
    """A domain as it is asked for."""

    name: str
    description: str
    files: tuple[str, ...]
    new_files: tuple[str, ...]
    depends_on: tuple[str, ...]
    briefing: str | None
    stacked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedPlan(Value):
    """A plan as it is asked for."""

    title: str
    domains: tuple[DraftedDomain, ...]


def drafted_plan_schema() -> dict[str, object]:
    """Return the JSON Schema of what is asked for."""
    return _without_comments(adapter(DraftedPlan).json_schema())


def find_plan_text(answer: str) -> str | None:
    """Find the plan in an answer: all of it, or its first block or object of JSON with domains.

    Returns:
        The text of a JSON object, or what was meant to be one; None when the answer holds no JSON.
    """
    text = answer.strip()
    fenced = (match.group(1).strip() for match in _FENCED.finditer(text))
    pieces = [text, *fenced]
    for piece in (*pieces, *_objects(text)):
        if _has_domains(piece):
            return piece
    return next((piece for piece in pieces if piece.startswith("{")), None)


def _objects(text: str) -> Iterator[str]:
    """Yield the JSON objects that begin at the first few braces of a text."""
    decoder = json.JSONDecoder()
    end = 0
    for _ in range(_STARTS_TRIED):
        start = text.find("{", end)
        if start < 0:
            return
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield text[start:end]


def _has_domains(text: str) -> bool:
    if not text.startswith("{"):
        return False
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "domains" in value


def _without_comments(schema: dict[str, object]) -> dict[str, object]:
    """Leave out what says nothing to whoever answers: titles, and the docstrings of our classes."""
    plain: dict[str, object] = {}
    for key, value in schema.items():
        if isinstance(value, dict):
            # What is named so below `properties` is a field.
            is_fields = key in {"properties", "$defs"}
            plain[key] = (
                {name: _without_comments(field) for name, field in value.items()}
                if is_fields
                else _without_comments(value)
            )
        elif key not in {"title", "description"}:
            plain[key] = value
    return plain

"""What an agent answers that looks back at a run: read as a claim, within bounds, never trusted."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ropewalk.errors import InvalidInput
from ropewalk.model.values import JsonObject, Value
from ropewalk.store.schema.json_text import parse_json
from ropewalk.store.schema.source import build
from ropewalk.store.text import safe_text

MAX_LINES: Final = 20
MAX_LINE: Final = 400
MAX_PATCH: Final = 64 * 1024
_ANSWER_LIMIT: Final = 1 << 20
_STARTS_TRIED: Final = 200
_FENCED: Final = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons(Value):
    """What worked and what did not, one sentence each, and a patch of the briefings or None."""

    worked: tuple[str, ...]
    failed: tuple[str, ...]
    briefing_changes: str | None = None


def lessons_schema() -> JsonObject:
    """Return the JSON Schema that an answer has to meet."""
    sentences = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "properties": {
            "worked": sentences,
            "failed": sentences,
            "briefing_changes": {"type": ["string", "null"]},
        },
        "required": ["worked", "failed", "briefing_changes"],
        "additionalProperties": False,
    }


def parse_lessons(answer: str) -> Lessons | str:
    """Read an answer, or say what is wrong with it; never raises.

    Of several objects the last one counts: a program may print its question before it answers.
    """
    problem = "it holds no JSON object with worked and failed"
    for text in reversed([answer.strip(), *_pieces(answer)]):
        if not text.startswith("{"):
            continue
        try:
            source = parse_json(text.encode(errors="replace"), name="answer", limit=_ANSWER_LIMIT)
            return _bounded(build(Lessons, source))
        except InvalidInput as error:
            problem = " ".join(error.message.split())
    return problem


def _pieces(answer: str) -> Iterator[str]:
    yield from (match.group(1).strip() for match in _FENCED.finditer(answer))
    decoder = json.JSONDecoder()
    end = 0
    for _ in range(_STARTS_TRIED):
        start = answer.find("{", end)
        if start < 0:
            return
        try:
            value, end = decoder.raw_decode(answer, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if isinstance(value, dict) and {"worked", "failed"} <= value.keys():
                yield answer[start:end]


def _bounded(lessons: Lessons) -> Lessons:
    patch = lessons.briefing_changes
    return Lessons(
        worked=_lines(lessons.worked),
        failed=_lines(lessons.failed),
        briefing_changes=patch if patch is not None and patch.strip() else None,
    )


def _lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    flat = (" ".join(safe_text(line).split()) for line in lines[:MAX_LINES])
    return tuple(line[:MAX_LINE] for line in flat if line)

"""The documents that other programs read: written and read as exactly the fields of the model."""

import json
from pathlib import Path
from typing import TypeVar

from ropewalk.errors import InvalidInput
from ropewalk.model.config import Config
from ropewalk.model.conflict import LiveConflicts
from ropewalk.model.event import Event
from ropewalk.model.merge import MergeReport
from ropewalk.model.plan import Plan, PlanFile
from ropewalk.model.result import Aggregate, DomainResult
from ropewalk.model.status import StatusDocument
from ropewalk.model.validation import Postmortem, ValidationReport
from ropewalk.model.values import JsonObject, Value
from ropewalk.model.worktree import WorktreeMetadata
from ropewalk.store.files import read_limited, write_atomic
from ropewalk.store.schema.json_text import load_json
from ropewalk.store.schema.source import adapter
from ropewalk.store.text import escape_surrogates

T = TypeVar("T", bound=Value)

DOCUMENT_LIMIT = 16 << 20
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KINDS: tuple[tuple[str, type[Value]], ...] = (
    ("plan", PlanFile),
    ("parallel_analysis", Plan),
    ("domain_results", DomainResult),
    ("phase1_parallel_results", Aggregate),
    ("phase1c_merge_results", MergeReport),
    ("phase2_validation_results", ValidationReport),
    ("phase3_postmortem", Postmortem),
    ("worktree_metadata", WorktreeMetadata),
    ("journal_event", Event),
    ("status", StatusDocument),
    ("conflicts", LiveConflicts),
    ("config", Config),
)
SCHEMA_NAMES = tuple(name for name, _ in _KINDS)


def dump(value: Value) -> bytes:
    """Write a value as indented UTF-8 JSON with a final newline.

    Lone surrogates, which UTF-8 has no bytes for, are written as visible text.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(to_json(value), ensure_ascii=False, allow_nan=False, indent=2)
    return escape_surrogates(text, backslash="\\\\").encode() + b"\n"


def write_document(path: Path, value: Value) -> None:
    """Write a value to a file, which is the old one or the new one at any time.

    Raises:
        StorageError: the disk refused; the old content is intact.
    """
    write_atomic(path, dump(value))


def load(kind: type[T], data: bytes, *, name: str) -> T:
    """Read a value from JSON; unknown keys, duplicates and wrong types are errors.

    Raises:
        InvalidInput: the text is not such a document; the error names line and column.
    """
    return load_json(kind, data, name=name, limit=DOCUMENT_LIMIT)


def read_document(kind: type[T], path: Path) -> T:
    """Read a value from a JSON file of at most 16 MiB.

    Raises:
        InvalidInput: it is missing (code ``not_found``), too large, or not such a document.
        StorageError: the disk refused.
    """
    return load(kind, read_limited(path, DOCUMENT_LIMIT), name=str(path))


def to_json(value: Value) -> dict[str, object]:
    """Return the JSON object of a value: dictionaries, lists and scalars only."""
    plain: dict[str, object] = adapter(type(value)).dump_python(value, mode="json")
    return plain


def from_json(kind: type[T], data: JsonObject) -> T:
    """Make a value of a JSON object, such as the data of an event.

    Raises:
        InvalidInput: it does not fit the fields of ``kind``.
    """
    text = json.dumps(dict(data), ensure_ascii=False)
    safe = escape_surrogates(text, backslash="\\\\").encode()
    return load_json(kind, safe, name=kind.__name__, limit=DOCUMENT_LIMIT)


def json_schema(name: str) -> dict[str, object]:
    """Return the JSON Schema of one of `SCHEMA_NAMES`.

    Raises:
        InvalidInput: there is no schema with this name.
    """
    kind = dict(_KINDS).get(name)
    if kind is None:
        raise InvalidInput(
            f"there is no schema '{name}'", hint=f"schemas: {', '.join(SCHEMA_NAMES)}"
        )
    return {"$schema": _DIALECT, **adapter(kind).json_schema(), "title": name}

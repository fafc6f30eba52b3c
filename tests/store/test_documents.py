import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ropewalk.errors import InvalidInput
from ropewalk.model.config import Config
from ropewalk.model.conflict import LiveConflicts
from ropewalk.model.event import Event
from ropewalk.model.graph import AttemptResult, AttemptSpec, Graph
from ropewalk.model.merge import MergeReport
from ropewalk.model.plan import Base, Decision, Mode, Plan, PlanFile
from ropewalk.model.result import Aggregate, DomainResult
from ropewalk.model.status import StatusDocument
from ropewalk.model.validation import Postmortem, ValidationReport
from ropewalk.model.values import Value
from ropewalk.model.worktree import StatusChange, WorktreeMetadata, WorktreeStatus
from ropewalk.store.schema.documents import (
    SCHEMA_NAMES,
    dump,
    from_json,
    json_schema,
    load,
    read_document,
    to_json,
    write_document,
)

KINDS: tuple[type[Value], ...] = (
    *(Plan, PlanFile, DomainResult, Aggregate, MergeReport, ValidationReport, Postmortem),
    *(WorktreeMetadata, Event, StatusDocument, LiveConflicts, Config, Graph, AttemptSpec),
    AttemptResult,
)
METADATA = WorktreeMetadata(
    epic_id="e",
    domain="d",
    path="/w/e/d",
    branch=None,
    base="0" * 40,
    status=WorktreeStatus.CREATED,
    history=(StatusChange(status=WorktreeStatus.CREATED, at="2025-01-02T03:04:05Z", sequence=1),),
    run_id="r1",
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
NUMBERS = st.integers(-(2**53), 2**53)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
PLAIN: dict[object, st.SearchStrategy[object]] = {
    str: TEXTS,
    int: NUMBERS,
    float: FLOATS,
    bool: st.booleans(),
    object: JSON,
    type(None): st.none(),
}


def values_of(kind: object) -> st.SearchStrategy[object]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if origin in {types.UnionType, typing.Union}:
        return st.one_of(*map(values_of, arguments))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(TEXTS, values_of(arguments[1]), max_size=2)
    assert isinstance(kind, type)
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    assert dataclasses.is_dataclass(kind)
    hints = typing.get_type_hints(kind)
    fields = {field.name: values_of(hints[field.name]) for field in dataclasses.fields(kind)}
    return st.builds(kind, **fields)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_value_is_read_back_as_it_was_written(kind: type[Value], data: st.DataObject) -> None:
    value = data.draw(values_of(kind))
    assert isinstance(value, Value)

    assert load(kind, dump(value), name="x") == value
    assert from_json(kind, to_json(value)) == value


def test_a_document_is_indented_utf8_with_a_final_newline() -> None:
    text = dump(dataclasses.replace(METADATA, domain="ä")).decode()

    assert text.startswith('{\n  "epic_id": "e",\n  "domain": "ä",\n')
    assert text.endswith("}\n")
    assert '"schema_version": 1' in text
    assert '"branch": null' in text


def test_lone_surrogates_are_written_as_visible_text() -> None:
    value = dataclasses.replace(METADATA, path="/w/\udcff")

    data = dump(value)

    assert load(WorktreeMetadata, data, name="x").path == "/w/\\udcff"
    assert from_json(WorktreeMetadata, to_json(value)).path == "/w/\\udcff"


def test_a_number_that_is_not_finite_is_never_written() -> None:
    decision = Decision(
        mode=Mode.PARALLEL,
        reasons=(),
        files=1,
        domains=1,
        overlap_percent=float("nan"),
        expected_speedup=None,
        critical_path=(),
    )

    with pytest.raises(ValueError, match="not JSON compliant"):
        dump(decision)


def test_a_document_is_written_to_and_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "d.json"

    write_document(path, METADATA)

    assert read_document(WorktreeMetadata, path) == METADATA


def test_a_missing_document_has_its_own_code(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_document(WorktreeMetadata, tmp_path / "none.json")

    assert caught.value.code == "not_found"


def test_a_document_larger_than_any_real_one_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as stream:
        stream.truncate(1 << 30)

    with pytest.raises(InvalidInput, match="larger than"):
        read_document(WorktreeMetadata, path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"epic_id": "e"', '"epic_id": 1', "'epic_id' must be text"),
        ('"sequence": 1', '"sequence": true', "'history[0].sequence' must be a whole number"),
        ('"sequence": 1', '"sequence": "1"', "'history[0].sequence' must be a whole number"),
        ('"sequence": 1', '"sequence": 1.0', "'history[0].sequence' must be a whole number"),
        ('"sequence": 1', '"sequenze": 1', "unknown field 'sequenze'"),
        ('"status": "created"', '"status": "new"', "must be one of 'created', 'assigned'"),
        ('"run_id": "r1",', "", "the document needs the field 'run_id'"),
        ('"run_id": "r1",', '"run_id": "r1", "run_id": "r1",', "stands twice"),
        ('"history": [', '"history": 7, "x": [', "unknown field 'x' (and 1 more)"),
        ('"branch": null', '"branch": nul', "invalid JSON"),
    ],
)
def test_a_damaged_document_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    text = dump(METADATA).decode()
    assert old in text
    line = text[: text.index(old)].count("\n") + 1

    with pytest.raises(InvalidInput) as caught:
        load(WorktreeMetadata, text.replace(old, new, 1).encode(), name="d.json")

    assert words in caught.value.message
    if not words.startswith("the document"):
        assert caught.value.where.startswith(f"d.json:{line}:")


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_a_schema_names_every_field_and_allows_no_other(name: str) -> None:
    schema = json_schema(name)

    assert schema["title"] == name
    assert schema["additionalProperties"] is False
    assert isinstance(schema["properties"], dict)
    json.dumps(schema)


def test_schemas_say_what_the_fields_are() -> None:
    schema = json_schema("worktree_metadata")

    assert isinstance(schema["properties"], dict)
    assert set(schema["properties"]) == {
        field.name for field in dataclasses.fields(WorktreeMetadata)
    }
    assert "description" in schema


def test_an_unknown_schema_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as caught:
        json_schema("nothing")

    assert "parallel_analysis" in caught.value.hint


def test_data_of_an_event_that_does_not_fit_is_refused() -> None:
    assert from_json(Base, {"ref": "main", "commit": "0"}) == Base(ref="main", commit="0")
    with pytest.raises(InvalidInput, match="needs the field 'commit'"):
        from_json(Base, {"ref": "main"})

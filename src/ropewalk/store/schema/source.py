"""Plain data with the places it came from, and its way into a value.

A `Source` is what a parser of JSON, YAML or TOML returns: lists, mappings and scalars, and a
function that says where each of them stands in the text. `build` makes a value of it or raises an
`InvalidInput` that names that place.
"""

import dataclasses
import difflib
import functools
import json
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ropewalk.errors import InvalidInput
from ropewalk.store.schema.names import show
from ropewalk.store.text import escape_surrogates

T = TypeVar("T")
Location: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]

_EXPECTED = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "mapping_type": "must be a table of fields",
    "dict_type": "must be a table of fields",
    "dataclass_type": "must be a table of fields",
    "none_required": "must be null",
}
_UNKNOWN = frozenset(("unexpected_keyword_argument", "extra_forbidden"))
_MISSING = frozenset(("missing", "missing_argument", "missing_keyword_only_argument"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Line and column, counted from 1, of values and of the keys before them."""

    values: Mapping[Location, Place]
    keys: Mapping[Location, Place]

    def find(self, location: Location, *, of_key: bool = False) -> Place:
        """Return the place of a location, or of the nearest known one around it."""
        first, second = (self.keys, self.values) if of_key else (self.values, self.keys)
        while location:
            place = first.get(location) or second.get(location)
            if place is not None:
                return place
            location = location[:-1]
        return self.values.get((), (1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Parsed but unchecked data.

    ``places`` is called when something is wrong, and only then.
    """

    name: str
    data: object
    places: Callable[[], "Places"]

    def where(self, location: Location = (), *, of_key: bool = False) -> str:
        """Say where something stands: ``plan.yaml:14:19``; the nearest known place around it."""
        line, column = self.places().find(location, of_key=of_key)
        return f"{self.name}:{line}:{column}"

    def error(
        self,
        message: str,
        *,
        at: Location = (),
        hint: str = "",
        code: str = "",
        of_key: bool = False,
    ) -> InvalidInput:
        """Make the error about what stands at a location."""
        return InvalidInput(message, hint=hint, code=code, where=self.where(at, of_key=of_key))


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """Return the validator of a kind of value; built once."""
    made: TypeAdapter[T] = _adapter(cast("Hashable", kind))
    return made


@functools.cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))


def build(kind: type[T], source: Source) -> T:
    """Make a value of parsed data; no type is converted into another.

    Raises:
        InvalidInput: a field is unknown, missing or of the wrong type.
    """
    text = json.dumps(source.data, ensure_ascii=False)
    try:
        return adapter(kind).validate_json(escape_surrogates(text, backslash="\\\\"))
    except ValidationError as error:
        raise explain(kind, error, source) from error


def find_misfits(kind: type[object], source: Source) -> tuple[InvalidInput, ...]:
    """Return everything that keeps parsed data from being a value; nothing when it is one."""
    text = json.dumps(source.data, ensure_ascii=False)
    try:
        adapter(kind).validate_json(escape_surrogates(text, backslash="\\\\"))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return tuple(_explain(kind, detail, source) for detail in details)
    return ()


def explain(kind: type[object], error: ValidationError, source: Source) -> InvalidInput:
    """Say the first thing that is wrong, in the words and at the place of the person's file."""
    details = error.errors(include_url=False, include_input=False)
    first = next((detail for detail in details if detail["type"] in _UNKNOWN), details[0])
    more = len(details) - 1
    return _explain(kind, first, source, rest=f" (and {more} more)" if more else "")


def _explain(
    kind: type[object], first: ErrorDetails, source: Source, *, rest: str = ""
) -> InvalidInput:
    location = first["loc"]
    if first["type"] in _UNKNOWN:
        hint = _did_you_mean(kind, location)
        message = f"unknown field {show(str(location[-1]))}"
        return source.error(message + rest, at=location, hint=hint, of_key=True)
    if first["type"] in _MISSING:
        message = f"{_title(location[:-1])} needs the field '{location[-1]}'"
        return source.error(message + rest, at=location[:-1])
    return source.error(f"{_title(location)} {_problem(first)}{rest}", at=location)


def _problem(detail: ErrorDetails) -> str:
    if detail["type"] == "enum":
        return f"must be one of {detail['ctx']['expected'].replace(' or ', ', ')}"
    return _EXPECTED.get(detail["type"], f"is wrong: {detail['msg']}")


def _title(location: Location) -> str:
    """Name a location as a person would: ``'domains[2].files'``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not part.startswith(("function-", "tuple[", "str", "constrained")):
            text += f".{part}" if text else part
    return f"'{text}'" if text else "the document"


def _did_you_mean(kind: type[object], location: Location) -> str:
    known = _fields_at(kind, location[:-1])
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known fields: {', '.join(known)}" if known else ""


def _fields_at(kind: object, location: Location) -> tuple[str, ...]:
    for part in location:
        kind = _member(_required(kind), part)
    kind = _required(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    return ()


def _member(kind: object, part: str | int) -> object:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return typing.get_type_hints(kind).get(str(part))
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return arguments[0]
    return arguments[1] if typing.get_origin(kind) is Mapping else None


def _required(kind: object) -> object:
    if typing.get_origin(kind) in {types.UnionType, typing.Union}:
        return next(one for one in typing.get_args(kind) if one is not type(None))
    return kind

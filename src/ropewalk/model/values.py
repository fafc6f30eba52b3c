"""The base of all values, and the type of plain JSON data."""

from collections.abc import Mapping
from typing import TypeAlias

JsonObject: TypeAlias = Mapping[str, object]


class Value:
    """Base of the values that are read from or written to files.

    The configuration is a plain dictionary that pydantic finds when a schema is built; nothing here
    imports pydantic. Unknown keys are errors, and no type is converted into another.
    """

    __slots__ = ()
    __pydantic_config__ = {"extra": "forbid", "strict": True, "allow_inf_nan": False}  # noqa: RUF012

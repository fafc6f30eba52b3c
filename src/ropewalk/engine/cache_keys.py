"""Keys of results: the checksum of named components in the one form that equal values share."""

import hashlib
import json
from collections.abc import Mapping

from ropewalk.errors import InvalidInput
from ropewalk.model.values import JsonObject


def cache_key(components: JsonObject) -> str:
    """Make the key of a result from everything that it depends on, by name.

    Raises:
        InvalidInput: a component is not JSON: another type, a name that is not text, or a number
            that is not finite.
    """
    return hashlib.sha256(canonical(components)).hexdigest()


def canonical(value: JsonObject) -> bytes:
    """Write JSON with sorted names and without spaces.

    Raises:
        InvalidInput: it is not JSON.
    """
    try:
        _require_names(value)
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
        ).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"this cannot be cached: {error}") from error


def _plain(value: object) -> dict[object, object]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _require_names(value: object) -> None:
    """Refuse names that are not text: json writes 1 and "1" alike."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str):
                raise TypeError(f"{name!r} is not a name")
            _require_names(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _require_names(item)

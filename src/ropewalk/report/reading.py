"""Reading single values out of the data of an event."""

from ropewalk.model.values import JsonObject


def items_of(data: JsonObject, key: str) -> list[object]:
    """Return the list under ``key``; empty when there is none."""
    value = data.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def text_of(data: JsonObject, key: str) -> str | None:
    """Return the text under ``key``; None when there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else None


def whole_of(data: JsonObject, key: str) -> int | None:
    """Return the whole number under ``key``; None when there is none."""
    value = data.get(key)
    return value if isinstance(value, int) else None

"""Version numbers and dates, compared."""

import re

PATTERN = rb"\d{4}[-/]\d\d[-/]\d\d|\d+(?:\.\w+)+"
_VERSION = re.compile(PATTERN)
_PART = re.compile(rb"\d+|[A-Za-z]+")
_Order = tuple[tuple[int, int], ...]


def is_version(text: bytes) -> bool:
    """Tell whether `text` is a version number with a dot in it, or a date."""
    return bool(_VERSION.fullmatch(text))


def higher(one: bytes, other: bytes) -> bytes:
    """Return the higher of two versions, a release above previews, or the later of two dates."""
    return max(one, other, key=order_of)


def order_of(text: bytes) -> _Order:
    """Return what the first version in `text` is compared by, or nothing where there is none."""
    version = _VERSION.search(text)
    if not version:
        return ()
    parts = _PART.findall(version[0])
    return (*((1, int(part)) if part.isdigit() else (-1, part[0]) for part in parts), (0, 0))

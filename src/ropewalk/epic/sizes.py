"""Sizes as people write them."""

import re

from ropewalk.errors import InvalidInput

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")


def parse_size(text: str) -> int:
    """Return the bytes that ``text``, such as ``"500 MB"``, means.

    Raises:
        InvalidInput: it is not a number with an optional unit of B, KB, MB, GB or TB.
    """
    match = _SIZE.fullmatch(text)
    if match is None or match[2].upper() not in _UNITS:
        raise InvalidInput(
            f"'{text}' is not a size", hint='write a number and a unit, such as "500 MB"'
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])

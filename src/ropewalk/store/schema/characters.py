"""Characters that no text of a plan or a configuration may hold, however they were written."""

import re
from collections.abc import Iterator

from ropewalk.store.schema.source import Location, Source

# Control characters but tab and line breaks, controls that reorder text, lone surrogates.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def refuse_characters(source: Source) -> None:
    """Refuse data in which a text or a key holds a control character.

    Raises:
        InvalidInput: it does; the message names the character, the place is its text's.
    """
    for location, text in _texts(source.data):
        found = _REFUSED.search(text)
        if found:
            raise source.error(
                f"control character U+{ord(found.group()):04X} in the text",
                at=location,
                hint="remove it; use plain text with line breaks and tabs only",
                code="control_character",
            )


def _texts(data: object) -> Iterator[tuple[Location, str]]:
    waiting: list[tuple[Location, object]] = [((), data)]
    while waiting:
        location, value = waiting.pop()
        if isinstance(value, str):
            yield location, value
        elif isinstance(value, dict):
            yield from ((location, str(key)) for key in value)
            waiting.extend(((*location, key), member) for key, member in value.items())
        elif isinstance(value, list):
            waiting.extend(((*location, index), member) for index, member in enumerate(value))

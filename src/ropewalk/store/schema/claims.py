"""What an agent says about its own work: read as a claim, with every trick refused.

The known fields must have their types; other fields are kept, within bounds. Control characters
that hide in escapes are written as visible text, so that nothing an agent says can act.
"""

import json
import re

from ropewalk.errors import InvalidInput
from ropewalk.model.result import AgentClaim
from ropewalk.store.schema.json_text import parse_json
from ropewalk.store.schema.source import Source, build

CLAIM_LIMIT = 1 << 20
_EXTRA_FIELDS = 64
_EXTRA_LIMIT = 64 << 10
_DEPTH_LIMIT = 20
_KNOWN = ("status", "summary", "files_created", "files_modified", "notes")
_ACTIVE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def parse_claim(data: bytes) -> AgentClaim | str:
    """Read the file that an agent wrote about itself, or say why it is refused; never raises."""
    if not data.strip():
        return "it is empty"
    try:
        source = parse_json(data, name="claim", limit=CLAIM_LIMIT)
        if not isinstance(source.data, dict):
            return "it is not a JSON object"
        fields = {_escape(str(key)): value for key, value in source.data.items()}
        known = {name: _clean(fields[name], 1) for name in _KNOWN if name in fields}
        extra = {name: value for name, value in fields.items() if name not in _KNOWN}
        claim = {**known, "extra": _bounded(extra)}
        return build(AgentClaim, Source(name="claim", data=claim, places=source.places))
    except InvalidInput as error:
        return error.message


def _bounded(extra: dict[str, object]) -> dict[str, object]:
    if len(extra) > _EXTRA_FIELDS:
        raise InvalidInput(f"it has more than {_EXTRA_FIELDS} unknown fields")
    cleaned = {name: _clean(value, 1) for name, value in extra.items()}
    if len(json.dumps(cleaned)) > _EXTRA_LIMIT:
        raise InvalidInput(f"its unknown fields are larger than {_EXTRA_LIMIT} bytes")
    return cleaned


def _clean(value: object, depth: int) -> object:
    if depth > _DEPTH_LIMIT:
        raise InvalidInput(f"it is nested deeper than {_DEPTH_LIMIT} levels")
    if isinstance(value, str):
        return _escape(value)
    if isinstance(value, list):
        return [_clean(member, depth + 1) for member in value]
    if isinstance(value, dict):
        return {_escape(str(key)): _clean(member, depth + 1) for key, member in value.items()}
    return value


def _escape(text: str) -> str:
    return _ACTIVE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)

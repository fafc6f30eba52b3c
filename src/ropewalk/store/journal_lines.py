"""The lines of a journal: one JSON object each, chained by the checksum of the line before.

A reader accepts exactly what the writer writes: the fields of `Event` in a UTF-8 JSON object,
``seq`` counting from 1 without gaps, ``prev_hash`` the SHA-256 of the previous line without its
line break. A crash can only tear the last line, which then has no line break; everything else that
does not fit is damage and is named by its line number.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import StorageError
from ropewalk.model.event import Event
from ropewalk.store.text import escape_surrogates

FIRST_HASH = "0" * 64
_TEXT = (str,)
_NUMBER = (int,)
_OPTIONAL_TEXT = (str, type(None))
_TYPES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("seq", _NUMBER),
    ("prev_hash", _TEXT),
    ("at", _TEXT),
    ("mono_ns", _NUMBER),
    ("run_id", _TEXT),
    ("step", _OPTIONAL_TEXT),
    ("attempt", _OPTIONAL_TEXT),
    ("type", _TEXT),
    ("data", (dict,)),
)
_NAMES = tuple(name for name, _ in _TYPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a journal was read: bytes, lines, and the checksum of the last line."""

    offset: int = 0
    seq: int = 0
    last_hash: str = FIRST_HASH

    def after(self, line: bytes) -> "Position":
        """Return the position behind ``line`` and its line break."""
        return Position(
            offset=self.offset + len(line) + 1,
            seq=self.seq + 1,
            last_hash=hashlib.sha256(line).hexdigest(),
        )


def encode_line(event: Event) -> bytes:
    """Write an event as one line, without its line break.

    Raises:
        TypeError: ``data`` holds something that is not JSON.
        ValueError: ``data`` holds a number that is not finite.
    """
    fields = {name: getattr(event, name) for name in _NAMES}
    text = json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return escape_surrogates(text, backslash="\\\\").encode()


def decode_line(line: bytes, *, position: Position, path: Path) -> Event:
    """Read the line that follows ``position``.

    Raises:
        StorageError: it is not the line that the writer wrote there.
    """
    event = parse_line(line)
    if event is None:
        raise _damage(path, position.seq + 1, "it is not an event")
    if event.seq != position.seq + 1:
        raise _damage(path, position.seq + 1, f"its number is {event.seq}")
    if event.prev_hash != position.last_hash:
        raise changed_line(path, max(1, position.seq))
    return event


def parse_line(line: bytes) -> Event | None:
    """Read one line by itself, or return None when it is not an event."""
    try:
        fields = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return Event(**fields) if _fits(fields) else None


def _fits(fields: object) -> bool:
    # bool is an int to Python, but not to us.
    return (
        isinstance(fields, dict)
        and tuple(fields) == _NAMES
        and all(isinstance(fields[name], types) for name, types in _TYPES)
        and not isinstance(fields["seq"], bool)
        and not isinstance(fields["mono_ns"], bool)
    )


def decode_lines(
    data: bytes, *, position: Position, path: Path
) -> Iterator[tuple[Event, Position]]:
    """Read all complete lines of ``data``, which begins at ``position``.

    What follows the last line break is left alone.

    Raises:
        StorageError: a line is damaged.
    """
    *lines, _ = data.split(b"\n")
    for line in lines:
        event = decode_line(line, position=position, path=path)
        position = position.after(line)
        yield event, position


def changed_line(path: Path, number: int) -> StorageError:
    """Say that a line is not the one that was written."""
    return _damage(path, number, "it is not the line that was written")


def _damage(path: Path, number: int, words: str) -> StorageError:
    return StorageError(
        f"line {number} of the journal {path} is damaged: {words}",
        hint="restore the file from a copy; without it this run cannot be resumed",
        code="journal_damaged",
        where=f"{path}:{number}",
    )

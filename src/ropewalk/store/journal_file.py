"""A journal as a file: opening it for one writer, verifying it, mending what a crash left.

The head, a small file beside the journal, holds number and checksum of a line that is on the disk.
It is written after the line was flushed, so it never knows more than the journal; one that cannot
be read is as good as none.
"""

import fcntl
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import Busy, StorageError
from ropewalk.model.event import Event
from ropewalk.store.files import disk_error, make_folder, sync_folder, write_all, write_atomic
from ropewalk.store.journal_lines import (
    Position,
    changed_line,
    decode_line,
    decode_lines,
    parse_line,
)

_OPEN = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_WRITE_HEAD = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_HEAD_FIELDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    seq: int
    line_hash: str


def open_locked(path: Path) -> int:
    """Open or make a journal as its only writer and return the descriptor.

    Raises:
        Busy: another process writes it.
        StorageError: it is not a regular file, or the disk refused.
    """
    try:
        descriptor = os.open(path, _OPEN, 0o644)
    except OSError as error:
        raise disk_error("open", path, error) from error
    try:
        _lock(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise StorageError(f"the journal {path} is not a regular file")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sync_folder(path.parent)
    except BlockingIOError as error:
        raise Busy(f"another process writes the journal {path}") from error
    except OSError as error:
        raise disk_error("open", path, error) from error


def recover(descriptor: int, path: Path, run_id: str) -> Position:
    """Verify an open journal, move a torn last line aside, and return where to append.

    Raises:
        StorageError: a line is damaged, it belongs to another run, or the disk refused.
    """
    try:
        data = path.read_bytes()
        events, position = verify(data, path)
        if events and events[0].run_id != run_id:
            raise StorageError(f"the journal {path} belongs to run '{events[0].run_id}'")
        if position.offset > len(data):
            write_all(descriptor, b"\n")
        elif position.offset < len(data):
            _move_aside(path, data[position.offset :])
            os.ftruncate(descriptor, position.offset)
        os.fsync(descriptor)
    except OSError as error:
        raise disk_error("open", path, error) from error
    if data:
        write_atomic(_head_path(path), _encode_head(position))
    return position


def verify(data: bytes, path: Path) -> tuple[tuple[Event, ...], Position]:
    """Read a whole journal and return its events and where they end.

    The end lies one byte behind ``data`` when nothing but the last line break is missing, and
    before it when the last line is torn.

    Raises:
        StorageError: a line is damaged.
    """
    head = _read_head(path)
    events: list[Event] = []
    position = Position()
    for event, after in decode_lines(data, position=position, path=path):
        events.append(event)
        position = after
        _compare(head, position, path)
    rest = data[position.offset :]
    if rest and parse_line(rest) is not None:
        events.append(decode_line(rest, position=position, path=path))
        position = position.after(rest)
        _compare(head, position, path)
    return tuple(events), position


def put_back(descriptor: int, path: Path) -> bool:
    """Write an open journal again where its file was removed or replaced; return whether it was.

    The descriptor stands for the new file then, which is locked. What lies in its place is kept.

    Raises:
        OSError, StorageError: the disk refused.
    """
    if _is_there(descriptor, path):
        return False
    make_folder(path.parent)
    if os.path.lexists(path):
        path.rename(_free_name(path, "replaced"))
    write_atomic(path, os.pread(descriptor, os.fstat(descriptor).st_size, 0))
    written = open_locked(path)
    try:
        os.dup2(written, descriptor, inheritable=False)
    finally:
        os.close(written)
    return True


def _is_there(descriptor: int, path: Path) -> bool:
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def write_head(path: Path, position: Position) -> None:
    """Note which line is on the disk.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(_head_path(path), _WRITE_HEAD, 0o644)
    try:
        os.pwrite(descriptor, _encode_head(position), 0)
    finally:
        os.close(descriptor)


def _compare(head: _Head | None, position: Position, path: Path) -> None:
    if head and head.seq == position.seq and head.line_hash != position.last_hash:
        raise changed_line(path, position.seq)


def _head_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.head")


def _encode_head(position: Position) -> bytes:
    # Fixed width: written over the one before, in place.
    text = f"{position.seq:020d} {position.last_hash}"
    return f"{text} {_checksum(text)}\n".encode()


def _read_head(path: Path) -> _Head | None:
    try:
        fields = _head_path(path).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    if len(fields) != _HEAD_FIELDS or _checksum(f"{fields[0]} {fields[1]}") != fields[2]:
        return None
    return _Head(seq=int(fields[0]), line_hash=fields[1])


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _move_aside(path: Path, torn: bytes) -> None:
    write_atomic(_free_name(path, "torn"), torn)


def _free_name(path: Path, what: str) -> Path:
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.{what}-{number}")):
        number += 1
    return aside

"""The files of a cache: where they lie, how they are read, and which of them go first.

An entry is `ac/<2>/<key>.json` and a value `cas/<2>/<digest>`; a value may belong to several
entries. What is read is verified; what cannot be is reported as ValueError, TypeError or OSError.
"""

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ropewalk.errors import Interrupted, InvalidInput, StorageError
from ropewalk.model.values import JsonObject
from ropewalk.store.files import make_folder, read_limited

VERSION = 1
BROKEN = (OSError, ValueError, KeyError, TypeError, RecursionError, StorageError)
_LIMIT = 64 << 20
_KEY = re.compile(r"[0-9a-f]{64}")
_STRAY_S = 3600.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stored result; ``digest`` names its value, empty when the entry is broken."""

    path: Path
    key: str
    used_at: float
    size: int
    digest: str


def require_key(key: str) -> str:
    """Check that this is the form of a key or digest, and so a safe name of a file.

    Raises:
        InvalidInput: it is not.
    """
    if not _KEY.fullmatch(key):
        raise InvalidInput(f"'{key}' is not a cache key")
    return key


class CacheFolder:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entry_path(self, key: str) -> Path:
        """Where the entry of a key lies."""
        return self.root / "ac" / require_key(key)[:2] / f"{key}.json"

    def value_path(self, digest: str) -> Path:
        """Where the value with a digest lies."""
        return self.root / "cas" / require_key(digest)[:2] / digest

    def read_value(self, key: str, entry: Mapping[str, object]) -> JsonObject:
        """Read and verify the value of an entry; a value with another digest is removed."""
        if entry.get("version") != VERSION or entry.get("key") != key:
            raise ValueError("an entry of another key or version")
        path = self.value_path(str(entry["sha256"]))
        if not path.exists():
            raise ValueError("an entry whose value is gone")
        blob = _read(path)
        if hashlib.sha256(blob).hexdigest() != path.name:
            discard(path)
            raise ValueError("a value that is not the one that was stored")
        value: object = json.loads(blob)
        if not isinstance(value, dict):
            raise TypeError("a value that is not an object")
        return value

    def entries(self) -> Iterator[Entry]:
        """Yield all entries, broken ones too."""
        for path in (self.root / "ac").glob("??/*.json"):
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                yield Entry(
                    path=path,
                    key=path.stem,
                    used_at=found.st_mtime,
                    size=found.st_size,
                    digest=_digest_in(path),
                )

    def sizes(self) -> dict[str, int]:
        """The bytes of each value."""
        sizes: dict[str, int] = {}
        for path in (self.root / "cas").glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                sizes[path.name] = path.stat().st_size
        return sizes

    def remove(self, entries: Collection[Entry]) -> None:
        """Remove entries, and then every value that no other entry has."""
        for entry in entries:
            discard(entry.path)
        wanted = {entry.digest for entry in self.entries()}
        for name in self.sizes().keys() - wanted:
            if _KEY.fullmatch(name):
                discard(self.value_path(name))

    def sweep(self, now: float) -> None:
        """Remove locks that nobody holds, and what writes that were killed left behind."""
        for path in (self.root / "locks").glob("??/*.lock"):
            lock = FileLock(path, fallback_to_soft=False)
            with contextlib.suppress(Timeout, OSError):
                lock.acquire(blocking=False)
                discard(path)
                lock.release()
        for path in self.root.glob("*/??/.*.tmp"):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > _STRAY_S:
                    path.unlink()

    @contextlib.contextmanager
    def held(
        self,
        path: Path,
        *,
        cancel: threading.Event | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> Iterator[None]:
        """Hold a lock file against all threads and processes; ``told`` is called before a wait.

        Raises:
            Interrupted: `cancel` was set while waiting.
            StorageError: the lock cannot be made.
        """
        make_folder(path.parent)
        lock = FileLock(path, fallback_to_soft=False, is_singleton=False)
        try:
            _acquire(lock, cancel, told)
        except Timeout as error:
            raise Interrupted("waiting for a result of another run was cancelled") from error
        except OSError as error:
            raise StorageError(f"cannot lock {path}: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()


def _acquire(lock: FileLock, cancel: threading.Event | None, told: Callable[[], object]) -> None:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        told()
        lock.acquire(
            poll_interval=_POLL_S, cancel_check=cancel.is_set if cancel is not None else None
        )


def read_object(path: Path) -> dict[str, object]:
    """Read a file that holds one JSON object."""
    read: object = json.loads(_read(path))
    if not isinstance(read, dict):
        raise TypeError("an entry that is not an object")
    return read


def discard(path: Path) -> None:
    """Remove a file if that is possible: what stays is found broken again, or is pruned later."""
    with contextlib.suppress(OSError):
        path.unlink()


def _read(path: Path) -> bytes:
    try:
        return read_limited(path, _LIMIT)
    except InvalidInput as error:
        raise (FileNotFoundError if error.code == "not_found" else OSError)(str(error)) from error


def _digest_in(path: Path) -> str:
    try:
        return str(read_object(path).get("sha256"))
    except BROKEN:
        return ""

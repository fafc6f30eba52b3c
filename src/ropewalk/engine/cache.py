"""Results that may be used again, found by what they were made of.

A key is the checksum of named components, so that no two different sets of them meet. Entries and
values are written whole; what is broken, truncated or not of its key is removed and counts as a
miss. Only results that succeeded belong here; `engine.cached` sees to that.
"""

import contextlib
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ropewalk.engine.cache_folder import (
    BROKEN,
    VERSION,
    CacheFolder,
    Entry,
    discard,
    read_object,
    require_key,
)
from ropewalk.engine.cache_keys import cache_key, canonical
from ropewalk.engine.retries import read_time, write_time
from ropewalk.errors import InvalidInput
from ropewalk.model.values import JsonObject
from ropewalk.store.files import write_atomic

__all__ = ["Cache", "CacheStats", "cache_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """What is stored, and how often this process found something."""

    entries: int
    bytes: int
    hits: int
    misses: int

    @property
    def hit_rate(self) -> float | None:
        """Hits per look-up; None when there was none."""
        looked = self.hits + self.misses
        return self.hits / looked if looked else None


class Cache:
    """A folder of results; safe to use from several threads and processes.

    Args:
        root: the folder; made when something is stored.
        max_bytes: what `prune` brings it down to.
        now: wall time in seconds.
    """

    def __init__(self, root: Path, max_bytes: int, *, now: Callable[[], float] = time.time) -> None:
        self._folder = CacheFolder(root)
        self._max_bytes = max_bytes
        self._now = now
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0

    def get(self, key: str, *, max_age_s: float | None = None) -> JsonObject | None:
        """Find the value of a key; None when there is none, it is too old, or it is broken.

        An entry from the future, after the clock was put back, is too old as well.

        Raises:
            InvalidInput: this is not a key.
        """
        value = self._find(self._folder.entry_path(key), key, max_age_s)
        with self._lock:
            self._hits += value is not None
            self._misses += value is None
        return value

    def put(self, key: str, value: JsonObject, *, components: JsonObject) -> None:
        """Store the value of a key, and what the key was made of.

        Raises:
            InvalidInput: the key does not belong to the components, or the value is not JSON.
            StorageError: the disk refused.
        """
        if cache_key(components) != key:
            raise InvalidInput("a result is stored under a key of other components")
        blob = canonical(value)
        digest = hashlib.sha256(blob).hexdigest()
        entry = {
            "version": VERSION,
            "key": key,
            "sha256": digest,
            "at": write_time(self._now()),
            "components": components,
        }
        path = self._folder.entry_path(key)
        with self._folder.held(self._folder.root / "lock"):
            write_atomic(self._folder.value_path(digest), blob)
            write_atomic(path, canonical(entry))
            os.utime(path, (self._now(), self._now()))

    def components(self, key: str) -> JsonObject | None:
        """What a stored key was made of, to compare it with another; None when unknown.

        Raises:
            InvalidInput: this is not a key.
        """
        path = self._folder.entry_path(key)
        try:
            components = read_object(path)["components"]
        except BROKEN:
            return None
        return components if isinstance(components, dict) else None

    @contextlib.contextmanager
    def single_flight(
        self,
        key: str,
        *,
        cancel: threading.Event | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> Iterator[None]:
        """Be the only one, in all threads and processes, who makes the value of a key.

        Look up again inside: whoever was there before may have stored it. ``told`` is called before
        a wait for somebody.

        Raises:
            InvalidInput: this is not a key.
            Interrupted: `cancel` was set while waiting.
            StorageError: the lock cannot be made.
        """
        path = self._folder.root / "locks" / require_key(key)[:2] / f"{key}.lock"
        with self._folder.held(path, cancel=cancel, told=told):
            yield

    def prune(
        self,
        *,
        max_bytes: int | None = None,
        older_than_s: float | None = None,
        keep: Collection[str] = (),
    ) -> int:
        """Remove entries, longest unused first, until the rest fits; return how many.

        Args:
            max_bytes: how large the rest may be; the cache's own limit when None.
            older_than_s: remove everything that was not used for so many seconds, too.
            keep: keys that stay in any case.

        Raises:
            StorageError: the lock cannot be made.
        """
        limit = self._max_bytes if max_bytes is None else max_bytes
        if not self._folder.root.is_dir():
            return 0
        with self._folder.held(self._folder.root / "lock"):
            gone = _choose(
                self._folder, limit, now=self._now(), older_than_s=older_than_s, keep=keep
            )
            self._folder.remove(gone)
            self._folder.sweep(self._now())
        return len(gone)

    def stats(self) -> CacheStats:
        """Count what is stored and what this process looked up."""
        entries = tuple(self._folder.entries())
        return CacheStats(
            entries=len(entries),
            bytes=sum(entry.size for entry in entries) + sum(self._folder.sizes().values()),
            hits=self._hits,
            misses=self._misses,
        )

    def _find(self, path: Path, key: str, max_age_s: float | None) -> JsonObject | None:
        try:
            entry = read_object(path)
            age = self._now() - read_time(str(entry["at"]))
            if max_age_s is not None and not 0 <= age <= max_age_s:
                return None
            value = self._folder.read_value(key, entry)
        except FileNotFoundError:
            return None
        except (*BROKEN, InvalidInput):
            discard(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path, (self._now(), self._now()))
        return value


def _choose(
    folder: CacheFolder,
    limit: int,
    *,
    now: float,
    older_than_s: float | None,
    keep: Collection[str],
) -> tuple[Entry, ...]:
    """Say which entries have to go so that entries and their values fit into `limit` bytes."""
    entries = sorted(folder.entries(), key=lambda entry: (entry.used_at, entry.key))
    sizes = folder.sizes()
    shares = Counter(entry.digest for entry in entries)
    total = sum(e.size for e in entries) + sum(sizes.get(digest, 0) for digest in shares)
    gone: list[Entry] = []
    for entry in entries:
        is_old = older_than_s is not None and now - entry.used_at > older_than_s
        if entry.key in keep or (total <= limit and not is_old):
            continue
        gone.append(entry)
        shares[entry.digest] -= 1
        total -= entry.size + (0 if shares[entry.digest] else sizes.get(entry.digest, 0))
    return tuple(gone)

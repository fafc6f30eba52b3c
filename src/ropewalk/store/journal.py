"""The journal of a run: append-only events, the only mutable truth.

One process writes it, from any number of threads. An event is one write of one line; a flusher
brings lines to the disk at most 50 ms later, and at once when somebody waits for it. A process that
is killed loses no line that was waited for, and leaves at most one torn line, which the next writer
moves aside into ``<journal>.torn-<n>``. Beside the journal, ``<journal>.head`` holds the checksum
of the last flushed line, so that a change of the very last line is noticed too. A journal whose
file is removed or replaced while it is written is put back whole, with an event that says so.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ropewalk.errors import InvalidInput, StorageError
from ropewalk.model.event import Event
from ropewalk.model.values import JsonObject
from ropewalk.store.files import disk_error, make_folder, write_all
from ropewalk.store.journal_file import open_locked, put_back, recover, verify, write_head
from ropewalk.store.journal_lines import Position, decode_lines, encode_line

FAILPOINT = "ROPEWALK_FAILPOINT"
_GROUP_S = 0.05
_IDLE_S = 1.0
_POLL_S = 0.05


def read_events(path: Path) -> tuple[Event, ...]:
    """Read all events of a journal; a torn last line, or a writer at work, is no error.

    Raises:
        StorageError: a line is damaged, or the file cannot be read. A missing file has no events.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise disk_error("read", path, error) from error
    events, _ = verify(data, path)
    return events


def follow(path: Path, *, stop: threading.Event) -> Iterator[Event]:
    """Yield the events of a journal as they are written, until ``stop`` is set.

    What is there when ``stop`` is set is still yielded. The file need not exist yet.

    Raises:
        StorageError: a line is damaged.
    """
    position = Position()
    rest = b""
    while True:
        is_last = stop.is_set()
        data = rest + _read_from(path, position.offset + len(rest))
        for event, after in decode_lines(data, position=position, path=path):
            position = after
            yield event
        rest = data[data.rfind(b"\n") + 1 :]
        if is_last:
            return
        stop.wait(_POLL_S)


def _read_from(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            return stream.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise disk_error("read", path, error) from error


class Journal:
    """The writing end of one run's journal; a context manager.

    Args:
        path: the file.
        run_id: whose journal it is.
        descriptor: the open and locked file, positioned by appending.
        position: behind the last line that is there.
        observe: called with each event after it was written; must be quick and must not raise.
        failpoint: the process kills itself when the event of this number is on the disk; 0: never.
    """

    def __init__(
        self,
        path: Path,
        run_id: str,
        *,
        descriptor: int,
        position: Position,
        observe: Callable[[Event], None] | None,
        failpoint: int,
    ) -> None:
        self.path = path
        self.run_id = run_id
        self._descriptor = descriptor
        self._position = position
        self._observe = observe
        self._failpoint = failpoint
        # Taken as itself, not through the condition: Ctrl-C cannot leave it taken.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._synced = position
        self._wanted = 0
        self._is_writing = False
        self._is_closing = False
        self._failure: StorageError | None = None
        self._flusher = threading.Thread(target=self._flush_loop, name="journal", daemon=True)

    @classmethod
    def open(
        cls, path: Path, run_id: str, *, observe: Callable[[Event], None] | None = None
    ) -> Self:
        """Open a journal to append to it, and verify what is there.

        Raises:
            Busy: another process writes it.
            StorageError: a line is damaged, it belongs to another run, or the disk refused.
            InvalidInput: the failpoint in the environment is not a number.
        """
        failpoint = _read_failpoint()
        make_folder(path.parent)
        descriptor = open_locked(path)
        try:
            position = recover(descriptor, path, run_id)
        except BaseException:
            os.close(descriptor)
            raise
        journal = cls(
            path,
            run_id,
            descriptor=descriptor,
            position=position,
            observe=observe,
            failpoint=failpoint,
        )
        journal._flusher.start()
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def sequence(self) -> int:
        """The number of the last event."""
        with self._lock:
            return self._position.seq

    def emit(
        self,
        type_: str,
        data: JsonObject,
        *,
        step: str | None = None,
        attempt: str | None = None,
        sync: bool = False,
    ) -> Event:
        """Append one event; with ``sync``, return when it is on the disk.

        Raises:
            StorageError: the disk refused; after a failed write the journal is as before.
            TypeError: ``data`` is not JSON.
        """
        with self._lock:
            self._require_usable()
            self._require_there()
            event = self._add(type_, data, step=step, attempt=attempt)
            if sync:
                self._wait_until_synced(event.seq)
        return event

    def close(self) -> None:
        """Bring every line to the disk and close the file; a second call does nothing.

        Raises:
            StorageError: the disk refused.
        """
        with self._lock:
            if self._is_closing:
                return
            try:
                self._require_there()
            except StorageError as error:
                self._failure = self._failure or error
            self._is_closing = True
            self._changed.notify_all()
        self._flusher.join()
        os.close(self._descriptor)
        if self._failure is not None:
            raise self._failure

    def _require_usable(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_closing:
            raise StorageError(f"the journal {self.path} is closed")

    def _require_there(self) -> None:
        """Put the file back where an agent, or anybody, took it away; the descriptor still has it.

        Raises:
            StorageError: the disk refused.
        """
        try:
            was_gone = put_back(self._descriptor, self.path)
        except OSError as error:
            raise disk_error("write", self.path, error) from error
        if was_gone:
            self._add("journal_put_back", {"path": str(self.path)}, step=None, attempt=None)

    def _add(self, type_: str, data: JsonObject, *, step: str | None, attempt: str | None) -> Event:
        event = Event(
            seq=self._position.seq + 1,
            prev_hash=self._position.last_hash,
            at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            mono_ns=time.monotonic_ns(),
            run_id=self.run_id,
            step=step,
            attempt=attempt,
            type=type_,
            data=data,
        )
        self._append(encode_line(event))
        if event.seq == self._failpoint:
            self._die()
        if self._observe is not None:
            self._observe(event)
        return event

    def _append(self, line: bytes) -> None:
        if self._is_writing:
            self._take_back()
        is_first = self._position.seq == self._synced.seq
        # Ctrl-C may come at any point: a line that was written but not counted is taken back
        # before the next one, because only then no further Ctrl-C can prevent it.
        self._is_writing = True
        try:
            write_all(self._descriptor, line + b"\n")
        except OSError as error:
            self._take_back()
            raise disk_error("write", self.path, error) from error
        self._position = self._position.after(line)
        self._is_writing = False
        if is_first:
            self._changed.notify_all()

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._position.offset)
        except OSError as error:
            self._failure = disk_error("write", self.path, error)
            raise self._failure from error

    def _wait_until_synced(self, seq: int) -> None:
        self._wanted = max(self._wanted, seq)
        self._changed.notify_all()
        self._changed.wait_for(lambda: self._synced.seq >= seq or self._failure is not None)
        if self._failure is not None:
            raise self._failure

    def _flush_loop(self) -> None:
        while True:
            with self._lock:
                # Ctrl-C can swallow the news of an event: look without it, too.
                self._changed.wait_for(self._has_work, timeout=_IDLE_S)
                self._changed.wait_for(self._is_urgent, timeout=_GROUP_S)
                target = self._position
                is_last = self._is_closing
            failure = self._flush(target)
            with self._lock:
                self._synced = target if failure is None else self._synced
                # After a failed flush nobody knows what is on the disk: nothing more is accepted.
                self._failure = self._failure or failure
                self._changed.notify_all()
                if is_last or self._failure is not None:
                    return

    def _has_work(self) -> bool:
        return self._is_closing or self._position.seq > self._synced.seq

    def _is_urgent(self) -> bool:
        return self._is_closing or self._wanted > self._synced.seq

    def _flush(self, target: Position) -> StorageError | None:
        if target.seq == self._synced.seq:
            return None
        try:
            os.fsync(self._descriptor)
            # Where the folder was taken away, the next event puts the journal back.
            with suppress(FileNotFoundError):
                write_head(self.path, target)
        except OSError as error:
            return disk_error("flush", self.path, error)
        return None

    def _die(self) -> None:
        os.fsync(self._descriptor)
        os.kill(os.getpid(), signal.SIGKILL)


def _read_failpoint() -> int:
    text = os.environ.get(FAILPOINT, "0")
    if not (text.isascii() and text.isdecimal()):
        raise InvalidInput(f"{FAILPOINT} is not a number: {text!r}")
    return int(text)

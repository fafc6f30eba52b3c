"""Where a program's output goes: a bounded log, the last lines, the beginning of stdout, its lines.

Invariants: memory is bounded whatever the program writes; the log never grows beyond its limit;
when something is not kept, a marker says how many bytes. A disk that refuses the log does not
disturb the program: what could not be written counts as not kept.
"""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ropewalk.errors import StorageError
from ropewalk.process.values import Limits

# Agents print whole files and whole conversations as one line of JSON.
LINE_BYTES: Final = 8 * 1024 * 1024
_TAIL_BYTES: Final = 64 * 1024
_LOG_TAIL_BYTES: Final = 256 * 1024
_MARKER_BYTES: Final = 64


class Output:
    """Takes in what a program writes; a context, so that the log is completed in every case."""

    def __init__(
        self, *, limits: Limits, log: Path | None, on_line: Callable[[bytes], None] | None
    ) -> None:
        self._limits = limits
        self._log = None if log is None else BoundedLog(log, limits.log_bytes)
        self._lines = None if on_line is None else LineSplitter(on_line)
        self._recent = Recent(_TAIL_BYTES)
        self._captured = bytearray()
        self._stdout_bytes = 0
        self.total_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def take(self, piece: bytes, *, is_stdout: bool) -> None:
        """Take in one piece of output in the order of its arrival."""
        self.total_bytes += len(piece)
        self._recent.add(piece)
        if self._log is not None:
            self._log.add(piece)
        if not is_stdout:
            return
        self._stdout_bytes += len(piece)
        room = self._limits.capture_bytes - len(self._captured)
        if room > 0:
            self._captured += piece[:room]
        if self._lines is not None:
            self._lines.add(piece)

    def finish(self) -> None:
        """Hand on a last line that had no newline."""
        if self._lines is not None:
            self._lines.finish()

    def close(self) -> None:
        """Complete the log; further calls change nothing."""
        if self._log is not None:
            self._log.close()

    @property
    def captured(self) -> bytes:
        """The kept beginning of stdout."""
        return bytes(self._captured)

    @property
    def is_truncated(self) -> bool:
        """Whether the log, or the captured beginning where one was asked for, misses something."""
        is_log_short = self._log is not None and self._log.lost_bytes > 0
        is_capture_short = 0 < self._limits.capture_bytes < self._stdout_bytes
        return is_log_short or is_capture_short

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines of stdout and stderr together."""
        count = self._limits.tail_lines
        if count <= 0:
            return ()
        text = self._recent.content().decode("utf-8", errors="replace")
        return tuple(
            line.rstrip("\r") for line in text.removesuffix("\n").split("\n")[-count:] if text
        )


class Recent:
    """The last bytes of a stream, `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces = deque[bytes]()
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Take in a piece and let go of pieces that are too old to matter."""
        if len(piece) > self._limit:
            piece = piece[len(piece) - self._limit :]
        self._pieces.append(piece)
        self._size += len(piece)
        while self._pieces and self._size - len(self._pieces[0]) >= self._limit:
            self._size -= len(self._pieces.popleft())

    def content(self) -> bytes:
        """Return the last `limit` bytes, or all where there were fewer."""
        joined = b"".join(self._pieces)
        return joined[max(0, len(joined) - self._limit) :]


class BoundedLog:
    """A log file that keeps its head, and its last lines behind a marker."""

    def __init__(self, path: Path, limit: int) -> None:
        self._tail_room = min(limit // 4, _LOG_TAIL_BYTES) + _MARKER_BYTES
        self._head_room = max(0, limit - self._tail_room)
        self._limit = limit
        self._behind = 0
        self._recent = Recent(min(limit, self._tail_room))
        self._is_open = True
        self.lost_bytes = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, flags, 0o644)
        except OSError as error:
            message = f"the log {path} cannot be written: {error.strerror}"
            raise StorageError(message) from error

    def add(self, piece: bytes) -> None:
        """Write what fits into the head and remember the end of the rest."""
        head, rest = piece[: self._head_room], piece[self._head_room :]
        self._head_room -= len(head)
        self._write(head)
        if rest:
            self._behind += len(rest)
            self._recent.add(rest)

    def close(self) -> None:
        """Write the remembered end, behind a marker when something between is not kept."""
        if not self._is_open:
            return
        self._is_open = False
        last = self._recent.content()
        if len(last) < self._behind:
            last = last[_MARKER_BYTES:]
            last = last[last.find(b"\n") + 1 :]
            lost = self._behind - len(last)
            self.lost_bytes += lost
            last = b"\n" + not_kept(lost) + b"\n" + last
        self._write(last[: self._limit])
        os.close(self._file)

    def _write(self, piece: bytes) -> None:
        """Write a piece; where the disk refuses, what could not be written counts as lost."""
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            self.lost_bytes += len(rest)


class LineSplitter:
    """Hands on a stream line by line, without the newline, each at most LINE_BYTES and a marker."""

    def __init__(self, on_line: Callable[[bytes], None]) -> None:
        self._on_line = on_line
        self._begun = bytearray()
        self._cut_bytes = 0

    def add(self, piece: bytes) -> None:
        """Take in a piece and hand on every line that it completes."""
        first, *others = piece.split(b"\n")
        self._extend(first)
        if not others:
            return
        self._hand_on()
        begun = others.pop()
        for line in others:
            if len(line) <= LINE_BYTES:
                self._on_line(line)
            else:
                self._extend(line)
                self._hand_on()
        self._extend(begun)

    def finish(self) -> None:
        """Hand on what is left after the last newline."""
        if self._begun:
            self._hand_on()

    def _extend(self, part: bytes) -> None:
        room = LINE_BYTES - len(self._begun)
        self._begun += part[:room]
        self._cut_bytes += max(0, len(part) - room)

    def _hand_on(self) -> None:
        line = bytes(self._begun)
        if self._cut_bytes:
            line += not_kept(self._cut_bytes)
        self._begun.clear()
        self._cut_bytes = 0
        self._on_line(line)


def not_kept(count: int) -> bytes:
    """Return the marker that stands where bytes are left out."""
    return f"[… {count} bytes not kept …]".encode()

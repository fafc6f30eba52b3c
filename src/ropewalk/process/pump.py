"""Feeds and drains one process that the caller started in a session of its own.

It returns when the process has ended and what it had written is read, even where a process that it
left behind keeps the pipes open; at the deadline the whole process group is killed.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import Final, Self

# As much as a pipe holds; larger buffers come from the system each time, which costs more.
READ_BYTES: Final = 64 * 1024
DRAIN_READS: Final = 32
_POLL_S: Final = 0.05
_WRITE_BYTES: Final = 64 * 1024


def communicate(
    process: subprocess.Popen[bytes], *, stdin: bytes, deadline_s: float | None, limit: int | None
) -> tuple[bytes, bytes, bool]:
    """Write `stdin`, read stdout and stderr, reap the process; all of its pipes are closed then.

    Args:
        process: started with ``start_new_session=True`` and unbuffered or buffered pipes; a stream
            that is not a pipe is left alone.
        stdin: what to write; a process that does not read it is no error.
        deadline_s: seconds from now until the process group is killed, None for no deadline.
        limit: bytes to keep of each stream, and one more, so that its length tells that there was
            more; None keeps all.

    Returns:
        stdout, stderr, and whether the deadline ended the process.
    """
    ends_at = None if deadline_s is None else time.monotonic() + deadline_s
    with _Pump(process, stdin, limit) as pump:
        while not pump.has_ended():
            remaining = None if ends_at is None else ends_at - time.monotonic()
            if remaining is not None and remaining <= 0:
                kill_group(process)
                pump.drain()
                return (*pump.outputs(), True)
            pump.step(remaining)
        pump.drain()
        return (*pump.outputs(), False)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the group that the process leads, and reap it."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


class Feed:
    """What is still to be written to a pipe that is never waited for."""

    def __init__(self, descriptor: int, content: bytes) -> None:
        self.descriptor = descriptor
        self._rest = memoryview(content)
        os.set_blocking(descriptor, False)

    def write(self) -> bool:
        """Write what the pipe takes now; False when all is written or nobody reads it.

        The caller closes the descriptor then.
        """
        try:
            self._rest = self._rest[os.write(self.descriptor, self._rest[:_WRITE_BYTES]) :]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(self._rest)


def read_ready(descriptor: int) -> bytes | None:
    """Read what a non-blocking descriptor has: empty at its end, None when nothing is there yet."""
    try:
        return os.read(descriptor, READ_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class _Pump:
    """The three pipes and the end of one process, watched by one selector."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, limit: int | None) -> None:
        self._process = process
        self._limit = limit
        self._selector = selectors.PollSelector()
        self._kept: dict[int, bytearray] = {}
        self._feed: Feed | None = None
        self._ended = _open_pidfd(process.pid)
        if self._ended is not None:
            self._selector.register(self._ended, selectors.EVENT_READ)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                self._watch(stream.fileno())
        if process.stdin is not None and stdin:
            self._feed = Feed(process.stdin.fileno(), stdin)
            self._selector.register(self._feed.descriptor, selectors.EVENT_WRITE)
        elif process.stdin is not None:
            process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        kill_group(self._process)
        self._selector.close()
        if self._ended is not None:
            os.close(self._ended)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def has_ended(self) -> bool:
        """Say whether the process has ended; it is reaped then."""
        return self._process.poll() is not None

    def step(self, seconds: float | None) -> None:
        """Move what can be moved, waiting at most `seconds` for something to do."""
        patience = seconds
        if self._ended is None:
            patience = _POLL_S if seconds is None else min(seconds, _POLL_S)
        for key, _events in self._selector.select(patience):
            if self._feed is not None and key.fd == self._feed.descriptor:
                self._write(self._feed)
            elif key.fd in self._kept:
                self._read(key.fd)

    def drain(self) -> None:
        """Read what the ended process has left in the pipes, without waiting for their end.

        The number of reads is bounded, since a process that was left behind may go on writing.
        """
        watched = self._selector.get_map()
        for descriptor in self._kept:
            for _ in range(DRAIN_READS):
                if descriptor not in watched or not self._read(descriptor):
                    break

    def outputs(self) -> tuple[bytes, bytes]:
        """Return what was kept of stdout and stderr."""
        out, err = (
            b"" if stream is None else bytes(self._kept[stream.fileno()])
            for stream in (self._process.stdout, self._process.stderr)
        )
        return out, err

    def _watch(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._kept[descriptor] = bytearray()
        self._selector.register(descriptor, selectors.EVENT_READ)

    def _write(self, feed: Feed) -> None:
        if not feed.write() and self._process.stdin is not None:
            self._selector.unregister(feed.descriptor)
            self._feed = None
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _read(self, descriptor: int) -> bool:
        """Read once; False when there is nothing now or never again."""
        piece = read_ready(descriptor)
        if piece is None:
            return False
        if not piece:
            self._selector.unregister(descriptor)
            return False
        kept = self._kept[descriptor]
        room = len(piece) if self._limit is None else max(0, self._limit + 1 - len(kept))
        kept += piece[:room]
        return True


def _open_pidfd(pid: int) -> int | None:
    """Return a descriptor that becomes readable when the process ends, None where there is none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None

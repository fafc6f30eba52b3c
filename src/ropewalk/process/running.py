"""Runs one program under its supervisor: one loop in the caller's thread, nothing else.

Invariants: it returns only after the supervisor's report, or after the supervisor is gone and what
it left was ended; an exception on the way (Ctrl-C, a failing callback) ends the tree just the same.
A program that writes little is read in batches, so that hundreds of them cost little.
"""

import os
import selectors
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ropewalk.process.leftover import end_leftover
from ropewalk.process.output import Output
from ropewalk.process.pump import DRAIN_READS, Feed, read_ready
from ropewalk.process.supervised import ANSWER_PATIENCE_S, Request, Supervised
from ropewalk.process.values import (
    DEFAULT_LIMITS,
    MARK_VARIABLE,
    Ended,
    EndedBy,
    Limits,
    Started,
)

_CANCEL_POLL_S: Final = 0.2
_BATCH_S: Final = 0.2
_BUSY_BYTES: Final = 16 * 1024
_BUSY_S: Final = 0.2


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    limits: Limits = DEFAULT_LIMITS,
    log: Path | None = None,
    report: Path | None = None,
    on_line: Callable[[bytes], None] | None = None,
    on_start: Callable[[Started], None] | None = None,
    cancel: threading.Event | None = None,
) -> Ended:
    """Run a program to its end and end everything that it started.

    Args:
        argv: the program and its arguments; a name without a slash is looked up in `env`'s PATH.
        cwd: the program's working directory.
        env: the program's whole environment.
        stdin: what it can read; it need not read it.
        limits: deadlines, patience and sizes.
        log: file that receives stdout and stderr as they come; replaced if it exists.
        report: file that receives the end of the program even when this process is killed; see
            `read_report`.
        on_line: called with each line of stdout, without its newline, cut at 8 MiB.
        on_start: called once when the program runs.
        cancel: ends the program within a fifth of a second after it was set.

    Raises:
        InvalidInput: an empty argument list or a NUL byte.
        ProgramNotFound: the program is missing or cannot be executed.
        StorageError: the log cannot be opened.
        RopewalkError: the working directory is missing, or the system refused to start it.
    """
    request = Request(argv=argv, cwd=cwd, env=env, limits=limits, report=report)
    with (
        Output(limits=limits, log=log, on_line=on_line) as output,
        Supervised(request, has_stdin=bool(stdin)) as supervised,
    ):
        streams = _Streams(supervised, stdin, output)
        began = time.monotonic()
        supervised.ask()
        started = supervised.start()
        if on_start is not None:
            on_start(started)
        watch = _Watch(limits=limits, began=began, cancel=cancel)
        ended = _follow(supervised, streams, watch)
        supervised.kill()
        if ended is None:
            ended = _lost(started, mark=env.get(MARK_VARIABLE), watch=watch)
        streams.drain()
        output.finish()
        output.close()
        return replace(
            ended,
            tail=output.tail,
            output=output.captured,
            output_bytes=output.total_bytes,
            truncated=output.is_truncated,
        )


def _follow(supervised: Supervised, streams: "_Streams", watch: "_Watch") -> Ended | None:
    """Move output until the supervisor reports; None when it is gone or does not answer."""
    is_stopping = False
    while True:
        if not supervised.has_reported:
            streams.step(watch.patience(time.monotonic(), heard_at=streams.heard_at))
        if streams.has_status or supervised.has_reported:
            try:
                ended = supervised.read_report()
            except EOFError:
                return None
            if ended is not None:
                return ended
        now = time.monotonic()
        if is_stopping and watch.is_overdue(now):
            return None
        reason = None if is_stopping else watch.reason(now, heard_at=streams.heard_at)
        if reason is not None:
            is_stopping = True
            watch.stop_at(now)
            supervised.stop(reason)


def _lost(started: Started, *, mark: str | None, watch: "_Watch") -> Ended:
    """End what a supervisor left that vanished, and say that it vanished."""
    survivors = end_leftover(started, mark=mark, grace_s=watch.limits.grace_s)
    return Ended(
        exit_code=None,
        signal=None,
        ended_by=EndedBy.LOST,
        duration_s=time.monotonic() - watch.began,
        usage=None,
        tail=(),
        output=b"",
        output_bytes=0,
        truncated=False,
        swept=0,
        survivors=survivors,
    )


class _Watch:
    """The deadlines of one run, all on the monotonic clock."""

    def __init__(self, *, limits: Limits, began: float, cancel: threading.Event | None) -> None:
        self.limits = limits
        self.began = began
        self._cancel = cancel
        self._answer_due: float | None = None

    def patience(self, now: float, *, heard_at: float) -> float | None:
        """Return the seconds until something must be looked at, None for ever."""
        if self._answer_due is not None:
            return max(0.0, self._answer_due - now)
        due = [None if self._cancel is None else now + _CANCEL_POLL_S]
        if self.limits.wall_s is not None:
            due.append(self.began + self.limits.wall_s)
        if self.limits.idle_s is not None:
            due.append(max(heard_at, self.began) + self.limits.idle_s)
        times = [time_ for time_ in due if time_ is not None]
        return max(0.0, min(times) - now) if times else None

    def reason(self, now: float, *, heard_at: float) -> EndedBy | None:
        """Return why the program must end now, None when it may go on."""
        if self._cancel is not None and self._cancel.is_set():
            return EndedBy.CANCELLED
        if self.limits.wall_s is not None and now >= self.began + self.limits.wall_s:
            return EndedBy.TIMEOUT
        heard_at = max(heard_at, self.began)
        if self.limits.idle_s is not None and now >= heard_at + self.limits.idle_s:
            return EndedBy.IDLE
        return None

    def stop_at(self, now: float) -> None:
        """Note that the supervisor was asked to end the tree."""
        patience = self.limits.interrupt_s + self.limits.grace_s + ANSWER_PATIENCE_S
        self._answer_due = now + patience

    def is_overdue(self, now: float) -> bool:
        """Say whether the supervisor should have answered by now."""
        return self._answer_due is not None and now >= self._answer_due


class _Streams:
    """The pipes of one run; output is read in batches unless there is much of it."""

    def __init__(self, supervised: Supervised, stdin: bytes, output: Output) -> None:
        self._supervised = supervised
        self._output = output
        self._is_stdout = {supervised.stdout: True, supervised.stderr: False}
        self._open = set(self._is_stdout)
        self._all = selectors.PollSelector()
        self._all_but_output = selectors.PollSelector()
        for descriptor in self._open:
            os.set_blocking(descriptor, False)
            self._all.register(descriptor, selectors.EVENT_READ)
        self._feed: Feed | None = None
        for selector in (self._all, self._all_but_output):
            selector.register(supervised.status, selectors.EVENT_READ)
            if supervised.stdin is not None:
                selector.register(supervised.stdin, selectors.EVENT_WRITE)
        if supervised.stdin is not None:
            self._feed = Feed(supervised.stdin, stdin)
        self._read_again_at = 0.0
        self._busy_until = 0.0
        self.heard_at = 0.0
        self.has_status = False

    def step(self, patience: float | None) -> None:
        """Move what can be moved, waiting at most `patience` seconds for something to do."""
        pause = self._read_again_at - time.monotonic() if self._open else 0.0
        self.has_status = False
        if pause > 0:
            self._select(self._all_but_output, pause if patience is None else min(patience, pause))
            if time.monotonic() >= self._read_again_at:
                self._plan_next_read(sum(self._read(each) for each in tuple(self._open)))
        else:
            self._plan_next_read(self._select(self._all, patience))

    def _select(self, selector: selectors.BaseSelector, patience: float | None) -> int:
        """Wait and move what is ready; return the number of bytes that were read."""
        taken = 0
        for key, _events in selector.select(patience):
            if key.fd == self._supervised.status:
                self.has_status = True
            elif self._feed is not None and key.fd == self._feed.descriptor:
                self._write(self._feed)
            else:
                taken += self._read(key.fd)
        return taken

    def drain(self) -> None:
        """Read what the ended tree has left in the pipes, without waiting for their end.

        The number of reads is bounded, since a process that could not be ended may go on writing.
        """
        for descriptor in sorted(self._open):
            for _ in range(DRAIN_READS):
                if not self._read(descriptor):
                    break

    def _plan_next_read(self, taken: int) -> None:
        """Pause after a small read; a program that fills its pipe is read without pauses."""
        if not taken:
            return
        self.heard_at = time.monotonic()
        if taken >= _BUSY_BYTES:
            self._busy_until = self.heard_at + _BUSY_S
        if self.heard_at >= self._busy_until:
            self._read_again_at = self.heard_at + _BATCH_S

    def _write(self, feed: Feed) -> None:
        if not feed.write():
            for selector in (self._all, self._all_but_output):
                selector.unregister(feed.descriptor)
            self._supervised.close(feed.descriptor)
            self._feed = None

    def _read(self, descriptor: int) -> int:
        """Read once; 0 when there is nothing now or never again."""
        piece = read_ready(descriptor)
        if piece:
            self._output.take(piece, is_stdout=self._is_stdout[descriptor])
            return len(piece)
        if piece is not None:
            self._open.discard(descriptor)
            self._all.unregister(descriptor)
        return 0

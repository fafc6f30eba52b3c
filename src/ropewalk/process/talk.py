"""Talks with a program that answers line by line on its standard streams.

For programs below a supervisor only, such as those that an agent program of ours starts: leaving
the context ends the program and its process group, and what it has put elsewhere is left to the
supervisor above. Its stderr is the caller's own.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from ropewalk.errors import ProgramNotFound, RopewalkError
from ropewalk.process.pump import READ_BYTES, kill_group, read_ready

MAX_LINE_BYTES: Final = 64 * 1024 * 1024
_GRACE_S: Final = 2.0


class Talk:
    """A running program; a context.

    Args:
        argv: the program and its arguments; a name without a slash is looked up in `env`'s PATH.
        cwd: its working directory.
        env: its whole environment.

    Raises:
        ProgramNotFound: the program is missing or cannot be executed.
    """

    def __init__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        try:
            self._process = subprocess.Popen(
                tuple(argv),
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ProgramNotFound(f"'{argv[0]}' could not be started: {reason}") from error
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        for stream in (self._stdin, self._stdout):
            os.set_blocking(stream.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._heard = bytearray()
        self._has_ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._stdin.close()
        if not self._wait():
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGTERM)
            self._wait()
        kill_group(self._process)
        self._selector.close()
        self._stdout.close()

    @property
    def exit_code(self) -> int | None:
        """Return how the program ended, None while it runs."""
        return self._process.poll()

    def send(self, line: bytes) -> None:
        """Send a line; what the program says meanwhile is kept, so that neither waits for ever.

        Raises:
            RopewalkError: the program reads no longer.
        """
        rest = memoryview(line + b"\n")
        self._selector.register(self._stdin, selectors.EVENT_WRITE)
        try:
            while rest:
                for key, _events in self._selector.select():
                    if key.fileobj is self._stdin:
                        rest = rest[os.write(self._stdin.fileno(), rest[:READ_BYTES]) :]
                    else:
                        self._read()
        except OSError as error:
            raise RopewalkError("the program reads no longer", code="talk_ended") from error
        finally:
            self._selector.unregister(self._stdin)

    def receive(self, timeout_s: float | None) -> bytes | None:
        """Return the next line without its newline; None when none came in time.

        Raises:
            RopewalkError: the program has ended, closed its output, or said an endless line.
        """
        ends_at = None if timeout_s is None else time.monotonic() + timeout_s
        while b"\n" not in self._heard:
            if self._has_ended:
                raise RopewalkError("the program ended", code="talk_ended")
            patience = None if ends_at is None else ends_at - time.monotonic()
            if patience is not None and patience <= 0:
                return None
            if self._selector.select(patience):
                self._read()
        line, _, self._heard = self._heard.partition(b"\n")
        return bytes(line)

    def _read(self) -> None:
        piece = read_ready(self._stdout.fileno())
        if piece == b"":
            self._has_ended = True
            self._selector.unregister(self._stdout)
        self._heard += piece or b""
        if len(self._heard) > MAX_LINE_BYTES:
            raise RopewalkError("the program said a line without an end", code="talk_ended")

    def _wait(self) -> bool:
        try:
            self._process.wait(timeout=_GRACE_S)
        except subprocess.TimeoutExpired:
            return False
        return True

"""One supervisor process and the three conversations with it: request, requests to stop, report.

Invariant: whatever happens, leaving the context closes the control pipe, which makes the supervisor
end its tree, and reaps the supervisor by its own pid.
"""

import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from ropewalk.errors import InvalidInput, ProgramNotFound, RopewalkError
from ropewalk.process.identity import ProcessIdentity, boot_id, find_identity
from ropewalk.process.values import Ended, EndedBy, Limits, Started, Usage

_PROGRAM: Final = Path(__file__).parent.with_name("_supervise.py")
_LIBRARY_VARIABLES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
# Longer than the supervisor tries to kill.
ANSWER_PATIENCE_S: Final = 4.5
_REPORT_LIMIT: Final = 64 * 1024
_REST_NAME: Final = ".rest"
_REST_BYTES: Final = 1024 * 1024
_REASON_BYTES: Final = {EndedBy.TIMEOUT: b"t", EndedBy.IDLE: b"i", EndedBy.CANCELLED: b"c"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the supervisor is to run."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    limits: Limits
    report: Path | None

    def encode(self) -> bytes:
        """Return the request as the supervisor reads it, its length first.

        Raises:
            InvalidInput: the argument list is empty, or something holds a NUL byte.
        """
        if not self.argv:
            message = "there is no program to run: the argument list is empty"
            raise InvalidInput(message)
        fields = (
            str(self.limits.interrupt_s),
            str(self.limits.grace_s),
            os.path.abspath(self.cwd),  # noqa: PTH100 - resolve() would follow symbolic links
            "" if self.report is None else os.path.abspath(self.report),  # noqa: PTH100
            str(len(self.argv)),
            *self.argv,
            *(f"{name}={value}" for name, value in self.env.items()),
        )
        if any("\0" in field for field in fields):
            message = f"a NUL byte in the arguments or the environment of '{self.argv[0]}'"
            raise InvalidInput(message)
        body = b"\0".join(os.fsencode(field) for field in fields)
        return len(body).to_bytes(8, "big") + body


_WAKE_EVERY_MS: Final = 500


class Supervised:
    """A running supervisor with the coordinator's ends of its pipes."""

    def __init__(self, request: Request, *, has_stdin: bool) -> None:
        self._request = request
        self._encoded = request.encode()
        self._reported = bytearray()
        try:
            self._launch(has_stdin=has_stdin)
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"'{request.argv[0]}' could not be started: {reason.lower()}"
            raise RopewalkError(message, code="not_started") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close(self._control)
        limits = self._request.limits
        patience = limits.interrupt_s + limits.grace_s + ANSWER_PATIENCE_S
        try:
            self._process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for descriptor in tuple(self._open):
            self.close(descriptor)

    def ask(self) -> None:
        """Send the request, once; `start` waits for what comes of it."""
        body = memoryview(self._encoded)
        with contextlib.suppress(BrokenPipeError):
            while body:
                body = body[os.write(self._control, body) :]

    def start(self) -> Started:
        """Wait until the child runs.

        Raises:
            ProgramNotFound: the program is missing or cannot be executed.
            RopewalkError: the working directory is missing, or the system refused.
        """
        answer = json.loads(self._read_line() or b"{}")
        if "failed" in answer:
            raise _not_started(self._request, stage=answer["failed"], number=answer["errno"])
        if "child" not in answer or self._identity is None:
            message = f"'{self._request.argv[0]}' could not be started: its supervisor ended"
            raise RopewalkError(message, code="supervisor_lost")
        child = ProcessIdentity(
            pid=answer["child"], start_time=answer["start_time"], boot_id=boot_id()
        )
        os.set_blocking(self.status, False)
        return Started(supervisor=self._identity, child=child)

    def stop(self, reason: EndedBy) -> None:
        """Ask the supervisor to end the tree; it may have done so already, or be stopped itself."""
        with contextlib.suppress(OSError):
            os.write(self._control, _REASON_BYTES[reason])
            self._process.send_signal(signal.SIGCONT)

    @property
    def has_reported(self) -> bool:
        """Whether the whole report is here; it can come together with the word of the start."""
        return self._reported.endswith(b"\n")

    def kill(self) -> None:
        """Kill a supervisor that has nothing to do any more, or does not answer; reap it."""
        self._process.kill()
        self._process.wait()

    def read_report(self) -> Ended | None:
        """Return the supervisor's report when it has come, None before or without one.

        Raises:
            EOFError: the supervisor is gone without a report.
        """
        if not self.has_reported:
            try:
                piece = os.read(self.status, _REPORT_LIMIT)
            except BlockingIOError:
                return None
            self._reported += piece
            if not piece:
                raise EOFError
        ended = parse_report(bytes(self._reported)) if self.has_reported else None
        if self.has_reported and ended is None:
            raise EOFError
        return ended

    def _read_line(self) -> bytes:
        """Read the first line of the status pipe, waiting for it; the rest is the report's.

        A program may stop its supervisor before that one has told of it: it is woken until it has.
        """
        waiting = select.poll()
        waiting.register(self.status, select.POLLIN)
        while b"\n" not in self._reported:
            if not waiting.poll(_WAKE_EVERY_MS):
                self._process.send_signal(signal.SIGCONT)
                continue
            piece = os.read(self.status, _REPORT_LIMIT)
            if not piece:
                return b""
            self._reported += piece
        line, _, rest = self._reported.partition(b"\n")
        self._reported = bytearray(rest)
        return bytes(line)

    def _launch(self, *, has_stdin: bool) -> None:
        """Make the pipes and start the supervisor, which waits for its request."""
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            control_end, self._control = _pipe(theirs, ours, reads_here=False)
            status_end, self.status = _pipe(theirs, ours, reads_here=True)
            out_end, self.stdout = _pipe(theirs, ours, reads_here=True)
            error_end, self.stderr = _pipe(theirs, ours, reads_here=True)
            self._open = {self._control, self.status, self.stdout, self.stderr}
            self.stdin: int | None = None
            in_end = subprocess.DEVNULL
            if has_stdin:
                in_end, self.stdin = _pipe(theirs, ours, reads_here=False)
                self._open.add(self.stdin)
            passed = (control_end, status_end, self.stdout)
            self._process = subprocess.Popen(
                (sys.executable, "-I", "-S", str(_PROGRAM), *map(str, passed)),
                stdin=in_end,
                stdout=out_end,
                stderr=error_end,
                pass_fds=passed,
                cwd="/",
                env={name: os.environ[name] for name in _LIBRARY_VARIABLES if name in os.environ},
                start_new_session=True,
            )
            ours.pop_all()
        self._identity = find_identity(self._process.pid)

    def close(self, descriptor: int) -> None:
        """Close one of our ends of the pipes, once."""
        if descriptor in self._open:
            self._open.discard(descriptor)
            os.close(descriptor)


def read_report(path: Path) -> Ended | None:
    """Return the report that a supervisor left at `path`; None when there is no whole one.

    Its `tail` and `output` are empty: they went to the coordinator, which is gone. What that one
    had not read is what `read_rest` returns.
    """
    try:
        with path.open("rb") as file:
            return parse_report(file.read(_REPORT_LIMIT))
    except OSError:
        return None


def read_rest(path: Path) -> bytes:
    """Return the end of stdout that no coordinator has read, beside the report at `path`."""
    rest = path.with_name(f"{path.name}{_REST_NAME}")
    try:
        with rest.open("rb") as file:
            return file.read(_REST_BYTES)
    except OSError:
        return b""


def parse_report(line: bytes) -> Ended | None:
    """Return what a supervisor's last line says; None when it is no such line."""
    try:
        fields = json.loads(line)
        return Ended(
            exit_code=_number_or_none(fields["exit_code"]),
            signal=_number_or_none(fields["signal"]),
            ended_by=EndedBy(fields["ended_by"]),
            duration_s=float(fields["duration_s"]),
            usage=Usage(
                cpu_s=float(fields["cpu_s"]),
                max_rss_kb=int(fields["max_rss_kb"]),
                block_reads=int(fields["block_reads"]),
                block_writes=int(fields["block_writes"]),
            ),
            tail=(),
            output=b"",
            output_bytes=0,
            truncated=False,
            swept=int(fields["swept"]),
            survivors=tuple(int(pid) for pid in fields["survivors"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _number_or_none(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(value)


def _pipe(
    theirs: contextlib.ExitStack, ours: contextlib.ExitStack, *, reads_here: bool
) -> tuple[int, int]:
    """Make a pipe; return the supervisor's end and ours, each to be closed by its own stack."""
    read_end, write_end = os.pipe()
    their_end, our_end = (write_end, read_end) if reads_here else (read_end, write_end)
    theirs.callback(os.close, their_end)
    ours.callback(os.close, our_end)
    return their_end, our_end


def _not_started(request: Request, *, stage: str, number: int) -> RopewalkError:
    """Say why the child could not be started, in the caller's own names."""
    program = request.argv[0]
    if stage == "cwd":
        reason = os.strerror(number).lower()
        message = f"'{program}' cannot run in {request.cwd}: {reason}"
        return RopewalkError(message, hint="is the folder still there?", code="no_directory")
    match number:
        case errno.ENOENT:
            message = f"the program '{program}' was not found"
            hint = "install it, or write its full path; PATH is the one that the program is given"
        case errno.EACCES | errno.ENOEXEC | errno.ENOTDIR:
            message = f"'{program}' is not a program that can be executed"
            hint = "is it executable, and does it begin with a line that names its interpreter?"
        case _:
            message = f"'{program}' could not be started: {os.strerror(number).lower()}"
            return RopewalkError(message, code="not_started")
    return ProgramNotFound(message, hint=hint)

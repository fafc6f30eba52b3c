"""How attempts are run: the protocol, and the executor that runs them in this process.

A spec is JSON only and a result too, so that another executor may run attempts elsewhere. Every
submitted attempt ends with exactly one result; whatever a runner raises becomes a failed one.
"""

import json
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeAlias

from ropewalk.errors import RopewalkError
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.values import JsonObject

OnEvent: TypeAlias = Callable[[str, JsonObject, bool], None]
_TRACEBACK_CHARACTERS = 4000
_LOOK_S = 1.0


class Executor(Protocol):
    """Runs attempts somewhere; nothing above knows where.

    ``start`` and ``close`` belong to whoever made it; ``close`` cancels what still runs.
    ``submit`` hands over an attempt: ``on_event(type, data, sync)`` is called from any thread, and
    the future ends with the result. ``cancel`` asks an attempt to end, which its result will show;
    an unknown id is no error. ``reattach`` gives the futures of those of the named attempts that
    were submitted before and can still be waited for. ``capacity`` is how many attempts it takes
    at once just now, None for any number.
    """

    def start(self) -> None: ...

    def submit(self, spec: AttemptSpec, on_event: OnEvent) -> Future[AttemptResult]: ...

    def cancel(self, attempt_id: str) -> None: ...

    def reattach(self, ids: Iterable[str]) -> Mapping[str, Future[AttemptResult]]: ...

    def capacity(self) -> int | None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What a runner may use: a way to say what happens, and the request to end."""

    on_event: OnEvent
    cancelled: threading.Event

    def emit(self, type_: str, data: JsonObject, *, sync: bool = False) -> None:
        """Append an event of this attempt to the journal; `sync`: wait until it is on the disk."""
        self.on_event(type_, data, sync)


Runner: TypeAlias = Callable[[AttemptSpec, Control], AttemptResult]


class LocalExecutor:
    """Runs each attempt in a thread of its own.

    Args:
        runners: the function for each kind of step.
        threads: how many attempts may run at once.
    """

    def __init__(self, runners: Mapping[str, Runner], *, threads: int = 512) -> None:
        self._runners = dict(runners)
        self._threads = threads
        self._lock = threading.Lock()
        self._open: dict[str, _Attempt] = {}
        self._looked_at = time.monotonic()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Do nothing: threads start with their attempts."""

    def submit(self, spec: AttemptSpec, on_event: OnEvent) -> Future[AttemptResult]:
        """Start a thread for an attempt.

        Raises:
            ValueError: an attempt with this id is running.
        """
        attempt = _Attempt(spec=spec, on_event=on_event)
        attempt.thread = threading.Thread(
            target=self._run, args=(attempt,), name=f"attempt {spec.attempt_id}", daemon=True
        )
        with self._lock:
            if spec.attempt_id in self._open:
                raise ValueError(f"attempt '{spec.attempt_id}' is running")
            self._open[spec.attempt_id] = attempt
        try:
            attempt.thread.start()
        except RuntimeError:
            with self._lock:
                del self._open[spec.attempt_id]
            raise
        return attempt.future

    def cancel(self, attempt_id: str) -> None:
        """Set the attempt's request to end."""
        with self._lock:
            attempt = self._open.get(attempt_id)
        if attempt is not None:
            attempt.cancelled.set()

    def reattach(self, ids: Iterable[str]) -> Mapping[str, Future[AttemptResult]]:
        """Find attempts that this executor is still running."""
        with self._lock:
            return {id_: self._open[id_].future for id_ in ids if id_ in self._open}

    def capacity(self) -> int | None:
        """Count the threads there may be; the scheduler asks often, so the dead are found here."""
        if time.monotonic() - self._looked_at > _LOOK_S:
            self._looked_at = time.monotonic()
            self._bury()
        return self._threads

    def close(self, *, wait_s: float = 10.0) -> None:
        """Cancel what still runs, and wait for each attempt up to `wait_s` seconds."""
        with self._lock:
            left = tuple(self._open.values())
        for attempt in left:
            attempt.cancelled.set()
        for attempt in left:
            attempt.thread.join(wait_s)

    def _runner(self, kind: str) -> Runner:
        if kind not in self._runners:
            raise RopewalkError(f"nothing runs steps of the kind '{kind}'", code="unknown_kind")
        return self._runners[kind]

    def _run(self, attempt: "_Attempt") -> None:
        spec = attempt.spec
        try:
            control = Control(on_event=attempt.on_event, cancelled=attempt.cancelled)
            result = _plain(self._runner(spec.kind)(spec, control))
        except BaseException as error:  # noqa: BLE001 - the boundary of the worker: no failure is lost
            result = failure_of(spec.attempt_id, error)
        with self._lock:
            del self._open[spec.attempt_id]
        attempt.future.set_result(result)

    def _bury(self) -> None:
        """Fail attempts whose thread died before its first line: no memory, or a tracer raised."""
        with self._lock:
            dead = [
                attempt
                for attempt in self._open.values()
                if attempt.thread.ident is not None and not attempt.thread.is_alive()
            ]
            for attempt in dead:
                del self._open[attempt.spec.attempt_id]
        for attempt in dead:
            said = "internal: the thread of the attempt died"
            error = {"code": "internal", "message": said, "hint": ""}
            attempt.future.set_result(failed(attempt.spec.attempt_id, said, error))


class _Attempt:
    def __init__(self, *, spec: AttemptSpec, on_event: OnEvent) -> None:
        self.spec = spec
        self.on_event = on_event
        self.future: Future[AttemptResult] = Future()
        self.cancelled = threading.Event()
        self.thread: threading.Thread


def failed(attempt_id: str, reason: str, error: JsonObject) -> AttemptResult:
    """Make a failed result; `error` goes into its outputs."""
    return AttemptResult(
        attempt_id=attempt_id, state=StepState.FAILED, reason=reason, outputs={"error": error}
    )


def failure_of(attempt_id: str, error: BaseException) -> AttemptResult:
    """Turn what was raised into a failed result.

    One of our own errors keeps its code, message and hint; anything else is a defect and has the
    reason ``internal: …`` and the traceback.
    """
    if isinstance(error, RopewalkError):
        return failed(
            attempt_id,
            error.code,
            {
                "code": error.code,
                "message": error.message,
                "hint": error.hint,
                "where": error.where,
                "exit_code": error.exit_code,
            },
        )
    said = f"internal: {type(error).__name__}: {error}"
    lines = "".join(traceback.format_exception(error))
    return failed(
        attempt_id,
        said,
        {
            "code": "internal",
            "message": said,
            "hint": "",
            "traceback": lines[-_TRACEBACK_CHARACTERS:],
        },
    )


def _plain(result: AttemptResult) -> AttemptResult:
    """Give outputs the form that they have after a resume: what JSON makes of them."""
    return replace(result, outputs=json.loads(json.dumps(result.outputs, allow_nan=False)))

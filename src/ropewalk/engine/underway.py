"""The attempts that are under way: handing over, deadlines, telling them to end, taking results.

Results come from any thread into one queue and leave it once per attempt id; whatever else comes is
`Late`. An attempt that was told to end is waited for, because it may still write; only when it does
not end for the whole grace time is it given up, and its result, should it come, is late.
"""

import heapq
import itertools
import math
import queue
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass

from ropewalk.engine.executor import Executor, OnEvent, failed, failure_of
from ropewalk.engine.ledger import Attempt
from ropewalk.engine.retries import Timing
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState

TIMEOUT = "timeout"
NOT_ENDED = "it did not end when told to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The one accepted end of an attempt; ``told`` is why it had been told to end."""

    attempt: Attempt
    result: AttemptResult
    told: str | None
    is_given_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A result that nobody waits for any more; ``step`` is None when nobody ever did."""

    step: str | None
    result: AttemptResult


@dataclass(slots=True, kw_only=True)
class _Open:
    attempt: Attempt
    future: Future[AttemptResult]
    told: str | None = None
    give_up_at: float = math.inf


class Underway:
    """All open attempts of one scheduler; used by one thread.

    Args:
        executor: runs the attempts.
        timing: clocks and patience.
    """

    def __init__(self, executor: Executor, timing: Timing) -> None:
        self._executor = executor
        self._timing = timing
        self._open: dict[str, _Open] = {}
        self._given_up: dict[str, str] = {}
        self._alarms: list[tuple[float, int, str]] = []
        self._counter = itertools.count()
        self._arrived: queue.SimpleQueue[tuple[str, AttemptResult]] = queue.SimpleQueue()

    def __len__(self) -> int:
        """Count the attempts that have not ended."""
        return len(self._open)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The attempts that have not ended."""
        return tuple(entry.attempt for entry in self._open.values())

    def has_room(self, wanted: int) -> bool:
        """Say whether the executor takes so many attempts more."""
        capacity = self._executor.capacity()
        return capacity is None or len(self._open) + wanted <= capacity

    def submit(self, attempt: Attempt, spec: AttemptSpec, on_event: OnEvent) -> None:
        """Hand an attempt over; an executor that refuses it makes it fail."""
        try:
            future = self._executor.submit(spec, on_event)
        except Exception as error:  # noqa: BLE001 - the boundary to executors: no failure is lost
            future = Future()
            future.set_result(failure_of(attempt.id, error))
        self.follow(attempt, future)

    def follow(self, attempt: Attempt, future: Future[AttemptResult]) -> None:
        """Wait for an attempt that is running, from now on within its time limit."""
        self._open[attempt.id] = _Open(attempt=attempt, future=future)
        if attempt.step.timeout_s is not None:
            self._alarm(attempt.step.timeout_s, attempt.id)
        future.add_done_callback(
            lambda done: self._arrived.put((attempt.id, _result_of(attempt.id, done)))
        )

    def tell(self, attempt_id: str, why: str) -> None:
        """Tell an attempt to end; only the first reason counts."""
        entry = self._open.get(attempt_id)
        if entry is not None and entry.told is None:
            entry.told = why
            entry.give_up_at = self._alarm(self._timing.grace_s, attempt_id)
            self._executor.cancel(attempt_id)

    def take(self, patience_s: float) -> Iterator[Ended | Late]:
        """Wait up to `patience_s` seconds for something to end; yield all that has."""
        if self._alarms:
            patience_s = min(patience_s, self._alarms[0][0] - self._timing.monotonic())
        try:
            yield from self._take(*self._arrived.get(timeout=max(0.0, patience_s)))
            while True:
                yield from self._take(*self._arrived.get_nowait())
        except queue.Empty:
            pass
        yield from self._ring()

    def abandon(self) -> None:
        """Tell everything to end and wait for it, for the grace time at most."""
        entries = tuple(self._open.values())
        for entry in entries:
            self._executor.cancel(entry.attempt.id)
        wait([entry.future for entry in entries], timeout=self._timing.grace_s)

    def _take(self, attempt_id: str, result: AttemptResult) -> Iterator[Ended | Late]:
        if result.attempt_id != attempt_id:
            yield Late(step=None, result=result)
            said = f"internal: the result belongs to attempt '{result.attempt_id}'"
            result = failed(attempt_id, said, {"code": "internal", "message": said, "hint": ""})
        entry = self._open.pop(attempt_id, None)
        if entry is None:
            yield Late(step=self._given_up.get(attempt_id), result=result)
        else:
            yield Ended(attempt=entry.attempt, result=result, told=entry.told)

    def _alarm(self, seconds: float, attempt_id: str) -> float:
        at = self._timing.monotonic() + seconds
        heapq.heappush(self._alarms, (at, next(self._counter), attempt_id))
        return at

    def _ring(self) -> Iterator[Ended]:
        """End what is over time: tell it first, and when that was in vain give it up."""
        while self._alarms and self._alarms[0][0] <= self._timing.monotonic():
            at, _, attempt_id = heapq.heappop(self._alarms)
            entry = self._open.get(attempt_id)
            if entry is None:
                continue
            if entry.told is None:
                self.tell(attempt_id, TIMEOUT)
            elif at >= entry.give_up_at:
                yield self._give_up(entry)

    def _give_up(self, entry: _Open) -> Ended:
        attempt = entry.attempt
        del self._open[attempt.id]
        self._given_up[attempt.id] = attempt.step.id
        result = AttemptResult(attempt_id=attempt.id, state=StepState.FAILED, reason=NOT_ENDED)
        return Ended(attempt=attempt, result=result, told=entry.told, is_given_up=True)


def _result_of(attempt_id: str, future: Future[AttemptResult]) -> AttemptResult:
    """Read a future that is done, whatever it is done with."""
    if future.cancelled():
        return AttemptResult(
            attempt_id=attempt_id, state=StepState.CANCELLED, reason="cancelled by the executor"
        )
    error = future.exception()
    return future.result() if error is None else failure_of(attempt_id, error)

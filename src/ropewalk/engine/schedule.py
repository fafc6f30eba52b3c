"""Runs a graph: starts what may start, accepts results once, retries, stops, and can go on later.

One thread, the caller's, makes all decisions; executors only put results into a queue. Everything
is in the journal before it has an effect, so a run that was killed anywhere goes on from the fold
of its journal: finished steps are not run again, and attempts that a dead coordinator left open are
waited for where the executor still has them, else repeated under a new number.

A request to cancel leaves unfinished steps unfinished. Under `fail_fast` the first failure cancels
what runs and skips what has not started; steps that run in any case (`always`) still do.
"""

import heapq
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from ropewalk.engine.executor import Executor, OnEvent, failed
from ropewalk.engine.history import EMPTY, INTERRUPTED, History
from ropewalk.engine.ledger import Attempt, GraphOutcome, Ledger, interrupted, with_growth
from ropewalk.engine.pools import Pools, Shortage, require_fits
from ropewalk.engine.progress import FAIL_FAST, Moves
from ropewalk.engine.retries import Timing, delay_after, may_retry, write_time
from ropewalk.engine.underway import NOT_ENDED, TIMEOUT, Ended, Late, Underway
from ropewalk.errors import InvalidInput
from ropewalk.model.event import Emit
from ropewalk.model.graph import AttemptResult, AttemptSpec, Graph, Step, StepState, WhenNeeds
from ropewalk.model.values import JsonObject

_DONE = (StepState.SUCCEEDED, StepState.CACHED, StepState.WAITING, StepState.SKIPPED)
_FAILURES = (StepState.FAILED, StepState.CANCELLED, StepState.TIMED_OUT)
_TIMING = Timing()
OnShort: TypeAlias = Callable[[Step, Shortage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What a run is bound by."""

    run_id: str
    emit: Emit
    pools: Mapping[str, float]
    cancel: threading.Event
    fail_fast: bool
    timing: Timing
    on_short: OnShort | None


def run_graph(
    graph: Graph,
    *,
    run_id: str,
    executor: Executor,
    emit: Emit,
    pools: Mapping[str, float],
    history: History = EMPTY,
    cancel: threading.Event | None = None,
    fail_fast: bool = False,
    timing: Timing = _TIMING,
    on_short: OnShort | None = None,
) -> GraphOutcome:
    """Run the steps of a graph that are not finished, and those that they grew before.

    Args:
        graph: the steps; definitions given here win over those in the history.
        run_id: the run that the journal belongs to.
        executor: started and closed by the caller.
        emit: appends to the journal of the run.
        pools: size of each pool; a pool that is not named is unbounded.
        history: the fold of the journal so far.
        cancel: when set, nothing more is started and what runs is told to end.
        fail_fast: stop at the first failure.
        timing: clocks and patience.
        on_short: told of each ready step that has to wait, once for each pool that it is short of.

    Raises:
        InvalidInput: the graph is not valid, or a step asks for more than its pool has.
        RopewalkError: the journal could not be written; what ran was told to end.
    """
    whole = with_growth(graph, history)
    require_fits(whole.steps, pools)
    terms = _Terms(
        run_id=run_id,
        emit=emit,
        pools=pools,
        cancel=cancel or threading.Event(),
        fail_fast=fail_fast,
        timing=timing,
        on_short=on_short,
    )
    ledger = Ledger(whole, run_id=run_id, history=history, emit=emit)
    return _Scheduler(ledger, executor, terms).run(history)


class _Scheduler:
    def __init__(self, ledger: Ledger, executor: Executor, terms: _Terms) -> None:
        self._ledger = ledger
        self._executor = executor
        self._terms = terms
        self._pools = Pools(terms.pools)
        self._underway = Underway(executor, terms.timing)
        self._resting: dict[str, AttemptResult | None] = {}
        self._due: list[tuple[float, str]] = []
        self._short: dict[str, str] = {}
        self._is_stopped = False
        self._is_tripped = False

    def run(self, history: History) -> GraphOutcome:
        self._ledger.plan()
        try:
            self._take_up(history)
            self._watch()
            while self._underway or (not self._is_stopped and (self._pools or self._resting)):
                self._wake()
                self._start()
                self._tell_short()
                for end in self._underway.take(self._patience()):
                    self._accept(end)
                self._watch()
        except BaseException:
            self._underway.abandon()
            raise
        return self._ledger.outcome(interrupted=self._is_stopped)

    def _take_up(self, history: History) -> None:
        """Follow or close the attempts that an earlier coordinator left, then decide the rest."""
        states = self._ledger.progress.states
        left = {
            id_: attempt
            for id_, attempt in history.open_attempts.items()
            if attempt.step in states and not states[attempt.step].is_final
        }
        found = self._executor.reattach(tuple(left))
        for id_, attempt in left.items():
            step = self._ledger.progress.step(attempt.step)
            if id_ not in found:
                self._ledger.lose(id_, attempt)
                continue
            self._ledger.progress.mark(step.id, StepState.RUNNING)
            self._pools.hold(step)
            self._underway.follow(Attempt(id=id_, step=step, number=attempt.number), found[id_])
        self._admit(self._ledger.skip(self._ledger.progress.begin()))
        if any(state in _FAILURES for state in states.values()):
            self._trip()

    def _watch(self) -> None:
        """Stop when the caller wants it: start nothing, and tell what runs to end."""
        if self._terms.cancel.is_set() and not self._is_stopped:
            self._is_stopped = True
            for attempt in self._underway.attempts:
                self._underway.tell(attempt.id, INTERRUPTED)

    def _wake(self) -> None:
        """Queue the steps whose rest is over."""
        now = self._terms.timing.monotonic()
        while self._due and self._due[0][0] <= now:
            _, step = heapq.heappop(self._due)
            if step in self._resting:
                del self._resting[step]
                self._pools.push(self._ledger.progress.step(step))

    def _start(self) -> None:
        """Start all steps that fit: journalled together, then handed over one by one."""
        batch: list[Attempt] = []
        while not self._is_stopped and self._underway.has_room(len(batch) + 1):
            step = self._pools.pop()
            if step is None:
                break
            batch.append(self._ledger.number(step))
        self._ledger.start(batch)
        for attempt in batch:
            step = attempt.step
            spec = AttemptSpec(
                attempt_id=attempt.id,
                run_id=self._terms.run_id,
                step=step.id,
                kind=step.kind,
                number=attempt.number,
                payload=step.payload,
                needs=self._ledger.needs_of(step.id),
                timeout_s=step.timeout_s,
            )
            self._underway.submit(attempt, spec, self._listener(attempt))

    def _tell_short(self) -> None:
        """Say why steps wait that could start, when that is news."""
        if self._terms.on_short is None:
            return
        known, self._short = self._short, {}
        for step, shortage in self._pools.shortages():
            self._short[step.id] = shortage.pool
            if known.get(step.id) != shortage.pool:
                self._terms.on_short(step, shortage)

    def _listener(self, attempt: Attempt) -> OnEvent:
        def on_event(type_: str, data: JsonObject, sync: bool) -> None:  # noqa: FBT001 - protocol
            self._terms.emit(type_, data, step=attempt.step.id, attempt=attempt.id, sync=sync)

        return on_event

    def _patience(self) -> float:
        poll_s = self._terms.timing.poll_s
        if not self._due:
            return poll_s
        return min(poll_s, self._due[0][0] - self._terms.timing.monotonic())

    def _accept(self, end: Ended | Late) -> None:
        """Take the end of an attempt into the journal and decide what follows from it."""
        if isinstance(end, Late):
            self._ledger.late(end.step, end.result)
            return
        step = end.attempt.step
        self._pools.release(step.id)
        if end.told == INTERRUPTED and end.result.state not in _DONE:
            if not end.is_given_up:
                self._ledger.interrupt(step.id, interrupted(end.result))
            return
        result = self._judge(step.id, _as_told(end))
        self._ledger.attempt_finished(step.id, result)
        self._settle(step, result)

    def _judge(self, step: str, result: AttemptResult) -> AttemptResult:
        """Refuse a result that cannot be: a state that is no end, growth that does not fit."""
        said = ""
        if result.state not in (*_DONE, *_FAILURES):
            said = f"internal: an attempt cannot end as '{result.state}'"
        elif result.state is StepState.WAITING and result.grown:
            said = "invalid_growth: a step at a gate cannot add steps"
        try:
            require_fits(result.grown, self._terms.pools)
            self._ledger.progress.require_growth(step, result.grown)
        except InvalidInput as error:
            said = f"invalid_growth: {error.message}"
        if not said:
            return result
        code = said.partition(":")[0]
        return failed(result.attempt_id, said, {"code": code, "message": said, "hint": ""})

    def _settle(self, step: Step, result: AttemptResult) -> None:
        """Go on from a journalled result: a gate, another attempt, or the end of the step."""
        if result.state is StepState.WAITING:
            self._ledger.wait(step.id, result)
            return
        counted = self._ledger.counted(step.id)
        goes_on = not self._is_tripped or step.when_needs is WhenNeeds.ALWAYS
        if goes_on and may_retry(result, step.retry, counted=counted):
            timing = self._terms.timing
            delay = delay_after(step.retry, counted=counted, draw=timing.draw)
            self._ledger.retry(step.id, due_at=write_time(timing.wall() + delay))
            self._rest(step.id, delay, result)
            return
        self._finish(step.id, result)

    def _finish(self, step: str, result: AttemptResult) -> None:
        self._admit(self._ledger.finish(step, result))
        if result.state in _FAILURES:
            self._trip()

    def _admit(self, moves: Moves) -> None:
        """Queue what may start; a step with a past goes on from where it stood."""
        for step in moves.ready:
            past = self._ledger.past(step.id)
            if past.result is not None:
                self._settle(step, self._judge(step.id, past.result))
            elif past.due is not None:
                delay = past.due - self._terms.timing.wall()
                self._rest(step.id, max(0.0, min(delay, step.retry.max_delay_s)), None)
            else:
                self._pools.push(step)

    def _rest(self, step: str, delay: float, result: AttemptResult | None) -> None:
        self._resting[step] = result
        heapq.heappush(self._due, (self._terms.timing.monotonic() + delay, step))

    def _trip(self) -> None:
        """Under `fail_fast`: end what runs, and start nothing but steps that run in any case."""
        if not self._terms.fail_fast or self._is_tripped:
            return
        self._is_tripped = True
        for attempt in self._underway.attempts:
            if attempt.step.when_needs is not WhenNeeds.ALWAYS:
                self._underway.tell(attempt.id, FAIL_FAST)
        for step, result in tuple(self._resting.items()):
            if self._ledger.progress.step(step).when_needs is not WhenNeeds.ALWAYS:
                del self._resting[step]
                if result is not None:
                    self._finish(step, result)
        moves = self._ledger.skip(self._ledger.progress.stop())
        self._pools.drop({skipped.step for skipped in moves.skipped})
        self._admit(moves)


def _as_told(end: Ended) -> AttemptResult:
    """Let the reason why an attempt was told to end stand above what it says of itself."""
    result = end.result
    if end.told is None or (end.told != TIMEOUT and result.state in _DONE):
        return result
    state = StepState.TIMED_OUT if end.told == TIMEOUT else StepState.CANCELLED
    reason = f"{end.told}: {NOT_ENDED}" if end.is_given_up else end.told
    return replace(result, state=state, reason=reason, grown=())

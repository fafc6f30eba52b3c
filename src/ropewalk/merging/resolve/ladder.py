"""Asks one rung after another how a conflict could be resolved, and takes the first that is proved.

Invariants: the order in which trees are offered decides, not which proof ends first, so that the
same conflict gets the same resolution again; nothing is taken that was not proved, and of what
no person or agent judged nothing in files that the proof does not look at; without a command that
could prove anything, and where the person only wants to see, there are suggestions.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from ropewalk.merging.resolve.source import Source
from ropewalk.merging.resolve.trials import Proof, Stop, Trial
from ropewalk.merging.resolve.values import Offered, Refused, Rung
from ropewalk.merging.resolve.weighing import weigh
from ropewalk.merging.values import Clash, MergeInput, MergeTools, Proposal, Resolver, Unresolved
from ropewalk.model.merge import Resolution, Resolve, ResolvedBy, Suggestion

_SUGGESTIONS = 3
_NOTHING = "there is no automatic resolution for it"
# Nobody has judged what these make; a recording is what a person decided.
_BY_RULE = (ResolvedBy.DRIVER, ResolvedBy.CANDIDATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is tried for one conflict; what an agent does counts on its own.

    ``trees`` are put to the proof in all, none is begun after ``time_s`` seconds, and ``at_once``
    are checked at the same time, 0 for as many as there are processors.
    """

    trees: int = 16
    time_s: float = 900.0
    at_once: int = 0


def ladder(
    given: MergeInput,
    tools: MergeTools,
    rungs: Sequence[tuple[ResolvedBy, Rung]],
    *,
    prove: Callable[[Clash], Proof],
    limits: Limits | None = None,
) -> Resolver:
    """Return the resolver that asks ``rungs`` in order.

    Args:
        given: what is merged, and whether resolutions are taken, shown or not sought.
        tools: whom to tell, and when to stop.
        rungs: who resolves, and how.
        prove: begins the proof of the trees for one conflict.
        limits: how much is tried; None for the usual.
    """

    def resolve(clash: Clash) -> Proposal | Unresolved | None:
        if given.options.resolve is Resolve.OFF:
            return None
        climb = _Climb(tools, clash, prove(clash), limits or Limits())
        if given.options.resolve is Resolve.SUGGEST:
            return climb.suggest(rungs, why="--resolve suggest only shows them")
        if not climb.proof.commands:
            return climb.suggest(rungs, why="no check is configured that could prove one")
        return climb.climb(rungs)

    return resolve


class _Climb:
    """One conflict on its way up the ladder."""

    def __init__(self, tools: MergeTools, clash: Clash, proof: Proof, limits: Limits) -> None:
        self.proof = proof
        self._tools = tools
        self._clash = clash
        self._limits = limits
        self._ends_at = time.monotonic() + limits.time_s
        self._answers: dict[str, Refused | None] = {}
        self._offered = 0
        self._below = 0
        self._tried = 0
        self._failed: Refused | None = None
        self._unproved: str | None = None
        self._close: list[Suggestion] = []
        self._said: list[str] = []

    def suggest(self, rungs: Sequence[tuple[ResolvedBy, Rung]], *, why: str) -> Unresolved:
        """Show what the rungs offer; nothing is run, and no agent is set to work for it."""
        for by, rung in rungs:
            if by is ResolvedBy.AGENT:
                continue
            with self._asked(by, rung) as source:
                while len(self._close) < _SUGGESTIONS and (offered := source.pull()) is not None:
                    seen, refused = self.proof.look(offered)
                    if refused is None:
                        self._suggest(seen, why)
        number = len(self._close)
        suggestions = "1 suggestion" if number == 1 else f"{number} suggestions"
        return self._unresolved(f"{suggestions}, none applied: {why}" if number else _NOTHING)

    def climb(self, rungs: Sequence[tuple[ResolvedBy, Rung]]) -> Proposal | Unresolved:
        """Return the first tree that is proved, or why there is none."""
        for by, rung in rungs:
            # Where the checks do not look, they look no better at what the next rule makes.
            if self._unproved is not None and by in _BY_RULE:
                continue
            with self._asked(by, rung) as source:
                proved = self._first_proved(by, source)
                if proved is not None and (by not in _BY_RULE or self._is_weighty(proved)):
                    return self._proposal(proved)
        return self._unresolved(self._why_none())

    @contextmanager
    def _asked(self, by: ResolvedBy, rung: Rung) -> Iterator[Source]:
        self._tools.note("resolving", {"domain": self._clash.domain, "by": by.value})
        source = Source(rung(self._clash), self._answers)
        self._below = self._tried
        try:
            yield source
        finally:
            source.close()
        self._said.extend(filter(None, (source.said,)))

    def _first_proved(self, by: ResolvedBy, source: Source) -> Trial | None:
        """Put trees to the proof, some at once, and judge them in the order of their offer."""
        at_once = 1 if by is ResolvedBy.AGENT else self._limits.at_once or _processors()
        stop = Stop(self._tools.cancel)
        waiting: deque[Trial] = deque()
        answer: Refused | None = None
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            try:
                while True:
                    while len(waiting) < at_once and self._may_try(by):
                        offered = source.pull(answer if at_once == 1 else None)
                        if offered is None:
                            break
                        waiting.append(self._begin(offered, pool, stop))
                    if not waiting:
                        return None
                    trial = waiting.popleft()
                    answer = trial.verdict.result()
                    self._tell(trial, answer)
                    if answer is None:
                        return trial
                    if trial.was_checked:
                        self._failed = answer
            finally:
                stop.set()

    def _is_weighty(self, trial: Trial) -> bool:
        """Say whether what proved a tree looks at what was in conflict; else it is suggested."""
        cancel, at_once = self._tools.cancel, self._limits.at_once or _processors()
        weighed = weigh(self.proof, trial, cancel=cancel, at_once=at_once, ends_at=self._ends_at)
        self._tools.note(
            "proof_weighed",
            {
                **trial.data(self._clash.domain, of=self._offered),
                "paths": list(self.proof.paths),
                "unseen": list(weighed.unseen),
                "unweighed": list(weighed.unweighed),
            },
        )
        if not weighed.problem:
            return True
        self._unproved = f"what passed is only suggested: {weighed.problem}"
        # What is open now was not judged, and may be offered once more.
        self._answers = {tree: why for tree, why in self._answers.items() if why is not None}
        self._close = [_suggestion(trial.offered, weighed.reason), *self._close[: _SUGGESTIONS - 1]]
        return False

    def _may_try(self, by: ResolvedBy) -> bool:
        """Say whether one more tree is begun; an agent has its own limits."""
        is_within = self._tried < self._limits.trees and time.monotonic() < self._ends_at
        return by is ResolvedBy.AGENT or is_within

    def _begin(self, offered: Offered, pool: ThreadPoolExecutor, stop: Stop) -> Trial:
        seen, refused = self.proof.look(offered)
        self._tried += 1
        self._offered = max(self._offered, self._tried, self._below + offered.among)
        if refused is None:
            verdict = pool.submit(self.proof.check, seen, number=self._tried, cancel=stop)
        else:
            verdict = Future()
            verdict.set_result(refused)
        return Trial(number=self._tried, offered=seen, verdict=verdict, was_checked=refused is None)

    def _tell(self, trial: Trial, refused: Refused | None) -> None:
        offered = trial.offered
        self._answers[offered.tree] = refused
        if refused is not None and trial.was_checked:
            self._suggest(offered, refused.reason)
        self._tools.note(
            "candidate_tried",
            {
                **trial.data(self._clash.domain, of=self._offered),
                "passed": refused is None,
                "why": refused.reason if refused is not None else None,
                "log": refused.log if refused is not None else None,
            },
        )

    def _suggest(self, offered: Offered, reason: str) -> None:
        if len(self._close) < _SUGGESTIONS:
            self._close.append(_suggestion(offered, reason))

    def _proposal(self, trial: Trial) -> Proposal:
        offered = trial.offered
        resolution = Resolution(
            by=offered.by,
            candidates_tried=trial.number,
            candidates_offered=self._offered,
            verified_by=self.proof.commands,
            edited_outside=offered.edited_outside,
            words=offered.words,
            dropped=offered.dropped,
        )
        return Proposal(tree=offered.tree, resolution=resolution)

    def _why_none(self) -> str:
        if self._unproved is not None:
            return self._unproved
        if not self._tried:
            return _NOTHING
        candidates = "1 candidate" if self._tried == 1 else f"{self._tried} candidates"
        none = "it does not" if self._tried == 1 else "none"
        late = time.monotonic() >= self._ends_at
        stopped = f", no more begun after {self._limits.time_s:g} s" if late else ""
        if self._failed is None:
            fit = "can be used" if self._tried > 1 else "come into question"
            return f"{candidates} tried, {none} {fit}: {self._refused()}{stopped}"
        passed = "pass both sides' checks" if self._tried == 1 else "passed both sides' checks"
        doubt = self.proof.find_doubt(self._failed)
        return f"{candidates} tried, {none} {passed}{stopped}{f'; {doubt}' if doubt else ''}"

    def _refused(self) -> str:
        """Return why the first tree was refused without a check having run."""
        return next(why.reason for why in self._answers.values() if why is not None)

    def _unresolved(self, reason: str) -> Unresolved:
        return Unresolved(reason="; ".join((reason, *self._said)), suggestions=tuple(self._close))


def _suggestion(offered: Offered, reason: str) -> Suggestion:
    return Suggestion(
        tree=offered.tree,
        by=offered.by,
        words=offered.words,
        reason=reason,
        dropped=offered.dropped,
    )


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

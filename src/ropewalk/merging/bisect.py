"""Finds the domain that breaks a train: the last one of its first prefix that fails.

Each prefix is checked on its exact tree. Nobody is blamed before the prefix without the domain has
passed and the one with it has failed twice, because some failures pass by themselves.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.objects import commit_tree
from ropewalk.merging.bench import Bench, Outcome, check_commit, runs_of
from ropewalk.merging.resolution import dated
from ropewalk.model.merge import Blame, ValidationRun

Probe = Callable[[int], Outcome]


@dataclass(slots=True, kw_only=True, eq=False)
class Search:
    """The search for the first prefix that fails.

    Args:
        probe: checks the prefix of so many domains; 0 is the target alone.
        good: a prefix that is taken to pass.
        fails: prefixes that failed, and how; the whole train is one of them.
        sure: those of which nothing more has to be run.
        window: how many prefixes are tried at once; a check often waits, so two always may.
        runs: everything that ran.
    """

    probe: Probe
    fails: dict[int, Outcome]
    sure: set[int]
    window: int = 1
    good: int = 0
    runs: list[ValidationRun] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """The first prefix that is known to fail."""
        return min(number for number in self.fails if number > self.good)

    def run(self) -> int | None:
        """Return the number of the first prefix that fails; None: the target fails by itself."""
        while True:
            bad = self.bad
            if bad - self.good > 1:
                self._narrow(bad)
            elif bad not in self.sure:
                self._repeat(bad)
            elif bad == 1 and 0 not in self.sure:
                self._try_target()
            else:
                return None if 0 in self.fails else bad

    def _narrow(self, bad: int) -> None:
        numbers = spread(self.good, bad, self.window)
        with ThreadPoolExecutor(max_workers=len(numbers)) as pool:
            outcomes = list(pool.map(self.probe, numbers))
        self.runs += runs_of(*outcomes)
        pairs = zip(numbers, outcomes, strict=True)
        found = {number: outcome for number, outcome in pairs if outcome.failed is not None}
        self.fails |= found
        first = min(found, default=bad)
        self.good = max((number for number in numbers if number < first), default=self.good)

    def _repeat(self, bad: int) -> None:
        """Run a prefix that failed once more; one that passes now is not to blame."""
        self.sure.add(bad)
        again = self.probe(bad)
        self.runs += runs_of(again)
        if again.failed is None:
            self.good = bad

    def _try_target(self) -> None:
        """Check the target alone; its failure counts, too, when it comes twice."""
        self.sure.add(0)
        first = self.probe(0)
        again = self.probe(0) if first.failed is not None else first
        self.runs += runs_of(first) if again is first else runs_of(first, again)
        if again.failed is not None:
            self.fails[0] = again


def search(bench: Bench, probe: Probe, whole: Outcome, *, is_certain: bool) -> Search:
    """Return the search for what breaks a train; the whole of it failed and counts as sure.

    Args:
        bench: the train.
        probe: checks a prefix.
        whole: how the whole train failed.
        is_certain: whether what fails once always fails.
    """
    last = len(bench.train.steps)
    return Search(
        probe=probe,
        fails={last: whole},
        sure=set(range(1, last + 1)) if is_certain else {last},
        window=min(bench.given.options.window, max(2, os.cpu_count() or 1)),
    )


def spread(good: int, bad: int, window: int) -> list[int]:
    """Return up to ``window`` numbers between two, at even distances."""
    parts = min(max(window, 1), bad - good - 1)
    places = {good + (bad - good) * part // (parts + 1) for part in range(1, parts + 1)}
    return sorted(places - {good})


def blame(bench: Bench, number: int, outcome: Outcome) -> Blame:
    """Return why the last domain of the prefix ``number`` is held to break the train."""
    run = outcome.run
    return Blame(
        domain=bench.names[number - 1],
        command=outcome.failed or "",
        exit_code=run.exit_code if run else None,
        log=run.log if run else "",
        said=run.said if run else "",
        good=bench.tips[number - 1],
        bad=bench.tips[number],
    )


@dataclass(slots=True, kw_only=True, eq=False)
class OtherSide:
    """The search for the earlier domain without which a culprit passes.

    The culprit is put on shorter prefixes, never on one that lacks what it depends on.
    """

    bench: Bench
    number: int
    command: str
    runs: list[ValidationRun] = field(default_factory=list)

    def find(self) -> str | None:
        """Return its name; None where the culprit fails by itself, or where it cannot be told."""
        low, high = self._last_need(), self.number - 1
        if low == high or self._fails_on(low) is not False:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            fails = self._fails_on(middle)
            if fails is None:
                return None
            low, high = (low, middle) if fails else (middle, high)
        return self.bench.names[high - 1]

    def _last_need(self) -> int:
        """Return how long a prefix must be to hold all that the culprit depends on."""
        names, plan = self.bench.names, self.bench.given.plan
        needs = {names[self.number - 1]}
        for place in range(self.number, 0, -1):
            if names[place - 1] in needs:
                needs |= set(plan.domain(names[place - 1]).depends_on)
        return max(
            (
                place
                for place, name in enumerate(names, 1)
                if name in needs - {names[self.number - 1]}
            ),
            default=0,
        )

    def _fails_on(self, number: int) -> bool | None:
        bench = self.bench
        name = bench.names[self.number - 1]
        head = next(one.head for one in bench.given.results if one.domain == name)
        tip = bench.tips[number]
        merged = merge_tree(bench.context, tip, head) if head is not None else None
        if merged is None or not merged.is_clean or merged.tree is None:
            return None
        signed = dated(bench.context, bench.tools.identity, bench.given.date)
        commit = commit_tree(signed, merged.tree, parents=(tip,), message="trial\n")
        names = (*bench.names[:number], name)
        outcome = check_commit(bench, commit, names, (self.command,))
        self.runs += runs_of(outcome)
        return outcome.failed is not None

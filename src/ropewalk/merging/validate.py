"""Proves the tree that would land, and finds the domain that breaks it.

The whole train is checked once. When it fails it is checked again, because some failures pass by
themselves; then the first prefix of the train that fails is sought, and its last domain is the
culprit. Each verdict belongs to an exact tree, so what was checked is what lands.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count

from ropewalk.git.command import GitContext
from ropewalk.git.objects import tree_of
from ropewalk.git.trees import changed_paths
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.findings import COMMAND, Side, findings
from ropewalk.merging.values import Checked, MergeInput, MergeTools, Train
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeValidation,
    OnConflict,
    ValidationRun,
)
from ropewalk.store.files import write_atomic

WHOLE = "whole train"
UNCHECKED = "no check is configured"
Rebuild = Callable[[Sequence[MergedDomain]], Train]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """What checking a train needs; ``sides`` belong to the steps of the train one by one."""

    given: MergeInput
    tools: MergeTools
    train: Train
    context: GitContext
    sides: tuple[Side, ...]
    numbers: Iterator[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """The verdict on one prefix: its run, if anything ran, and the command that failed, if any."""

    run: ValidationRun | None
    failed: str | None


def commands_for(given: MergeInput, names: Sequence[str]) -> tuple[str, ...]:
    """Return the commands that a train of the domains ``names`` must pass, in order, none twice."""
    own = (command for name in names for command in given.plan.domain(name).checks)
    wanted = (*given.configured_checks, *given.plan.validation, *own, *given.options.checks)
    return tuple(dict.fromkeys(wanted))


def validate_train(
    given: MergeInput, train: Train, tools: MergeTools, *, rebuild: Rebuild
) -> Checked:
    """Check ``train``; with ``park`` eject the domain that breaks it, until the rest passes.

    Args:
        given: what decides the train and its commands.
        train: the train to check.
        tools: where checks run and whom to tell.
        rebuild: builds and pins the train again without the given domains.

    Raises:
        Interrupted: the merge was cancelled.
        GitError: git failed.
    """
    runs: tuple[ValidationRun, ...] = ()
    ejected: list[MergedDomain] = []
    while True:
        checked = _check(given, train, tools)
        runs = (*runs, *checked.validation.runs)
        culprit = checked.validation.culprit
        checked = replace(checked, validation=replace(checked.validation, runs=runs))
        if culprit is None or given.options.on_conflict is not OnConflict.PARK:
            return checked
        ejected.append(_ejected(train, culprit, checked.problem))
        train = rebuild(ejected)
        if not train.steps:
            return replace(checked, train=train)


def _ejected(train: Train, culprit: str, problem: str | None) -> MergedDomain:
    entry = next(step for step in train.steps if step.name == culprit)
    return replace(
        entry, status=MergedDomainStatus.EJECTED, reason=problem, commit=None, tree=None, parents=()
    )


def _check(given: MergeInput, train: Train, tools: MergeTools) -> Checked:
    commands = commands_for(given, [step.name for step in train.steps])
    method = WHOLE if commands else UNCHECKED
    empty = MergeValidation(method=method, commands=commands, runs=(), culprit=None)
    if not train.steps:
        return Checked(train=train, validation=replace(empty, method="no commit"), problem=None)
    with _bench(given, train, tools) as bench:
        whole = _found_by_itself(bench, len(train.steps))
        if whole.failed is not None:
            validation = replace(empty, commands=(*commands, COMMAND), runs=_runs(whole))
            return _blame(bench, validation, COMMAND, probe=_found_by_itself)
        first = _run_commands(bench, len(train.steps), commands)
        if first.failed is None:
            return Checked(train=train, validation=replace(empty, runs=_runs(first)), problem=None)
        again = _run_commands(bench, len(train.steps), commands, use_cache=False)
        runs = _runs(first, again)
        if again.failed is None:
            validation = replace(empty, method=f"{WHOLE}, passed when repeated", runs=runs)
            return Checked(train=train, validation=validation, problem=None)
        scope = commands[: commands.index(again.failed) + 1]
        return _blame(
            bench,
            replace(empty, runs=runs),
            again.failed,
            probe=lambda bench, number: _run_commands(bench, number, scope),
        )


@contextmanager
def _bench(given: MergeInput, train: Train, tools: MergeTools) -> Iterator[_Bench]:
    heads = {result.domain: result.head for result in given.results}
    with merging_context(tools.place, given.target_commit) as context:
        base = given.plan.base.commit
        pairs = ((step, heads.get(step.name)) for step in train.steps)
        sides = tuple(
            Side(head=head, paths=changed_paths(context, base, head))
            for _step, head in pairs
            if head is not None
        )
        yield _Bench(
            given=given, tools=tools, train=train, context=context, sides=sides, numbers=count(1)
        )


def _blame(
    bench: _Bench,
    validation: MergeValidation,
    command: str,
    *,
    probe: Callable[[_Bench, int], _Outcome],
) -> Checked:
    """Seek the first prefix that fails ``command``, some prefixes at once, and name its domain."""
    good, bad = 0, len(bench.train.steps)
    runs = validation.runs
    while bad - good > 1:
        numbers = _spread(good, bad, bench.given.options.window)
        with ThreadPoolExecutor(max_workers=len(numbers)) as pool:
            outcomes = list(pool.map(lambda number: probe(bench, number), numbers))
        runs = (*runs, *_runs(*outcomes))
        fails = [number for number, one in zip(numbers, outcomes, strict=True) if one.failed]
        bad = min(fails, default=bad)
        good = max((number for number in numbers if number < bad), default=good)
    method = f"{WHOLE}, then binary search"
    culprit: str | None = bench.train.steps[bad - 1].name
    problem = f"'{command}' fails from {culprit} on"
    if bad == 1:
        before = probe(bench, 0)
        runs = (*runs, *_runs(before))
        if before.failed is not None:
            culprit, method = None, f"{method}; the target fails without any domain"
            problem = f"'{command}' fails, and fails on the target without any domain too"
    found = replace(validation, method=method, runs=runs, culprit=culprit)
    return Checked(train=bench.train, validation=found, problem=problem)


def _spread(good: int, bad: int, window: int) -> list[int]:
    """Return up to ``window`` numbers between two, at even distances."""
    inside = bad - good - 1
    parts = min(max(window, 1), inside)
    return sorted(
        {good + (bad - good) * part // (parts + 1) for part in range(1, parts + 1)} - {good}
    )


def _runs(*outcomes: _Outcome) -> tuple[ValidationRun, ...]:
    return tuple(outcome.run for outcome in outcomes if outcome.run is not None)


def _commit(bench: _Bench, number: int) -> str:
    commit = bench.train.steps[number - 1].commit if number else bench.train.base
    assert commit is not None, "every step of a train has a commit"  # noqa: S101
    return commit


def _found_by_itself(bench: _Bench, number: int) -> _Outcome:
    """Look at a prefix without running anything."""
    commit = _commit(bench, number)
    problems = findings(bench.context, commit, base=bench.train.base, sides=bench.sides[:number])
    if not problems:
        return _Outcome(run=None, failed=None)
    log = bench.tools.log(f"findings-{number}-{next(bench.numbers)}")
    write_atomic(log, "".join(f"{problem}\n" for problem in problems).encode(errors="replace"))
    run = _run(bench, number, exit_code=1, log=str(log))
    return _Outcome(run=_told(bench, run), failed=COMMAND)


def _run_commands(
    bench: _Bench, number: int, scope: Sequence[str], *, use_cache: bool = True
) -> _Outcome:
    """Run the commands of ``scope`` that belong to a prefix on its exact tree."""
    names = [step.name for step in bench.train.steps[:number]]
    wanted = commands_for(bench.given, names)
    commands = [command for command in scope if command in wanted]
    if not commands:
        return _Outcome(run=None, failed=None)
    series = next(bench.numbers)
    verdict = bench.tools.checks.run(
        _commit(bench, number),
        commands,
        log=lambda place: bench.tools.log(f"check-{number}-{series}-{place}"),
        cancel=bench.tools.cancel,
        use_cache=use_cache,
        starting=lambda command: bench.tools.note("check_started", {"command": command}),
    )
    broken = next((one for one in verdict.runs if not one.has_passed), None)
    last = broken or verdict.runs[-1]
    run = _run(bench, number, exit_code=last.exit_code, log=last.log)
    run = replace(
        run, cached=verdict.cached, duration_s=round(sum(one.duration_s for one in verdict.runs), 3)
    )
    return _Outcome(run=_told(bench, run), failed=broken.command if broken else None)


def _run(bench: _Bench, number: int, *, exit_code: int | None, log: str) -> ValidationRun:
    return ValidationRun(
        prefix=tuple(step.name for step in bench.train.steps[:number]),
        tree=tree_of(bench.context, _commit(bench, number)),
        exit_code=exit_code,
        cached=False,
        duration_s=0.0,
        log=log,
    )


def _told(bench: _Bench, run: ValidationRun) -> ValidationRun:
    passed = run.exit_code == 0
    bench.tools.note("checks_finished", {"prefix": list(run.prefix), "passed": passed})
    return run

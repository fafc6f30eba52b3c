"""Proves the tree that would land; domains that break it are found, and mended or left out.

The whole train is checked once. When it fails it is checked again, because some failures pass by
themselves; then the first prefix of the train that fails is sought, and its last domain is the
culprit. What is left without it is checked again as a whole: what was checked is what lands.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from ropewalk.git.objects import commits_between
from ropewalk.merging.bench import (
    Bench,
    Outcome,
    check,
    commands_for,
    look,
    notes,
    open_bench,
    runs_of,
)
from ropewalk.merging.bisect import OtherSide, Probe, blame, search
from ropewalk.merging.findings import COMMAND
from ropewalk.merging.fixes import read_fix, record_fix
from ropewalk.merging.values import Broken, Checked, MergeInput, MergeTools, Train
from ropewalk.model.merge import (
    Blame,
    MergedDomain,
    MergedDomainStatus,
    MergeValidation,
    OnConflict,
)

__all__ = ["commands_for", "validate_train"]
WHOLE = "whole train"
UNCHECKED = "no check is configured"
NO_FIXER = "no agent for failed checks is configured"
Rebuild = Callable[[Sequence[MergedDomain]], Train]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """What all checks of one validation share; ``numbers`` tell their logs apart."""

    given: MergeInput
    tools: MergeTools
    numbers: Iterator[int]


def validate_train(
    given: MergeInput, train: Train, tools: MergeTools, *, rebuild: Rebuild
) -> Checked:
    """Check ``train``; the domain that breaks it is mended, or left out with its dependants.

    What is left without it is built and checked too. With ``park`` it may land, otherwise the
    problem stays, and nothing does.

    Args:
        given: what decides the train and its commands.
        train: the train to check.
        tools: where checks run, whom to tell, who mends.
        rebuild: builds and pins the train again without the given domains.

    Raises:
        Interrupted: the merge was cancelled.
        GitError: git failed.
    """
    gate = _Gate(given=given, tools=tools, numbers=count(1))
    first = _check(gate, train)
    if first.validation.blamed and given.options.on_conflict is OnConflict.AGENT:
        first = _mended(gate, first)
    if not first.validation.blamed:
        return first
    return _without_culprits(gate, first, rebuild)


def _without_culprits(gate: _Gate, first: Checked, rebuild: Rebuild) -> Checked:
    """Leave one culprit after another out, with all that needs it, until the rest passes."""
    parks = gate.given.options.on_conflict is OnConflict.PARK
    left_out: list[MergedDomain] = []
    checked = whole = first
    problems = []
    while checked.validation.blamed[len(left_out) :]:
        found = checked.validation.blamed[-1]
        problems.append(str(checked.problem))
        left_out.append(_ejected(checked.train, found.domain, problems[-1]))
        rest = rebuild(left_out)
        checked = _after(checked, found.domain, _check(gate, rest))
    if not parks:
        commands = first.validation.commands
        validation = replace(checked.validation, commands=commands)
        checked = replace(checked, validation=validation, problem="; ".join(problems))
    elif not checked.train.steps:
        checked = replace(checked, problem=problems[-1])
    return replace(checked, whole=whole.train)


def _ejected(train: Train, culprit: str, problem: str) -> MergedDomain:
    entry = next(step for step in train.steps if step.name == culprit)
    return replace(
        entry, status=MergedDomainStatus.EJECTED, reason=problem, commit=None, tree=None, parents=()
    )


def _after(before: Checked, culprit: str, rest: Checked) -> Checked:
    """Return what the checks of the rest say, behind those before it."""
    old, new = before.validation, rest.validation
    validation = replace(
        new,
        method=f"{old.method}; without {culprit}: {new.method}",
        runs=(*old.runs, *new.runs),
        culprit=old.culprit,
        blamed=(*old.blamed, *new.blamed),
    )
    return replace(rest, validation=validation)


def _check(gate: _Gate, train: Train) -> Checked:
    """Check a train as a whole, and find out what breaks it."""
    commands = commands_for(gate.given, [step.name for step in train.steps])
    empty = MergeValidation(
        method=WHOLE if commands else UNCHECKED, commands=commands, runs=(), culprit=None
    )
    if not train.steps:
        return Checked(train=train, validation=replace(empty, method="no commit"), problem=None)
    with open_bench(gate.given, train, gate.tools, numbers=gate.numbers) as bench:
        empty = replace(empty, fixes=bench.carried.fixes, notes=notes(bench))
        train = replace(train, result=bench.tips[-1])
        whole, validation = _check_whole(bench, empty)
        if whole.failed is None:
            return Checked(train=train, validation=validation, problem=None)
        return replace(_blamed(bench, validation, whole), train=train)


def _check_whole(bench: Bench, empty: MergeValidation) -> tuple[Outcome, MergeValidation]:
    """Look at the whole train and run the commands on it; a failure counts when it comes twice."""
    last, commands = len(bench.train.steps), empty.commands
    seen = look(bench, last)
    if seen.failed is not None:
        return seen, replace(empty, commands=(*commands, COMMAND), runs=runs_of(seen))
    first = check(bench, last, commands)
    if first.failed is None:
        return first, replace(empty, runs=runs_of(first))
    again = check(bench, last, commands, use_cache=False)
    method = empty.method if again.failed else f"{empty.method}, passed when repeated"
    return again, replace(empty, method=method, runs=runs_of(first, again))


def _blamed(bench: Bench, validation: MergeValidation, whole: Outcome) -> Checked:
    command = whole.failed or ""
    is_certain = command == COMMAND
    scope = validation.commands[: validation.commands.index(command) + 1]
    probe: Probe = partial(look, bench) if is_certain else partial(check, bench, commands=scope)
    hunt = search(bench, probe, whole, is_certain=is_certain)
    number = hunt.run()
    at_once = f", {hunt.window} prefixes at a time" if hunt.window > 1 else ""
    method = f"{validation.method}, then binary search{at_once}"
    validation = replace(validation, runs=(*validation.runs, *hunt.runs))
    if number is None:
        method = f"{method}; the target fails without any domain"
        problem = f"'{command}' fails, and fails on the target without any domain too"
        found = replace(validation, method=method)
        return Checked(train=bench.train, validation=found, problem=problem)
    culprit = blame(bench, number, hunt.fails[number])
    if not is_certain:
        other = OtherSide(bench=bench, number=number, command=culprit.command)
        culprit = replace(culprit, together_with=other.find())
        validation = replace(validation, runs=(*validation.runs, *other.runs))
    found = replace(validation, method=method, culprit=culprit.domain, blamed=(culprit,))
    return Checked(train=bench.train, validation=found, problem=_problem(culprit))


def _problem(culprit: Blame) -> str:
    together = f", together with {culprit.together_with}" if culprit.together_with else ""
    return f"'{culprit.command}' fails from {culprit.domain} on{together}"


def _mended(gate: _Gate, first: Checked) -> Checked:
    """Have the culprit mended by a commit on top of the whole train, which is checked again."""
    if gate.tools.fixer is None:
        return replace(first, problem=f"{first.problem}; {NO_FIXER}")
    train, found = first.train, first.validation.blamed[-1]
    validation = first.validation
    broken = Broken(
        commit=train.result,
        names=tuple(step.name for step in train.steps),
        blame=found,
        notes=validation.notes,
    )
    asked = gate.tools.fixer(broken)
    try:
        commit = next(asked)
        while True:
            outcome, again = _check_fixed(gate, train, commit)
            validation = replace(validation, runs=(*validation.runs, *again.runs))
            if outcome.failed is None:
                asked.close()
                return _fixed(gate, replace(first, validation=validation), commit)
            run = outcome.run
            found = replace(
                found,
                command=outcome.failed,
                exit_code=run.exit_code if run else None,
                log=run.log if run else "",
                said=run.said if run else "",
                bad=commit,
            )
            commit = asked.send(replace(broken, commit=commit, blame=found))
    except StopIteration as end:
        said = f"; {end.value}" if end.value else ""
        return replace(first, validation=validation, problem=f"{first.problem}{said}")


def _check_fixed(gate: _Gate, train: Train, commit: str) -> tuple[Outcome, MergeValidation]:
    commands = commands_for(gate.given, [step.name for step in train.steps])
    empty = MergeValidation(method=WHOLE, commands=commands, runs=(), culprit=None)
    with open_bench(gate.given, train, gate.tools, numbers=gate.numbers) as bench:
        carried = replace(bench.carried, tips=(*bench.tips[:-1], commit))
        return _check_whole(replace(bench, carried=carried), empty)


def _fixed(gate: _Gate, first: Checked, commit: str) -> Checked:
    """Put the fixes on the train and remember them for the next time that it is built."""
    place, epic_id = gate.tools.place, gate.given.epic_id
    made = commits_between(place.context, first.train.result, commit)
    for fix in made:
        record_fix(place, epic_id, fix)
    fixes = tuple(read_fix(place.context, fix) for fix in made)
    validation = replace(
        first.validation,
        method=f"{first.validation.method}; mended, and checked again as a whole",
        culprit=None,
        blamed=(),
        fixes=(*first.validation.fixes, *fixes),
    )
    return Checked(train=replace(first.train, result=commit), validation=validation, problem=None)

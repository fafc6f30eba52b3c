"""Where the prefixes of a train are checked: by looking at them, and by running commands.

Each verdict belongs to an exact tree. The commands of a prefix are those of the domains in it, and
those of the plan and the configuration.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ropewalk.git.command import GitContext
from ropewalk.git.objects import tree_of
from ropewalk.git.signing import read_signing
from ropewalk.git.trees import changed_paths
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.commits import require_hand
from ropewalk.merging.findings import COMMAND, Side, findings
from ropewalk.merging.fixes import Carried, carry, known_fixes
from ropewalk.merging.missing import Edit, Missing, find_missing, read_edits
from ropewalk.merging.values import MergeInput, MergeTools, Train
from ropewalk.model.merge import ValidationRun
from ropewalk.store.files import write_atomic
from ropewalk.store.text import last_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict on one prefix: its run, if anything ran, and the command that failed, if any."""

    run: ValidationRun | None
    failed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A train where it is checked; ``sides`` belong to its steps one by one.

    ``carried`` holds its commits with the fixes on them: number 0 is the base, the last one lands.
    """

    given: MergeInput
    tools: MergeTools
    train: Train
    context: GitContext
    carried: Carried
    sides: tuple[Side, ...]
    edits: tuple[Edit, ...]
    numbers: Iterator[int]

    @property
    def names(self) -> tuple[str, ...]:
        """The domains of the train, in its order."""
        return tuple(step.name for step in self.train.steps)

    @property
    def tips(self) -> tuple[str, ...]:
        """The commit of each prefix."""
        return self.carried.tips


@contextmanager
def open_bench(
    given: MergeInput, train: Train, tools: MergeTools, *, numbers: Iterator[int]
) -> Iterator[Bench]:
    """Yield the place where the prefixes of ``train`` are checked; ``numbers`` tell logs apart."""
    heads = {result.domain: result.head for result in given.results}
    base = given.plan.base.commit
    with merging_context(tools.place, given.target_commit) as context:
        steps = [(step.name, step.commit, heads.get(step.name)) for step in train.steps]
        yield Bench(
            given=given,
            tools=tools,
            train=train,
            context=context,
            carried=carry(
                context,
                (train.base, *(commit for _name, commit, _head in steps if commit is not None)),
                known_fixes(tools.place, given.epic_id).values(),
                hand=lambda: require_hand(
                    given,
                    tools,
                    context,
                    signing=read_signing(tools.place),
                    heads=[head for _name, _commit, head in steps if head is not None],
                ),
            ),
            sides=tuple(
                Side(head=head, paths=changed_paths(context, base, head), name=name)
                for name, _commit, head in steps
                if head is not None
            ),
            edits=read_edits(context, base, {name: head for name, _, head in steps if head}),
            numbers=numbers,
        )


def commands_for(given: MergeInput, names: Sequence[str]) -> tuple[str, ...]:
    """Return the commands that a train of the domains ``names`` must pass, in order, none twice."""
    own = (command for name in names for command in given.plan.domain(name).checks)
    wanted = (*given.configured_checks, *given.plan.validation, *own, *given.options.checks)
    return tuple(dict.fromkeys(wanted))


def look(bench: Bench, number: int) -> Outcome:
    """Look at a prefix without running anything."""
    commit = bench.tips[number]
    sides = bench.sides[:number]
    problems = [
        *findings(bench.context, commit, base=bench.train.base, sides=sides),
        *(one.text for one in _missing(bench, number) if one.is_certain),
    ]
    if not problems:
        return Outcome(run=None, failed=None)
    log = bench.tools.log(f"findings-{number}-{next(bench.numbers)}")
    write_atomic(log, "".join(f"{problem}\n" for problem in problems).encode(errors="replace"))
    run = ValidationRun(
        prefix=bench.names[:number],
        tree=tree_of(bench.context, commit),
        exit_code=1,
        cached=False,
        duration_s=0.0,
        log=str(log),
        said=problems[0],
    )
    return Outcome(run=_told(bench, run), failed=COMMAND)


def notes(bench: Bench) -> tuple[str, ...]:
    """Return what is worth a look in the whole train and may be all right."""
    found = _missing(bench, len(bench.train.steps))
    return tuple(one.text for one in found if not one.is_certain)


def _missing(bench: Bench, number: int) -> tuple[Missing, ...]:
    names = bench.names[:number]
    edits = [edit for edit in bench.edits if edit.domain in names]
    return find_missing(bench.context, bench.tips[number], edits)


def check(bench: Bench, number: int, commands: Sequence[str], *, use_cache: bool = True) -> Outcome:
    """Run those of ``commands`` that belong to a prefix on its exact tree."""
    names = bench.names[:number]
    return check_commit(bench, bench.tips[number], names, commands, use_cache=use_cache)


def check_commit(
    bench: Bench,
    commit: str,
    names: Sequence[str],
    commands: Sequence[str],
    *,
    use_cache: bool = True,
) -> Outcome:
    """Run those of ``commands`` that belong to the domains ``names`` on a commit that has them."""
    known = commands_for(bench.given, names)
    wanted = [command for command in commands if command in known]
    if not wanted:
        return Outcome(run=None, failed=None)
    series = next(bench.numbers)
    verdict = bench.tools.checks.run(
        commit,
        wanted,
        log=lambda place: bench.tools.log(f"check-{len(names)}-{series}-{place}"),
        cancel=bench.tools.cancel,
        use_cache=use_cache,
        starting=lambda command: bench.tools.note("check_started", {"command": command}),
    )
    broken = next((one for one in verdict.runs if not one.has_passed), None)
    last = broken or verdict.runs[-1]
    run = ValidationRun(
        prefix=tuple(names),
        tree=verdict.tree,
        exit_code=last.exit_code,
        cached=verdict.cached,
        duration_s=round(sum(one.duration_s for one in verdict.runs), 3),
        log=last.log,
        said=last_line(Path(broken.log)) if broken else "",
    )
    return Outcome(run=_told(bench, run), failed=broken.command if broken else None)


def runs_of(*outcomes: Outcome) -> tuple[ValidationRun, ...]:
    """Return what ran."""
    return tuple(outcome.run for outcome in outcomes if outcome.run is not None)


def _told(bench: Bench, run: ValidationRun) -> ValidationRun:
    passed = run.exit_code == 0
    bench.tools.note("checks_finished", {"prefix": list(run.prefix), "passed": passed})
    return run

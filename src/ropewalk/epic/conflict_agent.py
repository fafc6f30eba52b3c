"""The rung of the ladder on which an agent resolves a conflict, in a worktree of its own.

What it leaves is a tree put up for proof like any other; nothing that it says counts. It is asked a
bounded number of times, and each time told why what it left before was refused.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ropewalk.agents.mend_prompts import Mending, Party, Refusal, conflict_prompt
from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext
from ropewalk.epic.errand import Errand, Left, mender, why_no_mender
from ropewalk.epic.mend_parts import end_of_log, party, wanted_checks
from ropewalk.epic.mending import mend
from ropewalk.git.objects import commit_tree, tree_of
from ropewalk.git.own import own_context
from ropewalk.git.trees import changed_paths
from ropewalk.merging.labelled import labelled_tree
from ropewalk.merging.resolution import dated
from ropewalk.merging.resolve.values import Offered, Refused, Rung
from ropewalk.merging.values import Clash
from ropewalk.model.graph import AttemptSpec
from ropewalk.model.merge import ResolvedBy

Offers = Generator[Offered, Refused | None, str | None]


def agent_rung(context: EpicContext, spec: AttemptSpec, control: Control) -> Rung:
    """Return the rung of the agent that the configuration names for conflicts.

    Args:
        context: the run.
        spec: the step that merges; its round names the attempts.
        control: where attempts are journalled, and the request to end.
    """

    def offers(clash: Clash) -> Offers:
        why = why_no_mender(context.workspace.config)
        if why is not None:
            return why
        return (yield from _offers(_Bench(context, spec, control, clash)))

    return offers


@dataclass(frozen=True, slots=True)
class _Bench:
    """A conflict on its way to an agent."""

    context: EpicContext
    spec: AttemptSpec
    control: Control
    clash: Clash

    @property
    def agent(self) -> str:
        """The name of the agent."""
        return mender(self.context.workspace.config) or ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths in conflict, as they are called in the worktree."""
        return tuple(dict.fromkeys(path.path for path in self.clash.conflict.paths))


def _offers(bench: _Bench) -> Offers:
    clash = bench.clash
    tree = labelled_tree(clash.context, clash.domain, ours=clash.ours, theirs=clash.theirs)
    first = start = _start(bench, tree)
    refusals: list[Refusal] = []
    for number in range(1, bench.context.workspace.config.merge.fix_attempts + 1):
        left = mend(bench.context, bench.control, _errand(bench, number, start, refusals))
        if left.is_over:
            return left.problem
        refused = (yield _offered(bench, first, left)) if left.problem is None else None
        reason = refused.reason if refused else left.problem or "it was refused"
        refusals.append(Refusal(reason=reason, output=end_of_log(refused.log if refused else None)))
        start = _start(bench, tree_of(own_context(bench.context.workspace.place), left.commit))
    attempts = "1 attempt" if len(refusals) == 1 else f"{len(refusals)} attempts"
    return f"{attempts} of agent '{bench.agent}' did not help: {refusals[-1].reason}"


def _offered(bench: _Bench, first: str, left: Left) -> Offered:
    own = own_context(bench.context.workspace.place)
    outside = changed_paths(own, first, left.commit) - set(bench.paths)
    return Offered(
        tree=tree_of(own, left.commit),
        by=ResolvedBy.AGENT,
        words=tuple(f"agent '{bench.agent}' resolved {path}" for path in bench.paths),
        edited_outside=tuple(sorted(outside)),
    )


def _start(bench: _Bench, tree: str) -> str:
    """Return the commit that an attempt begins at: ``tree``, with the two sides as parents."""
    context, clash = bench.context, bench.clash
    return commit_tree(
        dated(clash.context, context.identity(), context.planned_at),
        tree,
        parents=(clash.ours, clash.theirs),
        message=f"Conflict of '{clash.domain}' in {context.epic_id}\n",
    )


def _errand(bench: _Bench, number: int, start: str, refusals: Sequence[Refusal]) -> Errand:
    context, clash = bench.context, bench.clash
    step = f"conflict:{clash.domain}:{bench.spec.step.rsplit(':', 1)[-1]}:{clash.ours[:12]}"

    def prompt(worktree: Path) -> str:
        return conflict_prompt(_mending(bench, worktree, refusals), clash.conflict.paths)

    return Errand(
        step=step,
        subject=f"_conflict-{clash.domain}",
        about=f"the conflict of '{clash.domain}'",
        number=number,
        start=start,
        message=(
            f"Attempt {number} at the conflict of '{clash.domain}' in {context.epic_id}\n\n"
            f"Epic: {context.epic_id}\nDomain: {clash.domain}\nAgent: {bench.agent}\n"
            f"Run: {context.run_id}\n"
        ),
        prompt=prompt,
        files=bench.paths,
        may_keep=True,
    )


def _mending(bench: _Bench, worktree: Path, refusals: Sequence[Refusal]) -> Mending:
    context, clash = bench.context, bench.clash
    names = (clash.domain, *clash.conflict.with_domains)
    parties: tuple[Party, ...] = tuple(party(context, name, bench.paths) for name in names)
    return Mending(
        title=f"{context.plan.title}\n\n{context.plan.description}".strip(),
        worktree=worktree,
        parties=parties,
        checks=wanted_checks(context, bench.spec, (*clash.before, clash.domain)),
        refusals=tuple(refusals),
    )

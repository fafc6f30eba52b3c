"""An agent mends a train that fails its checks, by commits on top of it.

It is asked a bounded number of times; each attempt goes on from the commit of the one before, and
hears what fails then. Its commits count only when the whole train passes with them.
"""

from collections.abc import Generator, Sequence
from pathlib import Path

from ropewalk.agents.mend_prompts import Mending, Refusal, fix_prompt
from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext
from ropewalk.epic.errand import Errand, mender, why_no_mender
from ropewalk.epic.mend_parts import end_of_log, party, wanted_checks
from ropewalk.epic.mending import mend
from ropewalk.merging.fixes import fix_message
from ropewalk.merging.values import Broken, Fixer
from ropewalk.model.graph import AttemptSpec
from ropewalk.model.merge import ResolvedBy


def agent_fixer(context: EpicContext, spec: AttemptSpec, control: Control) -> Fixer:
    """Return who mends trains: the agent that the configuration names for failed checks.

    Args:
        context: the run.
        spec: the step that checks; its round names the attempts.
        control: where attempts are journalled, and the request to end.
    """

    def fix(broken: Broken) -> Generator[str, Broken, str | None]:
        why = why_no_mender(context.workspace.config)
        if why is not None:
            return why
        return (yield from _fixes(context, spec, control, broken))

    return fix


def _fixes(
    context: EpicContext, spec: AttemptSpec, control: Control, broken: Broken
) -> Generator[str, Broken, str | None]:
    first = broken.commit[:12]
    refusals: list[Refusal] = []
    for number in range(1, context.workspace.config.merge.fix_attempts + 1):
        step = f"fix:{spec.step.rsplit(':', 1)[-1]}:{first}"
        errand = _errand(context, spec, broken, step=step, number=number, refusals=refusals)
        left = mend(context, control, errand)
        if left.is_over:
            return left.problem
        reason = left.problem
        if reason is None:
            broken = yield left.commit
            reason = f"'{broken.blame.command}' fails"
        refusals.append(Refusal(reason=reason, output=end_of_log(broken.blame.log)))
    attempts = "1 attempt" if len(refusals) == 1 else f"{len(refusals)} attempts"
    name = mender(context.workspace.config)
    return f"{attempts} of agent '{name}' did not help: {refusals[-1].reason}"


def _errand(
    context: EpicContext,
    spec: AttemptSpec,
    broken: Broken,
    *,
    step: str,
    number: int,
    refusals: Sequence[Refusal],
) -> Errand:
    blame = broken.blame
    names = [blame.domain, *([blame.together_with] if blame.together_with else [])]

    def prompt(worktree: Path) -> str:
        mending = Mending(
            title=f"{context.plan.title}\n\n{context.plan.description}".strip(),
            worktree=worktree,
            parties=tuple(party(context, name, ()) for name in names),
            checks=wanted_checks(context, spec, broken.names),
            refusals=tuple(refusals),
            notes=broken.notes,
        )
        output = end_of_log(blame.log)
        return fix_prompt(mending, blame.command, exit_code=blame.exit_code, output=output)

    return Errand(
        step=step,
        subject="_fix",
        about=f"'{blame.command}', which fails from {blame.domain} on",
        number=number,
        start=broken.commit,
        message=fix_message(
            epic_id=context.epic_id,
            run_id=context.run_id,
            domain=blame.domain,
            command=blame.command,
            by=ResolvedBy.AGENT,
            agent=mender(context.workspace.config),
        ),
        prompt=prompt,
    )

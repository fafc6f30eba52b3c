"""Who resolves conflicts of an epic, in which order, and what a resolution must pass."""

from dataclasses import replace
from functools import partial

from ropewalk.engine.executor import Control
from ropewalk.epic.conflict_agent import agent_rung
from ropewalk.epic.context import EpicContext
from ropewalk.epic.fix_agent import agent_fixer
from ropewalk.merging.proof import prover
from ropewalk.merging.resolve.drivers import drive
from ropewalk.merging.resolve.ladder import Limits, ladder
from ropewalk.merging.resolve.rerere import replay
from ropewalk.merging.resolve.rungs import Remembered, candidates_rung, solver_rung
from ropewalk.merging.values import MergeInput, MergeTools
from ropewalk.model.graph import AttemptSpec
from ropewalk.model.merge import OnConflict, ResolvedBy


def with_ladder(
    tools: MergeTools,
    given: MergeInput,
    *,
    context: EpicContext,
    spec: AttemptSpec,
    control: Control,
) -> MergeTools:
    """Return the tools of a merge with who resolves its conflicts and mends its failures."""
    most = context.workspace.config.merge.candidates_max
    recordings = Remembered(partial(replay, tools.place))
    drivers = Remembered(partial(drive, tools))
    rungs = [
        (ResolvedBy.RERERE, solver_rung(ResolvedBy.RERERE, recordings)),
        (ResolvedBy.DRIVER, solver_rung(ResolvedBy.DRIVER, drivers)),
        (ResolvedBy.CANDIDATE, candidates_rung((recordings, drivers), limit=most)),
    ]
    if _asks_agent(given):
        rungs.append((ResolvedBy.AGENT, agent_rung(context, spec, control)))
    prove = prover(given, tools)
    resolver = ladder(given, tools, rungs, prove=prove, limits=Limits(trees=most))
    fixer = agent_fixer(context, spec, control) if _asks_agent(given) else None
    return replace(tools, resolver=resolver, fixer=fixer)


def _asks_agent(given: MergeInput) -> bool:
    return given.options.on_conflict is OnConflict.AGENT

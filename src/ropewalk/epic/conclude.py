"""The end of phase 1: the aggregate of all domains, and what a person can do next."""

import time

from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext, interrupted, stopped
from ropewalk.epic.next_steps import after_results
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.plan import Mode
from ropewalk.model.result import Aggregate, OverallStatus
from ropewalk.report.aggregate import aggregate
from ropewalk.store.schema.documents import write_document


def run_aggregate(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Write ``phase1_parallel_results.json``; good when at least one domain is usable."""
    if stopped(control, context):
        return interrupted(spec)
    document = write_aggregate(context)
    control.emit(
        "aggregated",
        {
            "status": document.status.value,
            "succeeded": document.summary.succeeded,
            "partial": document.summary.partial,
            "failed": document.summary.failed,
        },
        sync=True,
    )
    failed = document.status is OverallStatus.FAILED
    return AttemptResult(
        attempt_id=spec.attempt_id,
        state=StepState.FAILED if failed else StepState.SUCCEEDED,
        reason="no domain succeeded" if failed else None,
        outputs={"status": document.status.value},
    )


def write_aggregate(context: EpicContext) -> Aggregate:
    """Compute and write the aggregate of what has been collected so far."""
    state, layout = context.live.state, context.workspace.layout
    results = context.results()
    files = {
        result.domain: context.workspace.relative(
            layout.domain_results(context.epic_id, result.domain)
        )
        for result in results
    }
    document = aggregate(
        epic_id=context.epic_id,
        run_id=context.run_id,
        mode=Mode(state.mode),
        mode_reason=state.mode_reason,
        results=results,
        result_files=files,
        wall_s=_total(state.wall_ns, state.wall_since_ns),
        duration_s=_total(state.busy_ns, state.busy_since_ns),
        next_commands=after_results(context.plan, results),
    )
    write_document(layout.aggregate(context.epic_id), document)
    return document


def _total(so_far: int, since: int | None) -> float:
    """Return the seconds of the rounds before and, when one is under way, of this one."""
    now = max(0, time.monotonic_ns() - since) if since is not None else 0
    return (so_far + now) / 1e9

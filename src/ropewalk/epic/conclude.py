"""The end of phase 1: the aggregate of all domains, and what a person can do next."""

import time
from datetime import UTC, datetime

from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext, interrupted, stopped
from ropewalk.epic.next_steps import after_results
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.plan import Mode
from ropewalk.model.result import Aggregate, OverallStatus
from ropewalk.report.aggregate import aggregate
from ropewalk.report.state import RunState
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
        wall_s=_wall(state),
        duration_s=_since(state.started_at),
        next_commands=after_results(context.plan, results),
    )
    write_document(layout.aggregate(context.epic_id), document)
    return document


def _wall(state: RunState) -> float:
    if state.wall_started_ns is None:
        return 0.0
    end = state.wall_ended_ns if state.wall_ended_ns is not None else time.monotonic_ns()
    return max(0.0, (end - state.wall_started_ns) / 1e9)


def _since(started_at: str | None) -> float:
    if started_at is None:
        return 0.0
    started = datetime.fromisoformat(started_at)
    return max(0.0, (datetime.now(UTC) - started).total_seconds())

"""Phase 3: what worked, what did not, predicted against actual; an agent may add what it sees.

The facts are computed from the results and stand alone where no agent is configured or none
answers. A proposed change of the briefings lies beside the documents and is applied by nobody.
"""

from collections.abc import Sequence
from pathlib import Path

from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext, interrupted, stopped
from ropewalk.epic.postmortem_agent import add_lessons
from ropewalk.errors import Interrupted
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.merge import MergedDomainStatus, MergeReport
from ropewalk.model.plan import Plan
from ropewalk.model.result import Aggregate, DomainResult, DomainStatus
from ropewalk.model.validation import Postmortem
from ropewalk.report.markdown import postmortem_markdown
from ropewalk.store.files import write_atomic
from ropewalk.store.schema.documents import read_document, write_document


def run_postmortem(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Write the look back as JSON and as a page for people."""
    layout = context.workspace.layout
    if stopped(control, context):
        return interrupted(spec)
    document = look_back(context)
    if not spec.payload.get("facts"):
        try:
            document = add_lessons(context, spec, control, document)
        except Interrupted:
            return interrupted(spec)
    _write_changes(layout.briefing_changes(context.epic_id), document.briefing_changes)
    write_document(layout.postmortem(context.epic_id), document)
    page = postmortem_markdown(document).encode()
    write_atomic(layout.postmortem_markdown(context.epic_id), page)
    return AttemptResult(attempt_id=spec.attempt_id, state=StepState.SUCCEEDED)


def _write_changes(path: Path, patch: str | None) -> None:
    """Write the proposed patch for ``git apply``, or take an older one away."""
    if patch is None:
        path.unlink(missing_ok=True)
        return
    text = patch if patch.endswith("\n") else f"{patch}\n"
    write_atomic(path, text.encode("utf-8", errors="surrogateescape"))


def look_back(context: EpicContext) -> Postmortem:
    """Return the look back at what is on disk of this run."""
    layout, results = context.workspace.layout, context.results()
    merged_path = layout.merge_results(context.epic_id)
    merge = read_document(MergeReport, merged_path) if merged_path.is_file() else None
    aggregate_path = layout.aggregate(context.epic_id)
    aggregate = read_document(Aggregate, aggregate_path) if aggregate_path.is_file() else None
    return Postmortem(
        epic_id=context.epic_id,
        run_id=context.run_id,
        worked=tuple(_worked(results, merge)),
        failed=tuple(_failed(results, merge)),
        predicted=_predicted(context.plan),
        actual=_actual(aggregate, results, merge),
        briefing_changes=None,
        by="ropewalk",
    )


def _worked(results: Sequence[DomainResult], merge: MergeReport | None) -> list[str]:
    good = [result for result in results if result.status is DomainStatus.SUCCESS]
    lines = [f"{each.domain}: {_files(len(each.files.paths))}" for each in good]
    if merge is not None and merge.target.landed:
        lines.append(f"landed on {merge.target.ref.removeprefix('refs/heads/')}")
    return lines


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"


def _failed(results: Sequence[DomainResult], merge: MergeReport | None) -> list[str]:
    lines = []
    for result in results:
        attempts = len(result.attempts)
        if result.status is not DomainStatus.SUCCESS:
            lines.append(f"{result.domain}: {result.status}, {result.reason}")
        elif attempts > 1:
            first = result.attempts[0].outcome
            lines.append(f"{result.domain}: needed {attempts} attempts, the first ended {first}")
        lines += [f"{result.domain}: outside its files: {p}" for p in result.outside_declared_files]
    for domain in merge.domains if merge else ():
        if domain.status in (MergedDomainStatus.CONFLICT, MergedDomainStatus.PARKED):
            others = ", ".join(domain.conflict.with_domains) if domain.conflict else "another"
            lines.append(f"{domain.name}: conflicts with {others}")
    return lines


def _predicted(plan: Plan) -> dict[str, object]:
    minutes = [domain.estimate_minutes for domain in plan.domains]
    known = all(value is not None for value in minutes)
    return {
        "mode": plan.decision.mode.value,
        "files": plan.decision.files,
        "overlap_percent": plan.decision.overlap_percent,
        "speedup": plan.decision.expected_speedup,
        "agent_seconds_total": sum(value * 60 for value in minutes if value) if known else None,
    }


def _actual(
    aggregate: Aggregate | None, results: Sequence[DomainResult], merge: MergeReport | None
) -> dict[str, object]:
    if aggregate is None:
        return {}
    summary = aggregate.summary
    paths = {path for result in results for path in result.files.paths}
    shared = len(aggregate.overlaps_actual)
    return {
        "mode": aggregate.mode.value,
        "files": len(paths),
        "overlap_percent": round(100 * shared / len(paths), 1) if paths else 0.0,
        "overlaps": [overlap.path for overlap in aggregate.overlaps_actual],
        "speedup": summary.speedup,
        "speedup_wall": summary.speedup_wall,
        "agent_seconds_total": summary.agent_seconds_total,
        "merge": merge.status.value if merge else None,
    }

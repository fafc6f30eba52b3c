"""The aggregate of phase 1, from the verified results of its domains."""

from collections.abc import Mapping, Sequence

from ropewalk.model.merge import MergeReport
from ropewalk.model.plan import Mode
from ropewalk.model.result import (
    ActualOverlap,
    Aggregate,
    AggregateDomain,
    AggregateSummary,
    DomainResult,
    DomainStatus,
    OverallStatus,
)


def overall_status(results: Sequence[DomainResult]) -> OverallStatus:
    """Return success when all succeeded, failed when none did even partly, else partial."""
    statuses = {result.status for result in results}
    if statuses == {DomainStatus.SUCCESS}:
        return OverallStatus.SUCCESS
    if statuses <= {DomainStatus.FAILED}:
        return OverallStatus.FAILED
    return OverallStatus.PARTIAL


def actual_overlaps(results: Sequence[DomainResult]) -> tuple[ActualOverlap, ...]:
    """Return the paths that two or more domains really changed, sorted by path."""
    by_path: dict[str, list[str]] = {}
    for result in results:
        for path in result.files.paths:
            by_path.setdefault(path, []).append(result.domain)
    return tuple(
        ActualOverlap(path=path, domains=tuple(names))
        for path, names in sorted(by_path.items())
        if len(names) > 1
    )


def aggregate(
    *,
    epic_id: str,
    run_id: str,
    mode: Mode,
    mode_reason: str,
    results: Sequence[DomainResult],
    result_files: Mapping[str, str],
    wall_s: float,
    duration_s: float,
    next_commands: Sequence[str],
) -> Aggregate:
    """Return ``phase1_parallel_results.json``.

    Args:
        epic_id: the epic.
        run_id: its run.
        mode: how the domains were worked on.
        mode_reason: why.
        results: one result per domain, in plan order.
        result_files: result file of each domain, relative to the repository.
        wall_s: seconds from the first preparation to the last collection of the domains.
        duration_s: seconds that ropewalk was at work on the run, all rounds together.
        next_commands: what a person can do now.
    """
    return Aggregate(
        epic_id=epic_id,
        run_id=run_id,
        status=overall_status(results),
        mode=mode,
        mode_reason=mode_reason,
        summary=_summary(results, mode=mode, wall_s=wall_s, duration_s=duration_s),
        domains=tuple(
            AggregateDomain(
                name=result.domain,
                status=result.status,
                reason=result.reason,
                result_file=result_files[result.domain],
            )
            for result in results
        ),
        overlaps_actual=actual_overlaps(results),
        next_commands=tuple(next_commands),
    )


def next_commands(aggregate: Aggregate, merge: MergeReport | None) -> tuple[str, ...]:
    """Return what a person can do now: after the merge if there was one, else after phase 1."""
    return aggregate.next_commands if merge is None else merge.next_commands


def _summary(
    results: Sequence[DomainResult], *, mode: Mode, wall_s: float, duration_s: float
) -> AggregateSummary:
    seconds = [sum(attempt.duration_s for attempt in result.attempts) for result in results]
    total, longest = sum(seconds), max(seconds, default=0.0)
    created, modified, deleted = _touched(results)
    compares = mode is Mode.PARALLEL and len(results) > 1
    costs = [result.usage.cost_usd for result in results if result.usage.cost_usd is not None]
    return AggregateSummary(
        domains_total=len(results),
        succeeded=_count(results, DomainStatus.SUCCESS),
        partial=_count(results, DomainStatus.PARTIAL),
        failed=_count(results, DomainStatus.FAILED),
        files_created=len(created),
        files_modified=len(modified - created),
        files_deleted=len(deleted - created - modified),
        insertions=sum(result.insertions for result in results),
        deletions=sum(result.deletions for result in results),
        duration_s=round(duration_s, 3),
        agent_seconds_total=round(total, 3),
        agent_seconds_max=round(longest, 3),
        speedup=_ratio(total, longest) if compares else None,
        speedup_wall=_ratio(total, wall_s) if compares else None,
        overhead_s=round(max(0.0, wall_s - (longest if compares else total)), 3),
        cost_usd=round(sum(costs), 6) if costs else None,
    )


def _touched(results: Sequence[DomainResult]) -> tuple[set[str], set[str], set[str]]:
    """Return the created, modified and deleted paths, each once however many domains touched it."""
    created = {path for result in results for path in result.files.created}
    modified = {path for result in results for path in result.files.modified}
    moved = {move.new for result in results for move in result.files.renamed}
    deleted = {path for result in results for path in result.files.deleted}
    return created, modified | moved, deleted


def _count(results: Sequence[DomainResult], status: DomainStatus) -> int:
    return sum(result.status is status for result in results)


def _ratio(total: float, part: float) -> float | None:
    return round(total / part, 2) if part > 0 else None

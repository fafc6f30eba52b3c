"""The commands that make sense next; every screen and document ends with them."""

from collections.abc import Sequence

from ropewalk.model.plan import Plan
from ropewalk.model.result import DomainResult, DomainStatus, Reason
from ropewalk.report.state import RunState


def after_results(plan: Plan, results: Sequence[DomainResult]) -> tuple[str, ...]:
    """Return what to do with the results of phase 1."""
    epic = plan.epic_id
    commands = [f"ropewalk results {epic}"]
    commands += [f"ropewalk diff {epic}"] if any(r.commits for r in results) else []
    usable = [r for r in results if r.status is not DomainStatus.FAILED]
    partial = [r.domain for r in usable if r.status is DomainStatus.PARTIAL]
    commands += [f"ropewalk retry {epic} {r.domain}" for r in results if _wants_retry(r)]
    if len(results) < len(plan.domains):
        commands.append(f"ropewalk run {epic}")
    if usable:
        include = "".join(f" --include {name}" for name in partial)
        commands.append(f"ropewalk merge {epic}{include} --dry-run")
        commands.append(f"ropewalk merge {epic}{include}")
    return tuple(commands)


def _wants_retry(result: DomainResult) -> bool:
    if result.status is DomainStatus.PARTIAL:
        return result.reason is not Reason.OUT_OF_SCOPE
    return result.status is DomainStatus.FAILED


def for_state(epic_id: str, state: RunState | None, *, is_busy: bool) -> tuple[str, ...]:
    """Return what to do with an epic as it stands."""
    if state is None:
        return (f"ropewalk run {epic_id}", f"ropewalk edit {epic_id}")
    if is_busy:
        return (f"ropewalk watch {epic_id}",)
    if state.request:
        return (f"ropewalk resume {epic_id}",)
    if state.landed is not None:
        left_out = [domain for domain in state.domains.values() if domain.merged is None]
        if left_out:
            can_merge = any(domain.status == DomainStatus.SUCCESS for domain in left_out)
            first = "merge" if can_merge else "results"
            return (f"ropewalk {first} {epic_id}", f"ropewalk undo {epic_id}")
        return (f"ropewalk report {epic_id}", f"ropewalk undo {epic_id}")
    if state.aggregate == "failed":
        return (f"ropewalk results {epic_id}", f"ropewalk run {epic_id} --fresh")
    return (f"ropewalk results {epic_id}", f"ropewalk merge {epic_id}")

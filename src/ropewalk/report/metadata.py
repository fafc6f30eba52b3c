"""The worktree metadata of a domain, projected from the state of its run."""

from ropewalk.model.worktree import WorktreeMetadata
from ropewalk.report.domain_state import DomainState
from ropewalk.report.state import RunState


def metadata_of(state: RunState, domain: DomainState) -> WorktreeMetadata | None:
    """Return the metadata document of ``domain``, or None while it has no worktree."""
    if not domain.history or domain.path is None or domain.base is None:
        return None
    return WorktreeMetadata(
        epic_id=state.epic_id,
        domain=domain.name,
        path=domain.path,
        branch=domain.branch,
        base=domain.base,
        status=domain.history[-1].status,
        history=domain.history,
        run_id=state.run_id,
    )

"""Where a worktree stands when an agent starts in it; what lay in it before is pinned first."""

from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext
from ropewalk.epic.sessions import is_fresh
from ropewalk.epic.stack import stack_base
from ropewalk.git.provision import provision_again
from ropewalk.git.provision_environment import worktree_environment
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.git.snapshot import snapshot
from ropewalk.git.worktree import reset_worktree
from ropewalk.model.graph import AttemptSpec
from ropewalk.model.plan import Domain
from ropewalk.model.result import DomainStatus
from ropewalk.process import base_environment


def place_worktree(
    context: EpicContext, domain: Domain, spec: AttemptSpec, control: Control
) -> str | None:
    """Put the worktree where the domain starts from; return why it cannot start, if it cannot."""
    fresh = is_fresh(context, spec, domain.name)
    if context.domain_state(domain.name).attempts and not fresh:
        _bring_back(context, domain, spec, control)
        return None
    if spec.payload.get("sequential"):
        base = _last_good_head(context)
    elif domain.stacked and domain.depends_on:
        base, problem = stack_base(context, domain)
        if problem:
            return problem
    elif fresh:
        base = context.domain_state(domain.name).base or context.plan.base.commit
    else:
        return None
    worktree = context.worktree(domain.name)
    keep_work(context, domain.name)
    reset_worktree(context.workspace.place, worktree, base)
    _provision_again(context, domain, control)
    control.emit("rebased", {"domain": domain.name, "base": base}, sync=True)
    return None


def _provision_again(context: EpicContext, domain: Domain, control: Control) -> None:
    """Bring in again what an agent before took away or changed, such as ``.env``."""
    workspace, worktree = context.workspace, context.worktree(domain.name)
    config = workspace.config.worktree
    provision_again(
        workspace.place,
        worktree,
        config,
        env=base_environment()
        | worktree_environment(workspace.place, worktree, ports=config.ports),
        log=workspace.layout.log(context.run_id, f"setup-again-{domain.name}", 1),
        cancel=control.cancelled,
    )


def _bring_back(context: EpicContext, domain: Domain, spec: AttemptSpec, control: Control) -> None:
    """Put the work of a domain back into the one worktree that others have used since."""
    state = context.domain_state(domain.name)
    used_since = state.status is not None and context.live.state.last_collected != domain.name
    if spec.payload.get("sequential") and used_since:
        commit = state.head or state.base or context.plan.base.commit
        reset_worktree(context.workspace.place, context.worktree(domain.name), commit)
        _provision_again(context, domain, control)


def keep_work(context: EpicContext, name: str) -> str | None:
    """Pin whatever lies in the worktree of a domain under a backup ref; return the commit."""
    worktree = context.worktree(name)
    if not worktree.is_dir():
        return None
    place = context.workspace.place
    state = context.domain_state(name)
    base = state.base or context.plan.base.commit
    kept = snapshot(place, worktree, exclude=state.brought, base=base)
    ref = epic_ref(context.epic_id, "backup", name, kept.commit[:12])
    if read_ref(place.context, ref) is None:
        update_refs(place.context, [RefUpdate(ref=ref, new=kept.commit, old=None)])
    return kept.commit


def _last_good_head(context: EpicContext) -> str:
    good = context.plan.base.commit
    for name in context.plan.merge_order:
        result = context.result(name)
        if result and result.status is DomainStatus.SUCCESS and result.head:
            good = result.head
    return good

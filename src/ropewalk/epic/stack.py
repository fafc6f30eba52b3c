"""Where a stacked domain starts: the base with the work of its dependencies laid on top."""

from dataclasses import replace

from ropewalk.epic.context import EpicContext
from ropewalk.git.command import Identity
from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.objects import commit_tree, is_ancestor
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.model.plan import Domain
from ropewalk.model.result import DomainStatus

_DATE = "946684800 +0000"


def stack_base(context: EpicContext, domain: Domain) -> tuple[str, str | None]:
    """Return the commit that a stacked domain starts from, and why it cannot start, or None.

    The same heads give the same commit, so a resumed run finds the stack that it began with.

    Raises:
        GitError: git could not merge for another reason than a conflict.
    """
    identity = context.identity()
    who = Identity(name=identity.name, email=identity.email, date=_DATE)
    own = own_context(context.workspace.place)
    stack = context.plan.base.commit
    for name in (one for one in context.plan.merge_order if one in domain.depends_on):
        result = context.result(name)
        if result is None or result.head is None or result.status is not DomainStatus.SUCCESS:
            return stack, f"it builds on {name}, which did not succeed"
        if is_ancestor(own, result.head, stack):
            continue
        merged = merge_tree(own, stack, result.head)
        if not merged.is_clean or merged.tree is None:
            paths = ", ".join(path.path for path in merged.paths[:3])
            return stack, f"its dependencies conflict: {name} in {paths}"
        stack = commit_tree(
            replace(own, author=who, committer=who),
            merged.tree,
            parents=(stack, result.head),
            message=f"Stack for {domain.name}: {name}\n",
        )
    _pin(context, domain, stack)
    return stack, None


def _pin(context: EpicContext, domain: Domain, commit: str) -> None:
    refs = context.workspace.place.context
    ref = epic_ref(context.epic_id, "stack", domain.name)
    old = read_ref(refs, ref)
    if old != commit:
        update_refs(refs, [RefUpdate(ref=ref, new=commit, old=old)])

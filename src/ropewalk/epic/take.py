"""Pinning what lies in a domain's worktree: its commits, and a commit of what was left uncommitted.

The worktree's own git files may have been changed by the agent. Its HEAD is read as data, its files
through the coordinator's own git dir, and every head is pinned before it is used.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

from ropewalk.epic.context import EpicContext
from ropewalk.epic.withhold import clear_head
from ropewalk.errors import WorktreeError
from ropewalk.git.admin import is_real_folder
from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import commits_between, is_ancestor
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, domain_branch, epic_ref, read_ref, update_refs
from ropewalk.git.snapshot import commit_leftovers, settle, snapshot
from ropewalk.git.trees import Changes, changes_between
from ropewalk.git.worktree import read_head
from ropewalk.model.plan import Domain
from ropewalk.model.result import FileChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was found in a worktree and pinned; ``head`` is None when nothing is left of it.

    ``damage`` says what of the worktree's own git files could not be read, empty when all could.
    ``withheld`` are files that were brought in and that the agent had committed all the same.
    """

    head: str | None
    branch: str | None = None
    commits: tuple[str, ...] = ()
    changes: Changes | None = None
    rewritten: bool = False
    damage: str = ""
    withheld: tuple[str, ...] = ()

    @property
    def files(self) -> FileChanges:
        """The files that differ from the base."""
        return self.changes.files if self.changes else FileChanges()


def take_work(context: EpicContext, domain: Domain, *, agent: str) -> Taken:
    """Commit what is left in the worktree, pin the head, and compare it with the base.

    Args:
        context: the run.
        domain: whose worktree.
        agent: the agent's name, for the trailers of the commit.

    Raises:
        GitError: git could not read the worktree; nothing was changed.
    """
    workspace, state = context.workspace, context.domain_state(domain.name)
    place, worktree = workspace.place, context.worktree(domain.name)
    base = state.base or context.plan.base.commit
    if not is_real_folder(worktree):
        return _of_gone(context, domain, base, agent=agent)
    if not _has_commit(own_context(place), read_head(place, worktree)):
        return _of_damaged(context, domain, base)
    identity = context.identity()
    left = commit_leftovers(
        place,
        worktree,
        message=commit_message(context, domain, agent),
        author=identity,
        committer=identity,
        exclude=(*state.brought, ".workflow/outputs"),
    )
    return _cleared(context, domain, base, left or read_head(place, worktree) or base, agent=agent)


def commit_message(context: EpicContext, domain: Domain, agent: str) -> str:
    """Return the message of a commit of the domain's work, trailers included."""
    first = domain.description.strip().splitlines()[:1]
    subject = f"{domain.name}: {first[0].rstrip('.')}"[:72] if first else f"{domain.name}: changes"
    return (
        f"{subject}\n\n"
        f"Epic: {context.epic_id}\nDomain: {domain.name}\nAgent: {agent}\nRun: {context.run_id}\n"
    )


def _cleared(context: EpicContext, domain: Domain, base: str, head: str, *, agent: str) -> Taken:
    """Compare a head with its base, without what was brought into the worktree."""
    message = commit_message(context, domain, agent)
    cleared = clear_head(context, domain.name, base, head, message=message)
    return replace(_compare(context, domain, base, cleared.head), withheld=cleared.withheld)


def _of_gone(context: EpicContext, domain: Domain, base: str, *, agent: str) -> Taken:
    """Take what was committed in a worktree that was deleted: git still knows where it stood."""
    own, place = own_context(context.workspace.place), context.workspace.place
    head = read_head(place, context.worktree(domain.name))
    pinned = read_ref(own_refs(context), epic_ref(context.epic_id, "head", domain.name))
    if head is None or not _has_commit(own, head) or is_ancestor(own, head, pinned or base):
        return _already_pinned(context, domain, base)
    return _cleared(context, domain, base, head, agent=agent)


def _of_damaged(context: EpicContext, domain: Domain, base: str) -> Taken:
    """Take the files of a worktree whose HEAD names no commit, as a change of its base."""
    place, worktree = context.workspace.place, context.worktree(domain.name)
    with suppress(WorktreeError):
        settle(place, worktree, base)
    brought = context.domain_state(domain.name).brought
    kept = snapshot(place, worktree, exclude=(*brought, ".workflow/outputs"), base=base)
    taken = _compare(context, domain, base, kept.commit)
    return replace(taken, damage="HEAD of its worktree named no commit")


def _has_commit(own: GitContext, head: str | None) -> bool:
    asked = ("cat-file", "-e", f"{head}^{{commit}}")
    return head is not None and run(own, *asked, allowed=(0, 1, 128)).code == 0


def _already_pinned(context: EpicContext, domain: Domain, base: str) -> Taken:
    own = own_context(context.workspace.place)
    pinned = read_ref(own_refs(context), epic_ref(context.epic_id, "head", domain.name))
    if pinned is None or not is_ancestor(own, base, pinned):
        return Taken(head=None)
    return _compare(context, domain, base, pinned)


def _compare(context: EpicContext, domain: Domain, base: str, head: str) -> Taken:
    own = own_context(context.workspace.place)
    branch = _pin(context, domain, base, head)
    if not is_ancestor(own, base, head):
        changes = changes_between(own, base, head)
        return Taken(head=head, branch=branch, commits=(head,), changes=changes, rewritten=True)
    return Taken(
        head=head,
        branch=branch,
        commits=commits_between(own, base, head),
        changes=changes_between(own, base, head),
    )


def own_refs(context: EpicContext) -> GitContext:
    """Return the git context whose refs are the repository's."""
    return context.workspace.place.context


def _pin(context: EpicContext, domain: Domain, base: str, head: str) -> str | None:
    refs = own_refs(context)
    pin = epic_ref(context.epic_id, "head", domain.name)
    branch = domain_branch(context.epic_id, domain.name)
    wanted = [pin, branch] if head != base else [pin]
    updates = []
    for ref in wanted:
        old = read_ref(refs, ref)
        if old == head:
            continue
        updates.append(RefUpdate(ref=ref, new=head, old=old))
        if old is not None and ref == pin:
            updates += _backup(context, domain, old)
    if updates:
        update_refs(refs, updates, message=f"ropewalk: collect {domain.name}")
    return branch.removeprefix("refs/heads/") if head != base else None


def _backup(context: EpicContext, domain: Domain, old: str) -> list[RefUpdate]:
    backup = epic_ref(context.epic_id, "backup", domain.name, old[:12])
    if read_ref(own_refs(context), backup) is not None:
        return []
    return [RefUpdate(ref=backup, new=old, old=None)]

"""Conflicts that somebody resolved, remembered as commits of their own.

A resolution belongs to exactly two parents, the train so far and the head of the domain. It is
found again as long as both are the same, whoever made it, so that nobody is asked twice; with other
parents it is not used.
"""

from dataclasses import replace

from ropewalk.errors import RopewalkError
from ropewalk.git.command import GitContext, Identity
from ropewalk.git.objects import commit_message, commit_parents, commit_tree, tree_of
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.merging.lay import Resolve
from ropewalk.merging.values import Clash, MergeInput, MergeTools, Proposal
from ropewalk.model.merge import Resolution
from ropewalk.store.schema.documents import dump, load


def known_or_asked(given: MergeInput, tools: MergeTools) -> Resolve:
    """Return the function that finds a recorded resolution, or asks the resolver and records it."""

    def resolve(clash: Clash) -> Proposal | None:
        known = find_resolution(given, tools, clash)
        if known is not None or tools.resolver is None:
            return known
        proposal = tools.resolver(clash)
        if proposal is not None:
            record_resolution(given, tools, clash.domain, clash.ours, clash.theirs, proposal)
        return proposal

    return resolve


def find_resolution(given: MergeInput, tools: MergeTools, clash: Clash) -> Proposal | None:
    """Return the recorded resolution of a conflict, None when there is none of these parents."""
    context = tools.place.context
    commit = read_ref(context, resolved_ref(given.epic_id, clash.domain))
    if commit is None or commit_parents(context, commit) != (clash.ours, clash.theirs):
        return None
    text = commit_message(context, commit)
    try:
        resolution = load(Resolution, text[text.index("{") :].encode(), name="resolution")
    except (ValueError, RopewalkError):
        return None
    return Proposal(tree=tree_of(context, commit), resolution=resolution)


def record_resolution(
    given: MergeInput, tools: MergeTools, domain: str, ours: str, theirs: str, proposal: Proposal
) -> str:
    """Remember how a conflict was resolved; a record that it replaces is kept below ``trash``.

    Raises:
        RefMoved: somebody else recorded one meanwhile.
    """
    context = tools.place.context
    message = f"Resolution of '{domain}' in {given.epic_id}\n\n{dump(proposal.resolution).decode()}"
    commit = commit_tree(
        dated(context, tools.identity, given.date),
        proposal.tree,
        parents=(ours, theirs),
        message=message,
    )
    ref = resolved_ref(given.epic_id, domain)
    old = read_ref(context, ref)
    if old == commit:
        return commit
    updates = [RefUpdate(ref=ref, new=commit, old=old)]
    if old is not None:
        kept = epic_ref(given.epic_id, "trash", "resolved", old)
        if read_ref(context, kept) is None:
            updates.append(RefUpdate(ref=kept, new=old, old=None))
    update_refs(context, updates, message="ropewalk: resolution")
    return commit


def resolved_ref(epic_id: str, domain: str) -> str:
    """Return the ref of the recorded resolution of a domain."""
    return epic_ref(epic_id, "resolved", domain)


def dated(context: GitContext, identity: Identity, date: int) -> GitContext:
    """Return the context in which commits are from ``identity`` at ``date``."""
    signed = replace(identity, date=f"{date} +0000")
    return replace(context, author=signed, committer=signed)

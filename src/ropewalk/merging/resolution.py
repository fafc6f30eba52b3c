"""Conflicts that somebody resolved, remembered as commits of their own.

A resolution belongs to exactly two parents, the train so far and the head of the domain. It is
found again as long as both are the same, whoever made it, so that nobody is asked twice unless a
person wants to be; with other parents it is not used. What was only suggested is kept the
same way, so that it can be looked at.
"""

from contextlib import suppress
from dataclasses import replace

from ropewalk.errors import RopewalkError
from ropewalk.git.command import GitContext, Identity
from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.objects import commit_message, commit_parents, commit_tree, tree_of
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.lay import Resolve as Resolving
from ropewalk.merging.resolve.rerere import record
from ropewalk.merging.values import Clash, MergeInput, MergeTools, Proposal, Unresolved
from ropewalk.model.conflict import Conflict
from ropewalk.model.merge import Resolution, Resolve, ResolvedBy
from ropewalk.store.schema.documents import dump, load


def known_or_asked(given: MergeInput, tools: MergeTools) -> Resolving:
    """Return the function that finds a recorded resolution, or asks the resolver and records it."""

    def resolve(clash: Clash) -> Proposal | Unresolved | None:
        known = find_resolution(given, tools, clash)
        if known is not None or tools.resolver is None:
            return known
        answer = tools.resolver(clash)
        if isinstance(answer, Proposal):
            record_resolution(given, tools, clash.domain, clash.ours, clash.theirs, answer)
            _tell(tools, clash, answer.resolution)
        elif answer is not None:
            _pin_suggestions(given, tools, clash, answer)
        return answer

    return resolve


def find_resolution(given: MergeInput, tools: MergeTools, clash: Clash) -> Proposal | None:
    """Return the recorded resolution of a conflict, None when there is none of these parents.

    Where automatic resolutions are not to be taken, only what a person decided is found, and only
    on the way from one open conflict to the next: a merge that begins anew asks anew.
    """
    context = tools.place.context
    commit = read_ref(context, resolved_ref(given.epic_id, clash.domain))
    if commit is None or commit_parents(context, commit) != (clash.ours, clash.theirs):
        return None
    text = commit_message(context, commit)
    try:
        resolution = load(Resolution, text[text.index("{") :].encode(), name="resolution")
    except (ValueError, RopewalkError):
        return None
    is_wanted = given.options.resolve is Resolve.VERIFY or (
        resolution.by is ResolvedBy.PERSON and not begins_anew(given)
    )
    return Proposal(tree=tree_of(context, commit), resolution=resolution) if is_wanted else None


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
    if read_ref(context, resolved_ref(given.epic_id, domain)) == commit:
        return commit
    put_record(context, given.epic_id, domain, commit)
    if proposal.resolution.by is ResolvedBy.PERSON:
        _remember_for_others(given, tools, domain, commit)
    return commit


def forget_resolution(given: MergeInput, tools: MergeTools, domain: str) -> None:
    """Use the recorded resolution of a domain no more; it is kept below ``trash``."""
    if read_ref(tools.place.context, resolved_ref(given.epic_id, domain)) is not None:
        put_record(tools.place.context, given.epic_id, domain, None)


def put_record(context: GitContext, epic_id: str, domain: str, commit: str | None) -> None:
    """Put ``commit``, or nothing, where the record of a domain is; that one is kept in ``trash``.

    Raises:
        RefMoved: somebody else recorded one meanwhile.
    """
    ref = resolved_ref(epic_id, domain)
    old = read_ref(context, ref)
    if old == commit:
        return
    updates = [RefUpdate(ref=ref, new=commit, old=old)]
    if old is not None:
        kept = epic_ref(epic_id, "trash", "resolved", old)
        if read_ref(context, kept) is None:
            updates.append(RefUpdate(ref=kept, new=old, old=None))
    update_refs(context, updates, message="ropewalk: resolution")


def is_recorded(given: MergeInput, tools: MergeTools, domain: str, ours: str, theirs: str) -> bool:
    """Whether somebody resolved the conflict of these two sides."""
    context = tools.place.context
    commit = read_ref(context, resolved_ref(given.epic_id, domain))
    return commit is not None and commit_parents(context, commit) == (ours, theirs)


def resolved_ref(epic_id: str, domain: str) -> str:
    """Return the ref of the recorded resolution of a domain."""
    return epic_ref(epic_id, "resolved", domain)


def suggested_ref(epic_id: str, domain: str, tree: str) -> str:
    """Return the ref that keeps a tree which was suggested for a domain."""
    return epic_ref(epic_id, "suggested", domain, tree)


def clash_between(context: GitContext, domain: str, *, ours: str, theirs: str) -> Clash:
    """Return the conflict of two sides as git has it now, without who is in conflict with whom.

    Raises:
        GitError: git failed.
    """
    merged = merge_tree(context, ours, theirs)
    return Clash(
        domain=domain,
        ours=ours,
        theirs=theirs,
        merged=merged,
        conflict=Conflict(paths=merged.paths, with_domains=(), preview_tree=merged.tree),
        context=context,
    )


def begins_anew(given: MergeInput) -> bool:
    """Say whether a person wants to decide every conflict, also those decided before."""
    return given.options.resolve is Resolve.OFF and not given.options.proceed


def dated(context: GitContext, identity: Identity, date: int) -> GitContext:
    """Return the context in which commits are from ``identity`` at ``date``."""
    signed = replace(identity, date=f"{date} +0000")
    return replace(context, author=signed, committer=signed)


def _tell(tools: MergeTools, clash: Clash, resolution: Resolution) -> None:
    data = {
        "domain": clash.domain,
        "by": resolution.by.value,
        "number": resolution.candidates_tried,
        "of": resolution.candidates_offered,
        "words": list(resolution.words),
        "verified_by": list(resolution.verified_by),
    }
    tools.note("conflict_resolved", data, sync=True)


def _pin_suggestions(
    given: MergeInput, tools: MergeTools, clash: Clash, answer: Unresolved
) -> None:
    """Keep what was suggested under refs, with the sides as parents."""
    context = tools.place.context
    signed = dated(context, tools.identity, given.date)
    for suggestion in answer.suggestions:
        ref = suggested_ref(given.epic_id, clash.domain, suggestion.tree)
        message = f"Suggestion for '{clash.domain}' in {given.epic_id}\n"
        parents = (clash.ours, clash.theirs)
        commit = commit_tree(signed, suggestion.tree, parents=parents, message=message)
        old = read_ref(context, ref)
        if old != commit:
            update = RefUpdate(ref=ref, new=commit, old=old)
            update_refs(context, [update], message="ropewalk: suggestion")


def _remember_for_others(given: MergeInput, tools: MergeTools, domain: str, commit: str) -> None:
    """Record what a person decided for conflicts to come; it is recorded already for this one."""
    ours, theirs = commit_parents(tools.place.context, commit)
    with (
        suppress(RopewalkError, OSError),
        merging_context(tools.place, given.target_commit, is_trial=True) as context,
    ):
        clash = clash_between(context, domain, ours=ours, theirs=theirs)
        record(tools.place, clash, tree_of(context, commit))

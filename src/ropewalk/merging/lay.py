"""Lays strands one after another in a given order; touches objects, never a ref or a checkout.

Domains that need no merge are laid in rows, the others are merged one at a time. What cannot be
laid is left out with its reason, and so is everything that depends on it; the rest goes on. The
same yard and order give the same commits, in rows or not.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from ropewalk.errors import GitError
from ropewalk.git.merge_tree import MergedTree
from ropewalk.git.objects import tree_of
from ropewalk.merging.conflict import Meeting, outline
from ropewalk.merging.footprint import is_spelled_alike, tree_footprint
from ropewalk.merging.ground import Ground
from ropewalk.merging.rows import lay_row, plan_row
from ropewalk.merging.select import Strand
from ropewalk.merging.values import Clash, Proposal, Unresolved
from ropewalk.merging.yard import Laid, Yard, entry_of, objects_of
from ropewalk.model.conflict import Conflict
from ropewalk.model.merge import MergedDomain, MergedDomainStatus, OnConflict, Resolution

Resolve = Callable[[Clash], Proposal | Unresolved | None]
Describe = Callable[[Meeting], Conflict]


def nobody(_clash: Clash) -> None:
    """Resolve nothing."""
    return


def lay(
    yard: Yard,
    order: Sequence[str],
    *,
    resolve: Resolve = nobody,
    describe: Describe = outline,
) -> Laid:
    """Lay all domains in ``order``; ``resolve`` is asked about each conflict.

    ``describe`` says what a conflict is; by default as much as it takes to compare two orders.

    Raises:
        GitError: git failed in a way that is no conflict.
    """
    laid = Laid(tip=yard.given.target_commit, merge_tip=yard.given.target_commit)
    ground = yard.ground()
    waiting = deque(order)
    while waiting:
        planned = plan_row(yard, laid, ground, waiting)
        try:
            laid = lay_row(yard, planned, is_last=not waiting)
        except GitError:
            # Whatever it is, one merge at a time can do without it, or says what is wrong.
            one_by_one = replace(yard, in_rows=False)
            return lay(one_by_one, order, resolve=resolve, describe=describe)
        if waiting:
            strand = yard.selection.strands[waiting.popleft()]
            laid = _merge(yard, laid, ground, strand, resolve, describe)
    return laid


def _merge(
    yard: Yard,
    laid: Laid,
    ground: Ground,
    strand: Strand,
    resolve: Resolve,
    describe: Describe,
) -> Laid:
    work = yard.works[strand.name]
    apart = is_spelled_alike(work, ground)
    merged = yard.merge(laid.merge_tip, work.head, are_names_apart=apart)
    if merged.is_clean and merged.tree is not None:
        ground.add(work)
        return _commit(yard, laid, strand, tree=merged.tree)
    conflict = describe(_meeting(yard, laid, strand, merged))
    clash = Clash(
        domain=strand.name,
        ours=laid.merge_tip,
        theirs=work.head,
        merged=merged,
        conflict=conflict,
        context=yard.shared,
        before=laid.names(),
    )
    if resolve is not nobody:
        yard.keep((laid.merge_tip, *objects_of(conflict)))
    proposal = resolve(clash)
    if not isinstance(proposal, Proposal):
        return _with(laid, _stuck(yard, strand, clash, proposal))
    ground.add(work)
    ground.add_tree(tree_footprint(yard.shared, yard.survey, proposal.tree))
    return _commit(
        yard,
        laid,
        strand,
        tree=proposal.tree,
        conflict=conflict,
        resolution=proposal.resolution,
    )


def _stuck(yard: Yard, strand: Strand, clash: Clash, unresolved: Unresolved | None) -> MergedDomain:
    parks = yard.given.options.on_conflict is OnConflict.PARK
    status = MergedDomainStatus.PARKED if parks else MergedDomainStatus.CONFLICT
    entry = replace(
        entry_of(strand, status),
        reason=_reason(clash.conflict),
        parents=(clash.ours, clash.theirs),
        conflict=clash.conflict,
    )
    if unresolved is None:
        return entry
    return replace(
        entry,
        reason=f"{entry.reason}; {unresolved.reason}",
        suggestions=unresolved.suggestions,
    )


def _commit(
    yard: Yard,
    laid: Laid,
    strand: Strand,
    *,
    tree: str,
    conflict: Conflict | None = None,
    resolution: Resolution | None = None,
) -> Laid:
    squash = yard.given.options.squash
    if squash and tree == tree_of(yard.context, laid.tip):
        return _with(laid, entry_of(strand, MergedDomainStatus.NOTHING_TO_MERGE))
    number = len(laid.names())
    message = yard.message(strand, resolution)
    both = (laid.merge_tip, yard.works[strand.name].head)
    merge_tip = yard.hand.commit(yard.context, number, tree, parents=both, message=message)
    parents: tuple[str, ...] = both
    tip = merge_tip
    if squash:
        parents = (laid.tip,)
        tip = yard.hand.commit(yard.context, number, tree, parents=parents, message=message)
    status = MergedDomainStatus.MERGED if resolution is None else MergedDomainStatus.RESOLVED
    entry = replace(
        entry_of(strand, status),
        commit=tip,
        tree=tree,
        parents=parents,
        conflict=conflict,
        resolution=resolution,
    )
    return Laid(tip=tip, merge_tip=merge_tip, entries=(*laid.entries, entry))


def _with(laid: Laid, entry: MergedDomain) -> Laid:
    return replace(laid, entries=(*laid.entries, entry))


def _meeting(yard: Yard, laid: Laid, strand: Strand, merged: MergedTree) -> Meeting:
    return Meeting(
        context=yard.context,
        domain=strand.name,
        theirs=yard.works[strand.name].head,
        ours=laid.merge_tip,
        start=yard.given.target_commit,
        target=yard.given.target,
        heads=yard.heads,
        before=laid.names(),
        matrix=yard.matrix,
        merged=merged,
    )


def _reason(conflict: Conflict) -> str:
    return f"conflicts with {', '.join(conflict.with_domains) or 'the target'}"

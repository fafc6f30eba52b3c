"""Domains that need no merge, laid in one row: their changes are put on the train as they are.

A domain needs none when nothing it did crosses anything that the train did since the same base.
What git would make of the two is then known: every path as the one side left it that touched it.
The commits of a row are those that merging one after another would have given.
"""

from collections import deque
from dataclasses import replace
from functools import partial

from ropewalk.git.commit_row import NewCommit, make_row
from ropewalk.git.objects import is_ancestor
from ropewalk.git.packs import take_in
from ropewalk.git.trees import is_file
from ropewalk.merging.ground import Ground
from ropewalk.merging.select import Strand
from ropewalk.merging.values import IN_TRAIN
from ropewalk.merging.yard import Laid, Yard, entry_of
from ropewalk.model.merge import MergedDomain, MergedDomainStatus

_SOUND = (*IN_TRAIN, MergedDomainStatus.NOTHING_TO_MERGE)


def plan_row(yard: Yard, laid: Laid, ground: Ground, waiting: deque[str]) -> Laid:
    """Return the train with the next domains that need no merge; their commits are still missing.

    Args:
        yard: what laying needs.
        laid: the train so far.
        ground: what it touched; takes in what the row touches.
        waiting: the order; the domains of the row are taken from it.
    """
    while waiting and (entry := _without_merge(yard, laid, ground, waiting[0])) is not None:
        waiting.popleft()
        laid = replace(laid, entries=(*laid.entries, entry))
    return laid


def lay_row(yard: Yard, laid: Laid, *, is_last: bool) -> Laid:
    """Make the commits that are still missing in a planned train.

    Args:
        yard: what laying needs.
        laid: the train so far.
        is_last: whether nothing follows; nobody needs to see the objects of a train then that is
            nothing but this row, and its pack is handed on.

    Raises:
        GitError: it could not be done this way.
    """
    missing = [one for one in laid.entries if one.status in IN_TRAIN and one.commit is None]
    if not missing:
        return laid
    squash = yard.given.options.squash
    first = len(laid.names()) - len(missing)
    commits = [_new_commit(yard, entry.name, first + n) for n, entry in enumerate(missing)]
    make = partial(make_row, yard.context, touched=_touched(yard, laid), known=yard.trees)
    merged = row = make(laid.merge_tip, commits)
    if squash:
        row = make(laid.tip, [replace(commit, merged=None) for commit in commits])
    is_whole = is_last and laid.tip == yard.given.target_commit
    if not is_whole:
        for pack in {merged.pack, row.pack}:
            take_in(yard.context, pack)
    befores = (laid.tip, *(one.commit for one in row.made))
    filled = {
        entry.name: replace(
            entry,
            commit=one.commit,
            tree=one.tree,
            parents=(before,) if squash else (before, yard.works[entry.name].head),
        )
        for entry, before, one in zip(missing, befores, row.made, strict=False)
    }
    return Laid(
        tip=row.made[-1].commit,
        merge_tip=merged.made[-1].commit,
        entries=tuple(filled.get(entry.name, entry) for entry in laid.entries),
        pack=row.pack if is_whole else b"",
    )


def _touched(yard: Yard, laid: Laid) -> set[str]:
    """Return the directories that the target and the laid domains touched."""
    laid_works = (yard.works[e.name] for e in laid.entries if e.commit is not None)
    works = (yard.target, *laid_works)
    return {entry.path for work in works for entry in work.entries if not is_file(entry)}


def _new_commit(yard: Yard, name: str, number: int) -> NewCommit:
    return NewCommit(
        entries=yard.works[name].entries,
        merged=yard.works[name].head,
        message=yard.message(yard.selection.strands[name]),
        identity=yard.hand.dated(number),
    )


def _without_merge(yard: Yard, laid: Laid, ground: Ground, name: str) -> MergedDomain | None:
    """Return the entry of a domain that needs no merge, None for one that does."""
    known = yard.selection.left_out.get(name)
    if known is not None:
        return known
    strand = yard.selection.strands[name]
    blocked = _blocked(strand, laid)
    if blocked is not None:
        return blocked
    if strand.head is None or _is_in(yard, laid, ground, strand.head):
        return entry_of(strand, MergedDomainStatus.NOTHING_TO_MERGE)
    work = yard.works[name]
    if not (yard.in_rows and ground.is_apart(work)):
        return None
    if yard.given.options.squash and not work.changes:
        return entry_of(strand, MergedDomainStatus.NOTHING_TO_MERGE)
    ground.add(work)
    return entry_of(strand, MergedDomainStatus.MERGED)


def _is_in(yard: Yard, laid: Laid, ground: Ground, head: str) -> bool:
    """Whether the train comes from ``head``."""
    if ground.holds(head) or head in yard.survey.history.parents:
        return ground.holds(head)
    # The base comes from it: a domain without work of its own, or a branch from long ago.
    return ground.has_base or is_ancestor(yard.context, head, laid.merge_tip)


def _blocked(strand: Strand, laid: Laid) -> MergedDomain | None:
    for need in strand.depends_on:
        entry = laid.find(need)
        if entry is not None and entry.status not in _SOUND:
            return MergedDomain(
                name=strand.name,
                status=MergedDomainStatus.BLOCKED,
                reason=f"needs {need}, which is {entry.status}",
                depends_on=strand.depends_on,
                blocked_by=entry.blocked_by or need,
            )
    return None

"""Lays strands one after another in a given order; touches objects, never a ref or a checkout.

What cannot be laid is left out with its reason, and so is everything that depends on it; the rest
goes on. The same yard and order give the same commits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ropewalk.git.command import GitContext, Identity
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.objects import commit_tree, is_ancestor, tree_of
from ropewalk.merging.footprint import Footprint, touches
from ropewalk.merging.matrix import clashes
from ropewalk.merging.messages import merge_message
from ropewalk.merging.select import Selection, Strand
from ropewalk.merging.values import IN_TRAIN, Clash, MergeInput, Proposal
from ropewalk.model.conflict import Conflict, ConflictPath
from ropewalk.model.merge import (
    Matrix,
    MergedDomain,
    MergedDomainStatus,
    OnConflict,
    Resolution,
)

Resolve = Callable[[Clash], Proposal | None]
_SOUND = (*IN_TRAIN, MergedDomainStatus.NOTHING_TO_MERGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """Everything that laying needs: where, what, and who signs."""

    context: GitContext
    given: MergeInput
    identity: Identity
    selection: Selection
    footprints: Mapping[str, Footprint]
    matrix: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A train in the making.

    ``tip`` is its last commit. ``merge_tip`` is what the next domain is merged with: the same, but
    with ``--squash`` a commit of the same tree that has all merged heads as ancestors, so that a
    domain that builds on another one is merged against what it really started from.
    """

    tip: str
    merge_tip: str
    entries: tuple[MergedDomain, ...] = ()

    def find(self, name: str) -> MergedDomain | None:
        """Return the entry of a domain, or None while it has none."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def names(self) -> tuple[str, ...]:
        """The domains that are in the train so far, first to last."""
        return tuple(entry.name for entry in self.entries if entry.status in IN_TRAIN)


def nobody(_clash: Clash) -> None:
    """Resolve nothing."""
    return


def lay(yard: Yard, order: Iterable[str], *, resolve: Resolve = nobody) -> Laid:
    """Lay all domains in ``order``; ``resolve`` is asked about each conflict.

    Raises:
        GitError: git failed in a way that is no conflict.
    """
    laid = Laid(tip=yard.given.target_commit, merge_tip=yard.given.target_commit)
    for name in order:
        known = yard.selection.left_out.get(name)
        entry = known or _blocked(yard.selection.strands[name], laid)
        if entry is not None:
            laid = replace(laid, entries=(*laid.entries, entry))
        else:
            laid = _add(yard, laid, yard.selection.strands[name], resolve)
    return laid


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


def _add(yard: Yard, laid: Laid, strand: Strand, resolve: Resolve) -> Laid:
    head = strand.head
    if head is None or is_ancestor(yard.context, head, laid.merge_tip):
        return _with(laid, _entry(strand, MergedDomainStatus.NOTHING_TO_MERGE))
    merged = merge_tree(yard.context, laid.merge_tip, head)
    if merged.is_clean and merged.tree is not None:
        return _commit(yard, laid, strand, tree=merged.tree)
    conflict = _conflict(yard, laid, strand, merged)
    clash = Clash(
        domain=strand.name, ours=laid.merge_tip, theirs=head, merged=merged, conflict=conflict
    )
    proposal = resolve(clash)
    if proposal is not None:
        return _commit(
            yard,
            laid,
            strand,
            tree=proposal.tree,
            conflict=conflict,
            resolution=proposal.resolution,
        )
    parks = yard.given.options.on_conflict is OnConflict.PARK
    status = MergedDomainStatus.PARKED if parks else MergedDomainStatus.CONFLICT
    entry = replace(
        _entry(strand, status),
        reason=_reason(conflict, laid),
        parents=(laid.merge_tip, head),
        conflict=conflict,
    )
    return _with(laid, entry)


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
        return _with(laid, _entry(strand, MergedDomainStatus.NOTHING_TO_MERGE))
    signed = _signed(yard, len(laid.names()))
    message = merge_message(
        strand,
        epic_id=yard.given.epic_id,
        run_id=yard.given.run_id,
        resolution=resolution,
    )
    merge_parents = (laid.merge_tip, strand.head or laid.merge_tip)
    merge_tip = commit_tree(signed, tree, parents=merge_parents, message=message)
    parents = (laid.tip,) if squash else merge_parents
    tip = commit_tree(signed, tree, parents=parents, message=message) if squash else merge_tip
    status = MergedDomainStatus.MERGED if resolution is None else MergedDomainStatus.RESOLVED
    entry = replace(
        _entry(strand, status),
        commit=tip,
        tree=tree,
        parents=parents,
        conflict=conflict,
        resolution=resolution,
    )
    return Laid(tip=tip, merge_tip=merge_tip, entries=(*laid.entries, entry))


def _signed(yard: Yard, number: int) -> GitContext:
    dated = replace(yard.identity, date=f"{yard.given.date + number} +0000")
    return replace(yard.context, author=dated, committer=dated)


def _entry(strand: Strand, status: MergedDomainStatus) -> MergedDomain:
    return MergedDomain(name=strand.name, status=status, depends_on=strand.depends_on)


def _with(laid: Laid, entry: MergedDomain) -> Laid:
    return replace(laid, entries=(*laid.entries, entry))


def _conflict(yard: Yard, laid: Laid, strand: Strand, merged: MergedTree) -> Conflict:
    labels = {laid.merge_tip: "train", strand.head or "": strand.name}
    paths = tuple(_readable(path, labels) for path in merged.paths)
    others = _involved(yard, laid, strand, [path.path for path in paths])
    return Conflict(paths=paths, with_domains=others, preview_tree=merged.tree)


def _involved(yard: Yard, laid: Laid, strand: Strand, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the domains of the train that a conflict is with.

    Those that do not merge with this domain alone either; where there is none, those that touched
    its paths, or a path that this domain touched, because a moved file has more than one.
    """
    names = laid.names()
    confirmed = [name for name in names if clashes(yard.matrix, strand.name, name)]
    near = [name for name in names if touches(yard.footprints[name], paths)]
    own = yard.footprints[strand.name].paths
    shared = [name for name in names if touches(yard.footprints[name], own)]
    return tuple(confirmed or near or shared)


def _readable(path: ConflictPath, labels: Mapping[str, str]) -> ConflictPath:
    """Replace the object id that git puts behind ``~`` in a file name by the name of the side."""
    stem, _, side = path.path.rpartition("~")
    return replace(path, path=f"{stem}~{labels[side]}") if side in labels else path


def _reason(conflict: Conflict, laid: Laid) -> str:
    if conflict.with_domains:
        return f"conflicts with {', '.join(conflict.with_domains)}"
    return "conflicts with the train so far" if laid.names() else "conflicts with the target"

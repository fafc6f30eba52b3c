"""Builds the train and pins it: from domain heads to commits on refs of ours.

Refs are written once, at the end, all or none: the steps, the result, where the target stood, and
every head that was seen. Until landing nothing of the person's is touched.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial

from ropewalk.git.command import GitContext
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.objects import is_ancestor
from ropewalk.git.own import quarantined
from ropewalk.git.packs import take_in
from ropewalk.git.refs import RefUpdate, epic_ref, list_refs, update_refs
from ropewalk.merging import attributes
from ropewalk.merging.commits import require_hand
from ropewalk.merging.conflict import describe
from ropewalk.merging.lay import Resolve, lay
from ropewalk.merging.matrix import clashes, matrix
from ropewalk.merging.order import alternatives, is_order, merge_order, order_reason
from ropewalk.merging.outset import TARGET, Outset
from ropewalk.merging.preview import pin_previews
from ropewalk.merging.select import without
from ropewalk.merging.unfit import unfit
from ropewalk.merging.values import MergeInput, MergeTools, Train
from ropewalk.merging.yard import Laid, Yard, objects_of
from ropewalk.model.merge import MergedDomain, MergedDomainStatus

_STUCK = (MergedDomainStatus.CONFLICT, MergedDomainStatus.PARKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A train, and the refs of its epic as they were when all of it was made."""

    train: Train
    refs: Mapping[str, str]


def build_train(given: MergeInput, tools: MergeTools, at: Outset, *, resolve: Resolve) -> Built:
    """Build the train; no ref is written.

    Args:
        given: what decides the commits.
        tools: who signs, whom to tell.
        at: where it begins; merges are computed and their objects go there.
        resolve: asked about each conflict.
    """
    context, found = at.context, at.survey.result()
    selection = without(
        at.selection, unfit(context, at.selection, found, target=given.target_commit)
    )
    heads = {name: one.head for name, one in selection.strands.items() if one.head is not None}
    with quarantined(context) as apart:
        hand = require_hand(given, tools, apart, signing=at.signing.result(), heads=heads.values())
        yard = Yard(
            context=apart,
            shared=context,
            given=given,
            hand=hand,
            selection=selection,
            survey=found,
            target=found.works[TARGET],
            trees=at.trees.result(),
            matrix=matrix(apart, heads, footprints=found.works, prepare=at.prepare),
            merge=cache(partial(_merge, at, apart)),
            in_rows=hand.signing is None,
        )
        order, reason, laid = _laid(yard, resolve)
        with ThreadPoolExecutor(max_workers=1) as beside:
            refs = beside.submit(list_refs, tools.place.context, epic_ref(given.epic_id))
            _keep(yard, laid)
    train = Train(
        base=given.target_commit,
        result=laid.tip,
        order=order,
        order_reason=reason,
        domains=laid.entries,
        matrix=yard.matrix,
        drivers_used=_drivers(at, yard),
        attributes_changes=tuple(
            f"{name}: {path}"
            for name in order
            if name in heads
            for path in found.works[name].attributes
        ),
    )
    return Built(train=train, refs=refs.result())


def pin(
    given: MergeInput, tools: MergeTools, train: Train, *, present: Mapping[str, str] | None = None
) -> None:
    """Put the refs of the epic on ``train``, in one transaction with the old values expected.

    A result that the new one does not contain is kept below ``trash``.

    Args:
        given: names the epic.
        tools: the repository.
        train: what they are put on.
        present: the refs of the epic as they are expected; None for as they are.

    Raises:
        RefMoved: somebody else moved one of these refs meanwhile; nothing was written.
    """
    context = tools.place.context
    if present is None:
        present = list_refs(context, epic_ref(given.epic_id))
    wanted = _wanted_refs(given, train, set(present.values()))
    wanted |= pin_previews(given, tools, train)
    result = epic_ref(given.epic_id, "result")
    old = present.get(result)
    if old is not None and old != train.result and not is_ancestor(context, old, train.result):
        wanted[epic_ref(given.epic_id, "trash", "result", old)] = old
    steps = epic_ref(given.epic_id, "step") + "/"
    stale = [ref for ref in present if ref.startswith(steps) and ref not in wanted]
    updates = [
        RefUpdate(ref=ref, new=new, old=present.get(ref))
        for ref, new in wanted.items()
        if present.get(ref) != new
    ]
    updates += [RefUpdate(ref=ref, new=None, old=present[ref]) for ref in stale]
    update_refs(context, updates, message="ropewalk: train built")


def _wanted_refs(given: MergeInput, train: Train, pinned: set[str]) -> dict[str, str]:
    epic = given.epic_id
    wanted = {
        epic_ref(epic, "step", str(number)): step.commit
        for number, step in enumerate(train.steps, start=1)
        if step.commit is not None
    }
    wanted[epic_ref(epic, "result")] = train.result
    wanted[backup_ref(epic, train.base)] = train.base
    heads = {result.head for result in given.results if result.head is not None}
    wanted.update({epic_ref(epic, "seen", head): head for head in sorted(heads - pinned)})
    return wanted


def backup_ref(epic_id: str, commit: str) -> str:
    """Return the ref that keeps where a target stood before a landing."""
    return epic_ref(epic_id, "backup", commit)


def _laid(yard: Yard, resolve: Resolve) -> tuple[tuple[str, ...], str, Laid]:
    """Return the order that was taken, why, and the train in it."""
    order = _plan_order(yard.given)
    reason = order_reason(order, _needs(yard.given))
    # What is only looked at needs no signature.
    trial = replace(yard, hand=replace(yard.hand, signing=None), in_rows=True)
    laid = lay(trial, order)
    if stuck := _stuck(laid):
        order, reason = _better_order(trial, order, stuck, reason)
    elif yard.hand.signing is None:
        return order, reason, laid
    return order, reason, lay(yard, order, resolve=resolve, describe=describe)


def _keep(yard: Yard, laid: Laid) -> None:
    """Bring the train out of the quarantine, and what the report says of its conflicts."""
    if laid.pack:
        # Nothing was merged on the way, so there is nothing else to bring.
        take_in(yard.shared, laid.pack)
        return
    conflicts = [entry for entry in laid.entries if entry.conflict is not None]
    named = (oid for entry in conflicts if entry.conflict for oid in objects_of(entry.conflict))
    sides = (parent for entry in conflicts for parent in entry.parents)
    yard.keep((laid.tip, *sides, *named))


def _needs(given: MergeInput) -> dict[str, tuple[str, ...]]:
    return {domain.name: domain.depends_on for domain in given.plan.domains}


def _plan_order(given: MergeInput) -> tuple[str, ...]:
    order = given.plan.merge_order
    needs = _needs(given)
    if sorted(order) == sorted(needs) and is_order(order, needs):
        return order
    return merge_order(given.plan.domains)


def _better_order(
    yard: Yard, planned: tuple[str, ...], stuck: tuple[MergedDomain, ...], reason: str
) -> tuple[tuple[str, ...], str]:
    """Return the order with the fewest conflicts; the planned one unless another one has fewer.

    Git follows a renamed file only while it is similar enough, so whether a third domain merges can
    depend on the order of the first two. A conflict between two domains alone stays in any order.
    """
    late = next((entry for entry in stuck if not _is_between_two(yard, entry)), None)
    if late is None:
        return planned, reason
    best, fewest = planned, len(stuck)
    for order in alternatives(planned, _needs(yard.given), late=late.name):
        count = len(_stuck(lay(yard, order)))
        if count < fewest:
            best, fewest = order, count
        if fewest == 0:
            break
    if best == planned:
        return planned, reason
    return best, f"{reason}; changed because {late.name} conflicts in the planned order"


def _stuck(laid: Laid) -> tuple[MergedDomain, ...]:
    return tuple(entry for entry in laid.entries if entry.status in _STUCK)


def _is_between_two(yard: Yard, entry: MergedDomain) -> bool:
    conflict = entry.conflict
    return conflict is not None and any(
        clashes(yard.matrix, entry.name, other) for other in conflict.with_domains
    )


def _merge(
    at: Outset, context: GitContext, ours: str, theirs: str, *, are_names_apart: bool
) -> MergedTree:
    at.prepare()
    return merge_tree(context, ours, theirs, are_names_apart=are_names_apart)


def _drivers(at: Outset, yard: Yard) -> tuple[str, ...]:
    """Return the special drivers of the paths that more than one side changed."""
    seen: set[str] = set()
    shared: set[str] = set()
    for name in (TARGET, *yard.heads):
        paths = yard.works[name].paths
        shared |= seen & paths
        seen |= paths
    if not shared:
        return ()
    at.prepare()
    return attributes.drivers_used(at.context, shared)

"""Builds the train and pins it: from domain heads to commits on refs of ours.

Refs are written once, at the end, all or none: the steps, the result, where the target stood, and
every head that was seen. Until landing nothing of the person's is touched.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ropewalk.git.command import GitContext
from ropewalk.git.objects import is_ancestor, merge_base
from ropewalk.git.refs import RefUpdate, epic_ref, list_refs, update_refs
from ropewalk.git.trees import changed_paths
from ropewalk.merging import attributes
from ropewalk.merging.footprint import Footprint, footprint
from ropewalk.merging.lay import Laid, Resolve, Yard, lay
from ropewalk.merging.matrix import clashes, matrix
from ropewalk.merging.order import alternatives, is_order, merge_order, order_reason
from ropewalk.merging.select import Selection, select, without
from ropewalk.merging.values import MergeInput, MergeTools, Train
from ropewalk.model.merge import MergedDomain, MergedDomainStatus

_STUCK = (MergedDomainStatus.CONFLICT, MergedDomainStatus.PARKED)


def build_train(
    given: MergeInput,
    tools: MergeTools,
    context: GitContext,
    *,
    resolve: Resolve,
    left_out: Iterable[MergedDomain] = (),
) -> Train:
    """Build the train in ``context``; no ref is read or written.

    Args:
        given: what decides the commits.
        tools: who signs, whom to tell.
        context: where merges are computed and their objects go.
        resolve: asked about each conflict.
        left_out: domains that are not to take part, besides those that the options leave out.
    """
    selection = _related(context, given, without(select(given), left_out))
    heads = {name: one.head for name, one in selection.strands.items() if one.head is not None}
    base = given.plan.base.commit
    footprints = {name: footprint(context, base=base, head=head) for name, head in heads.items()}
    order = _plan_order(given)
    reason = order_reason(order, _needs(given))
    with attributes.trial(context) as trial:
        yard = Yard(
            context=context,
            given=given,
            identity=tools.identity,
            selection=selection,
            footprints=footprints,
            matrix=matrix(trial, heads, footprints=footprints),
        )
        laid = lay(yard, order)
        if stuck := _stuck(laid):
            order, reason = _better_order(replace(yard, context=trial), order, stuck, reason)
            laid = lay(yard, order, resolve=resolve)
    return Train(
        base=given.target_commit,
        result=laid.tip,
        order=order,
        order_reason=reason,
        domains=laid.entries,
        matrix=yard.matrix,
        drivers_used=_drivers(context, given, footprints),
        attributes_changes=tuple(
            f"{name}: {path}"
            for name in order
            if name in footprints
            for path in footprints[name].attributes
        ),
    )


def pin(given: MergeInput, tools: MergeTools, train: Train) -> None:
    """Put the refs of the epic on ``train``, in one transaction with the old values expected.

    A result that the new one does not contain is kept below ``trash``.

    Raises:
        RefMoved: somebody else moved one of these refs meanwhile; nothing was written.
    """
    context = tools.place.context
    present = list_refs(context, epic_ref(given.epic_id))
    wanted = _wanted_refs(given, train, set(present.values()))
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


def _related(context: GitContext, given: MergeInput, selection: Selection) -> Selection:
    """Leave out the domains whose head has nothing in common with the target."""
    orphans = [
        MergedDomain(
            name=name,
            status=MergedDomainStatus.SKIPPED,
            reason="its head has no history in common with the target",
            depends_on=strand.depends_on,
        )
        for name, strand in selection.strands.items()
        if strand.head is not None and merge_base(context, given.target_commit, strand.head) is None
    ]
    return without(selection, orphans)


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


def _drivers(
    context: GitContext, given: MergeInput, footprints: Mapping[str, Footprint]
) -> tuple[str, ...]:
    """Return the special drivers of the paths that more than one side changed."""
    parties = [work.paths for work in footprints.values()]
    if given.plan.base.commit != given.target_commit:
        parties.append(changed_paths(context, given.plan.base.commit, given.target_commit))
    seen: set[str] = set()
    shared: set[str] = set()
    for paths in parties:
        shared |= seen & paths
        seen |= paths
    return attributes.drivers_used(context, shared)

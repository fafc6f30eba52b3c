"""Takes a merge back: the branch to where it was, or the train to the trash.

A landed train is taken back only while nothing was built on it and nothing of the person's is in
the way; otherwise the refusal names the commands that revert it, domain by domain.
"""

from collections.abc import Sequence
from dataclasses import replace

from ropewalk.errors import GitError, LandingRefused
from ropewalk.git.command import run
from ropewalk.git.refs import RefUpdate, epic_ref, list_refs, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.trees import raw_changes
from ropewalk.merging.checkout import checkouts_of, why_not_movable
from ropewalk.merging.moving import move_mark
from ropewalk.merging.values import Note
from ropewalk.model.merge import MergeReport

_PATIENCE_S = 900.0


def undo_landing(place: Place, report: MergeReport, *, note: Note) -> None:
    """Move the target of a landed merge back to its base; again after a success changes nothing.

    Raises:
        LandingRefused: the target moved on, or files of the person's are in the way; the hint
            holds the commands that revert the domains instead. Nothing was changed.
    """
    ref, base, result = report.target.ref, report.target.base, report.target.result
    now = read_ref(place.context, ref)
    if result is None or not report.target.landed:
        raise LandingRefused(f"{report.epic_id} did not land", code="not_landed")
    if now != base:
        if now != result:
            raise LandingRefused(
                f"{ref} moved on since {report.epic_id} landed", hint=_revert(report)
            )
        note("undoing", {"ref": ref, "old": result, "new": base}, sync=True)
        _move_back(place, report, base=base, result=result)
    note("undone", {"ref": ref, "old": result, "new": base}, sync=True)


def undo_building(place: Place, epic_id: str, *, note: Note) -> tuple[str, ...]:
    """Move the refs of a train that did not land to the trash; return those that were moved."""
    present = list_refs(place.context, epic_ref(epic_id))
    result, steps = epic_ref(epic_id, "result"), epic_ref(epic_id, "step") + "/"
    ours = {ref: oid for ref, oid in present.items() if ref == result or ref.startswith(steps)}
    if not ours:
        return ()
    updates = [RefUpdate(ref=ref, new=None, old=oid) for ref, oid in ours.items()]
    kept = {epic_ref(epic_id, "trash", "result", oid): oid for oid in ours.values()}
    updates += [
        RefUpdate(ref=ref, new=oid, old=None) for ref, oid in kept.items() if ref not in present
    ]
    update_refs(place.context, updates, message="ropewalk: train taken back")
    note("train_removed", {"refs": sorted(ours)}, sync=True)
    return tuple(sorted(ours))


def _move_back(place: Place, report: MergeReport, *, base: str, result: str) -> None:
    ref = report.target.ref
    checkouts = checkouts_of(place, ref)
    changes = raw_changes(place.context, result, base)
    for checkout in checkouts:
        why = why_not_movable(checkout, changes)
        if why is not None:
            raise LandingRefused(why, hint=f"put it aside, then: ropewalk undo {report.epic_id}")
    try:
        for checkout in checkouts:
            context = checkout.context
            run(
                context,
                *("read-tree", "-m", "-u", result, base),
                timeout_s=_PATIENCE_S,
                env=move_mark(result, base),
            )
        update = RefUpdate(ref=ref, new=base, old=result)
        update_refs(replace(place.context, hooks=False), [update], message="ropewalk: undo")
    except GitError as error:
        raise LandingRefused(error.message, hint=_revert(report)) from error


def _revert(report: MergeReport) -> str:
    return "; ".join(revert_commands(report)) or "nothing of it is left to revert"


def revert_commands(report: MergeReport) -> Sequence[str]:
    """Return the commands that take back each domain by a new commit, last one first."""
    steps = [entry for entry in report.domains if entry.commit is not None]
    return [
        f"git revert {'-m 1 ' if len(entry.parents) > 1 else ''}{entry.commit}"
        for entry in reversed(steps)
    ]

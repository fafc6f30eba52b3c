"""Takes a merge back: the branch to where it was, or the train to the trash.

A landed train is taken back only while nothing was built on it and nothing of the person's is in
the way; otherwise the refusal names the commands that revert it, domain by domain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ropewalk.errors import GitError, GitKilled, LandingRefused
from ropewalk.git.refs import RefUpdate, epic_ref, list_refs, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.trees import raw_changes
from ropewalk.merging.checkout import checkouts_of, why_not_movable
from ropewalk.merging.held import why_held
from ropewalk.merging.moving import move_files
from ropewalk.merging.values import Note
from ropewalk.model.merge import MergeReport


def undo_landing(place: Place, report: MergeReport, *, note: Note) -> None:
    """Move the target of a landed merge back to its base; again after a success changes nothing.

    Raises:
        LandingRefused: the target moved on, or files of the person's are in the way; the hint
            holds the commands that revert the domains instead. Nothing was changed.
    """
    ref, base = report.target.ref, report.target.base
    result = _landed_at(place, report)
    if read_ref(place.context, ref) != base:
        require_takeable(place, report)
        note("undoing", {"ref": ref, "old": result, "new": base}, sync=True)
        _move_back(place, report, base=base, result=result)
    note("undone", {"ref": ref, "old": result, "new": base}, sync=True)


def require_takeable(place: Place, report: MergeReport) -> None:
    """Raise LandingRefused when taking the landing back would lose something; changes nothing."""
    ref, base = report.target.ref, report.target.base
    result = _landed_at(place, report)
    if read_ref(place.context, ref) == base:
        return
    checkouts = checkouts_of(place, ref)
    held = why_held(place, ref, checkouts)
    changes = raw_changes(place.context, result, base)
    reasons = (why_not_movable(checkout, changes) for checkout in checkouts)
    why = held or next((reason for reason in reasons if reason is not None), None)
    if why is not None:
        raise LandingRefused(why, hint=f"put it aside, then: ropewalk undo {report.epic_id}")


def _landed_at(place: Place, report: MergeReport) -> str:
    """Return the commit that landed; the target is still at it, or at its base again."""
    ref, base, result = report.target.ref, report.target.base, report.target.result
    if result is None or not report.target.landed:
        raise LandingRefused(f"{report.epic_id} did not land", code="not_landed")
    now = read_ref(place.context, ref)
    if now is None:
        branch = ref.removeprefix("refs/heads/")
        raise LandingRefused(
            f"{ref} is gone since {report.epic_id} landed",
            hint=f"make it again, then undo: git branch {branch} {result}",
        )
    if now not in (base, result):
        raise LandingRefused(f"{ref} moved on since {report.epic_id} landed", hint=_revert(report))
    return result


def put_train_back(place: Place, epic_id: str, before: Mapping[str, str], *, note: Note) -> None:
    """Put the refs of the train back to what they were; what they held is kept in the trash."""
    present = train_refs(place, epic_id)
    lost = {oid for oid in present.values() if oid not in before.values()}
    kept = {epic_ref(epic_id, "trash", "result", oid): oid for oid in sorted(lost)}
    known = list_refs(place.context, epic_ref(epic_id, "trash", "result"))
    wanted = [(ref, before.get(ref), present.get(ref)) for ref in sorted({*present, *before})]
    updates = [RefUpdate(ref=ref, new=new, old=old) for ref, new, old in wanted if new != old]
    updates += [
        RefUpdate(ref=ref, new=oid, old=None) for ref, oid in kept.items() if ref not in known
    ]
    if updates:
        update_refs(place.context, updates, message="ropewalk: train taken back")
        note("train_removed", {"refs": sorted(present)}, sync=True)


def train_refs(place: Place, epic_id: str) -> dict[str, str]:
    """Return the refs that hold the train of an epic: its result and its steps."""
    result, steps = epic_ref(epic_id, "result"), epic_ref(epic_id, "step") + "/"
    present = list_refs(place.context, epic_ref(epic_id))
    return {ref: oid for ref, oid in present.items() if ref == result or ref.startswith(steps)}


def undo_building(place: Place, epic_id: str, *, note: Note) -> tuple[str, ...]:
    """Move the refs of a train that did not land to the trash; return those that were moved."""
    ours = tuple(sorted(train_refs(place, epic_id)))
    put_train_back(place, epic_id, {}, note=note)
    return ours


def _move_back(place: Place, report: MergeReport, *, base: str, result: str) -> None:
    ref = report.target.ref
    checkouts = checkouts_of(place, ref)
    try:
        for checkout in checkouts:
            move_files(checkout, old=result, new=base)
        update = RefUpdate(ref=ref, new=base, old=result)
        update_refs(replace(place.context, hooks=False), [update], message="ropewalk: undo")
    except GitKilled:
        raise
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

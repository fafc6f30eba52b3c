"""Moves the target branch to the train: one fast-forward, or a refusal that changed nothing.

Where the branch is checked out git itself moves files, index and branch together; where it is not,
the ref is moved if it still has the value that the train was built on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.errors import GitError, GitKilled, LandingRefused, RefMoved
from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import is_ancestor
from ropewalk.git.refs import RefUpdate, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.trees import RawChange, raw_changes
from ropewalk.merging.checkout import checkouts_of, why_not_movable
from ropewalk.merging.held import why_held
from ropewalk.merging.hooks import why_vetoed
from ropewalk.merging.moving import move_mark
from ropewalk.merging.recovery import put_back
from ropewalk.merging.values import Note
from ropewalk.model.values import Value

_PATIENCE_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing(Value):
    """Whether the target is on the train now; ``reason`` says why not.

    ``has_moved``: somebody else moved the target since the train was built.
    """

    landed: bool
    reason: str | None
    has_moved: bool = False


def land(
    place: Place,
    *,
    ref: str,
    old: str,
    new: str,
    note: Note,
    hooks: bool = False,
    bench: Path | None = None,
) -> Landing:
    """Move the branch ``ref`` from ``old`` to ``new``; called again after it, change nothing.

    Args:
        place: the repository.
        ref: full name of the branch.
        old: the commit that it is expected on.
        new: the commit that it is moved to; a descendant of ``old``.
        note: told ``landing`` on the disk before anything moves, then ``landed`` or
            ``land_refused``.
        hooks: whether the person's hooks run.
        bench: where a worktree is made for those hooks that may refuse the commits; None: they
            are not asked.

    Raises:
        GitKilled: git was ended from outside; `recover_landing` goes on from there.
        GitError: git failed in a way that says nothing about the target.
    """
    if read_ref(place.context, ref) == new:
        note("landed", {"ref": ref, "old": old, "new": new}, sync=True)
        return Landing(landed=True, reason=None)
    reason = why_not_landable(place, ref=ref, old=old, new=new)
    if reason is None and hooks and bench is not None:
        reason = why_vetoed(place, bench, old=old, new=new)
    if reason is None:
        note("landing", {"ref": ref, "old": old, "new": new}, sync=True)
        reason = _move(place, ref=ref, old=old, new=new, hooks=hooks)
    if reason is not None:
        note("land_refused", {"ref": ref, "reason": reason}, sync=True)
        has_moved = read_ref(place.context, ref) != old
        return Landing(landed=False, reason=reason, has_moved=has_moved)
    note("landed", {"ref": ref, "old": old, "new": new}, sync=True)
    return Landing(landed=True, reason=None)


def why_not_landable(
    place: Place, *, ref: str, old: str, new: str, context: GitContext | None = None
) -> str | None:
    """Return why landing would be refused, None when nothing is in its way; changes nothing.

    Args:
        place: the repository.
        ref: full name of the branch.
        old: the commit that it is expected on.
        new: the commit that it is to be moved to.
        context: where ``new`` can be read, when it is not in the repository.
    """
    if place.bare and not checkouts_of(place, ref):
        return (
            "the repository is bare: there is no checkout to land in (git worktree add makes one)"
        )
    reader = context or place.context
    now = read_ref(place.context, ref)
    if now is None:
        return f"{ref} is gone: the train was built on {old}"
    if now != old:
        return f"{ref} moved: it is at {now}, the train was built on {old}"
    if not is_ancestor(reader, old, new):
        return f"{new} does not contain {old}: it would not be a fast-forward"
    return _why_not_movable(place, ref, raw_changes(reader, old, new))


def _why_not_movable(place: Place, ref: str, changes: Sequence[RawChange]) -> str | None:
    checkouts = checkouts_of(place, ref)
    if len(checkouts) > 1:
        listed = " and ".join(str(each.top) for each in checkouts)
        return f"{ref} is checked out more than once: {listed}"
    held = why_held(place, ref, checkouts)
    return held or next(
        (why for each in checkouts if (why := why_not_movable(each, changes)) is not None), None
    )


def _move(place: Place, *, ref: str, old: str, new: str, hooks: bool) -> str | None:
    """Move the branch and return None, or return why git refused."""
    checkouts = checkouts_of(place, ref)
    context = replace((checkouts or (place,))[0].context, hooks=hooks)
    try:
        if checkouts:
            _fast_forward(context, old, new)
        else:
            update_refs(context, [RefUpdate(ref=ref, new=new, old=old)], message="ropewalk: land")
    except RefMoved as error:
        return f"{ref} moved while landing: {error.message}"
    except GitKilled:
        raise
    except GitError as error:
        if read_ref(place.context, ref) == new:
            # Git had moved everything before a hook or a later step of its own failed.
            return None
        return _put_all_back(place, checkouts, old=old, new=new) or error.message
    return None


def _put_all_back(place: Place, checkouts: Sequence[Place], *, old: str, new: str) -> str | None:
    """Undo what git did before it refused; return why that could not be, or None."""
    try:
        for checkout in checkouts:
            put_back(place, checkout, old=old, new=new)
    except LandingRefused as refusal:
        return refusal.message
    return None


def _fast_forward(context: GitContext, old: str, new: str) -> None:
    run(
        context,
        *("merge", "--ff-only", "--no-overwrite-ignore", "--no-stat", "--quiet", new),
        timeout_s=_PATIENCE_S,
        env=move_mark(old, new),
    )

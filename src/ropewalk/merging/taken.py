"""What lies in the worktree of a domain, taken in without touching it; nothing refers to it.

Where a worktree cannot be read, the last commit that is known of it counts, and that is said.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.errors import GitError, WorktreeError
from ropewalk.git.command import GitContext, run
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import read_head, snapshot
from ropewalk.model.conflict import LiveDomain
from ropewalk.model.plan import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Where the work of one domain lies.

    Attributes:
        domain: what was planned.
        base: the commit that its own work starts from.
        worktree: what is looked at; None when there is none.
        head: the last commit that is known of it, for a worktree that cannot be read.
        exclude: paths, relative to the worktree, that are nobody's work.
        has_landed: whether the target holds it already.
    """

    domain: Domain
    base: str
    worktree: Path | None = None
    head: str | None = None
    exclude: tuple[str, ...] = ()
    has_landed: bool = False


def take_in(place: Place, context: GitContext, work: Work) -> LiveDomain:
    """Return what lies in a worktree; its last known commit where it cannot be read."""
    seen = LiveDomain(name=work.domain.name, snapshot=None, dirty=False)
    if work.worktree is None:
        return replace(seen, snapshot=_last_known(place, context, work))
    try:
        taken = snapshot(
            place,
            work.worktree,
            exclude=work.exclude,
            base=work.base,
            objects=context.objects,
        )
    except (GitError, WorktreeError):
        # It vanished, or is being reset or removed: the next look sees what has become of it.
        return replace(seen, snapshot=_last_known(place, context, work), gone=True)
    return replace(
        seen,
        snapshot=taken.commit,
        dirty=taken.is_dirty,
        partial=taken.partial,
        has_markers=taken.has_markers,
        nested=taken.gitlinks,
    )


def _last_known(place: Place, context: GitContext, work: Work) -> str | None:
    """Return where git says that a worktree stood, else what was collected of it."""
    stood = read_head(place, work.worktree) if work.worktree is not None else None
    for commit in (stood, work.head):
        asked = ("cat-file", "-e", f"{commit}^{{commit}}")
        if commit is not None and run(context, *asked, allowed=(0, 1, 128)).code == 0:
            return commit
    return None

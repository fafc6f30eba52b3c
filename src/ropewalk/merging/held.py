"""What holds a branch besides the files of its checkout; looks only.

A worktree whose folder is gone may come back, and would stand on a branch that moved without it. A
rebase or bisect that was begun on it would be broken by moving it. Over a lock on the ref git
stops when the files are moved already and the branch is not.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ropewalk.git.admin import list_entries
from ropewalk.git.repository import Place, stale_locks
from ropewalk.store.files import Refusal, read_untrusted

_TEXT_LIMIT = 4096
_PATIENCE_S = 1.0
_STEP_S = 0.05


def why_held(place: Place, ref: str, checkouts: Sequence[Place]) -> str | None:
    """Return why the branch ``ref`` must not be moved now, None when nothing holds it."""
    return _gone(ref, checkouts) or _begun_on(place, ref) or _locked(place, ref, checkouts)


def _gone(ref: str, checkouts: Sequence[Place]) -> str | None:
    for checkout in checkouts:
        if not checkout.top.is_dir():
            where = checkout.top
            return f"{ref} is checked out in {where}, which is gone (git worktree prune forgets it)"
    return None


def _begun_on(place: Place, ref: str) -> str | None:
    folders = [(place.git_dir, place.top)]
    folders += [(entry.admin, entry.path or entry.admin) for entry in list_entries(place)]
    for folder, where in folders:
        if ref in (_read(folder, f"rebase-{kind}/head-name") for kind in ("merge", "apply")):
            return f"a rebase is in progress in {where}"
        if _read(folder, "BISECT_START") == ref.removeprefix("refs/heads/"):
            return f"a bisect is in progress in {where}"
    return None


def _locked(place: Place, ref: str, checkouts: Sequence[Place]) -> str | None:
    wanted = {place.common_dir / f"{ref}.lock"}
    wanted |= {checkout.git_dir / "HEAD.lock" for checkout in checkouts}
    deadline = time.monotonic() + _PATIENCE_S
    while any(lock.exists() for lock in wanted):
        if time.monotonic() > deadline:
            return "; ".join(_descriptions(place, wanted)) or None
        time.sleep(_STEP_S)
    return None


def _descriptions(place: Place, wanted: set[Path]) -> Iterator[str]:
    for described in stale_locks(place):
        if any(described.startswith(f"{lock}:") for lock in wanted):
            yield f"a lock of git is in the way: {described}"


def _read(folder: Path, name: str) -> str | None:
    data = read_untrusted(folder, name, _TEXT_LIMIT)
    return None if isinstance(data, Refusal) else data.decode(errors="replace").strip()

"""Makes isolated checkouts, many at once, and takes them away again without losing work.

Registering a worktree is serialised by the repository lock, because git's own registration is not
safe beside itself; filling it with files happens outside of the lock, in parallel. A worktree is
detached, locked with a reason, and verified before it is returned: registered, at its commit, all
files there and nothing else. A path or a registration that exists already is never reused.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import (
    GitError,
    GitKilled,
    InvalidInput,
    RopewalkError,
    StorageError,
    WorktreeError,
)
from ropewalk.git.admin import (
    LOCK_PREFIX,
    OID,
    AdminEntry,
    find_entry,
    is_real_folder,
    list_entries,
    require_entry,
)
from ropewalk.git.command import GitContext, run
from ropewalk.git.removal import (
    Removal,
    discard_new_worktree,
    find_removing,
    remove_worktree,
    repair_half_made,
    require_removable,
)
from ropewalk.git.repository import Place
from ropewalk.git.resetting import reset_worktree
from ropewalk.git.snapshot import forget, read_head, seed_index
from ropewalk.store.lock import repository_lock

__all__ = [
    "LOCK_PREFIX",
    "Removal",
    "WorktreeEntry",
    "WorktreeRequest",
    "add_worktree",
    "add_worktrees",
    "admin_dir",
    "clear_locks",
    "discard_new_worktree",
    "find_removing",
    "list_worktrees",
    "read_head",
    "remove_worktree",
    "require_removable",
    "reset_worktree",
    "unlock",
]

_FILL_TIMEOUT_S = 900.0
_PLAIN = (
    "core.sparseCheckout=false",
    "core.splitIndex=false",
    "core.untrackedCache=false",
    "index.sparse=false",
    "worktree.useRelativePaths=false",
)
_LOCKS = ("index.lock", "HEAD.lock", "config.worktree.lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeEntry:
    """A linked worktree.

    Attributes:
        path: its folder.
        admin: its admin folder in the common git directory.
        head: the commit that its HEAD names; None when that cannot be read.
        locked: why it is locked; None when it is not.
        prunable: whether its folder is gone.
    """

    path: Path
    admin: Path
    head: str | None
    locked: str | None
    prunable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeRequest:
    """A worktree to be made: absolute path, full commit id, and why it is locked."""

    path: Path
    commit: str
    reason: str


def _never(path: Path) -> bool:  # noqa: ARG001
    return False


def add_worktree(
    place: Place,
    path: Path,
    commit: str,
    *,
    reason: str,
    is_ours: Callable[[Path], bool] = _never,
) -> WorktreeEntry:
    """Make one worktree, detached at a commit, locked, filled and verified.

    Args:
        place: the repository.
        path: absolute; nothing is there, and its parents are no symbolic links.
        commit: full id.
        reason: why it is locked; begins with ``ropewalk``, which is added where it is missing.
        is_ours: tells of a path whether the journal says that we were making it: a half-made
            registration of ours is repaired, one of somebody else is an error.

    Raises:
        InvalidInput: the path, or a registration of it, exists.
        WorktreeError: it could not be made, and is taken down again; or it is not as it should be.
    """
    _require_free(place, path, commit)
    try:
        with repository_lock(place.common_dir):
            _require_no_half_made(place, path, is_ours)
            _require_free(place, path, commit)
            forget(place, path)
            _register(place, path, commit, reason)
        entry = require_entry(place, path)
        _fill(place, entry, path)
        return _verify(place, path, commit)
    except GitKilled:
        raise
    except GitError as error:
        _take_down(place, path, reason)
        raise WorktreeError(
            f"the worktree {path} could not be made: {error.message}", hint=error.hint
        ) from error
    except (WorktreeError, StorageError):
        _take_down(place, path, reason)
        raise


def add_worktrees(
    place: Place,
    requests: Sequence[WorktreeRequest],
    *,
    jobs: int | None = None,
    is_ours: Callable[[Path], bool] = _never,
) -> tuple[WorktreeEntry, ...]:
    """Make many worktrees at once: all of them, or none.

    Args:
        place: the repository.
        requests: what to make; the result has their order.
        jobs: how many are filled at once; None for twice the number of processors.
        is_ours: see `add_worktree`.

    Raises:
        InvalidInput: a path, or a registration of it, exists; nothing was made.
        WorktreeError: one could not be made; those made by this call are taken down.
    """
    for request in requests:
        _require_free(place, request.path, request.commit)
    with ThreadPoolExecutor(max_workers=jobs or 2 * (os.cpu_count() or 2)) as pool:
        futures = [
            pool.submit(add_worktree, place, r.path, r.commit, reason=r.reason, is_ours=is_ours)
            for r in requests
        ]
        failures = [error for future in futures if (error := future.exception()) is not None]
        if not failures:
            return tuple(future.result() for future in futures)
    for request, future in zip(requests, futures, strict=True):
        if future.exception() is None:
            _take_down(place, request.path, request.reason)
    raise failures[0]


def list_worktrees(place: Place) -> tuple[WorktreeEntry, ...]:
    """Return all linked worktrees, without starting git in any of them."""
    entries = (entry for entry in list_entries(place) if entry.path is not None)
    return tuple(_public(place, entry, entry.path) for entry in entries if entry.path)


def admin_dir(place: Place, path: Path) -> Path:
    """Return the admin folder of a worktree.

    Raises:
        WorktreeError: it is not registered, or its git files are damaged.
    """
    return require_entry(place, path).admin


def unlock(place: Place, path: Path) -> None:
    """Let git prune a worktree again.

    Raises:
        WorktreeError: it is not registered.
    """
    entry = require_entry(place, path)
    with repository_lock(place.common_dir):
        (entry.admin / "locked").unlink(missing_ok=True)


def clear_locks(place: Place, path: Path) -> tuple[str, ...]:
    """Remove the lock files that killed git processes left in a worktree; return their names.

    Only for a worktree of ours in which every process is known to have ended.

    Raises:
        WorktreeError: it is not registered.
    """
    admin = require_entry(place, path).admin
    found = tuple(name for name in _LOCKS if os.path.lexists(admin / name))
    for name in found:
        (admin / name).unlink(missing_ok=True)
    return found


def _require_free(place: Place, path: Path, commit: str) -> None:
    if not OID.fullmatch(commit):
        raise InvalidInput(f"'{commit}' is not a full commit id")
    if not path.is_absolute() or path.parent.resolve() != path.parent or path.name in {"", ".."}:
        raise InvalidInput(
            f"{path} is not an absolute path free of symbolic links", code="worktree_path"
        )
    if os.path.lexists(path):
        raise InvalidInput(f"{path} exists already", hint="move it away", code="worktree_exists")
    entry = find_entry(place, path)
    if entry is not None:
        raise InvalidInput(
            f"git has a worktree registered at {path}, whose folder is gone",
            hint=f"bring it back, or: git worktree remove {path}",
            code="worktree_registered",
        )


def _require_no_half_made(place: Place, path: Path, is_ours: Callable[[Path], bool]) -> None:
    for admin in repair_half_made(place, path, is_ours=is_ours):
        raise WorktreeError(
            f"{admin} is half made and keeps git from working with worktrees",
            hint="when no git is running: git worktree prune",
        )


def _register(place: Place, path: Path, commit: str, reason: str) -> None:
    context = place.context
    options = ("-q", "--detach", "--lock", "--reason", _lock_reason(reason), "--no-checkout")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {path.parent}: {error.strerror}") from error
    settings = tuple(option for setting in _PLAIN for option in ("-c", setting))
    run(context, *settings, "worktree", "add", *options, str(path), commit)
    _unsparse(require_entry(place, path))


def _lock_reason(reason: str) -> str:
    return reason if reason.startswith(LOCK_PREFIX) else f"{LOCK_PREFIX}{reason}"


def _unsparse(entry: AdminEntry) -> None:
    """Undo what git copied of a sparse checkout: a domain sees all files."""
    with contextlib.suppress(FileNotFoundError):
        (entry.admin / "info" / "sparse-checkout").unlink()
    settings = entry.admin / "config.worktree"
    if settings.is_file():
        context = GitContext(directory=entry.admin, git_dir=entry.admin)
        for key in ("core.sparseCheckout", "core.sparseCheckoutCone"):
            run(context, "config", "-f", str(settings), "--unset-all", key, allowed=(0, 5))


def _fill(place: Place, entry: AdminEntry, path: Path) -> None:
    settings = tuple(option for setting in _PLAIN for option in ("-c", setting))
    context = _inside(place, entry, path)
    run(context, *settings, "reset", "-q", "--hard", timeout_s=_FILL_TIMEOUT_S)


def _verify(place: Place, path: Path, commit: str) -> WorktreeEntry:
    """Check a fresh worktree, and keep its index while it is known to be right."""
    entry = require_entry(place, path)
    if entry.head != commit or not is_real_folder(path):
        raise WorktreeError(f"the worktree {path} is at {entry.head}, not at {commit}")
    options = ("--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=all")
    status = run(_inside(place, entry, path), "status", *options, "--no-renames").stdout
    # Where line endings in the repository are not as its attributes want them, git sees a fresh
    # file as changed; anything else is a fault.
    wrong = [line for line in status.split(b"\0") if line and not line.startswith(b"1 .M")]
    if wrong:
        raise WorktreeError(f"the worktree {path} is not as git left it: {os.fsdecode(wrong[0])}")
    seed_index(place, path, entry.admin / "index")
    return _public(place, entry, path)


def _inside(place: Place, entry: AdminEntry, path: Path) -> GitContext:
    return GitContext(
        directory=path, git_dir=entry.admin, common_dir=place.common_dir, work_tree=path
    )


def _take_down(place: Place, path: Path, reason: str) -> None:
    """Take down what this call made; what stands in the way of that is told by the first error."""
    entry = find_entry(place, path)
    if entry is not None and entry.locked != _lock_reason(reason):
        return
    with contextlib.suppress(RopewalkError):
        discard_new_worktree(place, path, is_ours=lambda other: other == path)


def _public(place: Place, entry: AdminEntry, path: Path) -> WorktreeEntry:
    head = entry.head if entry.head and OID.fullmatch(entry.head) else read_head(place, path)
    return WorktreeEntry(
        path=path,
        admin=entry.admin,
        head=head,
        locked=entry.locked,
        prunable=not os.path.lexists(path),
    )

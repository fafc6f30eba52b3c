"""Takes worktrees away, and only those whose whole content is known to be saved.

The folder is first renamed, then compared with what was saved, byte for byte, and only then does
its registration go and its content with it. When anything differs the folder is renamed back. What
could not be saved as a whole is moved to the trash instead of being deleted. Nothing is forced: a
main worktree, a folder that holds a git directory, the folder somebody stands in, a path through
a symbolic link and a worktree that somebody else locked are refused.
"""

import contextlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import StorageError, WorktreeError
from ropewalk.git.admin import (
    LOCK_PREFIX,
    OID,
    AdminEntry,
    find_entry,
    find_inside,
    is_real_folder,
    list_entries,
    require_real_folder,
)
from ropewalk.git.command import run
from ropewalk.git.everything import take_everything
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place
from ropewalk.git.saved import SavedWork, as_text, read_saved
from ropewalk.git.snapshot import (
    brought_into,
    forget,
    is_below,
    list_changes,
    load_index,
    private_index,
    read_head,
)
from ropewalk.store.lock import repository_lock

_SETTLING_S = 0.3
_LEAVING_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """How a worktree went; ``kept`` is where its folder lies now when it was not deleted."""

    kept: Path | None


def remove_worktree(place: Place, path: Path, *, saved: str, trash: Path | None = None) -> Removal:
    """Take a worktree away after `ropewalk.git.trash.save_worktree`.

    Called again after it was interrupted, it finishes what it had begun.

    Args:
        place: the repository.
        path: the worktree.
        saved: the commit that `save_worktree` returned.
        trash: a folder for what the commit does not hold; None leaves it beside the worktree.

    Raises:
        WorktreeError: it is refused, or differs from what was saved; it is where it was then.
        GitError: there is no such commit.
    """
    work = _require_saved(place, path, saved)
    aside = _aside(path)
    if os.path.lexists(path):
        require_removable(place, path)
        _move(path, aside)
    elif not is_real_folder(aside):
        raise WorktreeError(
            f"the worktree {path} is not where it was made",
            hint="move it back; its registration and its saved work are kept",
        )
    entry = find_entry(place, path)
    if entry is not None:
        try:
            _require_same(place, aside, entry, path, work)
        except BaseException:
            aside.rename(path)
            raise
        _deregister(place, entry, aside)
    forget(place, path)
    return Removal(kept=_dispose(aside, work, trash))


def find_removing(path: Path) -> Path | None:
    """Return where the folder of a worktree lies whose removal was begun and not finished."""
    aside = _aside(path)
    return aside if is_real_folder(aside) else None


def discard_new_worktree(
    place: Place, path: Path, *, is_ours: Callable[[Path], bool]
) -> Path | None:
    """Take away a worktree in which nobody has worked yet, whole or half made.

    Args:
        place: the repository.
        path: where it was to be made; it is no error when there is nothing.
        is_ours: tells whether the journal says that we were making, or made, this path.

    Returns:
        Where its folder was put aside, when it holds anything that git did not put there.

    Raises:
        WorktreeError: it is not ours, or is refused.
    """
    with repository_lock(place.common_dir):
        repair_half_made(place, path, is_ours=is_ours)
    entry = find_entry(place, path)
    if entry is None and not os.path.lexists(path):
        return None
    if not is_ours(path):
        raise WorktreeError(f"{path} was not made by this run", hint="look at it, move it away")
    if os.path.lexists(path):
        _wait_until_left(path)
        _require_not_in_use(place, path)
        _require_ours(path, entry)
    is_untouched = _is_untouched(place, path, entry)
    aside = path.with_name(f".discarded-{path.name}-{secrets.token_hex(4)}")
    if os.path.lexists(path):
        _move(path, aside)
    if entry is not None:
        _deregister(place, entry, aside)
    forget(place, path)
    if not is_untouched:
        return aside
    _delete(aside)
    _delete(_git_files(aside))
    return None


def repair_half_made(
    place: Place, path: Path, *, is_ours: Callable[[Path], bool]
) -> tuple[Path, ...]:
    """Take away half-made admin folders of ours; they stop git in the whole repository.

    To be called under the repository lock. ``path`` is the worktree that is to be made.

    Returns:
        The half-made folders that are not ours, and stay.
    """
    half_made = _half_made(place)
    if half_made:
        # A git whose coordinator was killed may still be making it.
        time.sleep(_SETTLING_S)
    foreign = []
    for entry in half_made & _half_made(place):
        name = entry.admin.name
        guesses = [path.with_name(name), path.with_name(name.rstrip("0123456789") or name)]
        guesses = [entry.path] if entry.path else guesses
        # A git that was killed may not have written its reason yet.
        is_our_lock = not entry.locked or entry.locked.startswith(LOCK_PREFIX)
        if is_our_lock and any(is_ours(guess) for guess in guesses):
            _drop_admin(place, entry)
        else:
            foreign.append(entry.admin)
    return tuple(sorted(foreign))


def _half_made(place: Place) -> frozenset[AdminEntry]:
    return frozenset(
        entry
        for entry in list_entries(place)
        if not entry.is_whole and not (entry.admin / "index").exists()
    )


def require_removable(place: Place, path: Path) -> AdminEntry:
    """Return the registration of a worktree that may be taken away.

    Raises:
        WorktreeError: it may not: says why.
    """
    require_real_folder(path)
    _require_not_in_use(place, path)
    entry = find_entry(place, path)
    if entry is None:
        raise WorktreeError(f"{path} is not a worktree of this repository")
    _require_ours(path, entry)
    return entry


def _wait_until_left(path: Path) -> None:
    """Wait for a git that a killed coordinator left filling a new worktree."""
    deadline = time.monotonic() + _LEAVING_S
    while inside := find_inside(path):
        if time.monotonic() > deadline:
            raise WorktreeError(f"process {inside[0]} is still at work in {path}")
        time.sleep(0.05)


def _require_not_in_use(place: Place, path: Path) -> None:
    holders = {place.top, place.git_dir, place.common_dir}
    if any(holder.is_relative_to(path) for holder in holders):
        raise WorktreeError(f"{path} holds the repository itself")
    with contextlib.suppress(FileNotFoundError):
        if Path.cwd().is_relative_to(path):
            raise WorktreeError(f"you stand in {path}", hint="go somewhere else first")
    for process in find_inside(path):
        raise WorktreeError(f"process {process} is at work in {path}", hint="end it first")
    for other in list_entries(place):
        if other.path is not None and other.path != path and other.path.is_relative_to(path):
            raise WorktreeError(f"{path} holds another worktree: {other.path}")


def _require_ours(path: Path, entry: AdminEntry | None) -> None:
    if entry and entry.locked is not None and not entry.locked.startswith(LOCK_PREFIX):
        raise WorktreeError(
            f"the worktree {path} is locked by somebody else: {entry.locked or 'no reason given'}",
            hint=f"git worktree unlock {path}",
        )


def _aside(path: Path) -> Path:
    return path.with_name(f".removing-{path.name}")


def _require_saved(place: Place, path: Path, saved: str) -> SavedWork:
    if not OID.fullmatch(saved):
        raise WorktreeError(f"{saved} is not a full object id")
    work = read_saved(own_context(place), saved)
    if work.path != as_text(path):
        raise WorktreeError(f"{saved} is the saved work of {work.path}, not of {path}")
    pins = run(place.context, "for-each-ref", f"--points-at={saved}", "refs/ropewalk/").text
    if not pins:
        raise WorktreeError(f"no ref keeps the saved work {saved}")
    return work


def _require_same(
    place: Place, aside: Path, entry: AdminEntry, path: Path, work: SavedWork
) -> None:
    head = read_head(place, path)
    if head is not None:
        now = take_everything(place, aside, entry, head=head, known_as=path, limit=work.limit)
        if work.holds(now, head):
            return
    raise WorktreeError(
        f"the worktree {path} changed after it was saved", hint="save it again, then remove it"
    )


def _is_untouched(place: Place, path: Path, entry: AdminEntry | None) -> bool:
    """Return whether a new worktree holds nothing but what git and the provisioning put there."""
    if not is_real_folder(path):
        return True
    names = {inner.name for inner in path.iterdir()}
    if entry is None or not entry.is_whole or names <= {".git"}:
        return names <= {".git"} and not is_real_folder(path / ".git")
    head = read_head(place, path)
    known = run(place.context, "for-each-ref", "--count=1", f"--contains={head}", allowed=(0, 129))
    if head is None or not known.text:
        return False
    with private_index(place, path) as context:
        load_index(context, head)
        changed = list_changes(context)
    brought = frozenset(brought_into(place, path))
    return not any(os.path.lexists(path / name) and not is_below(name, brought) for name in changed)


def _move(path: Path, target: Path) -> None:
    if os.path.lexists(target):
        raise WorktreeError(f"{target} is in the way", hint="look at it, move it away")
    try:
        path.rename(target)
    except OSError as error:
        raise WorktreeError(f"cannot move {path}: {error.strerror}") from error


def _deregister(place: Place, entry: AdminEntry, aside: Path) -> None:
    """Move the admin folder beside the files, in one step that nobody sees half done."""
    with repository_lock(place.common_dir):
        if is_real_folder(aside):
            git_files = _git_files(aside)
            _delete(git_files)
            try:
                shutil.move(entry.admin, git_files)
            except OSError as error:
                raise StorageError(f"cannot move {entry.admin}: {error.strerror}") from error
        else:
            _drop_admin(place, entry)


def _drop_admin(place: Place, entry: AdminEntry) -> None:
    target = place.common_dir / "ropewalk" / f"half-made-{secrets.token_hex(8)}"
    try:
        target.parent.mkdir(exist_ok=True)
        entry.admin.rename(target)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"cannot move {entry.admin}: {error.strerror}") from error
    _delete(target)


def _git_files(aside: Path) -> Path:
    return aside.with_name(f"{aside.name}.git")


def _dispose(aside: Path, work: SavedWork, trash: Path | None) -> Path | None:
    git_files = _git_files(aside)
    if not work.is_complete:
        return _keep(aside, git_files, work, trash)
    _delete(aside)
    _delete(git_files)
    return aside if aside.exists() else None


def _keep(aside: Path, git_files: Path, work: SavedWork, trash: Path | None) -> Path:
    name = f"{Path(work.path).name}-{work.tree[:12]}"
    folder = (trash or aside.parent) / (name if trash else f".kept-{name}")
    target = folder
    while os.path.lexists(target):
        target = folder.with_name(f"{folder.name}-{secrets.token_hex(2)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(target)
        if git_files.exists():
            git_files.rename(target.with_name(f"{target.name}.git"))
    except OSError:
        # Another disk, or no room there: where it is, it is safe as well.
        return target if target.exists() else aside
    return target


def _delete(folder: Path) -> None:
    """Delete a folder as far as the disk lets us."""
    for current, _folders, _files in os.walk(folder):
        with contextlib.suppress(OSError):
            mode = Path(current).lstat().st_mode
            if stat.S_IMODE(mode) & stat.S_IRWXU != stat.S_IRWXU:
                Path(current).chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)

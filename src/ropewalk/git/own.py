"""The coordinator's own bare git directory, through which it reads what agents could touch.

It shares the objects of the person's repository and nothing else: none of its configuration, hooks,
attributes, drivers or refs are seen. What stands in it is a constant; where that was changed, the
directory is put aside and made again, so that writing into it gains nobody anything. Only
``info/exclude`` and ``shallow`` are copies of the person's, taken when the directory is made or
refreshed.
"""

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ropewalk.errors import GitError, StorageError
from ropewalk.git.command import GitContext, coordinator_mark, run
from ropewalk.git.packs import take_in
from ropewalk.git.repository import Place
from ropewalk.process.identity import find_row
from ropewalk.store.files import write_atomic

_HEAD: Final = b"ref: refs/heads/none\n"
_SHA1: Final = b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
_SHA256: Final = (
    b"[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
)
_HARMFUL: Final = ("commondir", "config.worktree", "info/attributes", "info/grafts")
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only folders with random names are made in it
_PREFIX: Final = "ropewalk-quarantine-"
_STALE_S: Final = 600.0
_ROOM: Final = 1024 * 1024 * 1024
_FOLDERS: Final = ("empty", "info", "objects", "refs")


def own_context(
    place: Place, *, work_tree: Path | None = None, index: Path | None = None
) -> GitContext:
    """Return the context that reads a work tree through the own git directory.

    Args:
        place: the repository whose objects are shared.
        work_tree: what to look at; None for an empty directory, in which nothing stands that
            could change an answer.
        index: private index file; needed as soon as the caller writes one.

    Raises:
        StorageError: the directory cannot be made.
    """
    bare = _require_own(place)
    tree = bare / "empty" if work_tree is None else work_tree
    return GitContext(
        directory=tree,
        git_dir=bare,
        common_dir=bare,
        work_tree=tree,
        index=index,
        objects=place.common_dir / "objects",
        isolated=True,
        settings=(*place.conversions, *place.filters),
    )


def refresh_own(place: Place) -> None:
    """Take the person's exclude patterns and shallow boundary anew; before any agent runs."""
    bare = _require_own(place)
    for name, content in _read_trusted(place).items():
        write_atomic(bare / name, content)
    if not (place.common_dir / "shallow").exists():
        (bare / "shallow").unlink(missing_ok=True)


def quarantine(context: GitContext, folder: Path) -> GitContext:
    """Return a context whose new objects go to a folder, away from the shared ones."""
    folder.mkdir(parents=True, exist_ok=True)
    shared = context.objects or (context.common_dir or context.git_dir or Path()) / "objects"
    return replace(
        context,
        objects=folder,
        alternates=(shared, *context.alternates),
        settings=(*context.settings, "core.looseCompression=0"),
    )


@contextlib.contextmanager
def quarantined(context: GitContext) -> Iterator[GitContext]:
    """Yield the context with a quarantine that is thrown away at the end.

    Raises:
        StorageError: there is no room for it.
    """
    try:
        place = _fast_folder() or Path(tempfile.gettempdir())
        _sweep(place)
        folder = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{coordinator_mark()}-", dir=place)
    except OSError as error:
        raise StorageError(
            f"there is no place for new objects: {error}",
            hint="free some space, or let TMPDIR name a directory that has some",
        ) from error
    with folder as name:
        yield quarantine(context, Path(name) / "objects")


def _fast_folder() -> Path | None:
    """Return a folder in memory with room for a quarantine; None for the one of `tempfile`.

    Most of what goes there is never wanted again, and on a disk its making costs most of a merge.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return None
    return _MEMORY if shutil.disk_usage(_MEMORY).free > _ROOM else None


def _sweep(place: Path) -> None:
    """Remove what processes left behind that were killed, after a while."""
    for path in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            is_old = time.time() - found.st_mtime > _STALE_S
            if is_old and found.st_uid == os.geteuid() and not _has_owner(path.name):
                shutil.rmtree(path, ignore_errors=True)


def _has_owner(name: str) -> bool:
    """Whether the process that made a quarantine is still there."""
    pid, _dot, started = name.removeprefix(_PREFIX).partition("-")[0].partition(".")
    row = find_row(int(pid)) if pid.isdecimal() else None
    return row is not None and str(row.start_time) == started


def absorb(
    quarantined: GitContext, target: GitContext, *, tips: Sequence[str], known: Sequence[str]
) -> None:
    """Bring the objects of some commits out of a quarantine, each of them checked.

    Args:
        quarantined: a context made by `quarantine` from `target`, or one like it.
        target: the context whose objects receive them.
        tips: full ids of the commits to take, with all that they need.
        known: full ids of commits that the target has, with all that they need.

    Raises:
        GitError: an object is broken or missing, or names a path that must not exist.
    """
    take_in(target, _pack(quarantined, tips=tips, known=known))


def _pack(quarantined: GitContext, *, tips: Sequence[str], known: Sequence[str]) -> bytes:
    wanted = "".join(f"{tip}\n" for tip in tips) + "".join(f"^{oid}\n" for oid in known)
    options = ("-q", "--revs", "--thin", "--stdout")
    return run(quarantined, "pack-objects", *options, stdin=wanted.encode()).stdout


def _require_own(place: Place) -> Path:
    bare = place.common_dir / "ropewalk" / "bare"
    try:
        if _is_sound(bare, place):
            return bare
        bare.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="bare.new-", dir=bare.parent))
        try:
            _fill(fresh, place)
            if not _move(fresh, bare) and not _is_sound(bare, place):
                _put_aside(bare)
                _move(fresh, bare)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        sound = _is_sound(bare, place)
    except OSError as error:
        raise StorageError(
            f"the git directory of ropewalk cannot be made: {error}",
            hint="free some space, or make the git directory writable for you",
        ) from error
    if not sound:
        raise StorageError(f"'{bare}' is changed by somebody while it is made")
    return bare


def _is_sound(bare: Path, place: Place) -> bool:
    """Say whether nothing in the directory could change an answer or run a program."""
    constants = {"HEAD": _HEAD, "config": _config(place)}
    return (
        all(_is_folder(bare / name) for name in (".", *_FOLDERS))
        and all(_is_file_of(bare / name, content) for name, content in constants.items())
        and not any(os.path.lexists(bare / name) for name in _HARMFUL)
        and not any((bare / "empty").iterdir())
    )


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _is_file_of(path: Path, content: bytes) -> bool:
    """Say whether a path is a regular file that holds just this; a pipe is never opened."""
    try:
        found = path.lstat()
        is_like = stat.S_ISREG(found.st_mode) and found.st_size == len(content)
        return is_like and path.read_bytes() == content
    except OSError:
        return False


def _fill(folder: Path, place: Place) -> None:
    for name in _FOLDERS:
        (folder / name).mkdir()
    contents = {"HEAD": _HEAD, "config": _config(place)} | _read_trusted(place)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def _move(fresh: Path, bare: Path) -> bool:
    """Move the new directory to its place; False when something stands there already."""
    try:
        fresh.rename(bare)
    except OSError as error:
        if error.errno in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
            return False
        raise
    return True


def _put_aside(bare: Path) -> None:
    """Keep what stands in the way, under another name: it is evidence."""
    if os.path.lexists(bare):
        with contextlib.suppress(FileNotFoundError):
            bare.rename(bare.with_name(f"bare.changed-{secrets.token_hex(4)}"))


def _config(place: Place) -> bytes:
    return _SHA256 if place.object_format == "sha256" else _SHA1


def _read_trusted(place: Place) -> dict[str, bytes]:
    """Read the files of the person's that the own directory has a copy of."""
    excludes = [_global_excludes(place), place.common_dir / "info" / "exclude"]
    # What stands later counts more, as it does where git reads both files.
    lines = [path.read_bytes() for path in excludes if path is not None and path.is_file()]
    trusted = {"info/exclude": b"\n".join(lines)}
    shallow = place.common_dir / "shallow"
    if shallow.is_file():
        trusted["shallow"] = shallow.read_bytes()
    return trusted


def _global_excludes(place: Place) -> Path | None:
    asked = ("config", "--null", "--path", "--get", "core.excludesFile")
    # A configuration that cannot be read, or not in time, excludes nothing.
    with contextlib.suppress(GitError):
        output = run(place.context, *asked, allowed=(0, 1, 128), timeout_s=10.0)
        if output.code == 0:
            return place.top / os.fsdecode(output.stdout).removesuffix("\0")
    home = os.environ.get("HOME")
    folder = os.environ.get("XDG_CONFIG_HOME") or (home and f"{home}/.config")
    return Path(folder, "git", "ignore") if folder else None

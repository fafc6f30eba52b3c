"""Brings into a fresh worktree what git does not: ignored files, links, what set-up commands make.

What is brought in is nobody's work: it is kept on record and never committed. Nothing that git put
into the worktree is overwritten, and nothing is written outside of it, also not through a symbolic
link that is committed in the repository.
"""

import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ropewalk import process
from ropewalk.errors import Interrupted, InvalidInput, StorageError, WorktreeError
from ropewalk.git.admin import require_real_folder
from ropewalk.git.command import run
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import (
    list_changes,
    load_index,
    private_index,
    read_head,
    remember_brought,
)
from ropewalk.model.config import WorktreeConfig
from ropewalk.store.files import Refusal, read_untrusted
from ropewalk.store.patterns import Patterns

INCLUDE_FILE = ".worktreeinclude"
_INCLUDE_LIMIT = 1024 * 1024
_SETUP_LIMIT_S = 1800.0
_OWN_FOLDERS = frozenset({".git", ".worktrees", ".workflow"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """What came into a worktree beside the files of its commit.

    Attributes:
        brought: new paths, files and folders, relative to the worktree; never to be committed.
        changed: files of the commit that set-up commands changed.
    """

    brought: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def provision(
    place: Place,
    worktree: Path,
    config: WorktreeConfig,
    *,
    env: Mapping[str, str],
    log: Path | None = None,
    cancel: threading.Event | None = None,
) -> Provisioned:
    """Copy, link and set up what a fresh worktree needs, before any agent starts in it.

    Args:
        place: the repository; files come from its main checkout.
        worktree: fresh, as git made it.
        config: what to bring; patterns of the committed ``.worktreeinclude`` count as ``include``.
        env: the whole environment of the set-up commands.
        log: where they print to; further commands print to ``<log>.2`` and so on.
        cancel: ends them.

    Raises:
        InvalidInput: a path of the configuration is missing or leaves the repository.
        WorktreeError: a set-up command failed.
        Interrupted: ``cancel`` was set.
        StorageError: a file could not be copied.
    """
    require_real_folder(worktree)
    brought: list[str] = []
    try:
        for name in _included(place, worktree, config.include):
            brought.extend(_copy(place.top, worktree, name))
        for name in _named(place, config.copy):
            brought.extend(_copy(place.top, worktree, name))
        for name in _named(place, config.symlink):
            brought.extend(_link(place.top, worktree, name))
    except OSError as error:
        raise StorageError(f"cannot bring {error.filename}: {error.strerror}") from error
    remember_brought(place, worktree, brought)
    for number, command in enumerate(config.setup, start=1):
        _set_up(worktree, command, env=env, log=_numbered(log, number), cancel=cancel)
    return _look(place, worktree, brought, has_setup=bool(config.setup))


def _included(place: Place, worktree: Path, include: Sequence[str]) -> tuple[str, ...]:
    """Return the ignored files of the main checkout that the patterns name."""
    lines = (*_include_file(worktree), *include)
    if not lines or place.bare:
        return ()
    options = ("--others", "--ignored", "--exclude-standard")
    listing = run(place.context, "ls-files", "-z", *options).stdout
    ignored = (os.fsdecode(name) for name in listing.split(b"\0") if name)
    return Patterns(lines).select(
        name for name in ignored if name.split("/")[0] not in _OWN_FOLDERS and name[-1] != "/"
    )


def _include_file(worktree: Path) -> Iterator[str]:
    data = read_untrusted(worktree, INCLUDE_FILE, _INCLUDE_LIMIT)
    if not isinstance(data, Refusal):
        yield from data.decode(errors="surrogateescape").splitlines()


def _named(place: Place, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        path = PurePosixPath(name)
        parts = path.parts
        if path.is_absolute() or not parts or ".." in parts or parts[0] in _OWN_FOLDERS:
            raise InvalidInput(f"'{name}' in [worktree] is not a path inside the repository")
        if place.bare or not os.path.lexists(place.top / path):
            raise InvalidInput(
                f"'{name}' in [worktree] is not there: {place.top / path}",
                hint="make it, or take it out of ropewalk.toml",
            )
        yield str(path)


def _copy(top: Path, worktree: Path, name: str) -> tuple[str, ...]:
    """Copy one file or folder unless git put it there already; return what is new."""
    source, target = top / name, worktree / name
    if os.path.lexists(target):
        return ()
    _make_parents(worktree, name)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, ignore=_ignore_own)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
    return (name,)


def _ignore_own(folder: str, names: list[str]) -> set[str]:  # noqa: ARG001
    return {name for name in names if name == ".git"}


def _link(top: Path, worktree: Path, name: str) -> tuple[str, ...]:
    target = worktree / name
    if os.path.lexists(target):
        return ()
    _make_parents(worktree, name)
    target.symlink_to(top / name)
    return (name,)


def _make_parents(worktree: Path, name: str) -> None:
    """Make the folders above a path; refuse one that a link leads out of the worktree."""
    parent = (worktree / name).parent
    if parent.resolve() != parent:
        raise InvalidInput(f"'{name}' cannot be brought in: a symbolic link is on its way")
    parent.mkdir(parents=True, exist_ok=True)


def _numbered(log: Path | None, number: int) -> Path | None:
    return log if log is None or number == 1 else log.with_name(f"{log.name}.{number}")


def _set_up(
    worktree: Path,
    command: str,
    *,
    env: Mapping[str, str],
    log: Path | None,
    cancel: threading.Event | None,
) -> None:
    ended = process.run(
        process.shell_argv(command),
        cwd=worktree,
        env=env,
        limits=process.Limits(wall_s=_SETUP_LIMIT_S),
        log=log,
        cancel=cancel,
    )
    if ended.ended_by is process.EndedBy.EXIT and ended.exit_code == 0:
        return
    if ended.ended_by is process.EndedBy.CANCELLED:
        raise Interrupted(f"set-up command '{command}' was stopped")
    said = "".join(f"\n  {line}" for line in ended.tail)
    hint = f"the whole log: {log}" if log else "run it by hand in the repository"
    raise WorktreeError(f"set-up command '{command}' {_how(ended)}{said}", hint=hint)


def _how(ended: process.Ended) -> str:
    if ended.ended_by is process.EndedBy.TIMEOUT:
        return f"did not end within {_SETUP_LIMIT_S:g} s"
    if ended.exit_code is None:
        return f"was ended by signal {ended.signal}"
    return f"ended with exit code {ended.exit_code}"


def _look(place: Place, worktree: Path, brought: list[str], *, has_setup: bool) -> Provisioned:
    """Find what the set-up commands left, ignored or not, and keep all of it on record."""
    with private_index(place, worktree) as context:
        load_index(context, read_head(place, worktree))
        new = list_changes(context, "--others", "--exclude-standard")
        if has_setup:
            # An agent may change what is ignored. Whole folders, such as packages, stay one path.
            options = ("--others", "--ignored", "--exclude-standard", "--directory")
            new += list_changes(context, *options)
        changed = list_changes(context, "--modified", "--deleted")
    everything = tuple(sorted({*brought, *(name.rstrip("/") for name in new)}))
    remember_brought(place, worktree, everything)
    return Provisioned(brought=everything, changed=changed)

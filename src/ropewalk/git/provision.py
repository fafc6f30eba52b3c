"""Brings into a fresh worktree what git does not: ignored files, links, what set-up commands make.

What is brought in is nobody's work: it is kept on record and never committed. Nothing that git put
into the worktree is overwritten, and nothing is written outside of it, also not through a symbolic
link that is committed in the repository.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import StorageError
from ropewalk.git import provision_files as files
from ropewalk.git.admin import require_real_folder
from ropewalk.git.provision_copies import put_changed_aside
from ropewalk.git.provision_setup import set_up
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import (
    brought_into,
    list_changes,
    load_index,
    private_index,
    read_head,
    remember_brought,
)
from ropewalk.model.config import WorktreeConfig


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
    brought = _bring(place, worktree, config)
    remember_brought(place, worktree, brought)
    set_up(place, worktree, config.setup, env=env, log=log, cancel=cancel)
    return _look(place, worktree, brought, has_setup=bool(config.setup))


def provision_again(
    place: Place,
    worktree: Path,
    config: WorktreeConfig,
    *,
    env: Mapping[str, str],
    log: Path | None = None,
    cancel: threading.Event | None = None,
) -> tuple[str, ...]:
    """Bring in again what somebody took away or changed of what was brought in.

    A file that is no longer what the main checkout holds is put aside, next to the worktree, unless
    set-up commands may have changed it. Where something that these made is missing, they run again.

    Args:
        place: the repository.
        worktree: one that was provisioned before, and that nobody is at work in.
        config: what to bring.
        env: the whole environment of the set-up commands.
        log: where they print to.
        cancel: ends them.

    Returns:
        What was missing or changed.

    Raises:
        InvalidInput: a path of the configuration is missing or leaves the repository.
        WorktreeError: a set-up command failed.
        Interrupted: ``cancel`` was set.
        StorageError: a file could not be copied.
    """
    require_real_folder(worktree)
    before = brought_into(place, worktree)
    changed = () if config.setup else put_changed_aside(place, worktree, before)
    gone = tuple(name for name in before if not os.path.lexists(worktree / name))
    if gone:
        _bring(place, worktree, config)
        if not all(os.path.lexists(worktree / name) for name in gone):
            set_up(place, worktree, config.setup, env=env, log=log, cancel=cancel)
    return tuple(sorted({*changed, *gone}))


def _bring(place: Place, worktree: Path, config: WorktreeConfig) -> list[str]:
    brought: list[str] = []
    try:
        for name in files.included(place, worktree, config.include):
            brought.extend(files.copy(place.top, worktree, name))
        for name in files.named(place, config.copy):
            brought.extend(files.copy(place.top, worktree, name))
        for name in files.named(place, config.symlink):
            brought.extend(files.link(place.top, worktree, name))
    except OSError as error:
        raise StorageError(f"cannot bring {files.first_problem(error)}") from error
    return brought


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

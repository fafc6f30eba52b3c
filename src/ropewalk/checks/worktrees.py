"""Worktrees of our own for checks: made on demand, used by one call at a time, gone at the end.

Each holds exactly a commit and what the configuration brings into a worktree, nothing that was left
in it before.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from ropewalk.errors import RopewalkError, WorktreeError
from ropewalk.git.admin import find_entry
from ropewalk.git.provision import provision
from ropewalk.git.provision_environment import worktree_environment
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import remember_brought
from ropewalk.git.worktree import add_worktree, discard_new_worktree, reset_worktree
from ropewalk.model.config import WorktreeConfig
from ropewalk.process import base_environment
from ropewalk.store.paths import Layout


class CheckWorktrees:
    """The worktrees of one epic; used from any thread.

    Args:
        place: the repository.
        layout: where worktrees go.
        epic_id: whose folder they go to.
        config: what is brought into them.
    """

    def __init__(
        self, place: Place, layout: Layout, epic_id: str, *, config: WorktreeConfig
    ) -> None:
        self._place = place
        self._layout = layout
        self._epic_id = epic_id
        self._config = config
        self._lock = threading.Lock()
        self._idle: list[Path] = []
        self._made: dict[Path, str] = {}

    @contextmanager
    def borrowed(self, commit: str, *, cancel: threading.Event | None = None) -> Iterator[Path]:
        """Yield a worktree that holds exactly a commit and that nobody else uses.

        Args:
            commit: full id.
            cancel: ends its set-up when set.

        Raises:
            Interrupted: ``cancel`` was set.
            WorktreeError: none could be made or brought to the commit.
        """
        with self._lock:
            path = self._idle.pop() if self._idle else None
        if path is None:
            path = self._make(commit)
        else:
            self._bring(path, commit)
        with self._lock:
            self._made[path] = commit
        try:
            env = self.environment(path)
            provision(self._place, path, self._config, env=env, cancel=cancel)
            yield path
        finally:
            with self._lock:
                if path in self._made:
                    self._idle.append(path)

    def environment(self, path: Path) -> dict[str, str]:
        """Return what programs see that run in a worktree."""
        own = worktree_environment(self._place, path, ports=self._config.ports)
        return base_environment() | own

    def close(self) -> None:
        """Throw all worktrees away; those that cannot be are left for cleaning."""
        with self._lock:
            made, self._made, self._idle = self._made, {}, []
        for path, commit in made.items():
            with suppress(RopewalkError):
                self._throw_away(path, commit)

    def _make(self, commit: str) -> Path:
        with self._lock:
            names = (f"_check-{number}" for number in count(1))
            paths = (self._layout.worktree(self._epic_id, name) for name in names)
            path = next(path for path in paths if path not in self._made)
            self._made[path] = commit
        reason = f"ropewalk {self._epic_id}/{path.name}"
        if not self._has_adopted(path, commit, reason):
            add_worktree(self._place, path, commit, reason=reason, is_ours=path.__eq__)
        return path

    def _has_adopted(self, path: Path, commit: str, reason: str) -> bool:
        """Take over a worktree for checks that a killed coordinator left; a half-made one goes."""
        entry = find_entry(self._place, path)
        if entry is None and not path.exists():
            return False
        is_ours = entry.locked == reason if entry else _is_hollow(path)
        if not is_ours:
            raise WorktreeError(
                f"{path} is in the way of a worktree for checks", hint="move it away"
            )
        try:
            self._bring(path, commit)
        except WorktreeError:
            self._discard(path)
            return False
        return True

    def _bring(self, path: Path, commit: str) -> None:
        remember_brought(self._place, path, ())
        reset_worktree(self._place, path, commit, discard=True, ignored=True)

    def _throw_away(self, path: Path, commit: str) -> None:
        self._bring(path, commit)
        self._discard(path)

    def _discard(self, path: Path) -> None:
        left = discard_new_worktree(self._place, path, is_ours=path.__eq__)
        if left is not None:
            shutil.rmtree(left, ignore_errors=True)


def _is_hollow(path: Path) -> bool:
    """Whether git has put nothing but its own file, or nothing yet, into a new worktree."""
    return path.is_dir() and all(each.name == ".git" for each in path.iterdir())

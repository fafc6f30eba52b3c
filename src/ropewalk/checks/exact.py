"""Runs checks on the exact tree of a commit, in worktrees of our own that are thrown away.

A check sees the files of the commit and what the configuration brings into a worktree, nothing that
an earlier check left. Commands of one call run one after another in the given order and in the same
place, so a later one may use what an earlier one made; the first failure ends the call. A verdict
is remembered by tree, commands, the way the worktree was made and the files that are brought into
it by name; only passed ones are.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ropewalk.checks.worktrees import CheckWorktrees
from ropewalk.engine.cache import Cache, cache_key
from ropewalk.errors import Interrupted
from ropewalk.git.objects import tree_of
from ropewalk.git.repository import Place
from ropewalk.model.config import WorktreeConfig
from ropewalk.model.result import CheckRun
from ropewalk.model.values import JsonObject
from ropewalk.process import EndedBy, Limits
from ropewalk.store.files import Refusal, read_untrusted
from ropewalk.store.masked_run import run_masked
from ropewalk.store.paths import Layout

_VERSION = 2
_BROUGHT_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checks say about a tree; ``runs`` ends with the first failure."""

    tree: str
    runs: tuple[CheckRun, ...]
    cached: bool

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(run.has_passed for run in self.runs)


class ExactTrees:
    """Runs checks; the worktrees that it makes for them are gone at the end of the context.

    Args:
        place: the repository.
        layout: where worktrees go.
        epic_id: whose folder they go to.
        worktree: what is brought into them.
        timeout_s: how long each command may run.
        cache: where passed verdicts are remembered; None: nowhere.
    """

    def __init__(
        self,
        place: Place,
        layout: Layout,
        epic_id: str,
        *,
        worktree: WorktreeConfig,
        timeout_s: float,
        cache: Cache | None = None,
    ) -> None:
        self._place = place
        self._config = worktree
        self._worktrees = CheckWorktrees(place, layout, epic_id, config=worktree)
        self._timeout_s = timeout_s
        self._cache = cache

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._worktrees.close()

    def run(
        self,
        commit: str,
        commands: Sequence[str],
        *,
        log: Callable[[int], Path],
        cancel: threading.Event | None = None,
        use_cache: bool = True,
        starting: Callable[[str], object] | None = None,
    ) -> Verdict:
        """Run ``commands`` on the tree of ``commit``; safe to call from several threads.

        Args:
            commit: full id.
            commands: shell command lines.
            log: names the file for the output of a command, counting from 0.
            cancel: ends the running command, or the set-up of its worktree, when it is set.
            use_cache: whether a remembered verdict is an answer.
            starting: told each command before it runs.

        Raises:
            Interrupted: ``cancel`` was set.
            WorktreeError: no worktree could be made or brought to the commit.
        """
        tree = tree_of(self._place.context, commit)
        if not commands:
            return Verdict(tree=tree, runs=(), cached=False)
        components = self._components(tree, commands)
        known = self._remembered(components, commands, log) if use_cache else None
        if known is not None:
            return Verdict(tree=tree, runs=known, cached=True)
        with self._worktrees.borrowed(commit, cancel=cancel) as path:
            told = _told(commands, starting)
            runs = tuple(self._run_each(path, told, log=log, cancel=cancel))
        verdict = Verdict(tree=tree, runs=runs, cached=False)
        if verdict.passed and self._cache is not None:
            value = {"durations_s": [run.duration_s for run in runs]}
            self._cache.put(cache_key(components), value, components=components)
        return verdict

    def _components(self, tree: str, commands: Sequence[str]) -> JsonObject:
        return {
            "kind": "checks",
            "version": _VERSION,
            "tree": tree,
            "commands": list(commands),
            "worktree": {key: _plain(value) for key, value in asdict(self._config).items()},
            "brought": dict(self._brought()),
        }

    def _brought(self) -> Iterator[tuple[str, str]]:
        """Yield the checksums of the files that are brought in by name, such as ``.env``."""
        for name in (*self._config.include, *self._config.copy):
            content = read_untrusted(self._place.top, name.strip("/"), _BROUGHT_MAX)
            if not isinstance(content, Refusal):
                yield name, hashlib.sha256(content).hexdigest()

    def _remembered(
        self, components: JsonObject, commands: Sequence[str], log: Callable[[int], Path]
    ) -> tuple[CheckRun, ...] | None:
        found = self._cache.get(cache_key(components)) if self._cache is not None else None
        durations = found.get("durations_s") if found is not None else None
        if not isinstance(durations, list) or len(durations) != len(commands):
            return None
        return tuple(
            CheckRun(command=command, exit_code=0, duration_s=float(duration), log=str(log(number)))
            for number, (command, duration) in enumerate(zip(commands, durations, strict=True))
        )

    def _run_each(
        self,
        path: Path,
        commands: Iterable[str],
        *,
        log: Callable[[int], Path],
        cancel: threading.Event | None,
    ) -> Iterator[CheckRun]:
        for number, command in enumerate(commands):
            place = log(number)
            place.parent.mkdir(parents=True, exist_ok=True)
            ended = run_masked(
                command,
                repository=self._place.top,
                cwd=path,
                env=self._worktrees.environment(path),
                limits=Limits(wall_s=self._timeout_s),
                log=place,
                cancel=cancel,
            )
            if ended.ended_by is EndedBy.CANCELLED:
                raise Interrupted("the checks were stopped", hint="ropewalk resume")
            yield (
                run := CheckRun(
                    command=command,
                    exit_code=_exit_code(ended.exit_code, ended.signal, ended.ended_by),
                    duration_s=round(ended.duration_s, 3),
                    log=str(place),
                )
            )
            if not run.has_passed:
                return


def _told(commands: Sequence[str], starting: Callable[[str], object] | None) -> Iterator[str]:
    for command in commands:
        if starting is not None:
            starting(command)
        yield command


def _exit_code(code: int | None, signal: int | None, ended_by: EndedBy) -> int | None:
    """Return the exit code, as a shell would give it for a signal; None for a command cut short."""
    if ended_by is not EndedBy.EXIT:
        return None
    return code if signal is None else 128 + signal


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value

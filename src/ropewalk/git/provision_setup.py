"""Runs the set-up commands of a worktree, or copies what the same command made in another one.

A result is used again only where it is certain to be the same: the commands so far, the lock files
and the tools are those of before, the command made new things and changed nothing else, none of
these holds the path of the worktree that it was made in (as a virtual environment does), and
nothing tells the command in which worktree it is. In every other case the command runs.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ropewalk import process
from ropewalk.errors import Busy, Interrupted, WorktreeError
from ropewalk.git.provision_key import setup_key
from ropewalk.git.provision_results import SetupResults
from ropewalk.git.provision_traces import find_made, look
from ropewalk.git.repository import Place
from ropewalk.store.files import write_atomic
from ropewalk.store.lock import named_lock
from ropewalk.store.masked_run import run_masked

_LIMIT_S = 1800.0
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """One command line, where and how it runs."""

    text: str
    repository: Path
    worktree: Path
    env: Mapping[str, str]
    log: Path | None
    cancel: threading.Event | None


def set_up(
    place: Place,
    worktree: Path,
    commands: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path | None,
    cancel: threading.Event | None,
) -> None:
    """Carry out the commands one after another.

    Args:
        place: the repository.
        worktree: fresh, with what is copied and linked into it.
        commands: shell command lines.
        env: their whole environment.
        log: where the first one prints to; the next ones print to ``<log>.2`` and so on.
        cancel: ends them.

    Raises:
        WorktreeError: one failed.
        Interrupted: ``cancel`` was set.
    """
    for number, text in enumerate(commands, start=1):
        command = _Command(
            text=text,
            repository=place.top,
            worktree=worktree,
            env=env,
            log=_numbered(log, number),
            cancel=cancel,
        )
        key = setup_key(place, worktree, commands[:number], env=env)
        if key is None:
            _run(command)
        else:
            _run_once(place, command, SetupResults(place.common_dir, key))


def _run_once(place: Place, command: _Command, results: SetupResults) -> None:
    """Run a command unless its result is known; whoever comes second waits for the first."""
    while results.verdict is None:
        _require_going(command)
        name = f"setup-{results.key[:16]}"
        try:
            with named_lock(place.common_dir, name, timeout_s=_LOOK_EVERY_S, what="set-up runs"):
                if results.verdict is None:
                    _run_and_keep(place, command, results)
                    return
        except Busy:
            continue
    if results.copy_into(command.worktree):
        _say(command, f"not run: what it made for the same lock files is in {results.folder}\n")
        return
    _run(command)


def _run_and_keep(place: Place, command: _Command, results: SetupResults) -> None:
    before = look(place, command.worktree)
    _run(command)
    made, why_not = find_made(place, command.worktree, before)
    results.keep(command.worktree, made, why_not=why_not)


def _require_going(command: _Command) -> None:
    if command.cancel is not None and command.cancel.is_set():
        raise Interrupted(f"set-up command '{command.text}' was stopped")


def _numbered(log: Path | None, number: int) -> Path | None:
    return log if log is None or number == 1 else log.with_name(f"{log.name}.{number}")


def _say(command: _Command, text: str) -> None:
    if command.log is not None:
        write_atomic(command.log, f"{command.text}\n{text}".encode(errors="surrogateescape"))


def _run(command: _Command) -> None:
    ended = run_masked(
        command.text,
        repository=command.repository,
        cwd=command.worktree,
        env=command.env,
        limits=process.Limits(wall_s=_LIMIT_S),
        log=command.log,
        cancel=command.cancel,
    )
    if ended.ended_by is process.EndedBy.EXIT and ended.exit_code == 0:
        return
    if ended.ended_by is process.EndedBy.CANCELLED:
        raise Interrupted(f"set-up command '{command.text}' was stopped")
    said = "".join(f"\n  {line}" for line in ended.tail)
    hint = f"the whole log: {command.log}" if command.log else "run it by hand in the repository"
    raise WorktreeError(f"set-up command '{command.text}' {_how(ended)}{said}", hint=hint)


def _how(ended: process.Ended) -> str:
    if ended.ended_by is process.EndedBy.TIMEOUT:
        return f"did not end within {_LIMIT_S:g} s"
    if ended.exit_code is None:
        return f"was ended by signal {ended.signal}"
    return f"ended with exit code {ended.exit_code}"

"""Coding agents that are installed programs: where they are, which version, whether it will do.

A version says nothing about log-ins or models; it says that the options and events are those that
the adapter knows. Programs are asked with an empty standard input and a deadline, in an empty
folder, and nothing they print is trusted beyond the number in it.
"""

import re
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ropewalk.agents.base import Ability, AgentInfo, AgentTask, ToolEvent
from ropewalk.agents.environment import attempt_mark
from ropewalk.agents.fields import Fields, text_at
from ropewalk.errors import RopewalkError
from ropewalk.model.config import AgentConfig, AgentKind
from ropewalk.process import EndedBy, Limits, run

_LIMITS: Final = Limits(wall_s=30.0, idle_s=30.0, capture_bytes=64 * 1024)
_VERSION: Final = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What an adapter knows about the program that it drives.

    Attributes:
        kind: the kind in the configuration.
        executable: its name on PATH.
        install: the command that installs it, for people.
        oldest: the oldest version whose options and events are known to work.
        memory_mb: what one instance is taken to need.
        abilities: what it can do by itself.
        allowed: what it may do here, in words, by permission.
    """

    kind: AgentKind
    executable: str
    install: str
    oldest: tuple[int, int, int]
    memory_mb: int
    abilities: frozenset[Ability]
    allowed: Mapping[str, str]


def probe_program(program: Program, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
    """Say whether a program could run; it is asked for its version and for nothing else.

    Args:
        program: what is known of it.
        config: may name another executable.
        env: the environment that an attempt would get.
    """
    wanted = config.program or program.executable
    path = shutil.which(wanted, path=env.get("PATH", ""))
    version, problem = None, f"the program '{wanted}' is not found; {program.install}"
    if path is not None:
        version, problem = _ask_version(program, path, env)
    return AgentInfo(
        name=program.kind.value,
        kind=program.kind,
        version=version,
        path=path,
        usable=not problem,
        problem=problem,
        memory_mb=config.memory_mb or program.memory_mb,
        abilities=program.abilities,
        allowed=program.allowed[config.permission.value],
    )


def locate(program: Program, config: AgentConfig, repository: Path) -> str:
    """Return the program to start, see `place_in`."""
    return place_in(repository, config.program or program.executable)


def place_in(repository: Path, program: str) -> str:
    """Return a program to start: a name for PATH, or a path, relative ones from the repository.

    A path is never taken relative to the worktree, which an agent could have written.
    """
    return str(repository / program) if "/" in program else program


def with_places(config: AgentConfig, repository: Path) -> AgentConfig:
    """Return an agent whose files are named by whole paths, see `place_in`."""
    argv, script = config.argv, config.script
    return replace(
        config,
        program=config.program and place_in(repository, config.program),
        argv=(place_in(repository, argv[0]), *argv[1:]) if argv else (),
        script=script and str(repository / script),
    )


def session_id_of(task: AgentTask) -> str:
    """Return the id for the session that an attempt begins: always the same for the same attempt.

    Two attempts never share one, not even those of two repositories with one HOME: programs refuse
    an id that they know, or go on with it.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{attempt_mark(task)}@{task.folder}"))


def tool_event(
    kinds: Mapping[str, tuple[str, str]], name: str, arguments: Fields, *, status: str = "started"
) -> ToolEvent:
    """Return what a program tells of a tool that it uses.

    Args:
        kinds: by the name of a tool, what it does and which argument says to what; others go by
            their own name.
        name: of the tool.
        arguments: what it was called with.
        status: how far it is.
    """
    kind, argument = kinds.get(name, (name, ""))
    return ToolEvent(kind=kind, detail=text_at(arguments, argument), status=status)


def find_by_argv(config: AgentConfig, env: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the path of an agent's own command line where it is known, and what is wrong with it.

    Args:
        config: holds its ``argv``, and maybe another program in place of the first word.
        env: the environment that an attempt would get.
    """
    program = config.program or config.argv[0]
    path = shutil.which(program, path=env.get("PATH", ""))
    return path, "" if path else f"the program '{program}' is not found"


def _places(env: Mapping[str, str], folder: str) -> Mapping[str, str]:
    """Return an environment whose places are there: those of an attempt are made with it only."""
    home = env.get("HOME", folder)
    return {**env, "TMPDIR": folder, "HOME": home if Path(home).is_dir() else folder}


def _ask_version(program: Program, path: str, env: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the version, and what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="ropewalk-probe-") as folder:
        try:
            ended = run(
                (path, "--version"), cwd=Path(folder), env=_places(env, folder), limits=_LIMITS
            )
        except RopewalkError as error:
            return None, f"'{path} --version' cannot be run: {error.message}"
    if ended.ended_by is not EndedBy.EXIT:
        return None, f"'{path} --version' did not end within {_LIMITS.wall_s:g} s"
    text = ended.output.decode("utf-8", errors="replace")
    found = _VERSION.search(text)
    if ended.exit_code != 0 or found is None:
        first = " ".join("\n".join(ended.tail).split())[:160]
        return None, f"'{path} --version' does not say a version: {first or 'nothing'}"
    version = tuple(int(part or 0) for part in found.groups())
    shown = ".".join(map(str, version))
    if version < program.oldest:
        needed = ".".join(map(str, program.oldest))
        return shown, f"version {shown} is too old, {needed} is needed; {program.install}"
    return shown, ""

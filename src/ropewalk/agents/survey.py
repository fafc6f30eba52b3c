"""Which coding agents are here, whether they can run, and what they would be allowed. Reads only.

Programs are asked side by side, and no longer than the caller waits: one that has not answered by
then is named as such. The names of variables are told, never their values.
"""

import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ropewalk.agents.base import AgentInfo, AgentTask
from ropewalk.agents.capacity import available_mb
from ropewalk.agents.other_programs import why_useless
from ropewalk.agents.table import adapter_of
from ropewalk.errors import InvalidInput, RopewalkError
from ropewalk.git.command import Identity
from ropewalk.model.config import AgentConfig, AgentKind, Home

PROGRAM_KINDS: Final = (
    AgentKind.CLAUDE,
    AgentKind.CODEX,
    AgentKind.GEMINI,
    AgentKind.OPENCODE,
    AgentKind.COPILOT,
    AgentKind.QWEN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One agent.

    Attributes:
        info: what its adapter says.
        sees: the variables of its account that are set here and that it would see, by name.
        home: whose HOME it would see.
        at_once: how many of it fit into the memory that is free now.
    """

    info: AgentInfo
    sees: tuple[str, ...] = ()
    home: Home = Home.USER
    at_once: int = 0


def find_programs(env: Mapping[str, str]) -> dict[str, AgentConfig]:
    """Return the agents whose programs are on PATH, as they would be configured."""
    found = (kind for kind in PROGRAM_KINDS if shutil.which(kind.value, path=env.get("PATH", "")))
    return {kind.value: AgentConfig(kind=kind) for kind in found}


def survey(
    agents: Mapping[str, AgentConfig], env: Mapping[str, str], *, patience_s: float
) -> tuple[Surveyed, ...]:
    """Ask agents what they are, all at once; in the order of their names.

    Args:
        agents: by name.
        env: the environment that they would be started from.
        patience_s: how long they may take together.
    """
    answers: dict[str, AgentInfo] = {}
    asked = [
        threading.Thread(
            target=lambda name=name, config=config: answers.update({name: _ask(name, config, env)}),
            name=f"probe-{name}",
            daemon=True,
        )
        for name, config in agents.items()
    ]
    for thread in asked:
        thread.start()
    until = time.monotonic() + patience_s
    for thread in asked:
        thread.join(max(0.0, until - time.monotonic()))
    known = dict(answers)
    free = available_mb()
    return tuple(
        _surveyed(known.get(name) or _silent(name, config, patience_s), config, env, free)
        for name, config in sorted(agents.items())
    )


def _ask(name: str, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
    useless = why_useless(config)
    if useless:
        return _unusable(name, config, useless)
    try:
        return replace(adapter_of(config.kind).probe(config, env), name=name)
    except RopewalkError as error:
        return _unusable(name, config, error.message)


def _silent(name: str, config: AgentConfig, patience_s: float) -> AgentInfo:
    return _unusable(name, config, f"it did not say its version within {patience_s:g} s")


def _unusable(name: str, config: AgentConfig, problem: str) -> AgentInfo:
    return AgentInfo(
        name=name,
        kind=config.kind,
        version=None,
        path=None,
        usable=False,
        problem=problem,
        memory_mb=config.memory_mb or 0,
    )


def _surveyed(
    info: AgentInfo, config: AgentConfig, env: Mapping[str, str], free_mb: float
) -> Surveyed:
    names = dict.fromkeys((*_passes(config), *config.env_pass, *config.env))
    at_once = int(free_mb // info.memory_mb) if info.memory_mb else 0
    return Surveyed(
        info=info,
        sees=tuple(name for name in names if name in env or name in config.env),
        home=config.home or adapter_of(config.kind).default_home,
        at_once=max(1, at_once) if config.slots is None else min(max(1, at_once), config.slots),
    )


def _passes(config: AgentConfig) -> tuple[str, ...]:
    """Return the variables of its provider that the adapter lets through."""
    try:
        return adapter_of(config.kind).command(_NO_TASK, config).passes
    except InvalidInput:
        return ()


_NOWHERE: Final = Path("/nowhere")
# Adapters say how they would start an agent without reading or writing anything.
_NO_TASK: Final = AgentTask(
    epic_id="doctor",
    domain="doctor",
    run_id="doctor",
    number=1,
    worktree=_NOWHERE,
    repository=_NOWHERE,
    base="0" * 40,
    prompt="",
    files=(),
    result_path=_NOWHERE / "result.json",
    folder=_NOWHERE,
    log=_NOWHERE / "log",
    briefing="",
    identity=Identity(name="doctor", email="doctor@localhost"),
)

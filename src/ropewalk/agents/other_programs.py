"""Coding agents that have no adapter: the command lines that drive them, and which are no more."""

import shlex
import shutil
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

from ropewalk.model.config import AgentConfig, AgentKind

# Each takes its task, does it and ends. The task is in the file that ROPEWALK_PROMPT names.
COMMAND_LINES: Final[Mapping[str, str]] = {
    "aider": 'aider --message-file "$ROPEWALK_PROMPT" --yes-always --no-auto-commits',
    "cline": 'cline --auto-approve true "$(cat "$ROPEWALK_PROMPT")"',
    "cn": 'cn -p --auto "$(cat "$ROPEWALK_PROMPT")"',
    "droid": 'droid exec --auto medium -f "$ROPEWALK_PROMPT"',
    "mini": 'mini -y -t "$(cat "$ROPEWALK_PROMPT")" --exit-immediately',
    "pi": 'pi -p "$(cat "$ROPEWALK_PROMPT")"',
    "vibe": 'vibe -p "$(cat "$ROPEWALK_PROMPT")"',
}
RETIRED: Final[Mapping[str, str]] = {
    "kimi": "kimi is retired: it prints a notice and exits 0 without having done anything",
}


def find_others(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the programs on PATH that a command line can drive."""
    return tuple(name for name in COMMAND_LINES if _is_there(name, env))


def find_retired(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the programs on PATH that do nothing any more."""
    return tuple(name for name in RETIRED if _is_there(name, env))


def why_useless(config: AgentConfig) -> str:
    """Say why an agent that a command line drives cannot work, empty where nothing is known."""
    if config.kind is not AgentKind.COMMAND:
        return ""
    try:
        words = config.argv or tuple(shlex.split(config.shell or ""))
    except ValueError:
        return ""
    program = PurePath(config.program or (words[0] if words else "")).name
    return RETIRED.get(program, "")


def _is_there(name: str, env: Mapping[str, str]) -> bool:
    return shutil.which(name, path=env.get("PATH", "")) is not None

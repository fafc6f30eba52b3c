"""Which adapter drives which kind of agent, and which agents a configuration knows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ropewalk.agents.base import Adapter, AgentInfo
from ropewalk.agents.command import CommandAdapter
from ropewalk.agents.script import ScriptAdapter
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, Config

ADAPTERS: Final[Mapping[AgentKind, Adapter]] = {
    AgentKind.COMMAND: CommandAdapter(),
    AgentKind.SCRIPT: ScriptAdapter(),
}


def require_adapter(kind: AgentKind) -> Adapter:
    """Return the adapter for a kind.

    Raises:
        InvalidInput: the kind is known but not driven by this version.
    """
    adapter = ADAPTERS.get(kind)
    if adapter is None:
        known = ", ".join(ADAPTERS)
        raise InvalidInput(
            f"agent kind '{kind}' is not available in this version; kinds are {known}",
            hint="run its program with kind = 'command' and shell = '…'",
        )
    return adapter


def find_agent(config: Config, name: str | None = None) -> AgentConfig:
    """Return the agent called `name`, or the one of ``run.agent`` when no name is given.

    Raises:
        InvalidInput: there is no such agent, or none is configured at all.
    """
    return config.agents[require_agent_name(config, name)]


def require_agent_name(config: Config, name: str | None = None) -> str:
    """Return the name of the agent to use: `name`, or ``run.agent`` when no name is given.

    Raises:
        InvalidInput: there is no such agent, or none is configured at all.
    """
    wanted = name or config.run.agent
    if wanted is None:
        raise InvalidInput(
            "no agent is configured",
            hint="name one: --agent-command 'SHELL', or [agents.NAME] and run.agent "
            "in ropewalk.toml",
            code="no_agent",
        )
    if wanted not in config.agents:
        known = ", ".join(sorted(config.agents))
        raise InvalidInput(
            f"there is no agent '{wanted}'",
            hint=f"agents are {known}" if known else f"add [agents.{wanted}] to ropewalk.toml",
            code="no_agent",
        )
    return wanted


def memory_of(config: AgentConfig) -> int:
    """Return how much memory one instance of an agent is taken to need, in MB.

    Raises:
        InvalidInput: its kind is not available.
    """
    return config.memory_mb or require_adapter(config.kind).default_memory_mb


def probe_all(config: Config, env: Mapping[str, str]) -> tuple[AgentInfo, ...]:
    """Say of each configured agent whether it could run with this environment."""
    return tuple(_probe(name, agent, env) for name, agent in sorted(config.agents.items()))


def _probe(name: str, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
    try:
        adapter = require_adapter(config.kind)
    except InvalidInput as error:
        return AgentInfo(
            name=name,
            kind=config.kind,
            version=None,
            path=None,
            usable=False,
            problem=error.message,
            memory_mb=config.memory_mb or 0,
        )
    return replace(adapter.probe(config, env), name=name)

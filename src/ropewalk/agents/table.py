"""Which adapter drives which kind of agent, and which agents a configuration knows."""

from collections.abc import Mapping
from typing import Final

from ropewalk.agents.acp import AcpAdapter
from ropewalk.agents.anthropic import AnthropicAdapter
from ropewalk.agents.base import Adapter
from ropewalk.agents.claude import ClaudeAdapter
from ropewalk.agents.codex import CodexAdapter
from ropewalk.agents.command import CommandAdapter
from ropewalk.agents.copilot import CopilotAdapter
from ropewalk.agents.gemini import GeminiAdapter
from ropewalk.agents.opencode import OpenCodeAdapter
from ropewalk.agents.qwen import QwenAdapter
from ropewalk.agents.script import ScriptAdapter
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, Config

ADAPTERS: Final[Mapping[AgentKind, Adapter]] = {
    AgentKind.COMMAND: CommandAdapter(),
    AgentKind.CLAUDE: ClaudeAdapter(),
    AgentKind.CODEX: CodexAdapter(),
    AgentKind.QWEN: QwenAdapter(),
    AgentKind.GEMINI: GeminiAdapter(),
    AgentKind.OPENCODE: OpenCodeAdapter(),
    AgentKind.COPILOT: CopilotAdapter(),
    AgentKind.SCRIPT: ScriptAdapter(),
    AgentKind.ACP: AcpAdapter(),
    AgentKind.ANTHROPIC: AnthropicAdapter(),
}


def adapter_of(kind: AgentKind) -> Adapter:
    """Return the adapter that drives a kind; every kind has one."""
    return ADAPTERS[kind]


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
    """Return how much memory one instance of an agent is taken to need, in MB."""
    return config.memory_mb or adapter_of(config.kind).default_memory_mb

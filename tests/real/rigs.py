"""How a person would configure each agent to use a server of his own: the lines of its table.

`@URL@` and `@KEY@` stand for the server's address and the key of a scene. All rigs see a private
HOME, so that no test depends on another.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ropewalk.model.config import AgentKind

Setting: TypeAlias = str | float | tuple[str, ...]

INSTALLED: Final = Path(__file__).parents[2] / ".agents" / "node_modules"
PATH: Final = (INSTALLED / "node" / "bin", INSTALLED / ".bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """One agent, ready to be pointed at a server.

    Attributes:
        kind: its kind.
        lines: what stands in its table besides kind and home.
        program: the name of what has to be installed for it, empty when it is built in.
        model: the model that it is to ask for, empty for its own choice.
        tells_tokens: whether it says what it used.
    """

    kind: AgentKind
    lines: str
    program: str
    model: str = ""
    tells_tokens: bool = True


RIGS: Final[Mapping[str, Rig]] = {
    "claude": Rig(
        kind=AgentKind.CLAUDE,
        program="claude",
        model="claude-sonnet-5",
        lines="""\
env = { ANTHROPIC_BASE_URL = "@URL@", ANTHROPIC_API_KEY = "@KEY@" }
""",
    ),
    "codex": Rig(
        kind=AgentKind.CODEX,
        program="codex",
        model="model-1",
        lines="""\
env = { OWN_KEY = "@KEY@" }
args = [
  "-c", 'model_provider="own"',
  "-c", 'model_providers.own.name="own"',
  "-c", 'model_providers.own.base_url="@URL@/v1"',
  "-c", 'model_providers.own.wire_api="responses"',
  "-c", 'model_providers.own.env_key="OWN_KEY"',
  "-c", "model_providers.own.request_max_retries=1",
  "-c", "model_providers.own.stream_max_retries=1",
]
""",
    ),
    "gemini": Rig(
        kind=AgentKind.GEMINI,
        program="gemini",
        model="gemini-2.5-pro",
        lines="""\
env = { GOOGLE_GEMINI_BASE_URL = "@URL@", GEMINI_API_KEY = "@KEY@" }
""",
    ),
    "opencode": Rig(
        kind=AgentKind.OPENCODE,
        program="opencode",
        model="anthropic/claude-sonnet-4-5",
        lines="""\
[agents.@NAME@.env]
ANTHROPIC_BASE_URL = "@URL@/v1"
ANTHROPIC_API_KEY = "@KEY@"
OPENCODE_DISABLE_MODELS_FETCH = "1"
""",
    ),
    "copilot": Rig(
        kind=AgentKind.COPILOT,
        program="copilot",
        model="claude-sonnet-4-5",
        lines="""\
[agents.@NAME@.env]
COPILOT_PROVIDER_TYPE = "anthropic"
COPILOT_PROVIDER_BASE_URL = "@URL@"
COPILOT_PROVIDER_API_KEY = "@KEY@"
COPILOT_OFFLINE = "true"
""",
        tells_tokens=False,
    ),
    "qwen": Rig(
        kind=AgentKind.QWEN,
        program="qwen",
        model="model-1",
        lines="""\
env = { OPENAI_BASE_URL = "@URL@/v1", OPENAI_API_KEY = "@KEY@" }
""",
    ),
    "acp-opencode": Rig(
        kind=AgentKind.ACP,
        program="opencode",
        model="anthropic/claude-sonnet-4-5",
        lines="""\
argv = ["opencode", "acp"]
[agents.@NAME@.env]
ANTHROPIC_BASE_URL = "@URL@/v1"
ANTHROPIC_API_KEY = "@KEY@"
OPENCODE_DISABLE_MODELS_FETCH = "1"
OPENCODE_DISABLE_AUTOUPDATE = "1"
""",
    ),
    "acp-claude": Rig(
        kind=AgentKind.ACP,
        program="claude-agent-acp",
        lines="""\
argv = ["claude-agent-acp"]
args = ["--mode", "bypassPermissions"]
[agents.@NAME@.env]
ANTHROPIC_BASE_URL = "@URL@"
ANTHROPIC_API_KEY = "@KEY@"
CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1"
DISABLE_AUTOUPDATER = "1"
IS_SANDBOX = "1"
""",
    ),
    "acp-gemini": Rig(
        kind=AgentKind.ACP,
        program="gemini",
        lines="""\
argv = ["gemini", "--acp", "--skip-trust"]
args = ["--login", "gemini-api-key"]
[agents.@NAME@.env]
GOOGLE_GEMINI_BASE_URL = "@URL@"
GEMINI_API_KEY = "@KEY@"
GEMINI_CLI_NO_RELAUNCH = "true"
GEMINI_TELEMETRY_ENABLED = "false"
""",
        tells_tokens=False,
    ),
    "anthropic": Rig(
        kind=AgentKind.ANTHROPIC,
        program="",
        model="claude-sonnet-5",
        lines="""\
env = { ANTHROPIC_BASE_URL = "@URL@", ANTHROPIC_API_KEY = "@KEY@" }
""",
    ),
}


def table_of(
    rig: str, *, url: str, key: str, name: str = "", settings: Mapping[str, Setting] | None = None
) -> str:
    """Return the table `[agents.NAME]` of a rig, as it stands in ropewalk.toml.

    Args:
        rig: which one.
        url: address of the server.
        key: key of the scene.
        name: name of the agent, that of the rig unless given.
        settings: further settings.
    """
    name = name or rig
    model = {"model": RIGS[rig].model} if RIGS[rig].model else {}
    common = {"kind": RIGS[rig].kind.value, "home": "private", **model, **(settings or {})}
    lines = (f"{field} = {json.dumps(value)}" for field, value in common.items())
    own = RIGS[rig].lines.replace("@NAME@", name).replace("@URL@", url).replace("@KEY@", key)
    return "\n".join((f"[agents.{name}]", *lines, own))


def is_installed(rig: str) -> bool:
    """Say whether the program of a rig is there."""
    program = RIGS[rig].program
    return not program or (INSTALLED / ".bin" / program).exists()

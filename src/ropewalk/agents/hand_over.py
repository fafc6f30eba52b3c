"""How a person goes on with the session of an agent in a terminal, where its program can.

A session names itself: one that is no plain word is not put on a command line.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ropewalk.agents.program import place_in
from ropewalk.model.config import AgentConfig, AgentKind

_SESSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
# The words behind the program; the session comes last, behind whatever they end in.
_RESUME: Final[Mapping[AgentKind, tuple[str, ...]]] = {
    AgentKind.CLAUDE: ("--resume", ""),
    AgentKind.CODEX: ("resume", ""),
    AgentKind.GEMINI: ("--resume", ""),
    AgentKind.OPENCODE: ("-s", ""),
    AgentKind.COPILOT: ("--resume=",),
    AgentKind.QWEN: ("--resume", ""),
}
_BY_ATTEMPTS: Final = frozenset((*_RESUME, AgentKind.ACP, AgentKind.ANTHROPIC))


def keeps_sessions(config: AgentConfig) -> bool:
    """Return whether another attempt of an agent can go on with a session of it."""
    return config.kind in _BY_ATTEMPTS


def resume_words(config: AgentConfig, session_id: str, repository: Path) -> tuple[str, ...]:
    """Return the command line that goes on with a session; nothing for kinds that cannot."""
    words = _RESUME.get(config.kind)
    if words is None or not _SESSION.fullmatch(session_id):
        return ()
    program = place_in(repository, config.program or config.kind.value)
    return (program, *words[:-1], f"{words[-1]}{session_id}")

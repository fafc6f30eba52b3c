"""The scripted agent: recorded tool calls, played by a child program; no model is asked.

It is there for the demo and for tests, and says "scripted" wherever an agent is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ropewalk
from ropewalk.agents.base import Ability, AgentEvent, AgentInfo, AgentTask, Finish, Launch
from ropewalk.agents.child import child_argv, import_path
from ropewalk.agents.lines import finish_by_final, parse_line
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, Home
from ropewalk.process import Ended

VERSION: Final = f"scripted {ropewalk.__version__}"


@dataclass(frozen=True, slots=True)
class ScriptAdapter:
    """Kind ``script``: plays the turns in the file ``script``, relative to the repository."""

    kind: AgentKind = AgentKind.SCRIPT
    default_home: Home = Home.PRIVATE
    default_memory_mb: int = 60

    def probe(self, config: AgentConfig, _env: Mapping[str, str]) -> AgentInfo:
        problem = "" if config.script else "no script is configured"
        path = Path(config.script or "")
        if path.is_absolute() and not path.is_file():
            problem = f"the script {path} is not there"
        return AgentInfo(
            name="scripted",
            kind=self.kind,
            version=VERSION,
            path=config.script,
            usable=not problem,
            problem=problem,
            memory_mb=config.memory_mb or self.default_memory_mb,
            abilities=frozenset((Ability.TOKENS, Ability.COST)),
        )

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        if config.script is None:
            raise InvalidInput(
                "an agent of kind 'script' has no script",
                hint="write script = 'FILE', recorded turns, into its table in ropewalk.toml",
            )
        path = task.repository / config.script
        arguments = ("--attempt", str(task.number), *config.args, str(path))
        return Launch(
            argv=child_argv("ropewalk.agents.script_player", *arguments), env=import_path()
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        return parse_line(line)

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return finish_by_final(ended, events)

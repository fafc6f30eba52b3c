"""The scripted agent: recorded tool calls, played by a child program; no model is asked.

It is there for the demo and for tests, and says "scripted" wherever an agent is named.
"""

import site
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ropewalk
from ropewalk.agents.base import AgentEvent, AgentInfo, AgentTask, Finish, Launch
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
        )

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        if config.script is None:
            raise InvalidInput(
                "an agent of kind 'script' has no script",
                hint="write script = 'FILE', recorded turns, into its table in ropewalk.toml",
            )
        # -P: the worktree is the current directory, and its modules are not ours.
        player = (sys.executable, "-P", "-m", "ropewalk.agents.script_player")
        path = task.repository / config.script
        return Launch(
            argv=(*player, "--attempt", str(task.number), *config.args, str(path)),
            env=_import_path(),
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        return parse_line(line)

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return finish_by_final(ended, events)


def _import_path() -> dict[str, str]:
    """Return what a child program needs to find this package; nothing where it is installed."""
    root = str(Path(ropewalk.__file__).parent.parent)
    return {} if root in site.getsitepackages() else {"PYTHONPATH": root}

"""The built-in agent: a model of the Messages API and ropewalk's own tools, in a child program.

Nothing has to be installed for it: the loop is ours, see `anthropic_loop`. The model is named by
the configuration and by nothing else.
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
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.process import Ended

MESSAGES: Final = "messages.jsonl"
_PASSES: Final = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")
_ALLOWED: Final[Mapping[Permission, str]] = {
    Permission.READ: "read and search files in its worktree; no commands",
    Permission.EDIT: "read and write files in its worktree, run commands",
    Permission.FULL: "read and write files in its worktree, run commands",
}


@dataclass(frozen=True, slots=True)
class AnthropicAdapter:
    """Kind ``anthropic``: ``model``, and as ``args`` options of `anthropic_program`."""

    kind: AgentKind = AgentKind.ANTHROPIC
    default_home: Home = Home.USER
    default_memory_mb: int = 150

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        problem = _problem(config, env)
        return AgentInfo(
            name=self.kind.value,
            kind=self.kind,
            version=ropewalk.__version__,
            path=None,
            usable=not problem,
            problem=problem,
            memory_mb=config.memory_mb or self.default_memory_mb,
            abilities=frozenset(
                (Ability.RESUME, Ability.MAX_TURNS, Ability.SCHEMA, Ability.TOKENS)
            ),
            allowed=_ALLOWED[config.permission],
        )

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        if config.model is None:
            raise InvalidInput(
                "an agent of kind 'anthropic' has no model",
                hint='write model = "…" into its table in ropewalk.toml',
            )
        arguments = ["--model", config.model, "--permission", config.permission.value]
        arguments += ["--messages", str(_session_folder(task) / MESSAGES)]
        if task.session_id is not None and task.state is not None:
            arguments += ["--session", task.session_id]
        if task.schema is not None:
            arguments += ["--schema", str(task.folder / "schema.json")]
        if config.max_turns is not None:
            arguments += ["--max-turns", str(config.max_turns)]
        for name in config.env_pass:
            arguments += ["--passed", name]
        return Launch(
            argv=child_argv("ropewalk.agents.anthropic_program", *arguments, *config.args),
            env=import_path(),
            stdin=task.prompt.encode("utf-8", errors="replace"),
            files={} if task.schema is None else {"schema.json": task.schema.encode()},
            passes=_PASSES,
            start_up_s=1.5,
            interrupt_s=5.0,
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        return parse_line(line)

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return finish_by_final(ended, events)


def _session_folder(task: AgentTask) -> Path:
    """Return the folder that holds the session: that of the attempt which began it."""
    return task.folder if task.session_id is None or task.state is None else task.state


def _problem(config: AgentConfig, env: Mapping[str, str]) -> str:
    if config.model is None:
        return 'no model is configured: model = "…" in its table in ropewalk.toml'
    known = {**env, **config.env}
    if not known.get("ANTHROPIC_API_KEY") and not known.get("ANTHROPIC_AUTH_TOKEN"):
        return "ANTHROPIC_API_KEY is not set"
    return ""

"""Any agent that speaks the Agent Client Protocol, driven by a child program of ours.

``argv`` is the agent's own command line, such as ``["opencode", "acp"]``; ``args`` are options of
`acp_program`: ``--mode``, ``--login``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.agents.base import Ability, AgentEvent, AgentInfo, AgentTask, Finish, Launch
from ropewalk.agents.child import child_argv, import_path
from ropewalk.agents.lines import finish_by_final, parse_line
from ropewalk.agents.program import find_by_argv, place_in
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.process import Ended

_MISSING: Final = "no argv is configured"
_ALLOWED: Final[Mapping[Permission, str]] = {
    Permission.READ: "work in a mode of its own that only reads; what it asks for beyond is denied",
    Permission.EDIT: "all that it does without asking; what it asks for, inside its worktree",
    Permission.FULL: "everything that it asks for",
}


@dataclass(frozen=True, slots=True)
class AcpAdapter:
    """Kind ``acp``: ``argv``, ``program`` in place of its first word, ``args`` as options."""

    kind: AgentKind = AgentKind.ACP
    default_home: Home = Home.USER
    default_memory_mb: int = 1000

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        path, problem = find_by_argv(config, env) if config.argv else (None, _MISSING)
        return AgentInfo(
            name=self.kind.value,
            kind=self.kind,
            version=None,
            path=path,
            usable=not problem,
            problem=problem,
            memory_mb=config.memory_mb or self.default_memory_mb,
            abilities=frozenset((Ability.RESUME,)),
            allowed=_ALLOWED[config.permission],
        )

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        if not config.argv:
            raise InvalidInput(
                "an agent of kind 'acp' has no argv",
                hint="write argv = ['opencode', 'acp'], or the like, into its table "
                "in ropewalk.toml",
            )
        located = place_in(task.repository, config.program or config.argv[0])
        options = ["--permission", config.permission.value]
        if config.model is not None:
            options += ["--model", config.model]
        if task.session_id is not None:
            options += ["--session", task.session_id]
            options += ["--used-usd", str(task.used_before.cost_usd or 0.0)]
        arguments = (*options, *config.args, "--", located, *config.argv[1:])
        return Launch(
            argv=child_argv("ropewalk.agents.acp_program", *arguments),
            env=import_path(),
            stdin=task.prompt.encode("utf-8", errors="replace"),
            start_up_s=5.0,
            interrupt_s=7.0,
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        return parse_line(line)

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return finish_by_final(ended, events)

"""Claude Code: the prompt on stdin, JSON lines out, a last line `result`.

Nothing is written below HOME by us: all settings are options and variables, so that the user's
log-in, settings and instructions stay in force. Each attempt that begins a session gives it an id
that is known before the start, so that a killed attempt can be gone on with. What was used is told
in the last line only, which the program prints after SIGINT, too.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.agents.base import (
    Ability,
    AgentEvent,
    AgentInfo,
    AgentTask,
    Finish,
    Launch,
)
from ropewalk.agents.claude_events import parse_claude_line
from ropewalk.agents.complaints import with_complaint
from ropewalk.agents.program import Program, locate, probe_program, session_id_of
from ropewalk.agents.troubles import finish_by_trouble
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.process import Ended

PROGRAM: Final = Program(
    kind=AgentKind.CLAUDE,
    executable="claude",
    install="npm install -g @anthropic-ai/claude-code",
    oldest=(2, 1, 328),
    memory_mb=250,
    abilities=frozenset(Ability),
    allowed={
        Permission.READ: "read and search files",
        Permission.EDIT: "read anywhere, edit files of its worktree, run any command",
        Permission.FULL: "everything, anywhere, without asking",
    },
)
_RIGHTS: Final[Mapping[Permission, tuple[str, ...]]] = {
    # Tools that are not there cannot be allowed by a settings file of the repository.
    Permission.READ: (
        *("--permission-mode", "dontAsk", "--tools", "Read,Grep,Glob"),
        "--strict-mcp-config",
    ),
    # acceptEdits ends at the worktree; an allowed Edit would reach any file.
    Permission.EDIT: ("--permission-mode", "acceptEdits", "--allowedTools", "Bash"),
    Permission.FULL: ("--permission-mode", "bypassPermissions"),
}
# Worktrees of its own would leave ours, and what is put off outlives the attempt.
_UNWANTED: Final = "EnterWorktree,ExitWorktree,CronCreate,ScheduleWakeup"
_PROVIDER: Final = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CONFIG_DIR",
)
_ENV: Final[Mapping[str, str]] = {
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
}


@dataclass(frozen=True, slots=True)
class ClaudeAdapter:
    """Kind ``claude``."""

    kind: AgentKind = AgentKind.CLAUDE
    default_home: Home = Home.USER
    default_memory_mb: int = PROGRAM.memory_mb

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        return probe_program(PROGRAM, config, env)

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        is_root = config.permission is Permission.FULL and os.geteuid() == 0
        return Launch(
            argv=_argv(task, config),
            # As root the program bypasses nothing unless it is told that somebody else confines it.
            env={**_ENV, "IS_SANDBOX": "1"} if is_root else _ENV,
            stdin=task.prompt.encode("utf-8", errors="replace"),
            passes=_PROVIDER,
            start_up_s=1.0,
            interrupt_s=5.0,
            grace_s=5.0,
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        return parse_claude_line(line)

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return with_complaint(finish_by_trouble(ended, events, by_exit={}), ended.tail)


def _argv(task: AgentTask, config: AgentConfig) -> tuple[str, ...]:
    session = ("--resume", task.session_id) if task.session_id else None
    return (
        locate(PROGRAM, config, task.repository),
        *("--print", "--output-format", "stream-json", "--verbose"),
        *_RIGHTS[config.permission],
        *("--disallowedTools", _UNWANTED),
        *(("--model", config.model) if config.model else ()),
        *_limits(config),
        *(("--json-schema", task.schema) if task.schema else ()),
        *(session or ("--session-id", session_id_of(task))),
        *config.args,
    )


def _limits(config: AgentConfig) -> tuple[str, ...]:
    turns, dollars = config.max_turns, config.budget_usd
    return (
        *(() if turns is None else ("--max-turns", str(turns))),
        *(() if dollars is None else ("--max-budget-usd", f"{dollars:.6f}")),
    )

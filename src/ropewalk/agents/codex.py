"""Codex: the prompt on stdin, JSON lines out, `turn.completed` or `turn.failed` at the end.

Its own configuration stays the user's, provider and log-in included: what we set are options for
one run. A turn that completes without a last message is no success, whatever the exit code: that is
how a refusal and an empty answer look. Tokens are told once, at the end, and count the whole
session; dollars are never told. After SIGINT no line comes at all.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ropewalk.agents.base import (
    RETRYABLE,
    Ability,
    AgentEvent,
    AgentInfo,
    AgentTask,
    Finish,
    Launch,
    TroubleEvent,
)
from ropewalk.agents.codex_events import NO_SANDBOX, WITHOUT, parse_codex_line
from ropewalk.agents.complaints import with_complaint
from ropewalk.agents.program import Program, locate, probe_program
from ropewalk.agents.troubles import finish_by_trouble
from ropewalk.errors import RopewalkError
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome
from ropewalk.process import Ended, Limits, run

PROGRAM: Final = Program(
    kind=AgentKind.CODEX,
    executable="codex",
    install="npm install -g @openai/codex",
    oldest=(0, 169, 0),
    memory_mb=250,
    abilities=frozenset((Ability.RESUME, Ability.SCHEMA, Ability.TOKENS)),
    allowed={
        Permission.READ: "read files and run commands that write nothing, without network",
        Permission.EDIT: "write and run commands in its worktree, without network",
        Permission.FULL: "everything, anywhere, without a sandbox",
    },
)
_SCHEMA: Final = "answer-schema.json"
_QUIET: Final = (
    "check_for_update_on_startup=false",
    "analytics.enabled=false",
    'otel.exporter="none"',
)
# TMPDIR stays writable: it belongs to the attempt alone, and tests need one.
_CONFINED: Final[Mapping[Permission, tuple[str, ...]]] = {
    Permission.READ: ('sandbox_mode="read-only"',),
    Permission.EDIT: (
        'sandbox_mode="workspace-write"',
        "sandbox_workspace_write.exclude_slash_tmp=true",
    ),
}
_PROVIDER: Final = ("CODEX_API_KEY", "CODEX_HOME")
_PATIENCE: Final = Limits(wall_s=30.0, idle_s=30.0)


@dataclass(frozen=True, slots=True)
class CodexAdapter:
    """Kind ``codex``."""

    kind: AgentKind = AgentKind.CODEX
    default_home: Home = Home.USER
    default_memory_mb: int = PROGRAM.memory_mb

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        info = probe_program(PROGRAM, config, env)
        if not info.usable or info.path is None or config.permission is Permission.FULL:
            return info
        problem = _try_sandbox(info.path, env)
        return replace(info, usable=not problem, problem=problem)

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        return Launch(
            argv=_argv(task, config),
            stdin=task.prompt.encode("utf-8", errors="replace"),
            files={_SCHEMA: task.schema.encode()} if task.schema else {},
            passes=_PROVIDER,
            start_up_s=0.6,
            interrupt_s=2.0,
            grace_s=3.0,
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        return parse_codex_line(line)

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        finish = finish_by_trouble(ended, events, by_exit={})
        fatal = [event for event in events if isinstance(event, TroubleEvent) and event.fatal]
        if finish.outcome is Outcome.OK and fatal:
            finish = replace(finish, outcome=fatal[0].outcome or Outcome.ERROR)
        finish = replace(finish, retryable=finish.outcome in RETRYABLE)
        return with_complaint(finish, ended.tail)


def _argv(task: AgentTask, config: AgentConfig) -> tuple[str, ...]:
    confined = _CONFINED.get(config.permission)
    rights = () if confined else ("--dangerously-bypass-approvals-and-sandbox",)
    settings = (*_QUIET, *(confined or ()))
    return (
        locate(PROGRAM, config, task.repository),
        *("exec", "--json", "--skip-git-repo-check"),
        *rights,
        *(part for setting in settings for part in ("--config", setting)),
        *(("--model", config.model) if config.model else ()),
        *(("--output-schema", str(task.folder / _SCHEMA)) if task.schema else ()),
        *config.args,
        *(("resume", task.session_id) if task.session_id else ()),
        "-",
    )


def _try_sandbox(path: str, env: Mapping[str, str]) -> str:
    """Return why commands cannot be run in the program's sandbox, empty when they can."""
    with tempfile.TemporaryDirectory(prefix="ropewalk-probe-") as folder:
        try:
            ended = run(
                (path, "sandbox", "--", "true"),
                cwd=Path(folder),
                # The TMPDIR of an attempt is not there before it, and the sandbox needs one.
                env={**env, "TMPDIR": folder},
                limits=_PATIENCE,
            )
        except RopewalkError as error:
            return f"{NO_SANDBOX}: {error.message}; {WITHOUT}"
    if ended.exit_code == 0:
        return ""
    last = next((line for line in reversed(ended.tail) if line.strip()), "it says nothing")
    return f"{NO_SANDBOX}: {last.strip()[:200]}; {WITHOUT}"

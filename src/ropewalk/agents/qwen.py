"""Qwen Code: the prompt on stdin, Claude Code's JSON lines out, a last line `result`.

Settings come from two files of the attempt, so that nothing is written below HOME: one stands above
the user's settings (no update, no telemetry), one below them (which log-in, when none was chosen).
At a limit the program ends without a last line; its exit code tells. Tokens are told in the last
line only and count the whole session; dollars are never told.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ropewalk.agents.base import (
    Ability,
    AgentEvent,
    AgentInfo,
    AgentTask,
    FinalEvent,
    Finish,
    Launch,
    UsageEvent,
)
from ropewalk.agents.claude_events import parse_claude_line
from ropewalk.agents.complaints import judge_openai_words, with_complaint
from ropewalk.agents.program import Program, locate, probe_program, session_id_of
from ropewalk.agents.troubles import finish_by_trouble
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome
from ropewalk.model.values import JsonObject
from ropewalk.process import Ended

PROGRAM: Final = Program(
    kind=AgentKind.QWEN,
    executable="qwen",
    install="npm install -g @qwen-code/qwen-code",
    oldest=(0, 24, 4),
    memory_mb=2200,
    abilities=frozenset((Ability.RESUME, Ability.MAX_TURNS, Ability.SCHEMA, Ability.TOKENS)),
    allowed={
        Permission.READ: "read and search files",
        Permission.EDIT: "edit files anywhere, run any command",
        Permission.FULL: "everything, anywhere, without asking",
    },
)
_RIGHTS: Final[Mapping[Permission, tuple[str, ...]]] = {
    Permission.READ: ("--approval-mode", "plan"),
    Permission.EDIT: ("--approval-mode", "auto-edit", "--allowed-tools", "run_shell_command"),
    Permission.FULL: ("--approval-mode", "yolo"),
}
# Worktrees of its own would leave ours, and what is put off outlives the attempt.
_UNWANTED: Final = ("enter_worktree", "exit_worktree", "cron_create", "loop_wakeup")
_ABOVE: Final = "qwen-settings.json"
_BELOW: Final = "qwen-defaults.json"
_PROVIDER: Final = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "QWEN_HOME")
_SETTINGS: Final[JsonObject] = {
    "model": {"generationConfig": {"maxRetries": 1, "retryMaxDelayMs": 5000}},
    "general": {"enableAutoUpdate": False, "disableAutoUpdate": True, "disableUpdateNag": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}
_DEFAULTS: Final[JsonObject] = {"security": {"auth": {"selectedType": "openai"}}}
_BY_EXIT: Final[Mapping[int, Outcome]] = {53: Outcome.LIMIT, 55: Outcome.LIMIT}


@dataclass(frozen=True, slots=True)
class QwenAdapter:
    """Kind ``qwen``."""

    kind: AgentKind = AgentKind.QWEN
    default_home: Home = Home.USER
    default_memory_mb: int = PROGRAM.memory_mb

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        return probe_program(PROGRAM, config, env)

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        return Launch(
            argv=_argv(task, config),
            env={
                "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(task.folder / _ABOVE),
                "QWEN_CODE_SYSTEM_DEFAULTS_PATH": str(task.folder / _BELOW),
                "QWEN_CODE_SUPPRESS_YOLO_WARNING": "1",
            },
            stdin=task.prompt.encode("utf-8", errors="replace"),
            files={
                _ABOVE: json.dumps(_SETTINGS).encode(),
                _BELOW: json.dumps(_DEFAULTS).encode(),
            },
            passes=_PROVIDER,
            start_up_s=5.5,
            interrupt_s=2.0,
            grace_s=3.0,
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        return tuple(_in_own_words(parse_claude_line(line)))

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return with_complaint(finish_by_trouble(ended, events, by_exit=_BY_EXIT), ended.tail)


def _argv(task: AgentTask, config: AgentConfig) -> tuple[str, ...]:
    turns = config.max_turns
    session = ("--resume", task.session_id) if task.session_id else None
    return (
        locate(PROGRAM, config, task.repository),
        *("--output-format", "stream-json"),
        *_RIGHTS[config.permission],
        *(part for tool in _UNWANTED for part in ("--exclude-tools", tool)),
        *(("--model", config.model) if config.model else ()),
        *(() if turns is None else ("--max-session-turns", str(turns))),
        *(("--json-schema", task.schema) if task.schema else ()),
        *(session or ("--session-id", session_id_of(task))),
        *config.args,
    )


def _in_own_words(events: Sequence[AgentEvent]) -> Iterator[AgentEvent]:
    """Count as this program does, and take from its words why it failed: it tells no status.

    It counts whole sessions, and cached tokens among those that go in.
    """
    for event in events:
        match event:
            case UsageEvent(usage=usage) if usage.input_tokens is not None:
                fresh = max(usage.input_tokens - (usage.cache_read_tokens or 0), 0)
                yield UsageEvent(usage=replace(usage, input_tokens=fresh), of_session=True)
            case FinalEvent(outcome=Outcome.ERROR, summary=summary):
                yield replace(event, outcome=judge_openai_words(summary) or Outcome.ERROR)
            case _:
                yield event

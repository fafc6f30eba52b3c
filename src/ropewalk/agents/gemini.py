"""Gemini CLI: the prompt on stdin, JSON lines out, a last line `result`.

It takes settings from HOME, from the worktree, or from files that root owns. Ours go into a private
HOME; the user's own HOME stays as it is, and with it what is set there. The program tells its
tokens in the last line only, says a model's text in pieces, and ends with the status of a provider
as its exit code, modulo 256.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ropewalk.agents.base import (
    MAX_ANSWER,
    Ability,
    AgentEvent,
    AgentInfo,
    AgentTask,
    FinalEvent,
    Finish,
    Launch,
    SessionEvent,
    TroubleEvent,
    UsageEvent,
)
from ropewalk.agents.complaints import with_complaint
from ropewalk.agents.fields import Fields, below, count_at, read_object, text_at
from ropewalk.agents.program import Program, locate, probe_program, tool_event
from ropewalk.agents.texts import split_text
from ropewalk.agents.troubles import find_wait_s, finish_by_trouble, judge_words
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.process import Ended

PROGRAM: Final = Program(
    kind=AgentKind.GEMINI,
    executable="gemini",
    install="npm install -g @google/gemini-cli",
    oldest=(0, 61, 0),
    memory_mb=500,
    abilities=frozenset((Ability.RESUME, Ability.TOKENS)),
    allowed={
        Permission.READ: "read and search files",
        Permission.EDIT: "read, edit files of its worktree, run any command",
        Permission.FULL: "everything, anywhere, without asking",
    },
)
_SETTINGS: Final = "home/.gemini/settings.json"
_POLICY: Final = "gemini-policy.toml"
_REQUESTS: Final = 3
_PASSES: Final = ("GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_CLOUD_PROJECT")
_MODES: Final[Mapping[Permission, str]] = {
    Permission.READ: "default",
    Permission.EDIT: "auto_edit",
    Permission.FULL: "yolo",
}
_READING: Final = """\
[[rule]]
toolName = "*"
decision = "deny"
priority = 900

[[rule]]
toolName = ["glob", "grep_search", "list_directory", "read_file", "read_many_files"]
decision = "allow"
priority = 950
"""
_EDITING: Final = """\
[[rule]]
toolName = "run_shell_command"
decision = "allow"
priority = 900
allowRedirection = true
"""
_POLICIES: Final[Mapping[Permission, str]] = {
    Permission.READ: _READING,
    Permission.EDIT: _EDITING,
}
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "read_file": ("read", "file_path"),
    "read_many_files": ("read", "include"),
    "list_directory": ("glob", "dir_path"),
    "glob": ("glob", "pattern"),
    "grep_search": ("grep", "pattern"),
    "write_file": ("write", "file_path"),
    "replace": ("edit", "file_path"),
    "run_shell_command": ("run", "command"),
}
_BY_EXIT: Final[Mapping[int, Outcome]] = {
    41: Outcome.AUTH,
    53: Outcome.LIMIT,
    401 % 256: Outcome.AUTH,
    403 % 256: Outcome.AUTH,
    429 % 256: Outcome.RATE_LIMITED,
}
_BY_WORDS: Final[Mapping[str, Outcome]] = {
    "blocked due to": Outcome.REFUSED,
    "exceeded the token limit": Outcome.LIMIT,
    "session turns exceeded": Outcome.LIMIT,
    "Loop detected": Outcome.LIMIT,
}
_BY_TYPE: Final[Mapping[str, Outcome]] = {
    "FatalTurnLimitedError": Outcome.LIMIT,
    "FatalAuthenticationError": Outcome.AUTH,
    "TerminalQuotaError": Outcome.RATE_LIMITED,
    "RetryableQuotaError": Outcome.RATE_LIMITED,
}


@dataclass(frozen=True, slots=True)
class GeminiAdapter:
    """Kind ``gemini``."""

    kind: AgentKind = AgentKind.GEMINI
    default_home: Home = Home.USER
    default_memory_mb: int = PROGRAM.memory_mb

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        info = probe_program(PROGRAM, config, env)
        if not self._is_private(config):
            return info
        return replace(info, abilities=info.abilities | {Ability.MAX_TURNS})

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        files: dict[str, bytes] = {}
        if config.permission in _POLICIES:
            files[_POLICY] = _POLICIES[config.permission].encode()
        if self._is_private(config):
            files[_SETTINGS] = _settings(config)
        return Launch(
            argv=_argv(task, config),
            # Started once more by itself it would not hear of signals, and need twice the memory.
            env={"GEMINI_CLI_NO_RELAUNCH": "true", "GEMINI_TELEMETRY_ENABLED": "false"},
            stdin=task.prompt.encode("utf-8", errors="replace"),
            files=files,
            passes=_PASSES,
            start_up_s=1.5,
            interrupt_s=1.0,
            grace_s=2.0,
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        fields = read_object(line)
        match fields.get("type"):
            case "init":
                return (
                    SessionEvent(
                        session_id=text_at(fields, "session_id") or None,
                        model=text_at(fields, "model") or None,
                    ),
                )
            case "message" if fields.get("role") == "assistant":
                return _parse_message(fields)
            case "tool_use":
                parameters = below(fields, "parameters")
                return (tool_event(_KINDS, text_at(fields, "tool_name"), parameters),)
            case "tool_result" if fields.get("status") == "error":
                return (TroubleEvent(text=text_at(below(fields, "error"), "message")),)
            case "error":
                return (_parse_error(fields),)
            case "result":
                return _parse_result(fields)
            case _:
                return ()

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return with_complaint(finish_by_trouble(ended, events, by_exit=_BY_EXIT), ended.tail)

    def _is_private(self, config: AgentConfig) -> bool:
        return (config.home or self.default_home) is Home.PRIVATE


def _argv(task: AgentTask, config: AgentConfig) -> tuple[str, ...]:
    policy = ("--admin-policy", str(task.folder / _POLICY))
    return (
        locate(PROGRAM, config, task.repository),
        *("--prompt", "", "--output-format", "stream-json", "--skip-trust"),
        *("--approval-mode", _MODES[config.permission]),
        *(policy if config.permission in _POLICIES else ()),
        *(("--model", config.model) if config.model else ()),
        *(("--resume", task.session_id) if task.session_id else ()),
        *config.args,
    )


def _settings(config: AgentConfig) -> bytes:
    """Return the settings of a private HOME, where nobody has logged in."""
    names = {*config.env, *config.env_pass}
    log_in = "vertex-ai" if "GOOGLE_GENAI_USE_VERTEXAI" in names else "gemini-api-key"
    turns = {} if config.max_turns is None else {"maxSessionTurns": config.max_turns}
    settings = {
        "general": {"enableAutoUpdate": False, "maxAttempts": _REQUESTS},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "security": {"auth": {"selectedType": log_in}},
        "model": turns,
    }
    return json.dumps(settings).encode()


def _parse_message(fields: Fields) -> tuple[AgentEvent, ...]:
    return split_text(
        text_at(fields, "content", most=MAX_ANSWER), goes_on=fields.get("delta") is True
    )


def _parse_error(fields: Fields) -> AgentEvent:
    """Words of the program's own; those of a provider come in the last line."""
    text = text_at(fields, "message")
    named = (outcome for words, outcome in _BY_WORDS.items() if words in text)
    return TroubleEvent(text=text, outcome=next(named, None))


def _parse_result(fields: Fields) -> tuple[AgentEvent, ...]:
    usage = _parse_usage(below(fields, "stats"))
    if fields.get("status") == "success":
        return (usage, FinalEvent(outcome=Outcome.OK))
    error = below(fields, "error")
    text = text_at(error, "message")
    outcome = _BY_TYPE.get(text_at(error, "type")) or judge_words(text)
    final = FinalEvent(outcome=outcome or Outcome.ERROR, summary=text)
    if outcome is None or not text:
        return (usage, final)
    return (usage, TroubleEvent(text=text, outcome=outcome, retry_after_s=find_wait_s(text)), final)


def _parse_usage(stats: Fields) -> UsageEvent:
    """What was thought is billed like what was said, and stands in the total only."""
    asked, said = count_at(stats, "input_tokens"), count_at(stats, "output_tokens")
    total, cached = count_at(stats, "total_tokens"), count_at(stats, "cached")
    if asked is None or said is None:
        return UsageEvent(usage=TokenUsage())
    usage = TokenUsage(
        input_tokens=max(asked - (cached or 0), 0),
        output_tokens=max(said, (total or 0) - asked),
        cache_read_tokens=cached,
    )
    return UsageEvent(usage=usage)

"""OpenCode: the prompt on stdin, JSON lines out, the end told by the end of the process.

There is no last word: the last `step_finish` says how the model stopped, and without one nothing
was done, whatever the exit code. Settings go through the environment, where they are laid over the
user's; providers and log-ins are the user's own. What would be asked of a person is denied, since a
refusal to answer would end the run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from ropewalk.agents.fields import Fields, amount_at, below, count_at, read_object, text_at
from ropewalk.agents.program import Program, locate, probe_program, tool_event
from ropewalk.agents.texts import split_text
from ropewalk.agents.troubles import (
    find_wait_s,
    finish_by_trouble,
    judge_status,
    judge_words,
)
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.process import Ended

PROGRAM: Final = Program(
    kind=AgentKind.OPENCODE,
    executable="opencode",
    install="npm install -g opencode-ai",
    oldest=(1, 18, 33),
    memory_mb=1000,
    abilities=frozenset((Ability.RESUME, Ability.TOKENS, Ability.COST)),
    allowed={
        Permission.READ: "read and search files of its worktree",
        Permission.EDIT: "read, edit files of its worktree, run any command",
        Permission.FULL: "everything, anywhere, without asking",
    },
)
_FILES: Final[JsonObject] = {
    "*": "allow",
    "*.env": "deny",
    "*.env.*": "deny",
    "*.env.example": "allow",
}
_READING: Final[JsonObject] = {
    "*": "deny",
    "edit": "deny",
    "bash": "deny",
    "task": "deny",
    "webfetch": "deny",
    "websearch": "deny",
    "external_directory": "deny",
    "read": _FILES,
    "glob": "allow",
    "grep": "allow",
    "list": "allow",
}
_PERMISSIONS: Final[Mapping[Permission, JsonObject]] = {
    Permission.READ: _READING,
    Permission.EDIT: {
        **_READING,
        **dict.fromkeys(("edit", "bash", "task", "skill", "lsp", "todowrite"), "allow"),
    },
    Permission.FULL: dict.fromkeys(
        ("*", "edit", "bash", "task", "webfetch", "websearch", "external_directory", "read"),
        "allow",
    ),
}
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "read": ("read", "filePath"),
    "list": ("glob", "path"),
    "glob": ("glob", "pattern"),
    "grep": ("grep", "pattern"),
    "write": ("write", "filePath"),
    "edit": ("edit", "filePath"),
    "bash": ("run", "command"),
}
_BY_REASON: Final[Mapping[str, Outcome]] = {
    "stop": Outcome.OK,
    "length": Outcome.LIMIT,
    "content-filter": Outcome.REFUSED,
    "error": Outcome.ERROR,
}


@dataclass(frozen=True, slots=True)
class OpenCodeAdapter:
    """Kind ``opencode``; its models are called ``PROVIDER/MODEL``."""

    kind: AgentKind = AgentKind.OPENCODE
    default_home: Home = Home.USER
    default_memory_mb: int = PROGRAM.memory_mb

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        return probe_program(PROGRAM, config, env)

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        permission = _PERMISSIONS[config.permission]
        settings = {
            "autoupdate": False,
            "share": "disabled",
            "permission": permission,
            "agent": {"build": {"permission": permission}},
        }
        return Launch(
            argv=(
                locate(PROGRAM, config, task.repository),
                *("run", "--format", "json"),
                *(() if "--agent" in config.args else ("--agent", "build")),
                *("--title", f"{task.epic_id}/{task.domain}"),
                *(("--model", config.model) if config.model else ()),
                *(("--session", task.session_id) if task.session_id else ()),
                *config.args,
            ),
            env={
                "OPENCODE_CONFIG_CONTENT": json.dumps(settings),
                "OPENCODE_DISABLE_AUTOUPDATE": "1",
                "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            },
            stdin=task.prompt.encode("utf-8", errors="replace"),
            passes=("OPENCODE_API_KEY", "OPENCODE_CONFIG", "OPENCODE_CONFIG_DIR"),
            start_up_s=5.0,
            interrupt_s=1.0,
            grace_s=2.0,
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        fields = read_object(line)
        part = below(fields, "part")
        match fields.get("type"):
            case "step_start":
                return (_session(fields),)
            case "text":
                return split_text(text_at(part, "text", most=MAX_ANSWER))
            case "tool_use":
                return _parse_tool(part)
            case "step_finish":
                return _parse_step(part)
            case "error":
                return (_session(fields), *_parse_error(below(fields, "error")))
            case _:
                return ()

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return with_complaint(finish_by_trouble(ended, events, by_exit={}), ended.tail)


def _session(fields: Fields) -> AgentEvent:
    return SessionEvent(session_id=text_at(fields, "sessionID") or None)


def _parse_tool(part: Fields) -> tuple[AgentEvent, ...]:
    state = below(part, "state")
    status = "ok" if state.get("status") == "completed" else "failed"
    event = tool_event(_KINDS, text_at(part, "tool"), below(state, "input"), status=status)
    error = text_at(state, "error")
    return (event, TroubleEvent(text=error)) if error else (event,)


def _parse_step(part: Fields) -> tuple[AgentEvent, ...]:
    """A step that ends in tool calls is no end. Models without a price cost 0: that is unknown."""
    tokens = below(part, "tokens")
    said, thought = count_at(tokens, "output"), count_at(tokens, "reasoning")
    usage = TokenUsage(
        input_tokens=count_at(tokens, "input"),
        output_tokens=None if said is None else said + (thought or 0),
        cache_read_tokens=count_at(below(tokens, "cache"), "read"),
        cache_write_tokens=count_at(below(tokens, "cache"), "write"),
        cost_usd=amount_at(part, "cost") or None,
    )
    reason = text_at(part, "reason")
    if reason == "tool-calls":
        return (UsageEvent(usage=usage),)
    outcome = _BY_REASON.get(reason, Outcome.ERROR)
    return (UsageEvent(usage=usage), FinalEvent(outcome=outcome))


def _parse_error(error: Fields) -> tuple[AgentEvent, ...]:
    """An error ends the session; what is tried again is not told.

    Only a full context does not end it: the program would shorten what it knows and ask for ever.
    """
    data, name = below(error, "data"), text_at(error, "name")
    text = text_at(data, "message") or name
    outcome = judge_status(count_at(data, "statusCode")) or judge_words(f"{name} {text}")
    is_full = name == "ContextOverflowError"
    trouble = TroubleEvent(
        text=text,
        outcome=Outcome.LIMIT if is_full else outcome,
        fatal=is_full,
        retry_after_s=find_wait_s(text),
    )
    if is_full:
        return (trouble,)
    return (trouble, FinalEvent(outcome=trouble.outcome or Outcome.ERROR, summary=text))

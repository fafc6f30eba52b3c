"""GitHub Copilot CLI: the prompt on stdin, JSON lines out, a last line `result`.

The exit code in that line is 0 also when a model refused, so the errors told before it count. It
tells no tokens. The session's id is ours, since it is told in that line only. The program unpacks
itself into a cache on its first start, which private HOMEs share. The folder stays untrusted: what
a repository configures for Copilot is not run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.agents.base import (
    MAX_ANSWER,
    MAX_TEXT,
    Ability,
    AgentEvent,
    AgentInfo,
    AgentTask,
    FinalEvent,
    Finish,
    Launch,
    SessionEvent,
    TroubleEvent,
)
from ropewalk.agents.complaints import with_complaint
from ropewalk.agents.fields import Fields, below, count_at, read_object, text_at
from ropewalk.agents.program import (
    Program,
    locate,
    probe_program,
    session_id_of,
    tool_event,
)
from ropewalk.agents.texts import split_text
from ropewalk.agents.troubles import (
    find_wait_s,
    finish_by_trouble,
    judge_status,
    judge_words,
)
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.result import Outcome
from ropewalk.process import Ended

PROGRAM: Final = Program(
    kind=AgentKind.COPILOT,
    executable="copilot",
    install="npm install -g @github/copilot",
    oldest=(1, 0, 102),
    memory_mb=400,
    abilities=frozenset((Ability.RESUME,)),
    allowed={
        Permission.READ: "read and search files of its worktree",
        Permission.EDIT: "read, edit files of its worktree, run commands that stay in it",
        Permission.FULL: "everything, anywhere, without asking",
    },
)
_ENV: Final[Mapping[str, str]] = {"COPILOT_AUTO_UPDATE": "false", "USE_TGREP": "false"}
_PASSES: Final = (
    *("COPILOT_GITHUB_TOKEN", "COPILOT_HOME", "COPILOT_MODEL", "COPILOT_OFFLINE", "GH_HOST"),
    *("COPILOT_PROVIDER_BASE_URL", "COPILOT_PROVIDER_TYPE", "COPILOT_PROVIDER_WIRE_API"),
    *("COPILOT_PROVIDER_API_KEY", "COPILOT_PROVIDER_BEARER_TOKEN"),
)
_REFUSAL: Final = "The model returned no content because the response was blocked"
_PERMISSIONS: Final[Mapping[Permission, tuple[str, ...]]] = {
    Permission.READ: ("--deny-tool=write", "--deny-tool=shell", "--deny-tool=url"),
    Permission.EDIT: ("--allow-tool=write", "--allow-tool=shell", "--deny-tool=url"),
    Permission.FULL: ("--allow-all",),
}
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "view": ("read", "path"),
    "glob": ("glob", "pattern"),
    "grep": ("grep", "pattern"),
    "rg": ("grep", "pattern"),
    "create": ("write", "path"),
    "edit": ("edit", "path"),
    "str_replace_editor": ("edit", "path"),
    "bash": ("run", "command"),
}
_BY_TYPE: Final[Mapping[str, Outcome]] = {
    "authentication": Outcome.AUTH,
    "authorization": Outcome.AUTH,
    "quota": Outcome.RATE_LIMITED,
    "rate_limit": Outcome.RATE_LIMITED,
    "context_limit": Outcome.LIMIT,
    "policy": Outcome.REFUSED,
}


@dataclass(frozen=True, slots=True)
class CopilotAdapter:
    """Kind ``copilot``."""

    kind: AgentKind = AgentKind.COPILOT
    default_home: Home = Home.USER
    default_memory_mb: int = PROGRAM.memory_mb

    def probe(self, config: AgentConfig, env: Mapping[str, str]) -> AgentInfo:
        return probe_program(PROGRAM, config, env)

    def command(self, task: AgentTask, config: AgentConfig) -> Launch:
        session_id = task.session_id or session_id_of(task)
        is_private = (config.home or self.default_home) is Home.PRIVATE
        return Launch(
            argv=(
                locate(PROGRAM, config, task.repository),
                *("--output-format", "json", "--no-color", "--no-ask-user", "--no-auto-update"),
                *("--disable-builtin-mcps", "--no-remote", "--no-remote-export"),
                *_PERMISSIONS[config.permission],
                *(("--model", config.model) if config.model else ()),
                f"--session-id={session_id}",
                *config.args,
            ),
            env={**_ENV, **(_shared_cache(task) if is_private else {})},
            stdin=task.prompt.encode("utf-8", errors="replace"),
            passes=_PASSES,
            start_up_s=2.0,
            session_id=session_id,
        )

    def parse(self, line: bytes) -> tuple[AgentEvent, ...]:
        fields = read_object(line)
        data = below(fields, "data")
        match fields.get("type"):
            case "assistant.message":
                return _parse_message(data)
            case "tool.execution_start":
                arguments = below(data, "arguments")
                return (tool_event(_KINDS, text_at(data, "toolName"), arguments),)
            case "tool.execution_complete" if data.get("success") is False:
                return (TroubleEvent(text=text_at(below(data, "error"), "message")),)
            case "model.call_failure":
                return (_parse_failure(data),)
            case "session.error":
                return (_parse_error(data),)
            case "result":
                return _parse_result(fields)
            case _:
                return ()

    def finish(self, ended: Ended, events: Sequence[AgentEvent]) -> Finish:
        return with_complaint(finish_by_trouble(ended, events, by_exit={}), ended.tail)


def _shared_cache(task: AgentTask) -> Mapping[str, str]:
    return {"COPILOT_CACHE_HOME": str(task.repository / ".workflow" / "cache" / "copilot")}


def _parse_message(data: Fields) -> tuple[AgentEvent, ...]:
    """A refusal is told as if the model had said it. What helpers of the agent say is theirs."""
    if data.get("parentToolCallId"):
        return ()
    text = text_at(data, "content", most=MAX_ANSWER)
    session = SessionEvent(model=text_at(data, "model") or None)
    if text.startswith(_REFUSAL):
        return (session, TroubleEvent(text=text[:MAX_TEXT], outcome=Outcome.REFUSED))
    return (session, *split_text(text))


def _parse_failure(data: Fields) -> AgentEvent:
    """A request that failed, and that the program may try again."""
    status, text = count_at(data, "statusCode"), text_at(data, "errorMessage")
    return TroubleEvent(
        text=f"HTTP {status}: {text}"[:MAX_TEXT] if status else text,
        outcome=judge_status(status) or judge_words(text),
        retry_after_s=find_wait_s(text),
    )


def _parse_error(data: Fields) -> AgentEvent:
    text, status = text_at(data, "message"), count_at(data, "statusCode")
    outcome = _BY_TYPE.get(text_at(data, "errorType")) or judge_status(status) or judge_words(text)
    return TroubleEvent(
        text=text, outcome=outcome or Outcome.ERROR, retry_after_s=find_wait_s(text)
    )


def _parse_result(fields: Fields) -> tuple[AgentEvent, ...]:
    is_good = count_at(fields, "exitCode") == 0
    session = SessionEvent(session_id=text_at(fields, "sessionId") or None)
    return (session, FinalEvent(outcome=Outcome.OK if is_good else Outcome.ERROR))

"""What an agent says over the Agent Client Protocol, as events; and what it may do, as answers.

Texts come word by word and become events when they are whole. A call of a tool is told when it is
first heard of, by whatever kind of update, and once more when it has ended.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ropewalk.agents.base import (
    MAX_ANSWER,
    MAX_TEXT,
    AgentEvent,
    ToolEvent,
    UsageEvent,
)
from ropewalk.agents.fields import Fields, amount_at, below, count_at, objects_at, text_at
from ropewalk.agents.texts import split_text
from ropewalk.model.config import Permission
from ropewalk.model.result import TokenUsage
from ropewalk.model.values import JsonObject

_KINDS: Final[Mapping[str, str]] = {"execute": "run", "search": "grep"}
_ENDS: Final[Mapping[str, str]] = {"completed": "ok", "failed": "failed"}
_LOOKING: Final = frozenset(("read", "search", "think"))
_CHOICES: Final[Mapping[bool, tuple[str, ...]]] = {
    True: ("allow_once", "allow_always"),
    False: ("reject_once", "reject_always"),
}
_PATH_ARGUMENTS: Final = ("path", "file_path", "filePath", "abs_path")
_CANCELLED: Final[JsonObject] = {"outcome": {"outcome": "cancelled"}}


class Listener:
    """Takes what one agent says; answers when it asks for permission.

    Args:
        worktree: where it works.
        permission: what it is allowed to do.
        emit: gets the events.

    Attributes:
        is_deaf: whether updates are passed over, while an old session is replayed.
        is_cancelled: whether the agent was told to stop, so that it may do nothing more.
        used_usd: what the session has cost so far, earlier attempts included.
    """

    def __init__(
        self, worktree: Path, permission: Permission, *, emit: Callable[[AgentEvent], None]
    ) -> None:
        self.is_deaf = False
        self.is_cancelled = False
        self.used_usd = 0.0
        self._worktree = worktree
        self._permission = permission
        self._emit = emit
        self._text = ""
        self._tools: dict[str, tuple[str, str]] = {}

    @property
    def last_text(self) -> str:
        """What it said after it last did something."""
        return self._text

    @property
    def has_worked(self) -> bool:
        """Whether it has said or done anything at all."""
        return bool(self._text or self._tools)

    def finish(self) -> None:
        """Tell what it said last."""
        for event in split_text(self._text):
            self._emit(event)

    def update(self, update: Fields) -> None:
        """Take one update, see `acp_wire.Client`."""
        if self.is_deaf:
            return
        match update.get("sessionUpdate"):
            case "agent_message_chunk":
                piece = text_at(below(update, "content"), "text", most=MAX_ANSWER)
                self._text = (self._text + piece)[:MAX_ANSWER]
            case "tool_call" | "tool_call_update":
                self._take_tool(update)
            case "usage_update":
                self._take_cost(below(update, "cost"))
            case _:
                return

    def permit(self, request: Fields) -> JsonObject:
        """Answer by the kind of an option, see `acp_wire.Client`; never by its name or place."""
        call = below(request, "toolCall")
        self._take_tool(call)
        is_allowed = self._may(call)
        options = objects_at(request, "options")
        for kind in _CHOICES[is_allowed]:
            for option in options:
                if option.get("kind") == kind and not self.is_cancelled:
                    chosen = {"outcome": "selected", "optionId": option.get("optionId")}
                    return {"outcome": chosen}
        return _CANCELLED

    def _may(self, call: Fields) -> bool:
        known = self._tools.get(text_at(call, "toolCallId"), ("", ""))[0]
        kind = text_at(call, "kind") or known
        match self._permission:
            case Permission.FULL:
                return True
            case Permission.READ:
                return kind in _LOOKING
            case Permission.EDIT:
                inside = all(map(self._is_inside, (*_paths(call), *_changed_paths(call))))
                return kind in _LOOKING or (kind != "switch_mode" and inside)

    def _is_inside(self, path: str) -> bool:
        try:
            return (self._worktree / path).resolve().is_relative_to(self._worktree.resolve())
        except (OSError, RuntimeError, ValueError):
            # No file can have this name, or it is a link to itself.
            return False

    def _take_tool(self, call: Fields) -> None:
        call_id = text_at(call, "toolCallId")
        is_new = call_id not in self._tools
        kind, detail = self._tools.get(call_id, ("", ""))
        kind = text_at(call, "kind") or kind
        detail = self._detail(call) or detail
        self._tools[call_id] = kind, detail
        status = _ENDS.get(text_at(call, "status"), "started" if is_new else "")
        if status:
            self._tell_text()
            shown = _KINDS.get(kind, kind or "tool")
            self._emit(ToolEvent(kind=shown, detail=detail[:MAX_TEXT], status=status))

    def _tell_text(self) -> None:
        self.finish()
        self._text = ""

    def _detail(self, call: Fields) -> str:
        command = text_at(below(call, "rawInput"), "command")
        paths = [self._relative(path) for path in _paths(call)]
        return command or " ".join(paths) or text_at(call, "title")

    def _relative(self, path: str) -> str:
        inside = Path(path)
        if inside.is_absolute() and inside.is_relative_to(self._worktree):
            return str(inside.relative_to(self._worktree))
        return path

    def _take_cost(self, cost: Fields) -> None:
        """Tell the dollars since the last time: the agent tells those of the whole session."""
        amount = amount_at(cost, "amount")
        if amount is not None and text_at(cost, "currency") == "USD" and amount > self.used_usd:
            self._emit(UsageEvent(usage=TokenUsage(cost_usd=amount - self.used_usd)))
            self.used_usd = amount


def usage_of_answer(answer: Fields) -> TokenUsage:
    """Return the tokens that the answer to a prompt tells; None for each that it does not."""
    usage = below(answer, "usage")
    return TokenUsage(
        input_tokens=count_at(usage, "inputTokens"),
        output_tokens=count_at(usage, "outputTokens"),
        cache_read_tokens=count_at(usage, "cachedReadTokens"),
        cache_write_tokens=count_at(usage, "cachedWriteTokens"),
    )


def _paths(call: Fields) -> list[str]:
    return [path for place in objects_at(call, "locations") if (path := text_at(place, "path"))]


def _changed_paths(call: Fields) -> list[str]:
    """Return the files that a call says otherwise that it changes: in its diffs, its arguments."""
    diffs = [text_at(piece, "path") for piece in objects_at(call, "content")]
    given = [text_at(below(call, "rawInput"), name) for name in _PATH_ARGUMENTS]
    return [path for path in (*diffs, *given) if path]

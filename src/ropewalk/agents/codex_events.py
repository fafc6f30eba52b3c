"""The lines of ``codex exec --json``: one line, some events.

Tokens are told once, when the turn completes, and count the whole session; those from a cache are
among the input tokens there. Why a turn failed is told in words only. Items of the type `error`
are warnings. A line that says none of this says nothing.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from ropewalk.agents.base import (
    MAX_ANSWER,
    MAX_TEXT,
    AgentEvent,
    FinalEvent,
    SessionEvent,
    ToolEvent,
    TroubleEvent,
    UsageEvent,
)
from ropewalk.agents.complaints import judge_openai_words
from ropewalk.agents.fields import Fields, below, count_at, objects_at, read_object, text_at
from ropewalk.agents.texts import split_text
from ropewalk.agents.troubles import find_wait_s
from ropewalk.model.result import Outcome, TokenUsage

NO_SANDBOX: Final = "its sandbox does not work here"
WITHOUT: Final = "permission = 'full' runs it without one"
_AGAIN: Final = re.compile(r"Reconnecting\.\.\. (\d{1,6})/")
# A first refusal may be a log-in that the program renews by itself; a second one is final.
_LAST_REFUSAL: Final = 2


def parse_codex_line(line: bytes) -> tuple[AgentEvent, ...]:
    """Return what one line of the program's stdout says; nothing for lines that say nothing."""
    return tuple(_parse(read_object(line)))


def _parse(fields: Fields) -> Iterator[AgentEvent]:
    match fields.get("type"):
        case "thread.started":
            yield SessionEvent(session_id=text_at(fields, "thread_id") or None)
        case "item.started":
            yield from _parse_item(below(fields, "item"), is_done=False)
        case "item.completed":
            yield from _parse_item(below(fields, "item"), is_done=True)
        case "error":
            yield _parse_error(text_at(fields, "message"))
        case "turn.completed":
            yield UsageEvent(usage=_parse_usage(below(fields, "usage")), of_session=True)
            yield FinalEvent(outcome=Outcome.OK)
        case "turn.failed":
            text = text_at(below(fields, "error"), "message")
            yield FinalEvent(outcome=judge_openai_words(text) or Outcome.ERROR, summary=text)
        case _:
            return


def _parse_item(item: Fields, *, is_done: bool) -> Iterator[AgentEvent]:
    status = _status(item) if is_done else "started"
    match item.get("type"):
        case "agent_message" if is_done:
            yield from split_text(text_at(item, "text", most=MAX_ANSWER))
        case "error" if is_done:
            yield TroubleEvent(text=text_at(item, "message"))
        case "command_execution":
            yield ToolEvent(kind="run", detail=_plain(text_at(item, "command")), status=status)
            yield from _find_sandbox_trouble(item)
        case "file_change":
            for change in objects_at(item, "changes"):
                kind = "write" if change.get("kind") == "add" else "edit"
                yield ToolEvent(kind=kind, detail=text_at(change, "path"), status=status)
        case "mcp_tool_call":
            name = f"{text_at(item, 'server')}.{text_at(item, 'tool')}"[:MAX_TEXT]
            yield ToolEvent(kind=name, detail="", status=status)
        case "web_search":
            yield ToolEvent(kind="web_search", detail=text_at(item, "query"), status=status)
        case _:
            return


def _status(item: Fields) -> str:
    return "failed" if item.get("status") in ("failed", "declined") else "ok"


def _plain(command: str) -> str:
    """Return the command line that a shell was given, without the shell."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    is_shell = len(words) == 3 and words[0].endswith("sh") and words[1] in ("-c", "-lc")  # noqa: PLR2004
    return words[2] if is_shell else command


def _find_sandbox_trouble(item: Fields) -> Iterator[TroubleEvent]:
    """Tell that no command can run at all: the program goes on, and ends as if all were well."""
    output = text_at(item, "aggregated_output")
    is_own = "bwrap" in text_at(item, "command")
    if item.get("status") == "failed" and output.startswith("bwrap: ") and not is_own:
        text = f"{NO_SANDBOX}: {output.strip()[:200]}; {WITHOUT}"
        yield TroubleEvent(text=text, outcome=Outcome.ERROR, fatal=True)


def _parse_error(text: str) -> TroubleEvent:
    outcome, again = judge_openai_words(text), _AGAIN.match(text)
    attempts = int(again[1]) if again else 0
    return TroubleEvent(
        text=text,
        outcome=outcome,
        fatal=outcome is Outcome.AUTH and attempts >= _LAST_REFUSAL,
        retry_after_s=find_wait_s(text),
    )


def _parse_usage(usage: Fields) -> TokenUsage:
    """Tokens from a cache are among the input tokens here, and apart from them with us."""
    total, cached = count_at(usage, "input_tokens"), count_at(usage, "cached_input_tokens")
    return TokenUsage(
        input_tokens=None if total is None else max(total - (cached or 0), 0),
        output_tokens=count_at(usage, "output_tokens"),
        cache_read_tokens=cached,
        cache_write_tokens=count_at(usage, "cache_write_input_tokens"),
    )

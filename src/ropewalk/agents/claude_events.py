"""The lines of Claude Code's ``stream-json``, which Qwen Code prints too: one line, some events.

The last line is the `result`. What was used is told there once: amounts in earlier lines are
partial, and repeat. Its tokens are those of this start of the program, its dollars those of the
whole session. `subtype` stays "success" when the provider failed; `is_error`, the reasons and the
trouble told before say what happened. A line that says none of this says nothing.
"""

import json
from collections.abc import Iterator, Mapping
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
from ropewalk.agents.fields import (
    Fields,
    amount_at,
    below,
    count_at,
    objects_at,
    read_object,
    text_at,
)
from ropewalk.agents.texts import split_text
from ropewalk.agents.troubles import judge_status
from ropewalk.model.result import Outcome, TokenUsage

# A first refusal may be a log-in that the program renews by itself; a second one is final.
_LAST_REFUSAL: Final = 2
_DENIALS_SHOWN: Final = 5
_DIAGNOSTIC: Final = "[ede_diagnostic]"
_DETAILS: Final = (
    "file_path",
    "notebook_path",
    "absolute_path",
    "command",
    "pattern",
    "path",
    "url",
    "query",
    "description",
)
_KINDS: Final[Mapping[str, str]] = {
    "Read": "read",
    "Write": "write",
    "Edit": "edit",
    "MultiEdit": "edit",
    "NotebookEdit": "edit",
    "Glob": "glob",
    "Grep": "grep",
    "Bash": "run",
    "read_file": "read",
    "write_file": "write",
    "glob": "glob",
    "list_directory": "glob",
    "grep_search": "grep",
    "run_shell_command": "run",
}
_BY_REASON: Final[Mapping[str, Outcome]] = {
    "error_max_turns": Outcome.LIMIT,
    "error_max_budget_usd": Outcome.BUDGET,
    "max_turns": Outcome.LIMIT,
    "budget_exhausted": Outcome.BUDGET,
    "prompt_too_long": Outcome.LIMIT,
    "refusal": Outcome.REFUSED,
}
_BY_ERROR: Final[Mapping[str, Outcome]] = {
    "authentication_failed": Outcome.AUTH,
    "billing_error": Outcome.AUTH,
    "rate_limit": Outcome.RATE_LIMITED,
    "max_output_tokens": Outcome.LIMIT,
}


def parse_claude_line(line: bytes) -> tuple[AgentEvent, ...]:
    """Return what one line of the program's stdout says; nothing for lines that say nothing."""
    fields = read_object(line)
    match fields.get("type"):
        case "system":
            return tuple(_parse_system(fields))
        case "assistant":
            return tuple(_parse_message(fields))
        case "result":
            return tuple(_parse_result(fields))
        case _:
            return ()


def _parse_system(fields: Fields) -> Iterator[AgentEvent]:
    match fields.get("subtype"):
        case "init":
            versions = ("claude_code_version", "qwen_code_version")
            yield SessionEvent(
                session_id=text_at(fields, "session_id") or None,
                version=next(filter(None, (text_at(fields, name) for name in versions)), None),
                model=text_at(fields, "model") or None,
            )
        case "api_retry":
            yield _parse_retry(fields)
        case "retry":
            yield from _parse_wait(below(fields, "data"))
        case "permission_denied":
            yield TroubleEvent(text=text_at(fields, "message"))
        case "model_refusal_no_fallback":
            yield TroubleEvent(text="the model refused", outcome=Outcome.REFUSED)
        case _:
            return


def _parse_retry(fields: Fields) -> TroubleEvent:
    """Return what a request that is to be sent again says about the provider."""
    status, attempt = count_at(fields, "error_status"), count_at(fields, "attempt") or 0
    outcome = judge_status(status)
    delay_ms = amount_at(fields, "retry_delay_ms")
    answer = f"answered {status}" if status else "did not answer"
    error = text_at(fields, "error").replace("_", " ")
    return TroubleEvent(
        text=f"the provider {answer} ({error}), attempt {attempt}"[:MAX_TEXT],
        outcome=outcome,
        fatal=outcome is Outcome.AUTH and attempt >= _LAST_REFUSAL,
        retry_after_s=None if delay_ms is None else delay_ms / 1000,
    )


def _parse_wait(data: Fields) -> Iterator[TroubleEvent]:
    """Tell that the program waits: it says for how long when the provider asked for patience."""
    delay_ms = amount_at(data, "delayMs")
    if delay_ms is not None:
        yield TroubleEvent(
            text=f"the provider asks for patience, attempt {count_at(data, 'attempt') or 0}",
            outcome=Outcome.RATE_LIMITED,
            retry_after_s=delay_ms / 1000,
        )


def _parse_message(fields: Fields) -> Iterator[AgentEvent]:
    error = text_at(fields, "error")
    for block in objects_at(below(fields, "message"), "content"):
        match block.get("type"):
            case "text" if error:
                yield TroubleEvent(text=text_at(block, "text"), outcome=_BY_ERROR.get(error))
            case "text":
                yield from split_text(text_at(block, "text", most=MAX_ANSWER))
            case "tool_use":
                name = text_at(block, "name")
                detail = _find_detail(below(block, "input"))
                yield ToolEvent(kind=_KINDS.get(name, name), detail=detail, status="started")
            case _:
                pass


def _find_detail(arguments: Fields) -> str:
    found = (text_at(arguments, name) for name in _DETAILS)
    return next((text for text in found if text), "")


def _parse_result(fields: Fields) -> Iterator[AgentEvent]:
    usage = below(fields, "usage")
    yield UsageEvent(
        usage=TokenUsage(
            input_tokens=count_at(usage, "input_tokens"),
            output_tokens=count_at(usage, "output_tokens"),
            cache_read_tokens=count_at(usage, "cache_read_input_tokens"),
            cache_write_tokens=count_at(usage, "cache_creation_input_tokens"),
        )
    )
    cost = amount_at(fields, "total_cost_usd")
    if cost is not None:
        yield UsageEvent(usage=TokenUsage(cost_usd=cost), of_session=True)
    answer = _find_answer(fields)
    outcome, summary = _judge(fields, answer)
    denials = _list_denials(fields)
    yield FinalEvent(
        outcome=outcome,
        summary=f"{denials}{summary}"[:MAX_TEXT],
        answer="" if fields.get("is_error") is True else answer,
    )


def _find_answer(fields: Fields) -> str:
    structured = fields.get("structured_output")
    if structured is not None:
        return json.dumps(structured)[:MAX_ANSWER]
    return text_at(fields, "result", most=MAX_ANSWER)


def _judge(fields: Fields, answer: str) -> tuple[Outcome, str]:
    """Return how the program says that it ended, and what it says about it."""
    reasons = (text_at(fields, name) for name in ("subtype", "terminal_reason", "stop_reason"))
    known = next((_BY_REASON[reason] for reason in reasons if reason in _BY_REASON), None)
    ending = text_at(fields, "terminal_reason").replace("_", " ")
    summary = answer or _list_errors(fields) or ending
    if known is not None:
        return known, summary
    if fields.get("is_error") is not False:
        return judge_status(count_at(fields, "api_error_status")) or Outcome.ERROR, summary
    if not answer.strip():
        return Outcome.ERROR, "it ended without an answer"
    return Outcome.OK, summary


def _list_errors(fields: Fields) -> str:
    """Return why it failed: a list of sentences, or an object with a message."""
    errors = fields.get("errors")
    if not isinstance(errors, list):
        return text_at(below(fields, "error"), "message")
    texts = (error for error in errors if isinstance(error, str))
    return "; ".join(text for text in texts if not text.startswith(_DIAGNOSTIC))


def _list_denials(fields: Fields) -> str:
    """Return what the program was not permitted to do, as the beginning of a summary."""
    denials = objects_at(fields, "permission_denials")
    if not denials:
        return ""
    shown = [
        f"{text_at(one, 'tool_name')} {_find_detail(below(one, 'tool_input'))[:200]}".rstrip()
        for one in denials[:_DENIALS_SHOWN]
    ]
    more = f" and {len(denials) - len(shown)} more" if len(denials) > len(shown) else ""
    return f"not permitted: {', '.join(shown)}{more}. "

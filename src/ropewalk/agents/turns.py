"""Files of recorded turns: what the scripted agent does, one turn after another.

A file is JSON, either a list of turns or an object of such lists by domain (``*`` for all others),
or JSON lines with one turn each. A turn is one of::

    {"tool": "write", "path": "a.py", "content": "…"}    any tool with its arguments
    {"sleep": 0.5}                                       seconds
    {"say": "looking at the schema"}                     text
    {"usage": {"input_tokens": 10, "cost_usd": 0.01}}    what a model would have cost
    {"fail_on_attempt": 1, "message": "…"}               end with an error in that attempt
    {"result": "…"}                                      the account in the result file, verbatim
    {"final": {"status": "done", "summary": "…"}}        the last word

A tool that fails ends the script with an error, unless its turn says ``"may_fail": true``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Final, TypeAlias

from ropewalk.agents.lines import USAGE_FIELDS, usage_from
from ropewalk.agents.toolspecs import require_arguments
from ropewalk.errors import InvalidInput
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.store.files import read_limited

MAX_SCRIPT_BYTES: Final = 4 * 1024 * 1024
MAX_SLEEP_S: Final = 3600.0
_STATUSES: Final[Mapping[str, Outcome]] = {
    **{outcome.value: outcome for outcome in Outcome},
    "done": Outcome.OK,
    "success": Outcome.OK,
    "no_changes": Outcome.NOTHING_TO_DO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UseTool:
    """Call a tool."""

    tool: str
    arguments: JsonObject
    may_fail: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Say something."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Tell of tokens and dollars, as if a model had been asked."""

    usage: TokenUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class FailOnAttempt:
    """End with an error, if this is the attempt with that number."""

    number: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """Write the result file with exactly this text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Say the last word."""

    outcome: Outcome
    summary: str


Turn: TypeAlias = UseTool | Sleep | Say | Use | FailOnAttempt | WriteResult | End


def load_turns(path: Path, domain: str) -> tuple[Turn, ...]:
    """Read the turns for a domain.

    Raises:
        InvalidInput: the file is missing, is no script, or has no turns for the domain; the place
            of a turn is counted from 1.
    """
    data = read_limited(path, MAX_SCRIPT_BYTES)
    recorded = _select(_parse(data, path), domain, path)
    return tuple(
        _to_turn(fields, where=f"{path}: turn {number}")
        for number, fields in enumerate(recorded, start=1)
    )


def _parse(data: bytes, path: Path) -> object:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text") from error
    try:
        whole: object = json.loads(text)
    except (ValueError, RecursionError):
        return [_parse_line(line, number, path) for number, line in _lines(text)]
    is_by_domain = isinstance(whole, dict) and all(isinstance(it, list) for it in whole.values())
    return whole if is_by_domain or isinstance(whole, list) else [whole]


def _lines(text: str) -> Sequence[tuple[int, str]]:
    lines = enumerate(text.splitlines(), start=1)
    return [(number, line) for number, line in lines if line.strip()]


def _parse_line(line: str, number: int, path: Path) -> object:
    try:
        parsed: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "this is neither JSON nor JSON lines", where=f"{path}:{number}"
        ) from error
    return parsed


def _select(parsed: object, domain: str, path: Path) -> Sequence[object]:
    if isinstance(parsed, dict):
        parsed = parsed.get(domain, parsed.get("*"))
    if not isinstance(parsed, list):
        raise InvalidInput(
            f"the script {path} has no turns for the domain '{domain}'",
            hint=f'add "{domain}": […] to it, or "*": […] for all domains it does not name',
        )
    return parsed


def _to_turn(fields: object, *, where: str) -> Turn:
    turn = fields if isinstance(fields, dict) else {}
    match turn:
        case {"tool": str(tool), **rest}:
            return _use_tool(tool, rest, where=where)
        case {"sleep": int() | float() as seconds, **rest} if not rest:
            return _sleep(seconds, where=where)
        case {"say": str(text), **rest} if not rest:
            return Say(text=text)
        case {"usage": dict(amounts), **rest} if not rest:
            return _use(amounts, where=where)
        case {"fail_on_attempt": int(number), **rest} if rest.keys() <= {"message"}:
            return FailOnAttempt(number=number, message=str(rest.get("message", "told to fail")))
        case {"result": str(text), **rest} if not rest:
            return WriteResult(text=text)
        case {"final": dict(word), **rest} if not rest:
            return _end(word, where=where)
        case _:
            raise InvalidInput("this is not a turn of a script", where=where)


def _use_tool(tool: str, rest: Mapping[str, object], *, where: str) -> UseTool:
    arguments = {name: value for name, value in rest.items() if name != "may_fail"}
    try:
        require_arguments(tool, arguments)
    except InvalidInput as error:
        raise InvalidInput(error.message, where=where) from error
    return UseTool(tool=tool, arguments=arguments, may_fail=rest.get("may_fail") is True)


def _sleep(seconds: float, *, where: str) -> Sleep:
    if isinstance(seconds, bool) or not isfinite(seconds) or not 0 <= seconds <= MAX_SLEEP_S:
        raise InvalidInput(f"sleep takes 0 to {MAX_SLEEP_S:.0f} seconds", where=where)
    return Sleep(seconds=float(seconds))


def _use(amounts: Mapping[str, object], *, where: str) -> Use:
    usage = usage_from(amounts)
    if amounts.keys() != {name for name in USAGE_FIELDS if getattr(usage, name) is not None}:
        raise InvalidInput(f"usage takes numbers for {', '.join(USAGE_FIELDS)}", where=where)
    return Use(usage=usage)


def _end(word: Mapping[str, object], *, where: str) -> End:
    outcome = _STATUSES.get(str(word.get("status")))
    if outcome is None or not word.keys() <= {"status", "summary"}:
        known = ", ".join(sorted(_STATUSES))
        raise InvalidInput(f"final takes a summary and a status: one of {known}", where=where)
    return End(outcome=outcome, summary=str(word.get("summary", "")))

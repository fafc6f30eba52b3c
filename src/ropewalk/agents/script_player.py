"""Plays recorded turns through the tool loop: ``python -m ropewalk.agents.script_player FILE``.

The program prints one JSON line per event and ends with exit code 0 after a good last word, 1 after
a bad one, 2 when the script cannot be played, 130 when interrupted. All that it needs to know comes
from its arguments and from the ``ROPEWALK_*`` variables. At the end it writes its account to the
file that ``$ROPEWALK_RESULT`` names, unless a turn has done so. Notices that have arrived in the
file that ``$ROPEWALK_NOTICES`` names are told before the next turn, and stand in the account.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ropewalk.agents.base import (
    MAX_TEXT,
    AgentEvent,
    FinalEvent,
    SessionEvent,
    TextEvent,
    TroubleEvent,
    UsageEvent,
)
from ropewalk.agents.child_main import INTERRUPTED, print_event
from ropewalk.agents.notices import NoticeReader
from ropewalk.agents.script import VERSION
from ropewalk.agents.tools import Toolbox, use_tool
from ropewalk.agents.toolspecs import detail_of
from ropewalk.agents.turns import (
    End,
    FailOnAttempt,
    Say,
    Sleep,
    Turn,
    Use,
    UseTool,
    WriteResult,
    load_turns,
)
from ropewalk.errors import RopewalkError
from ropewalk.model.result import Outcome, TokenUsage

_GOOD: Final = (Outcome.OK, Outcome.NOTHING_TO_DO)
_MAX_NOTICES: Final = 20
_MAX_NOTICE: Final = 1000
_NOTHING_USED: Final = TokenUsage(
    input_tokens=0, output_tokens=0, cache_read_tokens=0, cache_write_tokens=0, cost_usd=0.0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a script is played: its tools, its attempt, its files, and who listens."""

    tools: Toolbox
    attempt: int
    result_path: Path | None
    emit: Callable[[AgentEvent], None]
    pace_s: float = 0.0
    notices: NoticeReader = field(default_factory=lambda: NoticeReader(None))


def play(turns: Sequence[Turn], stage: Stage) -> Outcome:
    """Play the turns up to the first last word, and say one where the script has none."""
    end = End(outcome=Outcome.OK, summary="the script is played to its end")
    has_result = False
    told: list[str] = []
    for number, turn in enumerate(turns, start=1):
        if number > 1:
            time.sleep(stage.pace_s)
        told += _take_notices(stage)
        ended = _play_turn(turn, number, stage)
        has_result = has_result or isinstance(turn, WriteResult)
        if ended is not None:
            end = ended
            break
    if not has_result:
        _write_result(stage, _account(end, stage.tools, told + _take_notices(stage)))
    stage.emit(FinalEvent(outcome=end.outcome, summary=end.summary[:MAX_TEXT]))
    return end.outcome


def _take_notices(stage: Stage) -> list[str]:
    """Tell what somebody wants the agent to know, as its loop hands it on with the next turn."""
    new = list(stage.notices.read())
    for line in new:
        stage.emit(TextEvent(text=f"notice: {line}"[:MAX_TEXT]))
    return new


def _play_turn(turn: Turn, number: int, stage: Stage) -> End | None:
    """Play one turn; return the last word when it is the last."""
    match turn:
        case UseTool():
            return _use_tool(turn, number, stage)
        case Sleep(seconds=seconds):
            time.sleep(seconds)
        case Say(text=text):
            stage.emit(TextEvent(text=text[:MAX_TEXT]))
        case Use(usage=usage):
            stage.emit(UsageEvent(usage=usage))
        case FailOnAttempt(number=attempt, message=message):
            is_now = attempt == stage.attempt
            return End(outcome=Outcome.ERROR, summary=message) if is_now else None
        case WriteResult(text=text):
            _write_result(stage, text)
        case End():
            return turn
    return None


def _use_tool(turn: UseTool, number: int, stage: Stage) -> End | None:
    detail = detail_of(turn.tool, turn.arguments)[:MAX_TEXT]
    answer = use_tool(stage.tools, turn.tool, turn.arguments, emit=stage.emit)
    if answer.ok:
        return None
    stage.emit(TroubleEvent(text=answer.text[:MAX_TEXT]))
    if turn.may_fail:
        return None
    return End(outcome=Outcome.ERROR, summary=f"turn {number}, {turn.tool} {detail}: {answer.text}")


def _account(end: End, tools: Toolbox, told: Sequence[str]) -> str:
    status = {Outcome.OK: "success", Outcome.NOTHING_TO_DO: "nothing_to_do"}
    account: dict[str, object] = {
        "status": status.get(end.outcome, "failed"),
        "summary": end.summary,
        "files_created": tools.created,
        "files_modified": tools.modified,
        "notes": "scripted: played from a recording, no model was asked",
    }
    if told:
        account["notices"] = [line[:_MAX_NOTICE] for line in told[:_MAX_NOTICES]]
    return json.dumps(account, indent=2) + "\n"


def _write_result(stage: Stage, text: str) -> None:
    if stage.result_path is not None:
        stage.result_path.parent.mkdir(parents=True, exist_ok=True)
        stage.result_path.write_text(text, encoding="utf-8", errors="replace")


def main(arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> int:
    """Play a script as an agent of its own; return the exit code."""
    options = _parse_arguments(arguments)
    result, notices = env.get("ROPEWALK_RESULT"), env.get("ROPEWALK_NOTICES")
    stage = Stage(
        tools=Toolbox(cwd, env=env),
        attempt=options.attempt,
        result_path=Path(result) if result else None,
        emit=print_event,
        pace_s=options.pace,
        notices=NoticeReader(Path(notices) if notices else None),
    )
    session = f"{env.get('ROPEWALK_DOMAIN', 'script')}-{options.attempt}"
    print_event(SessionEvent(session_id=session, version=VERSION, model="scripted"))
    print_event(UsageEvent(usage=_NOTHING_USED))
    try:
        turns = load_turns(options.script, env.get("ROPEWALK_DOMAIN", "*"))
        outcome = play(turns, stage)
    except RopewalkError as error:
        print_event(FinalEvent(outcome=Outcome.ERROR, summary=str(error)[:MAX_TEXT]))
        return 2
    except KeyboardInterrupt:
        print_event(FinalEvent(outcome=Outcome.CANCELLED, summary="interrupted"))
        return INTERRUPTED
    return 0 if outcome in _GOOD else 1


def _parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script_player", description="Play recorded turns; no model is asked."
    )
    parser.add_argument("script", type=Path, help="file of turns, JSON or JSON lines")
    parser.add_argument("--attempt", type=int, default=1, help="number of the attempt")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between two turns")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], env=dict(os.environ), cwd=Path.cwd()))

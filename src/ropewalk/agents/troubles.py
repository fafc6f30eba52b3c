"""What failures mean that installed programs tell by a status or in words, and an end by them.

Exit codes lie and last words are vague: an end, also one that is called a success, is named by the
last trouble that the program told after it last said or did something; an end without an answer is
no success. Nothing here turns a failure into one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ropewalk.agents.base import (
    MAX_TEXT,
    RETRYABLE,
    AgentEvent,
    Finish,
    TextEvent,
    ToolEvent,
    TroubleEvent,
)
from ropewalk.agents.lines import finish_by_final
from ropewalk.agents.texts import find_last_text
from ropewalk.model.result import Outcome
from ropewalk.process import Ended, EndedBy

_BY_STATUS: Final[Mapping[int, Outcome]] = {
    401: Outcome.AUTH,
    403: Outcome.AUTH,
    413: Outcome.LIMIT,
    429: Outcome.RATE_LIMITED,
    529: Outcome.RATE_LIMITED,
}
_BY_WORDS: Final = (
    (Outcome.AUTH, r"\b(401|403|UNAUTHENTICATED|PERMISSION_DENIED|authentication|API key)\b"),
    (Outcome.RATE_LIMITED, r"\b(429|529|RESOURCE_EXHAUSTED|rate.?limit\w*|quota|overloaded)\b"),
    (
        Outcome.LIMIT,
        r"\b(context.{0,12}(length|window|limit)|prompt (is|as) too long|token limit)\b",
    ),
    (Outcome.LIMIT, r"\btoken count\b.{0,40}\bexceeds\b"),
    (Outcome.REFUSED, r"\b(content.?filter\w*|refusal)\b"),
)
_WAIT: Final = re.compile(
    r"(?:retry|again|reset) (?:in|after) (\d{1,6}(?:\.\d{1,9})?) ?s", re.IGNORECASE
)
_UNNAMED: Final = frozenset((Outcome.ERROR, Outcome.CRASHED))


def judge_status(status: int | None) -> Outcome | None:
    """Return what an HTTP status of a model's provider means, None where it says nothing more."""
    return None if status is None else _BY_STATUS.get(status)


def judge_words(text: str) -> Outcome | None:
    """Return what the message of a provider's error means, None where it says nothing more."""
    found = (outcome for outcome, words in _BY_WORDS if re.search(words, text, re.IGNORECASE))
    return next(found, None)


def find_wait_s(text: str) -> float | None:
    """Return the seconds after which a provider wants to be asked again."""
    found = _WAIT.search(text)
    return float(found[1]) if found else None


def finish_by_trouble(
    ended: Ended, events: Sequence[AgentEvent], *, by_exit: Mapping[int, Outcome]
) -> Finish:
    """Return how an attempt ended whose program says a last word, but seldom why it failed.

    Args:
        ended: the end of its process.
        events: what it told.
        by_exit: what the exit codes mean that it uses for one thing only.
    """
    finish = finish_by_final(ended, events)
    outcome, trouble = finish.outcome, _last_trouble(events)
    if ended.ended_by is EndedBy.EXIT and ended.exit_code is not None:
        outcome = _name(outcome, trouble, by_exit.get(ended.exit_code))
    text = finish.answer or find_last_text(events)
    said = finish.summary or text[:MAX_TEXT] or ("" if trouble is None else trouble.text)
    named = replace(
        finish,
        outcome=outcome,
        retryable=outcome in RETRYABLE,
        summary=_find_fatal(events) or said,
        answer=text,
    )
    return _require_answer(named)


def _require_answer(finish: Finish) -> Finish:
    """Return an end that is a failure where the agent said nothing at last, however it exited.

    That is how a model's empty answer looks: what was asked for may be half done.
    """
    if finish.outcome is not Outcome.OK or finish.answer.strip():
        return finish
    return replace(
        finish,
        outcome=Outcome.ERROR,
        summary=finish.summary.strip() or "it ended without an answer",
        retryable=Outcome.ERROR in RETRYABLE,
    )


def _name(outcome: Outcome, trouble: TroubleEvent | None, by_exit: Outcome | None) -> Outcome:
    if outcome is Outcome.OK:
        return outcome if trouble is None else trouble.outcome or outcome
    if outcome not in _UNNAMED:
        return outcome
    return (None if trouble is None else trouble.outcome) or by_exit or outcome


def _find_fatal(events: Sequence[AgentEvent]) -> str:
    """Return the trouble for which the attempt was ended, empty when there is none."""
    troubles = (event for event in events if isinstance(event, TroubleEvent))
    return next((trouble.text for trouble in troubles if trouble.fatal), "")


def _last_trouble(events: Sequence[AgentEvent]) -> TroubleEvent | None:
    """Return the trouble after which the agent neither said nor did anything."""
    for event in reversed(events):
        match event:
            case TroubleEvent():
                return event
            case TextEvent() | ToolEvent():
                return None
            case _:
                pass
    return None

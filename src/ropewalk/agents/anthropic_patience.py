"""Asks a model again where that can help, a bounded number of times, and says what went wrong.

This is the one level at which the built-in agent repeats a request: its client repeats none. What
is still wrong after that is the end of the attempt, and whoever runs it decides about another one.
"""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ropewalk.agents.base import AgentEvent, TroubleEvent, UsageEvent
from ropewalk.agents.model_values import Answer, Kind, Model, Question, Trouble
from ropewalk.model.result import Outcome, TokenUsage

OUTCOMES: Final[Mapping[Kind, Outcome]] = {
    Kind.BUSY: Outcome.RATE_LIMITED,
    Kind.BROKEN: Outcome.ERROR,
    Kind.SILENT: Outcome.ERROR,
    Kind.DENIED: Outcome.AUTH,
    Kind.FULL: Outcome.LIMIT,
    Kind.REJECTED: Outcome.ERROR,
}
_REPEATS: Final[Mapping[Kind, int]] = {Kind.BUSY: 2, Kind.BROKEN: 3, Kind.SILENT: 1}
_LONGEST_WAIT_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How the pauses between two requests grow: `first_s`, doubled each time.

    A provider that asks for a longer pause gets it, up to half a minute; where it asks for more,
    the attempt ends, since others may wait in its place.
    """

    first_s: float = 1.0


DEFAULT_PATIENCE: Final = Patience()


def ask_patiently(
    model: Model, question: Question, *, patience: Patience, emit: Callable[[AgentEvent], None]
) -> Answer | Trouble:
    """Return the model's answer, or what is wrong after the last repeat."""
    for number in itertools.count():
        said = model.ask(question)
        if said.usage != TokenUsage():
            emit(UsageEvent(usage=said.usage))
        if isinstance(said, Answer):
            return said
        pause_s = _pause(said, number, patience)
        emit(_event(said))
        if pause_s is None:
            return said
        time.sleep(pause_s)
    raise AssertionError


def _pause(trouble: Trouble, number: int, patience: Patience) -> float | None:
    """Return how long to wait before the next request, None when there is to be none."""
    if number >= _REPEATS.get(trouble.kind, 0):
        return None
    pause_s = max(patience.first_s * 2.0**number, trouble.retry_after_s or 0.0)
    return pause_s if pause_s <= _LONGEST_WAIT_S else None


def _event(trouble: Trouble) -> TroubleEvent:
    outcome = Outcome.RATE_LIMITED if trouble.kind is Kind.BUSY else None
    return TroubleEvent(text=trouble.text, outcome=outcome, retry_after_s=trouble.retry_after_s)

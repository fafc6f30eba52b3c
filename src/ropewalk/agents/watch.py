"""Sees in what an agent tells what concerns more than the agent: its session, money, limits.

A session is journalled the moment it is known, so that an attempt that is killed can be gone on
with. An agent that has nothing left to spend is ended when the turn that told of it is over. One
that does nothing but meet the limit of its provider is ended too: it holds memory, and those that
wait at the gate know better when to go on.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from ropewalk.agents.base import (
    NO_USAGE,
    AgentEvent,
    FinalEvent,
    SessionEvent,
    TextEvent,
    ToolEvent,
    TroubleEvent,
    UsageEvent,
    add_usage,
    session_of,
)
from ropewalk.agents.budget import Allowance, Need, Purse
from ropewalk.agents.capacity import StartUps
from ropewalk.agents.gate import RateGate, gate_key
from ropewalk.agents.listener import EmitActivity, Stop
from ropewalk.agents.prices import cost_of, find_price
from ropewalk.model.config import AgentConfig, PriceConfig
from ropewalk.model.result import Outcome, TokenUsage
from ropewalk.model.values import JsonObject

LIMITED_PATIENCE_S: Final = 60.0
_USAGE_EVERY_S: Final = 0.25


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What agents share that are at work at once: the gates of their providers, turns to start.

    ``patience_s`` is how long an agent may do nothing but meet a limit.
    """

    gate: RateGate = field(default_factory=RateGate)
    start_ups: StartUps = field(default_factory=StartUps)
    patience_s: float = LIMITED_PATIENCE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms one attempt works.

    Attributes:
        key: names its gate.
        model: the model that is configured, whose price counts where the agent names none.
        prices: by model.
        allowance: what it may spend; None: nobody counts.
        spent: called when it has spent more.
    """

    key: str
    model: str | None = None
    prices: Mapping[str, PriceConfig] = field(default_factory=dict)
    allowance: Allowance | None = None
    spent: Callable[[], None] = _nothing

    def priced(self, usage: TokenUsage, model: str | None) -> TokenUsage:
        """Return what was used with its cost: as the agent told it, else by the price of its model.

        Without either it stays unknown.
        """
        price = find_price(self.prices, model, self.model)
        if usage.cost_usd is not None or price is None:
            return usage
        return add_usage(usage, TokenUsage(cost_usd=cost_of(usage, price)))


def terms_alone(config: AgentConfig) -> Terms:
    """Return the terms of an agent that shares money with nobody: its own limit, no prices."""
    need = Need(agent="", cap_usd=config.budget_usd)
    allowance = Purse().reserve(need, cancel=threading.Event(), told=lambda *_: None)
    key = gate_key(config.kind, config.model)
    return Terms(key=key, model=config.model, allowance=allowance)


class Watch:
    """Watches one attempt; `take` is given every event in order."""

    def __init__(self, terms: Terms, together: Together, *, emit: EmitActivity, stop: Stop) -> None:
        self._terms = terms
        self._together = together
        self._emit = emit
        self._stop = stop
        self._session = SessionEvent()
        self._usage = NO_USAGE
        self._told_usage_at = 0.0
        self._limited_since: float | None = None

    def starting(self, seconds: float) -> AbstractContextManager[None]:
        """Wait for a turn to start, which keeps a CPU busy for so many seconds."""
        return self._together.start_ups.turn(
            seconds,
            cancel=self._stop,
            told=lambda most: self._emit("agent_waiting", {"reason": "cpu", "of": most}),
        )

    def note_end(self, outcome: Outcome) -> None:
        """Shut the gate for an agent that met its limit and said so at its end alone."""
        if outcome is Outcome.RATE_LIMITED and self._limited_since is None:
            self._shut(None)

    def take(self, event: AgentEvent) -> None:
        """Take one event."""
        match event:
            case SessionEvent():
                self._take_session(event)
            case UsageEvent(usage=usage):
                self._take_usage(usage)
            case TroubleEvent(outcome=Outcome.RATE_LIMITED):
                self._take_limit(event)
            case TextEvent() | ToolEvent():
                self._limited_since = None
                self._together.gate.went_well(self._terms.key)
            case TroubleEvent() | FinalEvent():
                pass

    def _take_session(self, event: SessionEvent) -> None:
        is_new = event.session_id is not None and event.session_id != self._session.session_id
        self._session = session_of((self._session, event))
        if is_new:
            data: JsonObject = {"session_id": event.session_id}
            self._emit("agent_session", data, sync=True)

    def _take_usage(self, usage: TokenUsage) -> None:
        self._usage = add_usage(self._usage, usage)
        total = self._terms.priced(self._usage, self._session.model)
        if total.cost_usd is not None:
            self._take_cost(total.cost_usd)
        now = time.monotonic()
        if now - self._told_usage_at >= _USAGE_EVERY_S:
            self._told_usage_at = now
            self._emit("agent_usage", {"usage": usage_to_json(total)})

    def _take_cost(self, total_usd: float) -> None:
        allowance = self._terms.allowance
        is_over = allowance is not None and not allowance.take(total_usd)
        # Some tell what they used with their last word: to end them for it would be a race.
        if is_over and not self._stop.is_last_word:
            self._stop.give_reason(Outcome.BUDGET)
        self._terms.spent()

    def _take_limit(self, event: TroubleEvent) -> None:
        """Shut the gate before others, and end an agent that only waits behind it."""
        now = time.monotonic()
        if self._limited_since is None:
            self._limited_since = now
        self._shut(event.retry_after_s)
        patience = self._together.patience_s
        if now - self._limited_since >= patience or (event.retry_after_s or 0.0) > patience:
            self._stop.give_reason(Outcome.RATE_LIMITED)

    def _shut(self, retry_after_s: float | None) -> None:
        seconds = self._together.gate.shut(self._terms.key, retry_after_s)
        self._emit("rate_limited", {"provider": self._terms.key, "wait_s": round(seconds, 1)})


def usage_to_json(usage: TokenUsage) -> JsonObject:
    """Return what was used as an event carries it; None where nobody told."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cost_usd": usage.cost_usd,
    }

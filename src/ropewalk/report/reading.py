"""Reading single values out of the data of an event."""

from collections.abc import Mapping
from typing import Final

from ropewalk.model.result import TokenUsage
from ropewalk.model.values import JsonObject

NOTHING_TOLD: Final = TokenUsage()


def items_of(data: JsonObject, key: str) -> list[object]:
    """Return the list under ``key``; empty when there is none."""
    value = data.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def text_of(data: JsonObject, key: str) -> str | None:
    """Return the text under ``key``; None when there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else None


def whole_of(data: JsonObject, key: str) -> int | None:
    """Return the whole number under ``key``; None when there is none."""
    value = data.get(key)
    return value if isinstance(value, int) else None


def budget_in(request: JsonObject) -> float | None:
    """Return what a request says that the run may cost; None where its steps do not say."""
    steps = [step for step in items_of(request, "steps") if isinstance(step, Mapping)]
    payloads = [payload for step in steps if isinstance(payload := step.get("payload"), Mapping)]
    budgets = [payload.get("budget_usd") for payload in payloads]
    return next((float(one) for one in budgets if isinstance(one, int | float)), None)


def budget_asked_in(request: JsonObject) -> float | None:
    """Return the budget that somebody asked for, not the configuration; None where nobody did."""
    steps = [step for step in items_of(request, "steps") if isinstance(step, Mapping)]
    payloads = [step.get("payload") for step in steps]
    is_configured = any(
        isinstance(one, Mapping) and one.get("budget_configured") is True for one in payloads
    )
    return None if is_configured else budget_in(request)


def usage_in(data: JsonObject) -> TokenUsage:
    """Return what the event says was used, under ``usage``; what it does not say is unknown."""
    usage = data.get("usage")
    if not isinstance(usage, Mapping):
        return NOTHING_TOLD
    cost = usage.get("cost_usd")
    return TokenUsage(
        input_tokens=whole_of(usage, "input_tokens"),
        output_tokens=whole_of(usage, "output_tokens"),
        cache_read_tokens=whole_of(usage, "cache_read_tokens"),
        cache_write_tokens=whole_of(usage, "cache_write_tokens"),
        cost_usd=float(cost) if isinstance(cost, int | float) else None,
    )

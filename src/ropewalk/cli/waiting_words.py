"""Why an agent has not started yet, in words. Pure."""

from datetime import datetime

from ropewalk.cli import words
from ropewalk.model.values import JsonObject


def waiting_text(data: JsonObject) -> str:
    """Return what an agent waits for, as its ``agent_waiting`` event says."""
    needed, free = _number(data, "needed"), _number(data, "free")
    most = f"{_number(data, 'of') or 0:.0f}"
    match data.get("reason"):
        case "memory":
            return f"waits for memory: {needed or 0:.0f} MB needed, {free or 0:.0f} free"
        case "slots":
            return f"waits for a slot: {most} of this agent may work at once"
        case "jobs":
            return f"waits: {most} agents may work at once"
        case "cpu":
            return f"waits to start: {most} more are starting"
        case "rate":
            provider = words.plain(data.get("provider", "its provider"))
            return f"waits{_until(data)}: the limit of {provider} is met"
        case "budget" if needed is None:
            return "waits: what a domain costs is not known before one has ended"
        case "budget":
            rest = f"{free:.2f} not reserved" if free else "all of it is reserved"
            return f"waits for the budget: {needed:.2f} USD needed, {rest}"
        case other:
            return f"waits for {words.plain(other)}"


def _until(data: JsonObject) -> str:
    try:
        until = datetime.fromisoformat(str(data.get("until")))
    except ValueError:
        return ""
    return f" until {until.astimezone():%H:%M:%S}"


def _number(data: JsonObject, name: str) -> float | None:
    value = data.get(name)
    return float(value) if isinstance(value, int | float) else None

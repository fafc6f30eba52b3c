"""What is said while conflicts are resolved: who is asked, what was tried, what was taken. Pure."""

from collections.abc import Callable, Mapping

from ropewalk.cli import words
from ropewalk.model.event import Event

_ASKED = {
    "rerere": "looking for a recorded resolution",
    "driver": "asking the merge drivers",
    "candidate": "trying candidates",
    "agent": "asking an agent",
}
# The others take no time of which anybody would want to know.
_WORTH_A_LINE = ("candidate", "agent")


def doing_text(event: Event) -> str:
    """Return what is being done about a conflict, for a line that is replaced by the next."""
    data = event.data
    what = _ASKED.get(str(data.get("by", "")), "")
    if event.type == "candidate_tried":
        what = f"{_candidate(event)} {'passed' if data.get('passed') else 'did not pass'}"
    return f"resolving the conflict of {words.plain(data.get('domain', ''))}: {what}"


def _resolving(event: Event) -> str:
    return f"{words.BUSY} {doing_text(event)}" if event.data.get("by") in _WORTH_A_LINE else ""


def _tried(event: Event) -> str:
    data = event.data
    if data.get("passed"):
        return ""
    name = words.plain(data.get("domain", ""))
    return f"{words.WAITING} {name}: {_candidate(event)}: {words.plain(data.get('why', ''))}"


def _weighed(event: Event) -> str:
    data = event.data
    unseen = data.get("unseen")
    if not isinstance(unseen, list | tuple) or not unseen:
        return ""
    name = words.plain(data.get("domain", ""))
    paths = words.few(map(str, unseen))
    return f"{words.WAITING} {name}: {_candidate(event)} passes, but no check looks at {paths}"


def _resolved(event: Event) -> str:
    data, name = event.data, words.plain(event.data.get("domain", ""))
    by = words.plain(data.get("by", ""))
    how = _candidate(event) if "number" in data and by != "agent" else _one(by)
    commands = data.get("verified_by")
    proof = words.few(map(str, commands)) if isinstance(commands, list | tuple) else ""
    passes = "passes" if by in {"agent", "person", "rerere"} else "proved by"
    return f"{words.DONE} {name}: resolved by {how}{f'; {passes} {proof}' if proof else ''}"


def _one(by: str) -> str:
    return f"an {by}" if by.startswith("a") else f"a {by}"


def _candidate(event: Event) -> str:
    data = event.data
    by = {"candidate": "candidate", "rerere": "recording"}.get(
        str(data.get("by", "")), words.plain(data.get("by", ""))
    )
    return f"{by} {data.get('number', 0)} of {data.get('of', 0)}"


SAY: Mapping[str, Callable[[Event], str]] = {
    "resolving": _resolving,
    "candidate_tried": _tried,
    "proof_weighed": _weighed,
    "conflict_resolved": _resolved,
}

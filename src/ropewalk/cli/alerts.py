"""What a person should notice about an event, on one line. Pure."""

from collections.abc import Callable, Iterable, Mapping

from ropewalk.cli import words
from ropewalk.cli.clash_words import clash_text, told_text
from ropewalk.model.event import Event
from ropewalk.model.values import JsonObject
from ropewalk.report.clash_state import pair_of
from ropewalk.report.reading import items_of


def alert_of(event: Event) -> str | None:
    """Return what a person should notice about an event, None when there is nothing."""
    said = _ALERTS.get(event.type)
    return said(event.data) if said is not None else None


def outside_text(domain: str, paths: Iterable[object]) -> str:
    """Return what a domain changed that is not its own."""
    return f"{words.plain(domain)} changed {words.few(paths)}, outside its files"


def _collected(data: JsonObject) -> str | None:
    outside = items_of(data, "outside")
    return outside_text(_name(data), outside) if outside else None


def _outside_found(data: JsonObject) -> str:
    return outside_text(_name(data), [data.get("path", "")])


def _outside_change(data: JsonObject) -> str:
    changes = words.few(items_of(data, "changes"), most=2)
    if data.get("certain", True):
        return f"{_name(data)} changed things outside its worktree: {changes}"
    return f"changed while {_name(data)} was at work, perhaps not by it: {changes}"


def _clash_found(data: JsonObject) -> str:
    pair = pair_of(data)
    return clash_text(pair) + told_text(pair, [str(name) for name in items_of(data, "told")])


def _clash_watch_failed(data: JsonObject) -> str:
    return f"clashes are not seen at present: {_reason(data)}"


def _mode_changed(data: JsonObject) -> str:
    return f"one after another, not in parallel: {_reason(data)}"


def _worktree_kept(data: JsonObject) -> str:
    return f"the worktree of {_name(data)} stays: {_reason(data)}"


def _conflict_opened(data: JsonObject) -> str:
    return f"resolve the conflict of {_name(data)} in {words.plain(data.get('path', ''))}"


def _failure_opened(data: JsonObject) -> str:
    return f"mend what {_name(data)} broke in {words.plain(data.get('path', ''))}"


def _mend_ended(data: JsonObject) -> str | None:
    problem = data.get("problem")
    return words.plain(problem) if problem else None


def _budget_warning(data: JsonObject) -> str:
    spent, budget = (data.get(name) for name in ("spent_usd", "budget_usd"))
    if not isinstance(spent, int | float) or not isinstance(budget, int | float):
        return "most of the budget is spent"
    return f"{spent:.2f} of {budget:.2f} USD of the budget are spent"


def _land_refused(data: JsonObject) -> str:
    return f"not landed: {_reason(data)}"


def _journal_put_back(data: JsonObject) -> str:
    return f"{words.plain(data.get('path', ''))} was taken away while it was written: put back"


_ALERTS: Mapping[str, Callable[[JsonObject], str | None]] = {
    "domain_collected": _collected,
    "outside_found": _outside_found,
    "outside_change": _outside_change,
    "clash_found": _clash_found,
    "clash_watch_failed": _clash_watch_failed,
    "mode_changed": _mode_changed,
    "worktree_kept": _worktree_kept,
    "conflict_opened": _conflict_opened,
    "failure_opened": _failure_opened,
    "mend_ended": _mend_ended,
    "budget_warning": _budget_warning,
    "land_refused": _land_refused,
    "journal_put_back": _journal_put_back,
}


def _name(data: JsonObject) -> str:
    return words.plain(data.get("domain", ""))


def _reason(data: JsonObject) -> str:
    return words.plain(data.get("reason", ""))

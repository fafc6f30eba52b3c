"""One line per event, in the words of the board, for logs and pipes. Pure."""

from collections.abc import Callable, Mapping

from ropewalk.cli import resolving_lines, words
from ropewalk.cli.alerts import alert_of
from ropewalk.cli.clash_words import gone_text
from ropewalk.cli.progress import PHASES, Progress, mending_text, step_domain
from ropewalk.cli.waiting_words import waiting_text
from ropewalk.model.event import Event
from ropewalk.report.clash_state import pair_of

_GOOD_OUTCOMES = ("ok", "nothing_to_do")
_MERGE_WORDS = {
    "merged": f"{words.DONE} {{}}: merged",
    "resolved": f"{words.DONE} {{}}: merged, its conflict resolved",
    "nothing_to_merge": f"{words.DONE} {{}}: nothing to merge",
    "skipped": f"{words.WAITING} {{}}: skipped",
    "parked": f"{words.ATTENTION} {{}}: parked",
    "conflict": f"{words.FAILED} {{}}: conflict",
    "blocked": f"{words.FAILED} {{}}: blocked",
    "ejected": f"{words.FAILED} {{}}: ejected, the checks fail with it",
}


def plain_lines(progress: Progress, event: Event) -> tuple[str, ...]:
    """Return what to print for an event, mostly one line or none.

    Args:
        progress: what was known before the event.
        event: the event.
    """
    said = _SAY.get(event.type)
    lines = [said(progress, event)] if said is not None else []
    resolving = resolving_lines.SAY.get(event.type)
    lines += [resolving(event)] if resolving is not None else []
    alert = alert_of(event)
    if alert is not None:
        lines.append(f"{words.ATTENTION} {alert}")
    before = progress.began_ns
    since = max(0, event.mono_ns - before) / 1e9 if before is not None else 0.0
    return tuple(f"{words.clock(since):>5} {line}" for line in lines if line)


def _name(event: Event) -> str:
    return words.plain(event.data.get("domain", ""))


def _run_started(_progress: Progress, event: Event) -> str:
    data = event.data
    domains = data.get("domains")
    number = len(domains) if isinstance(domains, list | tuple) else 0
    mode = "all at once" if data.get("mode") == "parallel" else "one after another"
    agent = words.plain(data.get("agent") or "no agent")
    epic = words.plain(data.get("epic_id", ""))
    return f"{epic} · run {event.run_id} · {words.count(number, 'domain')}, {mode} · {agent}"


def _phase(_progress: Progress, event: Event) -> str:
    text = PHASES.get(str(event.data.get("kind", "")))
    return f"{words.BUSY} {text}" if text else ""


def _worktree_created(_progress: Progress, event: Event) -> str:
    return f"{words.WAITING} {_name(event)}: worktree ready"


def _agent_starting(_progress: Progress, event: Event) -> str:
    agent, number = words.plain(event.data.get("agent", "")), event.data.get("number", 1)
    attempt = f", attempt {number}" if number != 1 else ""
    return f"{words.BUSY} {_name(event)}: {agent} starts{attempt}"


def _agent_waiting(_progress: Progress, event: Event) -> str:
    """Say why an agent waits; that others work first was asked for and needs no line."""
    if event.data.get("reason") == "jobs":
        return ""
    return f"{words.WAITING} {_name(event)}: {waiting_text(event.data)}"


def _agent_activity(_progress: Progress, event: Event) -> str:
    return f"{words.BUSY} {_name(event)}: {words.plain(event.data.get('text', ''))}"


def _agent_ended(_progress: Progress, event: Event) -> str:
    data = event.data
    duration = data.get("duration_s")
    took = f" after {words.span(duration)}" if isinstance(duration, int | float) else ""
    outcome = str(data.get("outcome", ""))
    if outcome in _GOOD_OUTCOMES:
        return f"{words.BUSY} {_name(event)}: agent ended{took}, taking in its work"
    code = data.get("exit_code")
    exit_text = f" (exit {code})" if code is not None else ""
    text = words.plain(outcome).replace("_", " ")
    return f"{words.ATTENTION} {_name(event)}: agent ended: {text}{exit_text}{took}"


def _retry(_progress: Progress, event: Event) -> str:
    domain = step_domain(event.step)
    return f"{words.BUSY} {words.plain(domain)}: another attempt soon" if domain else ""


def _collected(_progress: Progress, event: Event) -> str:
    data = event.data
    status, reason = str(data.get("status", "")), data.get("reason")
    glyph = {"success": words.DONE, "partial": words.ATTENTION}.get(status, words.FAILED)
    why = f" ({words.plain(reason).replace('_', ' ')})" if reason else ""
    files, added, removed = (
        value if isinstance(value, int) else 0
        for value in (data.get("files_changed"), data.get("insertions"), data.get("deletions"))
    )
    size = f", {words.count(files, 'file')} {words.lines_changed(added, removed)}"
    passed = data.get("checks_passed")
    mark = words.DONE if passed else words.FAILED
    checks = f", checks {mark}" if isinstance(passed, bool) else ""
    return f"{glyph} {_name(event)}: {words.plain(status)}{why}{size}{checks}"


def _aggregated(progress: Progress, event: Event) -> str:
    data = event.data
    parts = [f"{data.get('succeeded', 0)} of {len(progress.domains)} succeeded"]
    parts += [f"{data[key]} {key}" for key in ("partial", "failed") if data.get(key)]
    return ", ".join(parts)


def _domain_merged(_progress: Progress, event: Event) -> str:
    status = str(event.data.get("status", ""))
    return _MERGE_WORDS.get(status, f"{words.WAITING} {{}}: {status}").format(_name(event))


def _check_started(_progress: Progress, event: Event) -> str:
    whose = f"{_name(event)}: " if "domain" in event.data else ""
    return f"{words.BUSY} {whose}checking: {words.plain(event.data.get('command', ''))}"


def _landing(_progress: Progress, event: Event) -> str:
    where = words.plain(words.branch(str(event.data.get("ref", ""))))
    return f"{words.BUSY} landing on {where}"


def _checks_finished(_progress: Progress, event: Event) -> str:
    prefix = event.data.get("prefix")
    names = words.few(map(str, prefix)) if isinstance(prefix, list | tuple) else ""
    with_names = f" with {names}" if names else ""
    if event.data.get("passed"):
        return f"{words.DONE} the checks pass{with_names}"
    return f"{words.FAILED} the checks fail{with_names}"


def _landed(_progress: Progress, event: Event) -> str:
    data = event.data
    where = words.plain(words.branch(str(data.get("ref", ""))))
    old, new = (words.short(str(data.get(key, ""))) for key in ("old", "new"))
    return f"{words.DONE} landed on {where} {old} → {new}"


def _undone(_progress: Progress, event: Event) -> str:
    where = words.plain(words.branch(str(event.data.get("ref", ""))))
    return f"{words.DONE} {where} is back at {words.short(str(event.data.get('new', '')))}"


def _validated(_progress: Progress, event: Event) -> str:
    status = str(event.data.get("status", ""))
    return f"{words.FAILED if status == 'failed' else words.DONE} validation {words.plain(status)}"


def _removed(_progress: Progress, event: Event) -> str:
    return f"{words.DONE} {_name(event)}: worktree saved and removed"


def _restored(_progress: Progress, event: Event) -> str:
    return f"{words.DONE} {_name(event)}: worktree is back"


def _recovered(_progress: Progress, event: Event) -> str:
    notes = event.data.get("notes")
    found = words.few(map(str, notes), most=6) if isinstance(notes, list | tuple) else ""
    return f"{words.ATTENTION} {found}" if found else ""


def _clash_gone(_progress: Progress, event: Event) -> str:
    return f"{words.DONE} {gone_text(pair_of(event.data))}"


def _mend_starting(_progress: Progress, event: Event) -> str:
    return f"{words.BUSY} {mending_text(event.data)}"


def _mend_ended(_progress: Progress, event: Event) -> str:
    data = event.data
    duration = data.get("duration_s")
    took = f" after {words.span(duration)}" if isinstance(duration, int | float) else ""
    about = words.plain(data.get("about", ""))
    return "" if data.get("problem") else f"{words.BUSY} the agent for {about} ended{took}"


_SAY: Mapping[str, Callable[[Progress, Event], str]] = {
    "run_started": _run_started,
    "attempt_started": _phase,
    "worktree_created": _worktree_created,
    "agent_starting": _agent_starting,
    "agent_waiting": _agent_waiting,
    "agent_activity": _agent_activity,
    "agent_ended": _agent_ended,
    "retry_scheduled": _retry,
    "domain_collected": _collected,
    "aggregated": _aggregated,
    "domain_merged": _domain_merged,
    "check_started": _check_started,
    "checks_finished": _checks_finished,
    "landing": _landing,
    "landed": _landed,
    "undone": _undone,
    "validated": _validated,
    "worktree_removed": _removed,
    "worktree_restored": _restored,
    "recovered": _recovered,
    "mend_starting": _mend_starting,
    "mend_ended": _mend_ended,
    "clash_gone": _clash_gone,
}

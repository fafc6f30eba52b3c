"""How epics look at a glance. Pure."""

from collections import Counter
from collections.abc import Iterator

from ropewalk.cli import words
from ropewalk.model.status import DomainView, EpicView, StatusDocument

_GLYPHS = {
    **dict.fromkeys(("success", "merged", "landed"), words.DONE),
    **dict.fromkeys(("in_progress", "running", "assigned", "completed"), words.BUSY),
    **dict.fromkeys(("partial", "interrupted", "land_refused", "conflict"), words.ATTENTION),
    **dict.fromkeys(("failed", "validation_failed"), words.FAILED),
}


def status_lines(document: StatusDocument) -> Iterator[str]:
    """Return one line for each epic, with what can be typed next."""
    if not document.epics:
        yield "no epic has been planned here"
        yield 'next: ropewalk plan EPIC.md, or ropewalk plan "what is to be done" --id NAME'
        return
    rows = [["  epic", "state", "phase", "domains", "next"]]
    rows += [
        [
            f"{_glyph(epic)} {epic.epic_id}",
            _standing(epic),
            _words(epic.phase),
            _domains(epic),
            next(iter(epic.next_commands), ""),
        ]
        for epic in document.epics
    ]
    first, *rest = words.table([[cell.strip() for cell in row] for row in rows], widest=32)
    yield f"  {first}"
    yield from rest


def epic_lines(epic: EpicView) -> Iterator[str]:
    """Return an epic with a line for each of its domains."""
    run = f" · run {epic.run_id}" if epic.run_id else ""
    left_out = _left_out(epic)
    verb = "is" if len(left_out) == 1 else "are"
    without = f": {words.few(left_out)} {verb} left out" if left_out else ""
    phase = "" if epic.phase in (epic.state, "plan") else f" · phase {_words(epic.phase)}"
    yield f"{_glyph(epic)} {epic.epic_id}: {_standing(epic)}{without}{phase}{run}"
    rows = [
        [
            f"{glyph_of(_state(epic, domain))} {domain.name}",
            _words(_state(epic, domain)),
            f"since {words.span(domain.since_s)}" if domain.since_s is not None else "",
            f"attempt {domain.attempt}" if domain.attempt else "",
            words.count(domain.files_changed, "file") if domain.files_changed is not None else "",
            f"{domain.cost_usd:.2f} USD" if domain.cost_usd is not None else "",
        ]
        for domain in epic.domains
    ]
    yield from (f"  {line}" for line in words.table(rows))
    yield from words.next_lines(epic.next_commands)


def glyph_of(state: str) -> str:
    """Return the glyph of a state."""
    return _GLYPHS.get(state, words.WAITING)


def _left_out(epic: EpicView) -> tuple[str, ...]:
    """Return the domains of an epic that has landed without them."""
    if epic.state != "landed":
        return ()
    return tuple(domain.name for domain in epic.domains if domain.state != "merged")


def _glyph(epic: EpicView) -> str:
    return words.ATTENTION if _left_out(epic) else glyph_of(epic.state)


def _standing(epic: EpicView) -> str:
    return "landed in part" if _left_out(epic) else _words(epic.state)


def _state(epic: EpicView, domain: DomainView) -> str:
    """Return the state of a domain; nobody is at work on an epic that was interrupted."""
    at_work = domain.state in ("assigned", "in_progress")
    return "interrupted" if at_work and epic.state == "interrupted" else domain.state


def _domains(epic: EpicView) -> str:
    counts = Counter(_state(epic, domain) for domain in epic.domains)
    return ", ".join(f"{number} {_words(state)}" for state, number in counts.most_common())


def _words(state: str) -> str:
    return state.replace("_", " ")

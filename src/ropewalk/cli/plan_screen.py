"""How a plan looks to a person. Pure."""

from collections.abc import Iterator, Mapping

from ropewalk.cli import words
from ropewalk.model.plan import Domain, Mode, Plan, PlanningNotes

_WIDE = 16
_OVERLAPS_SHOWN = 5


def plan_lines(
    plan: Plan, notes: PlanningNotes, *, briefings: Mapping[str, str], path: str, width: int
) -> Iterator[str]:
    """Return the screen of a plan.

    Args:
        plan: the plan.
        notes: what its planner has to say.
        briefings: the briefing of each domain.
        path: where the plan was written.
        width: columns.
    """
    base = f"base {words.plain(plan.base.ref)} @ {words.short(plan.base.commit)}"
    title = f"Epic {plan.epic_id}: {words.plain(plan.title)}"
    yield f"{words.pad(title, max(20, width - len(base) - 1))} {base}"
    yield from (words.fit(line, width) for line in _table(plan, notes, briefings))
    yield from _overlaps(plan)
    yield from _decision(plan)
    yield from _notes(notes)
    epic = plan.epic_id
    yield f"Written {words.plain(path)}"
    yield f"next: ropewalk run {epic}   (or first: ropewalk edit {epic})"


def _table(plan: Plan, notes: PlanningNotes, briefings: Mapping[str, str]) -> list[str]:
    why = {each.domain: each.why for each in notes.domains}
    rows = [["  domain", "files", "overlaps", "after", "briefing", "why these files"]]
    rows += [
        [
            f"  {domain.name}",
            f"{_files(domain):>5}",
            _shared(plan, domain.name),
            words.few(domain.depends_on, most=2) or "-",
            briefings.get(domain.name, domain.briefing or "default"),
            ", ".join(why.get(domain.name, domain.files)),
        ]
        for domain in plan.domains
    ]
    lines = words.table([[cell.strip() for cell in row] for row in rows], widest=_WIDE)
    return [f"  {line}" for line in lines]


def _files(domain: Domain) -> int:
    return len(domain.paths) + len(domain.new_files)


def _shared(plan: Plan, name: str) -> str:
    paths = [overlap.path for overlap in plan.overlaps if name in overlap.domains]
    if not paths:
        return "-"
    return paths[0] if len(paths) == 1 else f"{len(paths)} files"


def _overlaps(plan: Plan) -> Iterator[str]:
    for overlap in plan.overlaps[:_OVERLAPS_SHOWN]:
        names = " and ".join(overlap.domains)
        yield (
            f"{words.ATTENTION} {words.plain(overlap.path)} is claimed by {names}: "
            "one of them will merge on top of the other."
        )
    more = len(plan.overlaps) - _OVERLAPS_SHOWN
    if more > 0:
        yield f"{words.ATTENTION} {words.count(more, 'more file')} claimed by several domains."


def _decision(plan: Plan) -> Iterator[str]:
    decision = plan.decision
    answer = "yes" if decision.mode is Mode.PARALLEL else "no, one after another"
    figures = (
        f"{words.count(decision.files, 'file')}, {words.count(decision.domains, 'domain')}, "
        f"{decision.overlap_percent:.1f} % shared"
    )
    yield f"Parallel: {answer}. {figures}; {_expected(plan)}."
    if decision.mode is Mode.SEQUENTIAL:
        yield from (f"  because {words.plain(reason.text)}" for reason in decision.reasons)


def _expected(plan: Plan) -> str:
    speedup = plan.decision.expected_speedup
    minutes = [domain.estimate_minutes for domain in plan.domains]
    known = [value for value in minutes if value is not None]
    if len(known) < len(minutes):
        return "time and cost: no estimate yet (no history for these briefings)"
    total = f"estimated {words.span(sum(known) * 60)} of work"
    if speedup is None:
        return total
    chain = " → ".join(plan.decision.critical_path)
    return f"{total}, {speedup:.1f} x faster than one after another (longest chain: {chain})"


def _notes(notes: PlanningNotes) -> Iterator[str]:
    if notes.left_out:
        yield f"Left out: {words.few(notes.left_out)}."
    unsure = [path for each in notes.domains for path in each.unsure]
    if unsure:
        sure = f"Sure of {notes.sure} of {words.count(notes.total, 'file')}"
        yield f"{sure}; look at {words.few(unsure, most=4)}."
    for warning in notes.warnings:
        if "is claimed by" not in warning:
            yield f"{words.ATTENTION} {words.plain(warning)}"

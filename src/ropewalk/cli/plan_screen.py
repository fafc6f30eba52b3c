"""How a plan looks to a person. Pure."""

from collections.abc import Iterator, Mapping

from ropewalk.cli import words
from ropewalk.model.forecast import NO_FORECAST, Forecast
from ropewalk.model.plan import Asked, Domain, Mode, Plan, PlanningNotes

_WIDE = 16
_OVERLAPS_SHOWN = 5


def plan_lines(
    plan: Plan,
    notes: PlanningNotes,
    *,
    briefings: Mapping[str, str],
    path: str,
    width: int,
    forecast: Forecast = NO_FORECAST,
) -> Iterator[str]:
    """Return the screen of a plan.

    Args:
        plan: the plan.
        notes: what its planner has to say.
        briefings: the briefing of each domain.
        path: where the plan was written.
        width: columns.
        forecast: what the plan is expected to take.
    """
    base = f"base {words.plain(plan.base.ref)} @ {words.short(plan.base.commit)}"
    title = f"Epic {plan.epic_id}: {words.plain(plan.title)}"
    yield f"{words.pad(title, max(20, width - len(base) - 1))} {base}"
    yield from (words.fit(line, width) for line in _table(plan, notes, briefings))
    yield from _overlaps(plan)
    yield from _decision(plan, forecast)
    yield from _asked(notes.asked)
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


def _decision(plan: Plan, forecast: Forecast) -> Iterator[str]:
    decision = plan.decision
    answer = "yes" if decision.mode is Mode.PARALLEL else "no, one after another"
    figures = (
        f"{words.count(decision.files, 'file')}, {words.count(decision.domains, 'domain')}, "
        f"{decision.overlap_percent:.1f} % shared"
    )
    yield f"Parallel: {answer}. {figures}; {_expected(plan, forecast)}."
    if decision.mode is Mode.SEQUENTIAL:
        yield from (f"  because {words.plain(reason.text)}" for reason in decision.reasons)


def _expected(plan: Plan, forecast: Forecast) -> str:
    """Say what the plan takes, against one agent that does all of it; what has no source, so."""
    if forecast.work_s is None and forecast.cost_usd is None and not _is_estimated(plan):
        return "time and cost: no estimate yet (no history for these briefings)"
    cost = forecast.cost_usd
    words_of_cost = "cost: no estimate" if cost is None else f"cost: about {cost:.2f} USD"
    seen = words.count(forecast.seen, "earlier result")
    source = "" if forecast.from_plan and cost is None else f" (by {seen} with these briefings)"
    time = _estimated(plan) if _is_estimated(plan) else _remembered(forecast)
    return f"{time}; {words_of_cost}{source if forecast.seen else ''}"


def _is_estimated(plan: Plan) -> bool:
    return all(domain.estimate_minutes is not None for domain in plan.domains)


def _estimated(plan: Plan) -> str:
    minutes = sum(domain.estimate_minutes or 0 for domain in plan.domains)
    speedup = plan.decision.expected_speedup
    total = f"estimated {words.span(minutes * 60)} of work"
    if speedup is None:
        return total
    chain = " → ".join(plan.decision.critical_path)
    return f"{total}, {speedup:.1f} x faster than one after another (longest chain: {chain})"


def _remembered(forecast: Forecast) -> str:
    if forecast.work_s is None or forecast.wall_s is None:
        return "time: no estimate"
    alone = f"about {words.span(forecast.work_s)} for one agent"
    if forecast.wall_s >= forecast.work_s:
        return alone
    return f"{alone}, {words.span(forecast.wall_s)} for all at once"


def _asked(asked: Asked | None) -> Iterator[str]:
    """Say what the plan itself took."""
    if asked is None:
        return
    who = f"Asked {words.plain(asked.by)}"
    if asked.answers == 0:
        rate = 100 * asked.hits / asked.lookups if asked.lookups else 0.0
        saved = f", saved {asked.saved_tokens:,} tokens" if asked.saved_tokens else ""
        yield (
            f"{who}: answer from the cache{saved} "
            f"({asked.hits} of {words.count(asked.lookups, 'look-up')} found so far, {rate:.1f} %, "
            f"{asked.saved_in_all:,} tokens saved)."
        )
        return
    times = "once" if asked.answers == 1 else "twice, the first answer could not be used"
    cost = "cost not known" if asked.cost_usd is None else f"{asked.cost_usd:.4f} USD"
    yield f"{who} {times}: {_tokens(asked)}, {cost}."


def _tokens(asked: Asked) -> str:
    read = (asked.input_tokens, asked.cache_read_tokens, asked.cache_write_tokens)
    known = [number for number in read if number is not None]
    if not known and asked.output_tokens is None:
        return "tokens not known"
    return f"{sum(known):,} tokens in, {asked.output_tokens or 0:,} out"


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

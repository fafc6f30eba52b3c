"""The live board as plain lines: a header, one line a domain, what to notice. Pure."""

from collections.abc import Iterator

from rich.cells import cell_len

from ropewalk.cli import words
from ropewalk.cli.alerts import outside_text
from ropewalk.cli.clash_words import clash_text, told_text
from ropewalk.cli.progress import Progress
from ropewalk.cli.waiting_words import waiting_text
from ropewalk.model.result import Outcome
from ropewalk.report.domain_state import DomainState

_STATUS_GLYPHS = {"success": words.DONE, "partial": words.ATTENTION, "failed": words.FAILED}
_MERGE_GLYPHS = {
    "merged": words.DONE,
    "resolved": words.DONE,
    "nothing_to_merge": words.DONE,
    "skipped": words.WAITING,
    "parked": words.ATTENTION,
    "conflict": words.FAILED,
    "blocked": words.FAILED,
    "ejected": words.FAILED,
}
_STOPPED = (Outcome.CANCELLED, Outcome.INTERRUPTED)
_NAME_WIDTH = 16
_MOST_CLASHES = 4


def board_lines(
    progress: Progress,
    *,
    now_ns: int,
    width: int,
    height: int = 1000,
    budget_usd: float | None = None,
) -> tuple[str, ...]:
    """Return the board as it stands.

    Args:
        progress: what is known.
        now_ns: the monotonic clock.
        width: columns; longer lines are cut.
        height: lines; finished domains are left out first when there are more.
        budget_usd: what may be spent, if there is a limit.
    """
    tail = list(dict.fromkeys(_doing_lines(progress, now_ns, width)))
    alerts = (*_standing_alerts(progress), *progress.alerts)
    tail += [f"{words.ATTENTION} {text}" for text in alerts]
    room = max(3, height - len(tail) - 2)
    rows = _domain_rows(progress, now_ns, room)
    first = header(progress, now_ns=now_ns, width=width, budget_usd=budget_usd)
    lines = [first, *rows, *tail]
    return tuple(words.fit(line, width) for line in lines)


def _doing_lines(progress: Progress, now_ns: int, width: int) -> Iterator[str]:
    """Yield what is being done; how long it takes so far stays to be seen, however long it is."""
    for step, text in progress.doing.items():
        began = progress.since.get(step)
        took = f" ({int(_seconds(began, now_ns))} s)" if began is not None else ""
        yield words.fit(f"{words.BUSY} {text}", width - cell_len(took)) + took


def _standing_alerts(progress: Progress) -> Iterator[str]:
    """Yield what clashes now and what strays, as long as it is so and nothing better is known."""
    clashes = progress.run.clashes
    for pair in clashes.pairs[:_MOST_CLASHES]:
        yield clash_text(pair) + told_text(pair, clashes.told(pair))
    if len(clashes.pairs) > _MOST_CLASHES:
        more = words.count(len(clashes.pairs) - _MOST_CLASHES, "more pair")
        yield f"and {more}: ropewalk conflicts {words.plain(progress.run.epic_id)}"
    for domain in progress.domains:
        if domain.strayed and domain.status is None:
            yield outside_text(domain.name, domain.strayed)


def header(progress: Progress, *, now_ns: int, width: int, budget_usd: float | None = None) -> str:
    """Return the first line: which run, how far, how long, at what price, by whom.

    What does not fit is left out, from the end.
    """
    run = progress.run
    done = sum(_is_done(domain) for domain in progress.domains)
    parts = [
        words.plain(run.epic_id),
        f"run {run.run_id.rsplit('-', 1)[-1]}",
        f"{done} of {len(progress.domains)} done",
        words.clock(_seconds(progress.began_ns, now_ns)),
    ]
    price = _price(progress, budget_usd)
    if price:
        parts.append(price)
    if run.agent:
        times = "" if ", " in run.agent else f" x{len(progress.domains)}"
        parts.append(f"{words.plain(run.agent)}{times}")
    while len(parts) > 1 and cell_len(" · ".join(parts)) > width:
        parts.pop()
    return " · ".join(parts)


def domain_line(progress: Progress, domain: DomainState, *, now_ns: int, name_width: int) -> str:
    """Return the line of one domain."""
    glyph, last = _standing(progress, domain)
    size = ""
    if domain.files_changed is not None and domain.status is not None:
        changed = words.lines_changed(domain.insertions, domain.deletions)
        size = f"{words.count(domain.files_changed, 'file'):<8}  {changed:<11}"
    name = words.pad(words.plain(domain.name), name_width)
    return f"{glyph} {name}  {_spent(domain, now_ns):>5}   {size:<21}  {last}".rstrip()


def _is_done(domain: DomainState) -> bool:
    """Whether it has its result, and no further attempt that is to give it another one."""
    return domain.status is not None and not domain.at_work and domain.waiting is None


def _domain_rows(progress: Progress, now_ns: int, room: int) -> list[str]:
    domains = list(progress.domains)
    wide = min(_NAME_WIDTH, max((len(domain.name) for domain in domains), default=0))
    hidden = 0
    if len(domains) > room:
        urgent = [d for d in domains if d.at_work or d.status in ("partial", "failed")]
        others = [d for d in domains if d not in urgent]
        chosen = [*urgent, *others][: room - 1]
        hidden = len(domains) - len(chosen)
        domains = [d for d in domains if d in chosen]
    rows = [domain_line(progress, d, now_ns=now_ns, name_width=wide) for d in domains]
    return [*rows, f"  and {words.count(hidden, 'more domain')}"] if hidden else rows


def _standing(progress: Progress, domain: DomainState) -> tuple[str, str]:
    if domain.waiting is not None:
        return words.WAITING, waiting_text(domain.waiting)
    if domain.at_work:
        return words.BUSY, words.plain(domain.activity)
    merged = progress.merged.get(domain.name)
    if merged is not None and domain.status is not None:
        return _MERGE_GLYPHS.get(merged, words.WAITING), merged.replace("_", " ")
    if domain.status is not None:
        return _STATUS_GLYPHS.get(domain.status, words.WAITING), _finding(progress, domain)
    return _between(progress, domain) if domain.attempts else (words.WAITING, "waiting")


def _between(progress: Progress, domain: DomainState) -> tuple[str, str]:
    """Return how a domain stands whose agent has ended and whose result is not known."""
    if domain.attempts[-1].outcome in _STOPPED:
        return words.ATTENTION, "stopped"
    return words.BUSY, progress.retries.get(domain.name) or "taking in its work"


def _finding(progress: Progress, domain: DomainState) -> str:
    parts = [words.plain(domain.reason).replace("_", " ")] if domain.reason else []
    if domain.name in progress.checks:
        passed = progress.checks[domain.name]
        parts.append(f"checks {words.DONE if passed else words.FAILED}")
    return " · ".join(parts)


def _spent(domain: DomainState, now_ns: int) -> str:
    if not domain.attempts and not domain.at_work:
        return ""
    spent = sum(attempt.duration_s for attempt in domain.attempts)
    if domain.at_work:
        spent += _seconds(domain.started_ns, now_ns)
    return words.clock(spent)


def _seconds(since_ns: int | None, now_ns: int) -> float:
    return max(0.0, (now_ns - since_ns) / 1e9) if since_ns is not None else 0.0


def _price(progress: Progress, budget_usd: float | None) -> str:
    parts = [words.tokens(progress.tokens)] if progress.tokens else []
    cost = _cost(progress)
    if cost is not None:
        limit = f" of {budget_usd:.2f}" if budget_usd is not None else ""
        parts.append(f"{cost:.2f}{limit} USD")
    return ", ".join(parts)


def _cost(progress: Progress) -> float | None:
    """Return what the run has cost, those at work included; None: nobody told."""
    costs = (cost for one in progress.domains for cost in (one.cost_usd, one.using.cost_usd))
    is_told = any(cost is not None for cost in costs)
    return progress.run.spent_usd if is_told else progress.cost_usd

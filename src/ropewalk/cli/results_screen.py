"""How the results of phase 1 look to a person: the summary after a run, and the details. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from ropewalk.cli import words
from ropewalk.model.merge import MergedDomainStatus, MergeReport, MergeStatus
from ropewalk.model.result import (
    Aggregate,
    CheckRun,
    DomainResult,
    DomainStatus,
    Outcome,
    Reason,
)

_GLYPHS = {
    DomainStatus.SUCCESS: words.DONE,
    DomainStatus.PARTIAL: words.ATTENTION,
    DomainStatus.FAILED: words.FAILED,
}
_TOLD = (Reason.BUDGET, Reason.RATE_LIMITED, Reason.LIMIT, Reason.REFUSED)
_MOST_SAID = 120
_LEFT_OUT = (MergedDomainStatus.EJECTED, MergedDomainStatus.PARKED)


def summary_lines(aggregate: Aggregate, results: Sequence[DomainResult]) -> Iterator[str]:
    """Return what a run says at its end: totals, what needs attention, what to type next."""
    yield totals(aggregate)
    attention = [each for each in results if each.status is not DomainStatus.SUCCESS]
    rows = [
        [f"{_GLYPHS[r.status]} {r.domain}", r.status.value, _why_and_what(r)] for r in attention
    ]
    for line, result in zip(words.table(rows), attention, strict=True):
        yield f"  {line}"
        yield f"      {remedy(result)}"
    for overlap in aggregate.overlaps_actual[:3]:
        names = " and ".join(overlap.domains)
        yield f"{words.ATTENTION} {words.plain(overlap.path)} was changed by {names}"
    yield from words.next_lines(aggregate.next_commands)


def totals(aggregate: Aggregate) -> str:
    """Return the line of totals."""
    summary = aggregate.summary
    counts = [f"{summary.succeeded} of {summary.domains_total} succeeded"]
    counts += [f"{summary.partial} partial"] if summary.partial else []
    counts += [f"{summary.failed} failed"] if summary.failed else []
    files = summary.files_created + summary.files_modified + summary.files_deleted
    changed = words.lines_changed(summary.insertions, summary.deletions)
    parts = [", ".join(counts), f"{words.count(files, 'file')} {changed}"]
    took = words.span(summary.duration_s)
    if summary.speedup_wall is not None and summary.succeeded:
        took += f", {_compared(summary.speedup_wall)}"
    parts.append(took)
    if summary.cost_usd is not None:
        parts.append(f"{summary.cost_usd:.2f} USD")
    return " · ".join(parts)


def detail_lines(
    results: Sequence[DomainResult],
    aggregate: Aggregate | None,
    *,
    merge: MergeReport | None = None,
    merged: Iterable[str] = (),
) -> Iterator[str]:
    """Return all that is known about each domain, then ``merged``: the conflicts of ``merge``."""
    if aggregate is not None:
        yield totals(aggregate)
    for result in results:
        yield from domain_lines(result, merge)
    yield from merged
    if aggregate is not None:
        shown = f"ropewalk results {aggregate.epic_id}"
        after = merge.next_commands if merge is not None else ()
        rest = [each for each in after or aggregate.next_commands if each != shown]
        yield from words.next_lines(rest)


def domain_lines(result: DomainResult, merge: MergeReport | None = None) -> Iterator[str]:
    """Return all that is known about one domain, and whether the last merge left it out."""
    reason = f" ({why(result)})" if result.reason else ""
    changed = words.lines_changed(result.insertions, result.deletions)
    size = f"{words.count(len(result.files.paths), 'file')} {changed}"
    left_out = _left_out(merge, result.domain)
    glyph = words.ATTENTION if left_out else _GLYPHS[result.status]
    yield f"{glyph} {result.domain}: {result.status}{reason} · {size}{left_out}"
    facts = [
        ("agent", _agent(result)),
        ("attempts", "; ".join(_attempts(result))),
        ("head", f"{words.short(result.head)} on {words.branch(result.branch)}"),
        ("created", words.few(result.files.created, most=8)),
        ("modified", words.few(result.files.modified, most=8)),
        ("deleted", words.few(result.files.deleted, most=8)),
        ("renamed", words.few((f"{m.old} → {m.new}" for m in result.files.renamed), most=4)),
        ("outside", words.few(result.outside_declared_files, most=8)),
        ("sensitive", words.few(result.sensitive_files, most=8)),
        ("checks", "; ".join(_check(check) for check in result.checks)),
        ("says", words.plain(result.summary)),
        ("log", result.attempts[-1].log if result.attempts else ""),
    ]
    yield from (f"    {name:<9}  {words.plain(text)}" for name, text in facts if text)
    for number, mismatch in enumerate(result.mismatches):
        is_missing = result.placeholder and number == 0
        glyph = words.WAITING if is_missing else words.ATTENTION
        yield f"    {glyph} {words.plain(mismatch)}"
    help_ = remedy(result)
    if help_:
        yield f"    {'next':<9}  {help_}"


def why(result: DomainResult) -> str:
    """Return why a domain is not simply done, with the names that matter."""
    match result.reason:
        case Reason.OUT_OF_SCOPE:
            return f"outside its files: {words.few(result.outside_declared_files)}"
        case Reason.CHECK_FAILED:
            failed = [check.command for check in result.checks if not check.has_passed]
            return f"check failed: {words.few(failed)}"
        case Reason.BLOCKED:
            return f"blocked: {words.plain(result.summary)}"
        case None:
            return ""
        case reason:
            return reason.value.replace("_", " ")


def remedy(result: DomainResult) -> str:
    """Return what shows or repairs what is wrong with a domain; it ends with the command."""
    epic, name = result.epic_id, result.domain
    if result.status is DomainStatus.SUCCESS:
        return ""
    if _is_locked_out(result):
        agent = words.plain(result.agent.name)
        return f"log in to {agent} or give it a valid key, then  ropewalk retry {epic} {name}"
    if result.reason is Reason.OUT_OF_SCOPE:
        first = words.plain(next(iter(result.outside_declared_files), ""))
        return f"ropewalk diff {epic} {name} -- {first}"
    if result.status is DomainStatus.PARTIAL:
        return f"ropewalk diff {epic} {name}"
    if result.reason is Reason.BLOCKED:
        return f"ropewalk retry {epic} {name}"
    return f"ropewalk logs {epic} {name}"


def _why_and_what(result: DomainResult) -> str:
    """Return why a domain is not simply done, and what its agent was told where that says more."""
    is_told = _is_locked_out(result) or result.reason in _TOLD
    said = words.plain(result.summary) if is_told else ""
    return words.fit(": ".join(filter(None, (why(result), said))), _MOST_SAID)


def _is_locked_out(result: DomainResult) -> bool:
    """Whether the provider took neither log-in nor key, so that looking and trying do not help."""
    ended = result.attempts[-1].outcome if result.attempts else None
    return ended is Outcome.AUTH and result.reason in (Reason.AUTH, Reason.FAILED_WITH_WORK)


def _left_out(merge: MergeReport | None, name: str) -> str:
    if merge is None or merge.status in (MergeStatus.ABORTED, MergeStatus.UNDONE):
        return ""
    known = (each for each in merge.domains if each.name == name and each.status in _LEFT_OUT)
    domain = next(known, None)
    if domain is None:
        return ""
    why = f": {words.plain(domain.reason)}" if domain.reason else ""
    return f" · {domain.status} by the last merge{why}"


def _compared(speedup: float) -> str:
    if speedup >= 1:
        return f"{speedup:.1f} x faster than one after another"
    return "no gain: the agents' work was short beside what is around it"


def _agent(result: DomainResult) -> str:
    agent = result.agent
    return " ".join(filter(None, (agent.name, agent.version, agent.model)))


def _attempts(result: DomainResult) -> Iterator[str]:
    for attempt in result.attempts:
        code = f", exit {attempt.exit_code}" if attempt.exit_code is not None else ""
        outcome = attempt.outcome.value.replace("_", " ")
        yield f"{attempt.number}: {outcome}{code}, {words.span(attempt.duration_s)}"


def _check(check: CheckRun) -> str:
    mark = words.DONE if check.has_passed else words.FAILED
    return f"{check.command} {mark} ({words.span(check.duration_s)})"

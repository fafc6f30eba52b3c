"""The report as one web page: no scripts, nothing loaded from anywhere, every text escaped."""

import html
from collections.abc import Iterable, Sequence

from ropewalk.model.merge import MergeReport
from ropewalk.model.plan import Plan
from ropewalk.model.result import Aggregate, DomainResult
from ropewalk.model.validation import Postmortem, ValidationReport
from ropewalk.report.aggregate import next_commands
from ropewalk.report.conflict_words import account
from ropewalk.store.text import safe_text

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
td { vertical-align: top; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.success, .merged, .resolved, .landed, .passed { color: #187a2f; }
.partial, .skipped, .parked, .built { color: #96690a; }
.failed, .conflict, .blocked, .ejected { color: #b3261e; }
@media (prefers-color-scheme: dark) {
  .success, .merged, .resolved, .landed, .passed { color: #6fd58a; }
  .partial, .skipped, .parked, .built { color: #e9bd5b; }
  .failed, .conflict, .blocked, .ejected { color: #ff8a80; }
}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def report_html(
    plan: Plan,
    aggregate: Aggregate,
    results: Sequence[DomainResult],
    *,
    merge: MergeReport | None = None,
    validation: ValidationReport | None = None,
    postmortem: Postmortem | None = None,
) -> str:
    """Return the report of a run as a page that stands alone."""
    body = [
        f"<h1>{_text(plan.title)}</h1>",
        _introduction(aggregate),
        *_totals(aggregate),
        "<h2>Domains</h2>",
        *_domains(results),
    ]
    if merge is not None:
        body += _merge(merge)
    if validation is not None:
        body += _validation(validation)
    if postmortem is not None:
        body += [
            "<h2>What worked</h2>",
            _list(postmortem.worked),
            "<h2>What did not</h2>",
            _list(postmortem.failed),
        ]
    body += ["<h2>Next</h2>", _list(next_commands(aggregate, merge), code=True)]
    return _page(plan.title, body)


def _introduction(aggregate: Aggregate) -> str:
    epic, run = _text(aggregate.epic_id), _text(aggregate.run_id)
    names = f"Epic <code>{epic}</code>, run <code>{run}</code>"
    return f"<p>{names}: {_status(aggregate.status)}</p>"


def _page(title: str, body: Iterable[str]) -> str:
    head = (
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>\n{_STYLE}</style>"
    )
    content = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{content}\n'
        "</body>\n</html>\n"
    )


def _totals(aggregate: Aggregate) -> list[str]:
    summary = aggregate.summary
    files = summary.files_created + summary.files_modified + summary.files_deleted
    facts = [
        f"{summary.succeeded} of {summary.domains_total} domains succeeded",
        f"{files:,} files, +{summary.insertions:,} −{summary.deletions:,} lines",
        f"{summary.duration_s:,.0f} s",
    ]
    if summary.speedup_wall is not None and summary.speedup_wall >= 1:
        facts.append(f"{summary.speedup_wall:.1f} times the speed of one after another")
    if summary.cost_usd is not None:
        facts.append(f"{summary.cost_usd:.2f} USD")
    return [f"<p>{_text(' · '.join(facts))}</p>"]


def _domains(results: Sequence[DomainResult]) -> list[str]:
    rows = []
    for result in results:
        passed = sum(check.has_passed for check in result.checks)
        reason = result.reason.value.replace("_", " ") if result.reason else ""
        rows.append(
            (
                f"<code>{_text(result.domain)}</code>",
                _status(result.status),
                _text(reason),
                f"{len(result.files.paths)} (+{result.insertions:,} −{result.deletions:,})",
                f"{passed} of {len(result.checks)}" if result.checks else "none",
                _text(result.summary),
            )
        )
    return [_table(("domain", "status", "reason", "files", "checks", "says"), rows)]


def _merge(merge: MergeReport) -> list[str]:
    target = merge.target
    rows = []
    for domain in merge.domains:
        found = [_text(text) for text in account(domain, merge.validation)]
        found = found or [_text(domain.reason or "")]
        if domain.resolution is not None:
            look = f"ropewalk diff {merge.epic_id} {domain.name} --resolved"
            found.append(f"<code>{_text(look)}</code>")
        name = f"<code>{_text(domain.name)}</code>"
        rows.append((name, _status(domain.status), "<br>".join(found)))
    where, reason = _text(target.ref.removeprefix("refs/heads/")), _text(target.reason or "")
    move = (
        f"<code>{_text(target.base[:12])}</code> → <code>{_text((target.result or '')[:12])}</code>"
    )
    return [
        "<h2>Merge</h2>",
        f"<p>{_status(merge.status)} on <code>{where}</code> {move} {reason}</p>",
        _table(("domain", "status", "why"), rows),
    ]


def _validation(report: ValidationReport) -> list[str]:
    rows = [
        (
            str(attempt.number),
            f"<code>{_text(check.command)}</code>",
            _status("passed" if check.has_passed else "failed"),
        )
        for attempt in report.attempts
        for check in attempt.commands
    ]
    return ["<h2>Validation</h2>", _table(("attempt", "command", "outcome"), rows)]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(cell)}</th>" for cell in heads)
    lines = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{lines}\n</table>"


def _list(items: Sequence[str], *, code: bool = False) -> str:
    shown = [f"<code>{_text(item)}</code>" if code else _text(item) for item in items]
    return "<ul>\n" + "\n".join(f"<li>{item}</li>" for item in shown or ["nothing"]) + "\n</ul>"


def _status(status: str) -> str:
    return f'<strong class="{_text(status)}">{_text(status.replace("_", " "))}</strong>'


def _text(text: str) -> str:
    return html.escape(safe_text(text))

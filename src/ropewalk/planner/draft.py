"""A plan as YAML for an editor; what is written here is read back to the same plan."""

import json
import re
from collections.abc import Iterator, Sequence

from ropewalk.model.plan import DomainSpec, Plan, PlanFile, ResultPolicy

# What YAML reads as text without quotes, whatever version of it: no number, no boolean, no null.
_PLAIN = re.compile(r"[A-Za-z][\w./-]*(?: [\w./()-]+)*", re.ASCII)
_NOT_TEXT = frozenset(
    ("true", "false", "yes", "no", "on", "off", "null", "nan", "inf", "y", "n", "e")
)
# What a JSON string may hold as it is, but YAML may not.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def to_yaml(plan: Plan | PlanFile) -> str:
    """Return the parts of a plan that a person may change, one file a line."""
    return "\n".join((*_head(plan), *_domains(plan.domains), *_commands(plan))) + "\n"


def _head(plan: Plan | PlanFile) -> Iterator[str]:
    if plan.epic_id is not None:
        yield f"epic_id: {_text(plan.epic_id)}"
    yield f"title: {_text(plan.title)}"
    yield from _long("description", plan.description)


def _domains(domains: Sequence[DomainSpec]) -> Iterator[str]:
    yield "domains:" if domains else "domains: []"
    for domain in domains:
        yield f"  - name: {_text(domain.name)}"
        for line in _fields(domain):
            yield f"    {line}" if line else ""


def _fields(domain: DomainSpec) -> Iterator[str]:
    yield from _long("description", domain.description)
    yield from _list("files", domain.files)
    if domain.new_files:
        yield from _list("new_files", domain.new_files)
    yield f"depends_on: [{', '.join(_text(name) for name in domain.depends_on)}]"
    for key in ("briefing", "agent", "command"):
        value = getattr(domain, key)
        if value is not None:
            yield f"{key}: {_text(value)}"
    if domain.estimate_minutes is not None:
        yield f"estimate_minutes: {_number(domain.estimate_minutes)}"
    if domain.stacked:
        yield "stacked: true"
    if domain.result is not ResultPolicy.OPTIONAL:
        yield f"result: {domain.result.value}"
    if domain.checks:
        yield from _list("checks", domain.checks)


def _commands(plan: Plan | PlanFile) -> Iterator[str]:
    if plan.validation:
        yield from _list("validation", plan.validation)


def _list(key: str, texts: Sequence[str]) -> Iterator[str]:
    yield f"{key}:" if texts else f"{key}: []"
    for text in texts:
        yield f"  - {_text(text)}"


def _long(key: str, text: str) -> Iterator[str]:
    """Write a text of several lines as a block, if a block can hold it exactly."""
    lines = text.split("\n")
    fits = all(line == line.rstrip() and line.isprintable() for line in lines)
    if len(lines) == 1 or not fits or not lines[0] or not lines[-1] or lines[0][0] == " ":
        yield f"{key}: {_text(text)}"
        return
    yield f"{key}: |-"
    for line in lines:
        yield f"  {line}" if line else ""


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _number(value: float) -> str:
    """Write a number so that YAML 1.2 and 1.1 read the same; integers stay short."""
    return str(int(value)) if value == int(value) and abs(value) < 10**15 else repr(float(value))

"""A plan as YAML for an editor; what is written here is read back to the same plan."""

import json
from collections.abc import Iterator, Sequence

from ropewalk.model.plan import DomainSpec, Plan, PlanFile, ResultPolicy


def to_yaml(plan: Plan | PlanFile) -> str:
    """Return the parts of a plan that a person may change.

    Strings are written as JSON, which YAML reads as it is, so that no text is taken for something
    else.
    """
    return "\n".join((*_head(plan), "domains:", *_domains(plan.domains), *_tail(plan))) + "\n"


def _head(plan: Plan | PlanFile) -> Iterator[str]:
    if plan.epic_id is not None:
        yield f"epic_id: {plan.epic_id}"
    yield f"title: {_text(plan.title)}"
    yield f"description: {_text(plan.description)}"


def _domains(domains: Sequence[DomainSpec]) -> Iterator[str]:
    for domain in domains:
        yield f"  - name: {_text(domain.name)}"
        for line in _fields(domain):
            yield f"    {line}"


def _fields(domain: DomainSpec) -> Iterator[str]:
    yield f"description: {_text(domain.description)}"
    yield f"files: {_list(domain.files)}"
    if domain.new_files:
        yield f"new_files: {_list(domain.new_files)}"
    yield f"depends_on: {_list(domain.depends_on)}"
    for key in ("briefing", "agent", "command"):
        value = getattr(domain, key)
        if value is not None:
            yield f"{key}: {_text(value)}"
    if domain.estimate_minutes is not None:
        yield f"estimate_minutes: {domain.estimate_minutes}"
    if domain.stacked:
        yield "stacked: true"
    if domain.result is not ResultPolicy.OPTIONAL:
        yield f"result: {domain.result.value}"
    if domain.checks:
        yield f"checks: {_list(domain.checks)}"


def _tail(plan: Plan | PlanFile) -> Iterator[str]:
    if plan.validation:
        yield f"validation: {_list(plan.validation)}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(_text(text) for text in texts) + "]"

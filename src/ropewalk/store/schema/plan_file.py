"""A plan as a person or a planner writes it, in YAML or JSON.

What is checked here needs nothing but the text: fields, names, dependencies, patterns. Whether
files exist is found out when the plan is resolved against a commit.
"""

from collections.abc import Callable, Iterator
from functools import partial

from ropewalk.errors import InvalidInput
from ropewalk.model.plan import DomainSpec, PlanFile
from ropewalk.store.schema.characters import refuse_characters
from ropewalk.store.schema.json_text import parse_json
from ropewalk.store.schema.names import (
    check_agent_name,
    check_briefing_name,
    check_domain_name,
    check_epic_id,
    check_pattern,
)
from ropewalk.store.schema.rules import (
    check_at,
    find_order_problems,
    require_commands,
    require_unique,
)
from ropewalk.store.schema.source import Location, Source, build, find_misfits
from ropewalk.store.schema.yaml_text import parse_yaml

PLAN_LIMIT = 1 << 20


def parse_plan_file(data: bytes, *, name: str, from_person: bool = True) -> PlanFile:
    """Read a plan.

    Args:
        data: the text.
        name: what to call it in errors, usually its path; its ending tells JSON from YAML, and
            where it does not, a text that begins with ``{`` is JSON.
        from_person: False for a plan that a model or an agent made; such a plan may not say what
            is executed.

    Raises:
        InvalidInput: it cannot be used; the error names file, line and column.
    """
    parse = parse_json if _is_json(data, name) else parse_yaml
    source = parse(data, name=name, limit=PLAN_LIMIT)
    refuse_characters(source)
    plan = build(PlanFile, source)
    for problem in _find_problems(plan, source, from_person=from_person):
        raise problem
    return plan


def review_plan(data: bytes, *, name: str) -> tuple[PlanFile | None, tuple[InvalidInput, ...]]:
    """Read a plan in JSON that no person made, and find all that is wrong with it at once.

    The rules are those of `parse_plan_file`. There is a plan as soon as its fields are right, so
    that further rules can look at it, whatever else is wrong.
    """
    try:
        source = parse_json(data, name=name, limit=PLAN_LIMIT)
        refuse_characters(source)
    except InvalidInput as error:
        return None, (error,)
    misfits = find_misfits(PlanFile, source)
    if misfits:
        return None, misfits
    plan = build(PlanFile, source)
    return plan, tuple(_find_problems(plan, source, from_person=False))


def _is_json(data: bytes, name: str) -> bool:
    if name.endswith((".yaml", ".yml")):
        return False
    return name.endswith(".json") or data.lstrip()[:1] == b"{"


def _find_problems(plan: PlanFile, source: Source, *, from_person: bool) -> Iterator[InvalidInput]:
    """Yield everything that is wrong, in the order in which a person is to hear of it."""
    if not plan.domains:
        yield source.error(
            "the plan has no domains", at=("domains",), hint="add at least one domain"
        )
    for check in _checks(plan, source):
        try:
            check()
        except InvalidInput as error:
            yield error
    needs = {domain.name: domain.depends_on for domain in plan.domains}
    yield from find_order_problems(source, ("domains",), needs)
    if not from_person:
        yield from _find_commands(plan, source)


def _checks(plan: PlanFile, source: Source) -> Iterator[Callable[[], None]]:
    if plan.epic_id is not None:
        yield partial(check_at, source, ("epic_id",), check_epic_id, plan.epic_id)
    yield partial(require_commands, source, ("validation",), plan.validation)
    for index, domain in enumerate(plan.domains):
        yield from _checks_of(domain, source, ("domains", index))
    names = tuple(domain.name for domain in plan.domains)
    yield partial(require_unique, source, ("domains",), names)


def _checks_of(domain: DomainSpec, source: Source, at: Location) -> Iterator[Callable[[], None]]:
    yield partial(check_at, source, (*at, "name"), check_domain_name, domain.name)
    yield partial(_require_files, domain, source, at)
    for field, patterns in (("files", domain.files), ("new_files", domain.new_files)):
        for number, pattern in enumerate(patterns):
            yield partial(check_at, source, (*at, field, number), check_pattern, pattern)
    yield partial(require_commands, source, (*at, "checks"), domain.checks)
    if domain.briefing is not None:
        place = (*at, "briefing")
        yield partial(check_at, source, place, check_briefing_name, domain.briefing)
    if domain.agent is not None:
        yield partial(check_at, source, (*at, "agent"), check_agent_name, domain.agent)
    if domain.command is not None:
        yield partial(require_commands, source, (*at, "command"), (domain.command,))
    yield partial(_require_estimate, domain, source, at)


def _require_files(domain: DomainSpec, source: Source, at: Location) -> None:
    if not domain.files and not domain.new_files:
        raise source.error(
            f"domain '{domain.name}' names no files", at=at, hint="add files or new_files"
        )


def _require_estimate(domain: DomainSpec, source: Source, at: Location) -> None:
    if domain.estimate_minutes is not None and domain.estimate_minutes <= 0:
        raise source.error("an estimate must be more than 0 minutes", at=(*at, "estimate_minutes"))


def _find_commands(plan: PlanFile, source: Source) -> Iterator[InvalidInput]:
    refused: list[Location] = [("validation",)] if plan.validation else []
    for index, domain in enumerate(plan.domains):
        fields = {"agent": domain.agent, "command": domain.command, "checks": domain.checks}
        refused += [("domains", index, field) for field, value in fields.items() if value]
    for at in refused:
        yield source.error(
            f"a plan that was not written by a person may not hold '{at[-1]}'",
            at=at,
            hint="put commands into ropewalk.toml, or into a plan of your own",
            code="command_in_plan",
            of_key=True,
        )

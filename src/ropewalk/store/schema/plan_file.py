"""A plan as a person or a planner writes it, in YAML or JSON.

What is checked here needs nothing but the text: fields, names, dependencies, patterns. Whether
files exist is found out when the plan is resolved against a commit.
"""

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
    check_each,
    require_commands,
    require_order,
    require_unique,
)
from ropewalk.store.schema.source import Location, Source, build
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
    _require_usable(plan, source)
    if not from_person:
        _refuse_commands(plan, source)
    return plan


def _is_json(data: bytes, name: str) -> bool:
    if name.endswith((".yaml", ".yml")):
        return False
    return name.endswith(".json") or data.lstrip()[:1] == b"{"


def _require_usable(plan: PlanFile, source: Source) -> None:
    if plan.epic_id is not None:
        check_at(source, ("epic_id",), check_epic_id, plan.epic_id)
    if not plan.domains:
        raise source.error(
            "the plan has no domains", at=("domains",), hint="add at least one domain"
        )
    require_commands(source, ("validation",), plan.validation)
    for index, domain in enumerate(plan.domains):
        _require_domain(domain, source, ("domains", index))
    names = tuple(domain.name for domain in plan.domains)
    require_unique(source, ("domains",), names)
    require_order(source, ("domains",), {one.name: one.depends_on for one in plan.domains})


def _require_domain(domain: DomainSpec, source: Source, at: Location) -> None:
    check_at(source, (*at, "name"), check_domain_name, domain.name)
    if not domain.files and not domain.new_files:
        raise source.error(
            f"domain '{domain.name}' names no files", at=at, hint="add files or new_files"
        )
    for field, patterns in (("files", domain.files), ("new_files", domain.new_files)):
        check_each(source, (*at, field), check_pattern, patterns)
    require_commands(source, (*at, "checks"), domain.checks)
    if domain.briefing is not None:
        check_at(source, (*at, "briefing"), check_briefing_name, domain.briefing)
    if domain.agent is not None:
        check_at(source, (*at, "agent"), check_agent_name, domain.agent)
    if domain.command is not None:
        require_commands(source, (*at, "command"), (domain.command,))
    if domain.estimate_minutes is not None and domain.estimate_minutes <= 0:
        raise source.error("an estimate must be more than 0 minutes", at=(*at, "estimate_minutes"))


def _refuse_commands(plan: PlanFile, source: Source) -> None:
    refused: list[Location] = [("validation",)] if plan.validation else []
    for index, domain in enumerate(plan.domains):
        fields = {"agent": domain.agent, "command": domain.command, "checks": domain.checks}
        refused += [("domains", index, field) for field, value in fields.items() if value]
    if refused:
        raise source.error(
            f"a plan that was not written by a person may not hold '{refused[0][-1]}'",
            at=refused[0],
            hint="put commands into ropewalk.toml, or into a plan of your own",
            code="command_in_plan",
            of_key=True,
        )

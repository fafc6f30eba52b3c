"""From a plan as it was written to the plan that is run: globs become paths of the base tree.

Pure: the same plan file, tree and arguments give the same plan and the same hash. The plan given is
valid by itself (names, dependencies, patterns); what needs the tree is found out here.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace

from ropewalk.errors import InvalidInput
from ropewalk.model.plan import (
    Base,
    DecisionReason,
    Domain,
    DomainNotes,
    DomainSpec,
    Mode,
    Overlap,
    Plan,
    PlanFile,
    PlanningNotes,
    ReasonCode,
)
from ropewalk.planner.decision import (
    Claims,
    critical_path,
    decide,
    expected_speedup,
    find_overlaps,
    sort_domains,
)
from ropewalk.planner.tree_index import TreeIndex

_GLOB = frozenset("*?[!")
_OVERLAPS_SHOWN = 20
_NOT_HASHED = frozenset(("plan_hash", "created_at", "planner_note"))


def resolve_plan(
    plan_file: PlanFile,
    *,
    epic_id: str,
    paths: Sequence[str],
    base: Base,
    target: str | None,
    planner: str,
    created_at: str,
    planner_note: str = "",
    default_validation: Sequence[str] = (),
    jobs: int | None = None,
) -> tuple[Plan, PlanningNotes]:
    """Expand a plan on the base tree and decide whether to work in parallel.

    Args:
        plan_file: what a person or a planner wrote.
        epic_id: the id that the plan gets.
        paths: all paths of the base tree.
        base: where the domains start.
        target: full name of the branch to land on; None when HEAD is detached.
        planner: who made the plan: `file`, `static`, `model` or `agent`.
        created_at: the time as text.
        planner_note: why another planner than the one that was asked made the plan.
        default_validation: commands for a plan that names none.
        jobs: how many domains may be at work at once; None: all.

    Returns:
        the plan with its hash, and what a person should know: patterns without a match, overlaps.

    Raises:
        InvalidInput: no domains, a dependency that is not in the plan, or a cycle.
    """
    if not plan_file.domains:
        raise InvalidInput(
            "the plan has no domains", hint="name at least one domain", code="no_domains"
        )
    readable = [path for path in paths if _is_text(path)]
    domains, claims, warnings = _expand(plan_file.domains, readable)
    overlaps = find_overlaps(claims)
    plan = Plan(
        epic_id=epic_id,
        title=plan_file.title or epic_id,
        description=plan_file.description,
        base=base,
        target=target,
        planner=planner,
        created_at=created_at,
        planner_note=planner_note,
        decision=decide(domains, claims, jobs=jobs),
        domains=domains,
        overlaps=overlaps,
        merge_order=sort_domains({domain.name: domain.depends_on for domain in domains}),
        validation=plan_file.validation or tuple(default_validation),
        plan_hash="",
    )
    warnings = (*warnings, *_overlap_warnings(overlaps), *_unreadable(len(paths) - len(readable)))
    return rehash(plan), _make_notes(plan, warnings)


def rehash(plan: Plan) -> Plan:
    """Return the plan with the hash of what it says now."""
    return replace(plan, plan_hash=_hash(plan))


def is_unchanged(plan: Plan) -> bool:
    """Whether the plan still says what its hash was made of."""
    return plan.plan_hash == _hash(plan)


def override_mode(plan: Plan, mode: Mode) -> Plan:
    """Return the plan in another mode, with the reason recorded; the same plan if it has it."""
    if plan.decision.mode is mode:
        return plan
    reason = DecisionReason(
        code=ReasonCode.OVERRIDE, text=f"{mode} was asked for; the plan says {plan.decision.mode}"
    )
    decision = replace(
        plan.decision,
        mode=mode,
        reasons=(*plan.decision.reasons, reason),
        expected_speedup=expected_speedup(plan.domains) if mode is Mode.PARALLEL else None,
        critical_path=critical_path(plan.domains),
    )
    return rehash(replace(plan, decision=decision))


def _make_notes(plan: Plan, warnings: tuple[str, ...]) -> PlanningNotes:
    return PlanningNotes(
        domains=tuple(DomainNotes(domain=d.name, why=d.files, unsure=()) for d in plan.domains),
        warnings=warnings,
        sure=plan.decision.files,
        total=plan.decision.files,
    )


def _expand(
    specs: Sequence[DomainSpec], paths: Sequence[str]
) -> tuple[tuple[Domain, ...], Claims, tuple[str, ...]]:
    """Find each domain's paths, and what it claims: those and what will be new below its globs."""
    tree = TreeIndex(paths)
    news = TreeIndex({new for spec in specs for new in spec.new_files if not _GLOB & set(new)})
    domains: list[Domain] = []
    claims: dict[str, frozenset[str]] = {}
    warnings: list[str] = []
    for spec in specs:
        found = tree.select(spec.files)
        minutes = None if spec.estimate_minutes is None else float(spec.estimate_minutes)
        written = {field.name: getattr(spec, field.name) for field in fields(DomainSpec)}
        domains.append(Domain(**{**written, "estimate_minutes": minutes, "paths": found}))
        claims[spec.name] = frozenset(
            (*found, *spec.new_files, *news.select((*spec.files, *spec.new_files)))
        )
        warnings.extend(_pattern_warnings(spec, tree))
    return tuple(domains), claims, tuple(warnings)


def _pattern_warnings(spec: DomainSpec, tree: TreeIndex) -> Iterable[str]:
    for pattern in spec.files:
        if not pattern.startswith("!") and not tree.select((pattern,)):
            yield f"{spec.name}: '{pattern}' matches no file of the base"
    for new in spec.new_files:
        if new in tree:
            yield f"{spec.name}: '{new}' is named as new, but the base has it"


def _overlap_warnings(overlaps: Sequence[Overlap]) -> Iterable[str]:
    for overlap in overlaps[:_OVERLAPS_SHOWN]:
        names = ", ".join(overlap.domains[:-1])
        yield (
            f"{overlap.path} is claimed by {names} and {overlap.domains[-1]}: "
            "they merge one on top of the other"
        )
    if len(overlaps) > _OVERLAPS_SHOWN:
        yield f"{len(overlaps) - _OVERLAPS_SHOWN} more paths are claimed by several domains"


def _unreadable(count: int) -> Iterable[str]:
    if count:
        yield f"{count} paths of the base are not UTF-8 and belong to no domain"


def _is_text(path: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in path)


def _hash(plan: Plan) -> str:
    content = {k: v for k, v in asdict(plan).items() if k not in _NOT_HASHED}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()

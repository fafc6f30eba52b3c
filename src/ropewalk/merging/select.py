"""Which domains take part in a merge, and why the others do not. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ropewalk.errors import InvalidInput
from ropewalk.merging.values import MergeInput
from ropewalk.model.merge import MergedDomain, MergedDomainStatus
from ropewalk.model.plan import Domain
from ropewalk.model.result import DomainResult, DomainStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """A domain that takes part; ``head`` is None when there is nothing of it to merge."""

    name: str
    head: str | None
    depends_on: tuple[str, ...]
    description: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The domains that take part, by name, and the final entry of each that does not."""

    strands: Mapping[str, Strand]
    left_out: Mapping[str, MergedDomain]


def select(given: MergeInput) -> Selection:
    """Decide which domains of the plan are merged.

    Raises:
        InvalidInput: an option names a domain that is not in the plan, or includes one whose work
            cannot be used.
    """
    results = {result.domain: result for result in given.results}
    _require_known(given)
    strands: dict[str, Strand] = {}
    left_out: dict[str, MergedDomain] = {}
    for domain in given.plan.domains:
        result = results.get(domain.name)
        reason = _why_not(domain.name, result, given)
        if reason is not None or result is None:
            left_out[domain.name] = MergedDomain(
                name=domain.name,
                status=MergedDomainStatus.SKIPPED,
                reason=reason,
                depends_on=domain.depends_on,
            )
        else:
            strands[domain.name] = _strand(domain, result)
    return Selection(strands=strands, left_out=left_out)


def without(selection: Selection, entries: Iterable[MergedDomain]) -> Selection:
    """Return the selection with the domains of ``entries`` left out as these say."""
    out = {entry.name: entry for entry in entries}
    return Selection(
        strands={name: strand for name, strand in selection.strands.items() if name not in out},
        left_out={**selection.left_out, **out},
    )


def _strand(domain: Domain, result: DomainResult) -> Strand:
    has_work = result.head is not None and result.head != result.base
    return Strand(
        name=domain.name,
        head=result.head if has_work else None,
        depends_on=domain.depends_on,
        description=domain.description,
        agent=result.agent.name,
    )


def _why_not(name: str, result: DomainResult | None, given: MergeInput) -> str | None:
    if name in given.options.skip:
        return "left out by --skip"
    if result is None:
        return "no result was collected"
    why = f"{result.status}: {result.reason}" if result.reason else str(result.status)
    match result.status:
        case DomainStatus.SUCCESS:
            return None
        case DomainStatus.PARTIAL:
            is_wanted = name in given.options.include or name in given.landed
            return None if is_wanted else f"{why}; take it in with --include {name}"
        case DomainStatus.FAILED:
            return why


def _require_known(given: MergeInput) -> None:
    names = {domain.name for domain in given.plan.domains}
    for name in (*given.options.include, *given.options.skip):
        if name not in names:
            raise InvalidInput(
                f"domain '{name}' is not in the plan of {given.epic_id}",
                hint=f"its domains are {', '.join(sorted(names))}",
            )
    for result in given.results:
        if result.domain in given.options.include and result.status is DomainStatus.FAILED:
            raise InvalidInput(
                f"domain '{result.domain}' failed ({result.reason or 'no reason'}) and cannot be"
                " included",
                hint=f"ropewalk retry {given.epic_id} {result.domain}",
            )

"""What a plan will take, by what earlier epics of this repository took. Nothing here is guessed.

A domain is taken to need what domains with the same briefing needed before, in the middle; a number
for the whole plan is there only when every domain has one. Minutes that the plan itself estimates
come before those of history. What did not succeed says nothing about what success takes.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from statistics import median

from ropewalk.agents.prices import cost_of, find_price
from ropewalk.epic.look import briefing_names
from ropewalk.epic.runs import planned_epics, require_plan
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import RopewalkError
from ropewalk.model.config import PriceConfig
from ropewalk.model.forecast import Forecast
from ropewalk.model.plan import Mode, Plan
from ropewalk.model.result import DomainResult, DomainStatus
from ropewalk.planner.decision import expected_speedup
from ropewalk.store.schema.documents import read_document

_EPICS_READ = 50
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What one domain of an earlier epic took."""

    seconds: float
    cost_usd: float | None


def forecast(workspace: Workspace, plan: Plan) -> Forecast:
    """Return what the domains of a plan are expected to take."""
    past = _read_past(workspace, but=plan.epic_id)
    briefings = briefing_names(workspace, plan)
    known = {domain.name: past.get(briefings[domain.name], ()) for domain in plan.domains}
    is_estimated = all(domain.estimate_minutes is not None for domain in plan.domains)
    minutes = {
        domain.name: domain.estimate_minutes
        if is_estimated
        else _middle([one.seconds / _MINUTE_S for one in known[domain.name]])
        for domain in plan.domains
    }
    costs = [_middle([one.cost_usd for one in found]) for found in known.values()]
    work_s, wall_s = _times(plan, minutes)
    return Forecast(
        work_s=work_s,
        wall_s=wall_s,
        cost_usd=_sum(costs),
        from_plan=is_estimated,
        seen=sum(len(found) for found in known.values()),
    )


def _times(plan: Plan, minutes: Mapping[str, float | None]) -> tuple[float | None, float | None]:
    work = _sum(list(minutes.values()))
    if work is None:
        return None, None
    specs = [replace(domain, estimate_minutes=minutes[domain.name]) for domain in plan.domains]
    speedup = expected_speedup(specs) if plan.decision.mode is Mode.PARALLEL else None
    return work * _MINUTE_S, work * _MINUTE_S / (speedup or 1.0)


def _middle(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return median(known) if known else None


def _sum(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known and len(known) == len(numbers) else None


def _read_past(workspace: Workspace, *, but: str) -> Mapping[str, Sequence[_Past]]:
    """Return what earlier domains took, by briefing; of the epics that were planned last."""
    found: defaultdict[str, list[_Past]] = defaultdict(list)
    for plan in _plans(workspace, but=but)[:_EPICS_READ]:
        names = briefing_names(workspace, plan)
        for result in _results(workspace, plan):
            found[names[result.domain]].append(_past(result, workspace.config.prices))
    return found


def _plans(workspace: Workspace, *, but: str) -> list[Plan]:
    """Return the plans of other epics, the newest first; what cannot be read says nothing."""
    plans: list[Plan] = []
    for epic_id in planned_epics(workspace):
        if epic_id != but:
            with suppress(RopewalkError):
                plans.append(require_plan(workspace, epic_id))
    return sorted(plans, key=lambda plan: plan.created_at, reverse=True)


def _results(workspace: Workspace, plan: Plan) -> Iterator[DomainResult]:
    for domain in plan.domains:
        with suppress(RopewalkError):
            path = workspace.layout.domain_results(plan.epic_id, domain.name)
            result = read_document(DomainResult, path)
            if result.status is DomainStatus.SUCCESS and result.attempts:
                yield result


def _past(result: DomainResult, prices: Mapping[str, PriceConfig]) -> _Past:
    price = find_price(prices, result.agent.model)
    cost = result.usage.cost_usd
    if cost is None and price is not None:
        cost = cost_of(result.usage, price)
    return _Past(seconds=sum(one.duration_s for one in result.attempts), cost_usd=cost)

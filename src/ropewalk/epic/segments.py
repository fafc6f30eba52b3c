"""The graphs of an epic: which steps a verb adds to a run, and what each step is given.

A step id is ``<kind>:<domain>:<round>`` or ``<kind>:<round>``; a round is what one verb adds.
Payloads are JSON, so that a resumed run starts from exactly what was decided before the kill.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ropewalk.model.graph import Retry, Step, WhenNeeds
from ropewalk.model.plan import Domain, Mode, Plan
from ropewalk.model.values import JsonObject, Value


class Through(StrEnum):
    """The last phase that a run goes to by itself."""

    RESULTS = "results"
    MERGE = "merge"
    VALIDATE = "validate"
    POSTMORTEM = "postmortem"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChoice(Value):
    """The agent of a domain: a name of the configuration, or a shell command.

    ``slots`` is how many of this agent may be at work at once, ``resumes`` whether it can go on
    with a session, ``keeps_budget`` whether it ends itself at a limit in dollars, ``version`` what
    its program said when it was asked.
    """

    name: str
    shell: str | None = None
    retries: int = 0
    memory_mb: int = 0
    slots: int | None = None
    resumes: bool = False
    keeps_budget: bool = False
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder(Value):
    """What a round of work is to do; the payload of its ``prepare`` step.

    ``budget_configured`` says that ``budget_usd`` is that of the configuration: it holds for this
    round, and what the configuration says then for the next.
    """

    round: int
    domains: tuple[str, ...]
    mode: Mode
    through: Through = Through.RESULTS
    agents: Mapping[str, AgentChoice]
    merge: JsonObject = field(default_factory=dict)
    message: str | None = None
    fresh: bool = False
    budget_usd: float | None = None
    budget_configured: bool = False


def next_round(step_ids: Iterable[str]) -> int:
    """Return the number of the next round, counting from 1."""
    rounds = (int(step.rsplit(":", 1)[-1]) for step in step_ids)
    return max(rounds, default=0) + 1


def work_steps(plan: Plan, order: WorkOrder) -> tuple[Step, ...]:
    """Return the steps that follow a finished preparation."""
    domains = [plan.domain(name) for name in plan.merge_order if name in order.domains]
    steps = (
        _sequential(domains, order) if order.mode is Mode.SEQUENTIAL else _parallel(domains, order)
    )
    collected = tuple(step.id for step in steps if step.kind == "collect")
    aggregate = aggregate_step(order.round, needs=collected)
    return (*steps, aggregate, *_following(order, aggregate.id))


def aggregate_step(number: int, *, needs: Sequence[str]) -> Step:
    """Return the step that adds up what was collected."""
    return Step(
        id=f"aggregate:{number}",
        kind="aggregate",
        needs=tuple(needs),
        when_needs=WhenNeeds.ALWAYS,
    )


def merge_steps(number: int, options: JsonObject, *, needs: Sequence[str] = ()) -> tuple[Step, ...]:
    """Return the steps of a merge: build the train and check it, then land it and clean up."""
    build = Step(id=f"train:{number}", kind="train", needs=tuple(needs), payload=options)
    check = Step(id=f"check:{number}", kind="check", needs=(build.id,), payload=options)
    land = Step(id=f"land:{number}", kind="land", needs=(check.id,), payload=options)
    return build, check, land


def _following(order: WorkOrder, aggregate: str) -> tuple[Step, ...]:
    if order.through is Through.RESULTS:
        return ()
    if order.through is Through.MERGE:
        return merge_steps(order.round, order.merge, needs=(aggregate,))
    train, check, land = merge_steps(order.round, order.merge, needs=(aggregate,))
    validate = Step(
        id=f"validate:{order.round}",
        kind="validate",
        needs=(check.id,),
        payload={**order.merge, "on_train": True},
    )
    landing = Step(id=land.id, kind="land", needs=(check.id, validate.id), payload=order.merge)
    steps = (train, check, validate, landing)
    if order.through is Through.VALIDATE:
        return steps
    return (*steps, postmortem_step(order.round, needs=(landing.id,)))


def postmortem_step(number: int, *, needs: Sequence[str] = (), facts: bool = False) -> Step:
    """Return the step that looks back at a run; with ``facts`` no agent is asked."""
    return Step(
        id=f"postmortem:{number}",
        kind="postmortem",
        needs=tuple(needs),
        when_needs=WhenNeeds.ALWAYS,
        payload={"facts": facts},
    )


def _parallel(domains: Sequence[Domain], order: WorkOrder) -> list[Step]:
    steps: list[Step] = []
    names = {domain.name for domain in domains}
    for domain in domains:
        before = [name for name in domain.depends_on if name in names] if domain.stacked else []
        needs = [f"collect:{name}:{order.round}" for name in before]
        steps += _pair(domain, order, needs=needs, when=WhenNeeds.ALL_SUCCESS)
    return steps


def _sequential(domains: Sequence[Domain], order: WorkOrder) -> list[Step]:
    steps: list[Step] = []
    before: list[str] = []
    for domain in domains:
        pair = _pair(domain, order, needs=before, when=WhenNeeds.ALWAYS)
        steps += pair
        before = [pair[-1].id]
    return steps


def _pair(
    domain: Domain, order: WorkOrder, *, needs: Sequence[str], when: WhenNeeds
) -> tuple[Step, Step]:
    choice = order.agents[domain.name]
    payload: JsonObject = {
        "domain": domain.name,
        "agent": {
            "name": choice.name,
            "shell": choice.shell,
            "resumes": choice.resumes,
            "keeps_budget": choice.keeps_budget,
            "version": choice.version,
        },
        "sequential": order.mode is Mode.SEQUENTIAL,
        "message": order.message,
        "fresh": order.fresh,
        "budget_usd": order.budget_usd,
    }
    minutes = domain.estimate_minutes
    work = Step(
        id=f"work:{domain.name}:{order.round}",
        kind="work",
        needs=tuple(needs),
        when_needs=when,
        payload=payload,
        resources={"jobs": 1, "memory_mb": choice.memory_mb, **_slot(choice)},
        estimate_s=minutes * 60 if minutes else None,
        retry=Retry(max_attempts=choice.retries + 1, delay_s=1.0, max_delay_s=60.0),
    )
    return work, collect_step(domain.name, order.round, payload=payload, needs=(work.id,))


def slots_pool(agent: str) -> str:
    """Return the name of the pool from which an agent takes one of its slots."""
    return f"slots {agent}"


def _slot(choice: AgentChoice) -> Mapping[str, float]:
    return {} if choice.slots is None else {slots_pool(choice.name): 1}


def collect_step(name: str, number: int, *, payload: JsonObject, needs: Sequence[str] = ()) -> Step:
    """Return the step that takes in the work of one domain, whatever became of its agent."""
    return Step(
        id=f"collect:{name}:{number}",
        kind="collect",
        needs=tuple(needs),
        when_needs=WhenNeeds.ALWAYS,
        payload=payload,
        resources={"checks": 1},
    )

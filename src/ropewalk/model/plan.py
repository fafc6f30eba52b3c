"""What is to be done: an epic split into domains, and the answer to "should this be parallel?"."""

from dataclasses import dataclass, replace
from enum import StrEnum

from ropewalk.model.values import Value


class Mode(StrEnum):
    """How the domains of an epic are worked on."""

    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"


class ReasonCode(StrEnum):
    """Why the decision for or against parallel work was taken."""

    FEW_FILES = "few_files"
    SINGLE_DOMAIN = "single_domain"
    OVERLAP = "overlap"
    NOT_SEPARABLE = "not_separable"
    OK = "ok"
    OVERRIDE = "override"


class ResultPolicy(StrEnum):
    """Whether an agent must write its own account of what it did."""

    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionReason(Value):
    """One reason of a decision: a stable code and a sentence for people."""

    code: ReasonCode
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Value):
    """Whether parallel work pays, with the figures that decided it.

    ``expected_speedup`` is the sum of the estimated minutes over the longest chain that must run
    one after another; None when a domain has no estimate, and always None in sequential mode.
    """

    mode: Mode
    reasons: tuple[DecisionReason, ...]
    files: int
    domains: int
    overlap_percent: float
    expected_speedup: float | None
    critical_path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSpec(Value):
    """A domain as a person or a planner writes it."""

    name: str
    description: str = ""
    files: tuple[str, ...] = ()
    new_files: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    briefing: str | None = None
    agent: str | None = None
    command: str | None = None
    estimate_minutes: float | None = None
    stacked: bool = False
    result: ResultPolicy = ResultPolicy.OPTIONAL
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(DomainSpec):
    """A domain of a plan: its globs resolved to the ``paths`` of the base tree, sorted."""

    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile(Value):
    """A plan as a person writes it, before it is resolved against a base commit."""

    domains: tuple[DomainSpec, ...]
    epic_id: str | None = None
    title: str = ""
    description: str = ""
    validation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Base(Value):
    """Where all domains start: the ref as the user named it, and the commit it meant then."""

    ref: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap(Value):
    """A path that two or more domains claim."""

    path: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Value):
    """``parallel_analysis.json``: the frozen plan that ``run`` executes.

    ``target`` is the full name of the branch to land on, or None when HEAD was detached.
    ``planner_note`` says why another planner than the one that was asked made the plan; else empty.
    ``plan_hash`` covers every field but itself, ``created_at`` and ``planner_note``.
    """

    epic_id: str
    title: str
    description: str
    base: Base
    target: str | None
    planner: str
    created_at: str
    decision: Decision
    domains: tuple[Domain, ...]
    overlaps: tuple[Overlap, ...]
    merge_order: tuple[str, ...]
    validation: tuple[str, ...]
    plan_hash: str
    schema_version: int = 1
    planner_note: str = ""

    def domain(self, name: str) -> Domain:
        """Return the domain called ``name``.

        Raises:
            KeyError: the plan has no such domain.
        """
        for domain in self.domains:
            if domain.name == name:
                return domain
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainNotes(Value):
    """Why a planner chose the files of a domain, and which of them it is not sure of."""

    domain: str
    why: tuple[str, ...]
    unsure: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Value):
    """What it took to ask a model or an agent for a plan; a number that nobody told is None.

    ``answers`` counts what was answered now; it is 0 when the answer was kept from before, and then
    ``saved_tokens`` are those that it took at that time. ``hits`` of ``lookups`` questions to the
    cache of this repository found an answer so far, which saved ``saved_in_all`` tokens.
    """

    by: str
    answers: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cost_usd: float | None = None
    saved_tokens: int | None = None
    hits: int = 0
    lookups: int = 0
    saved_in_all: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningNotes(Value):
    """What a planner wants a person to know: reasons, doubts, what it left out, warnings.

    ``asked`` is None for a plan that no model and no agent was asked for.
    """

    domains: tuple[DomainNotes, ...] = ()
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sure: int = 0
    total: int = 0
    asked: Asked | None = None

    def plus(self, found: "PlanningNotes") -> "PlanningNotes":
        """Return these notes with what was found out when the plan was resolved."""
        return replace(
            self,
            domains=self.domains or found.domains,
            left_out=(*self.left_out, *found.left_out),
            warnings=(*self.warnings, *found.warnings),
            sure=self.sure or found.sure,
            total=self.total or found.total,
        )

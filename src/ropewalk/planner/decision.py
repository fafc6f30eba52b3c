"""Whether an epic should be worked on in parallel, and what that would bring.

Parallel when there are at least five files and two domains, less than 30 % of the files are claimed
twice, and no domain's files lie inside another's. All figures are functions of the plan alone; a
figure that has no source is None. Nothing recurses and nothing compares all pairs of domains.
"""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ropewalk.errors import InvalidInput
from ropewalk.model.plan import Decision, DecisionReason, DomainSpec, Mode, Overlap, ReasonCode

FILES_MIN = 5
DOMAINS_MIN = 2
OVERLAP_LIMIT = Fraction(30)

Claims = Mapping[str, frozenset[str]]


def decide(domains: Sequence[DomainSpec], claims: Claims, *, jobs: int | None = None) -> Decision:
    """Apply the decision rule.

    Args:
        domains: the domains of a valid plan.
        claims: the paths of each domain, existing and new.
        jobs: how many domains may be at work at once; None: all.
    """
    overlap = overlap_percent(claims)
    files = len(frozenset[str]().union(*claims.values()))
    against = tuple(_reasons_against(claims, files=files, overlap=overlap))
    mode = Mode.SEQUENTIAL if against else Mode.PARALLEL
    shown = _round_percent(overlap)
    fine = DecisionReason(
        code=ReasonCode.OK, text=f"{files} files in {len(domains)} domains, {shown} % shared"
    )
    return Decision(
        mode=mode,
        reasons=against or (fine,),
        files=files,
        domains=len(domains),
        overlap_percent=shown,
        expected_speedup=expected_speedup(domains, jobs=jobs) if mode is Mode.PARALLEL else None,
        critical_path=critical_path(domains),
    )


def overlap_percent(claims: Claims) -> Fraction:
    """Return the share of distinct paths that two or more domains claim, in percent, exactly."""
    by_path = _claimants(claims)
    if not by_path:
        return Fraction(0)
    return Fraction(100 * sum(len(names) > 1 for names in by_path.values()), len(by_path))


def find_overlaps(claims: Claims) -> tuple[Overlap, ...]:
    """List the paths that two or more domains claim, sorted by path."""
    return tuple(
        Overlap(path=path, domains=tuple(sorted(names)))
        for path, names in sorted(_claimants(claims).items())
        if len(names) > 1
    )


def sort_domains(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the names so that each stands after all it needs; ties go by name.

    Raises:
        InvalidInput: a need is not among the names, or they need each other in a circle.
    """
    missing = {name: len(set(wanted)) for name, wanted in needs.items()}
    dependants: defaultdict[str, list[str]] = defaultdict(list)
    for name, wanted in needs.items():
        for need in set(wanted):
            if need not in needs:
                raise InvalidInput(
                    f"domain '{name}' needs '{need}', which is not in the plan",
                    hint=f"add '{need}' or remove it from depends_on",
                    code="unknown_dependency",
                )
            dependants[need].append(name)
    ready = sorted(name for name, count in missing.items() if count == 0)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for other in dependants[name]:
            missing[other] -= 1
            if missing[other] == 0:
                heapq.heappush(ready, other)
    if len(order) < len(needs):
        stuck = ", ".join(sorted(set(needs) - set(order))[:10])
        raise InvalidInput(
            f"domains need each other in a circle, among {stuck}",
            hint="remove one of their depends_on",
            code="cycle",
        )
    return tuple(order)


def expected_speedup(domains: Sequence[DomainSpec], *, jobs: int | None = None) -> float | None:
    """Return the sum of the estimates over the time that a schedule of the domains takes.

    Only a ``stacked`` domain waits for its dependencies to start. None when a domain has no
    estimate or there is nothing to gain from: fewer than two domains, or no time at all.
    """
    estimates = _estimates(domains)
    if estimates is None or len(domains) < DOMAINS_MIN or not any(estimates.values()):
        return None
    finish = _schedule(domains, estimates, slots=max(1, jobs or len(domains)))
    return round(sum(estimates.values()) / finish, 2)


def critical_path(domains: Sequence[DomainSpec]) -> tuple[str, ...]:
    """Return the chain of domains that must run one after another and takes longest.

    Without estimates for all domains every domain counts the same; then a chain of one says
    nothing and none is returned.
    """
    estimates = _estimates(domains)
    weights = estimates or {domain.name: 1.0 for domain in domains}
    waits = _waits(domains)
    ends: dict[str, float] = {}
    before: dict[str, str] = {}
    for name in sort_domains(waits):
        longest = max(waits[name], key=lambda need: (ends[need], need), default=None)
        ends[name] = weights[name]
        if longest is not None:
            before[name] = longest
            ends[name] += ends[longest]
    path = [min(ends, key=lambda name: (-ends[name], name))]
    while path[-1] in before:
        path.append(before[path[-1]])
    return tuple(reversed(path)) if estimates or len(path) > 1 else ()


def _reasons_against(claims: Claims, *, files: int, overlap: Fraction) -> list[DecisionReason]:
    reasons: list[DecisionReason] = []
    if files < FILES_MIN:
        text = f"{files} {'file' if files == 1 else 'files'}; parallel work pays from {FILES_MIN}"
        reasons.append(DecisionReason(code=ReasonCode.FEW_FILES, text=text))
    if len(claims) < DOMAINS_MIN:
        text = "one domain: nothing to do at the same time"
        reasons.append(DecisionReason(code=ReasonCode.SINGLE_DOMAIN, text=text))
    if overlap >= OVERLAP_LIMIT:
        text = (
            f"{_round_percent(overlap)} % of the files are claimed by more than one domain; "
            f"parallel work pays below {OVERLAP_LIMIT} %"
        )
        reasons.append(DecisionReason(code=ReasonCode.OVERLAP, text=text))
    if inside := find_inside(claims):
        text = f"all files of '{inside[0]}' are also files of '{inside[1]}'"
        reasons.append(DecisionReason(code=ReasonCode.NOT_SEPARABLE, text=text))
    return reasons


def find_inside(claims: Claims) -> tuple[str, str] | None:
    """Find a domain whose files all belong to another one too; the first by name."""
    by_path = _claimants(claims)
    for name in sorted(claims):
        own = claims[name]
        rarest = min((by_path[path] for path in own), key=len, default=frozenset[str]())
        for other in sorted(rarest - {name}):
            if own <= claims[other]:
                return name, other
    return None


def _claimants(claims: Claims) -> dict[str, frozenset[str]]:
    names: defaultdict[str, set[str]] = defaultdict(set)
    for name, paths in claims.items():
        for path in paths:
            names[path].add(name)
    return {path: frozenset(found) for path, found in names.items()}


def _round_percent(exact: Fraction) -> float:
    """Round to one digit, without rounding up to the limit what is below it."""
    shown = round(float(exact), 1)
    if exact < OVERLAP_LIMIT <= shown:
        return float(OVERLAP_LIMIT) - 0.1
    return shown


def _estimates(domains: Sequence[DomainSpec]) -> dict[str, float] | None:
    found = {
        domain.name: float(domain.estimate_minutes)
        for domain in domains
        if domain.estimate_minutes is not None
    }
    return found if len(found) == len(domains) else None


def _waits(domains: Sequence[DomainSpec]) -> dict[str, tuple[str, ...]]:
    return {domain.name: domain.depends_on if domain.stacked else () for domain in domains}


def _schedule(domains: Sequence[DomainSpec], minutes: Mapping[str, float], *, slots: int) -> float:
    """Return when the last domain ends: each starts as soon as it may, the longest ones first."""
    waits = _waits(domains)
    missing = {name: len(set(wanted)) for name, wanted in waits.items()}
    dependants: defaultdict[str, list[str]] = defaultdict(list)
    for name, wanted in waits.items():
        for need in set(wanted):
            dependants[need].append(name)
    ready = [(-minutes[name], name) for name, count in missing.items() if count == 0]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            negative, name = heapq.heappop(ready)
            heapq.heappush(running, (now - negative, name))
        now, ended = heapq.heappop(running)
        for name in dependants[ended]:
            missing[name] -= 1
            if missing[name] == 0:
                heapq.heappush(ready, (-minutes[name], name))
    return now

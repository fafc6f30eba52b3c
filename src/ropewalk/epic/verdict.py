"""The status of a domain, decided from evidence; the first rule that matches wins.

What an agent says about itself is not among the evidence, but for two facts that nobody else can
know: that it found nothing to do, and, where the plan requires one, whether it wrote an account.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ropewalk.model.config import Scope
from ropewalk.model.plan import ResultPolicy
from ropewalk.model.result import CheckRun, DomainStatus, Outcome, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What git, the process and the checks say about a domain.

    ``claim_problem`` is None for a readable account, else ``missing`` or why it was refused.
    ``outside`` are paths changed outside the declared files.
    """

    tampered: bool = False
    history_rewritten: bool = False
    blocked: bool = False
    result_policy: ResultPolicy = ResultPolicy.OPTIONAL
    claim_problem: str | None = None
    outcome: Outcome = Outcome.OK
    has_commits: bool = False
    outside: Sequence[str] = ()
    scope: Scope = Scope.STRICT
    checks: Sequence[CheckRun] = ()
    said_nothing_to_do: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A status and, unless all is well, the reason for it."""

    status: DomainStatus
    reason: Reason | None = None


def decide(evidence: Evidence) -> Verdict:
    """Return the status that the evidence supports."""
    for rule in (_disqualified, _ended_badly, _out_of_scope, _check_failed, _nonzero, _unchanged):
        verdict = rule(evidence)
        if verdict is not None:
            return verdict
    return Verdict(status=DomainStatus.SUCCESS)


def _failed(reason: Reason) -> Verdict:
    return Verdict(status=DomainStatus.FAILED, reason=reason)


def _partial(reason: Reason) -> Verdict:
    return Verdict(status=DomainStatus.PARTIAL, reason=reason)


def _disqualified(evidence: Evidence) -> Verdict | None:
    if evidence.tampered:
        return _failed(Reason.TAMPERED)
    if evidence.history_rewritten:
        return _failed(Reason.HISTORY_REWRITTEN)
    if evidence.blocked or evidence.outcome is Outcome.BLOCKED:
        return _failed(Reason.BLOCKED)
    if evidence.outcome is Outcome.INTERRUPTED:
        return _failed(Reason.INTERRUPTED)
    if evidence.result_policy is ResultPolicy.REQUIRED and evidence.claim_problem:
        missing = evidence.claim_problem == "missing"
        return _failed(Reason.MISSING_RESULT if missing else Reason.INVALID_RESULT)
    return None


_WITHOUT_WORK: Mapping[Outcome, Reason] = {
    Outcome.TIMEOUT: Reason.TIMEOUT,
    Outcome.IDLE: Reason.IDLE,
    Outcome.BUDGET: Reason.BUDGET,
    Outcome.CANCELLED: Reason.CANCELLED,
    Outcome.RATE_LIMITED: Reason.RATE_LIMITED,
    Outcome.REFUSED: Reason.REFUSED,
    Outcome.LIMIT: Reason.LIMIT,
    Outcome.AUTH: Reason.AUTH,
    Outcome.CRASHED: Reason.CRASHED,
    Outcome.ERROR: Reason.AGENT_FAILED,
}
_WITH_WORK: Mapping[Outcome, Reason] = {
    **_WITHOUT_WORK,
    Outcome.AUTH: Reason.FAILED_WITH_WORK,
    Outcome.CRASHED: Reason.FAILED_WITH_WORK,
    Outcome.ERROR: Reason.FAILED_WITH_WORK,
}


def _ended_badly(evidence: Evidence) -> Verdict | None:
    if evidence.outcome not in _WITHOUT_WORK:
        return None
    if evidence.has_commits:
        return _partial(_WITH_WORK[evidence.outcome])
    return _failed(_WITHOUT_WORK[evidence.outcome])


def _out_of_scope(evidence: Evidence) -> Verdict | None:
    strict = evidence.scope is Scope.STRICT
    return _partial(Reason.OUT_OF_SCOPE) if strict and evidence.outside else None


def _check_failed(evidence: Evidence) -> Verdict | None:
    failed = any(not check.has_passed for check in evidence.checks)
    return _partial(Reason.CHECK_FAILED) if failed else None


def _nonzero(evidence: Evidence) -> Verdict | None:
    if evidence.outcome is not Outcome.NONZERO_EXIT:
        return None
    if not evidence.has_commits:
        return _failed(Reason.AGENT_FAILED)
    if any(check.has_passed for check in evidence.checks):
        return Verdict(status=DomainStatus.SUCCESS)
    return _partial(Reason.FAILED_WITH_WORK)


def _unchanged(evidence: Evidence) -> Verdict | None:
    if evidence.has_commits:
        return None
    honest = evidence.said_nothing_to_do or evidence.outcome is Outcome.NOTHING_TO_DO
    status = DomainStatus.SUCCESS if honest else DomainStatus.FAILED
    return Verdict(status=status, reason=Reason.NO_CHANGES)

from dataclasses import replace

import pytest

from ropewalk.epic.verdict import Evidence, Verdict, decide
from ropewalk.model.config import Scope
from ropewalk.model.plan import ResultPolicy
from ropewalk.model.result import CheckRun, DomainStatus, Outcome, Reason

WORKED = Evidence(has_commits=True)
IDLE = Evidence(has_commits=False)


def check(exit_code: int | None) -> CheckRun:
    return CheckRun(command="true", exit_code=exit_code, duration_s=0.1, log="/log")


def failed(reason: Reason) -> Verdict:
    return Verdict(status=DomainStatus.FAILED, reason=reason)


def partial(reason: Reason) -> Verdict:
    return Verdict(status=DomainStatus.PARTIAL, reason=reason)


SUCCESS = Verdict(status=DomainStatus.SUCCESS)


def test_committed_work_in_scope_with_passing_checks_is_a_success() -> None:
    assert decide(replace(WORKED, checks=(check(0),))) == SUCCESS


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (replace(WORKED, tampered=True, history_rewritten=True), failed(Reason.TAMPERED)),
        (replace(WORKED, history_rewritten=True), failed(Reason.HISTORY_REWRITTEN)),
        (replace(IDLE, blocked=True), failed(Reason.BLOCKED)),
        (replace(IDLE, outcome=Outcome.BLOCKED), failed(Reason.BLOCKED)),
        (replace(WORKED, outcome=Outcome.INTERRUPTED), failed(Reason.INTERRUPTED)),
    ],
)
def test_what_disqualifies_a_domain_comes_before_everything_else(
    evidence: Evidence, verdict: Verdict
) -> None:
    assert decide(evidence) == verdict


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        ("missing", Reason.MISSING_RESULT),
        ("too_large", Reason.INVALID_RESULT),
        ("is not valid JSON", Reason.INVALID_RESULT),
    ],
)
def test_a_required_account_that_is_missing_or_broken_fails_the_domain(
    problem: str, reason: Reason
) -> None:
    required = replace(WORKED, claim_problem=problem, result_policy=ResultPolicy.REQUIRED)

    assert decide(required) == failed(reason)
    assert decide(replace(required, result_policy=ResultPolicy.OPTIONAL)) == SUCCESS


@pytest.mark.parametrize(
    ("outcome", "with_work", "without"),
    [
        (Outcome.TIMEOUT, Reason.TIMEOUT, Reason.TIMEOUT),
        (Outcome.IDLE, Reason.IDLE, Reason.IDLE),
        (Outcome.BUDGET, Reason.BUDGET, Reason.BUDGET),
        (Outcome.CANCELLED, Reason.CANCELLED, Reason.CANCELLED),
        (Outcome.RATE_LIMITED, Reason.RATE_LIMITED, Reason.RATE_LIMITED),
        (Outcome.REFUSED, Reason.REFUSED, Reason.REFUSED),
        (Outcome.LIMIT, Reason.LIMIT, Reason.LIMIT),
        (Outcome.AUTH, Reason.FAILED_WITH_WORK, Reason.AUTH),
        (Outcome.CRASHED, Reason.FAILED_WITH_WORK, Reason.CRASHED),
        (Outcome.ERROR, Reason.FAILED_WITH_WORK, Reason.AGENT_FAILED),
    ],
)
def test_an_attempt_that_was_ended_is_partial_with_work_and_failed_without(
    outcome: Outcome, with_work: Reason, without: Reason
) -> None:
    assert decide(replace(WORKED, outcome=outcome)) == partial(with_work)
    assert decide(replace(IDLE, outcome=outcome)) == failed(without)


def test_work_outside_the_declared_files_is_partial_unless_it_only_warns() -> None:
    strayed = replace(WORKED, outside=("other.py",), checks=(check(1),))

    assert decide(strayed) == partial(Reason.OUT_OF_SCOPE)
    assert decide(replace(strayed, scope=Scope.WARN)) == partial(Reason.CHECK_FAILED)


def test_a_check_that_failed_or_timed_out_makes_it_partial() -> None:
    assert decide(replace(WORKED, checks=(check(0), check(1)))) == partial(Reason.CHECK_FAILED)
    assert decide(replace(WORKED, checks=(check(None),))) == partial(Reason.CHECK_FAILED)


def test_a_non_zero_exit_counts_as_success_only_when_a_check_passed() -> None:
    ended = replace(WORKED, outcome=Outcome.NONZERO_EXIT)

    assert decide(replace(ended, checks=(check(0),))) == SUCCESS
    assert decide(ended) == partial(Reason.FAILED_WITH_WORK)
    assert decide(replace(ended, has_commits=False)) == failed(Reason.AGENT_FAILED)


def test_doing_nothing_is_success_only_when_the_agent_says_so() -> None:
    honest = Verdict(status=DomainStatus.SUCCESS, reason=Reason.NO_CHANGES)

    assert decide(IDLE) == failed(Reason.NO_CHANGES)
    assert decide(replace(IDLE, said_nothing_to_do=True)) == honest
    assert decide(replace(IDLE, outcome=Outcome.NOTHING_TO_DO)) == honest

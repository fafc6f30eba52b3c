"""Taking in the work of a domain: the truth from git and the checks, claims compared with it."""

from ropewalk.engine.executor import Control
from ropewalk.epic.account import read_account
from ropewalk.epic.context import EpicContext, interrupted, stopped
from ropewalk.epic.domain_result import (
    Findings,
    agent_name_of,
    outcome_of_none,
    result_of,
    result_without_attempt,
)
from ropewalk.epic.leftovers import unlock_after_agent
from ropewalk.epic.take import Taken, take_work
from ropewalk.epic.verdict import Evidence, Verdict, decide
from ropewalk.git.snapshot import settle
from ropewalk.merging.scope import find_outside
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.plan import Domain
from ropewalk.model.result import (
    CheckRun,
    DomainResult,
    DomainStatus,
    Outcome,
)
from ropewalk.model.values import JsonObject
from ropewalk.report.domain_state import DomainState
from ropewalk.store.schema.documents import write_document


def run_collect(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Verify the work of one domain and write its result."""
    domain = context.domain(str(spec.payload["domain"]))
    if stopped(control, context):
        return interrupted(spec)
    work = next(iter(spec.needs.values()), {})
    if not _was_at_work(context, domain, spec):
        result = result_without_attempt(context, domain, spec, work)
    else:
        findings = _find(context, domain, spec, control, work)
        verdict = _judge(context, domain, spec, findings)
        result = result_of(context, domain, spec, findings, verdict)
    write_document(context.workspace.layout.domain_results(context.epic_id, domain.name), result)
    control.emit("domain_collected", _announcement(result), sync=True)
    good = result.status is DomainStatus.SUCCESS
    return AttemptResult(
        attempt_id=spec.attempt_id,
        state=StepState.SUCCEEDED if good else StepState.FAILED,
        reason=result.reason.value if result.reason else None,
        outputs={"status": result.status.value, "head": result.head},
    )


def _was_at_work(context: EpicContext, domain: Domain, spec: AttemptSpec) -> bool:
    """Say whether somebody was at work in this round, so that the worktree holds what is new."""
    state = context.domain_state(domain.name)
    return bool(spec.payload.get("by_hand")) or bool(
        state.attempts and state.worked_in in spec.needs
    )


def _find(
    context: EpicContext, domain: Domain, spec: AttemptSpec, control: Control, work: JsonObject
) -> Findings:
    if not spec.payload.get("by_hand"):
        unlock_after_agent(context, domain.name)
    account = read_account(context, domain)
    taken = take_work(context, domain, agent=agent_name_of(spec))
    if taken.head and not _is_tampered(context, domain, taken) and not taken.rewritten:
        settle(context.workspace.place, context.worktree(domain.name), taken.head)
    return Findings(
        work=work,
        taken=taken,
        account=account,
        checks=_checks(context, domain, control, taken),
        outside=outside_files(domain, taken),
    )


def _is_tampered(context: EpicContext, domain: Domain, taken: Taken) -> bool:
    return bool(taken.damage or context.domain_state(domain.name).outside)


def outside_files(domain: Domain, taken: Taken) -> tuple[str, ...]:
    """Return what was taken of a domain that is not among its files and new files."""
    nested = taken.changes.gitlinks if taken.changes else ()
    return find_outside(domain, taken.files.paths, nested=nested)


def _checks(
    context: EpicContext, domain: Domain, control: Control, taken: Taken
) -> tuple[CheckRun, ...]:
    if not domain.checks or not taken.commits or taken.head is None:
        return ()
    layout = context.workspace.layout
    verdict = context.checks.run(
        taken.head,
        domain.checks,
        log=lambda number: layout.log(context.run_id, f"checks:{domain.name}", number),
        cancel=control.cancelled,
        starting=lambda command: control.emit(
            "check_started", {"domain": domain.name, "command": command}
        ),
    )
    return verdict.runs


def _judge(context: EpicContext, domain: Domain, spec: AttemptSpec, findings: Findings) -> Verdict:
    state = context.domain_state(domain.name)
    by_hand = bool(spec.payload.get("by_hand"))
    return decide(
        Evidence(
            tampered=_is_tampered(context, domain, findings.taken),
            history_rewritten=findings.taken.rewritten,
            result_policy=domain.result,
            claim_problem=findings.account.problem,
            outcome=Outcome.OK if by_hand else _outcome(state, findings.work),
            has_commits=bool(findings.taken.commits),
            outside=findings.outside,
            scope=context.workspace.config.merge.scope,
            checks=findings.checks,
            said_nothing_to_do=bool(findings.work.get("said_nothing_to_do")),
        )
    )


def _outcome(state: DomainState, work: JsonObject) -> Outcome:
    """Return how the round ended: its last attempt, or that no further one could be made."""
    return outcome_of_none(work) or state.attempts[-1].outcome


def _announcement(result: DomainResult) -> JsonObject:
    return {
        "domain": result.domain,
        "status": result.status.value,
        "reason": result.reason.value if result.reason else None,
        "head": result.head,
        "branch": result.branch,
        "files_changed": len(result.files.paths),
        "insertions": result.insertions,
        "deletions": result.deletions,
        "outside": list(result.outside_declared_files[:20]),
        "checks_passed": all(check.has_passed for check in result.checks)
        if result.checks
        else None,
    }

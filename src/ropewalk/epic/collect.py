"""Taking in the work of a domain: the truth from git and the checks, claims compared with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ropewalk.engine.executor import Control
from ropewalk.epic.account import MISSING, Account, mismatches, read_account
from ropewalk.epic.context import EpicContext, interrupted, stopped
from ropewalk.epic.leftovers import unlock_after_agent
from ropewalk.epic.take import Taken, take_work
from ropewalk.epic.verdict import Evidence, Verdict, decide
from ropewalk.git.snapshot import settle
from ropewalk.merging.scope import find_outside
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.plan import Domain
from ropewalk.model.result import (
    AgentIdentity,
    CheckRun,
    DomainResult,
    DomainStatus,
    FileChanges,
    Outcome,
    Reason,
    TokenUsage,
)
from ropewalk.model.values import JsonObject
from ropewalk.report.domain_state import DomainState
from ropewalk.store.patterns import Patterns
from ropewalk.store.schema.documents import from_json, write_document

SENSITIVE = Patterns(
    (
        ".gitattributes", ".gitmodules", ".github/", ".gitlab-ci.yml", ".circleci/", ".claude/",
        ".mcp.json", ".codex/", ".gemini/", ".vscode/", ".envrc", ".env", ".pre-commit-config.yaml",
        "/ropewalk.toml", "/briefings/", "/.workflow/", ".npmrc", ".husky/",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that was found out about one domain."""

    work: JsonObject
    taken: Taken
    account: Account
    checks: tuple[CheckRun, ...]
    outside: tuple[str, ...]


def run_collect(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Verify the work of one domain and write its result."""
    domain = context.domain(str(spec.payload["domain"]))
    if stopped(control, context):
        return interrupted(spec)
    work = next(iter(spec.needs.values()), {})
    if _is_not_started(context, domain, spec, work):
        result = _without_attempt(context, domain, spec, work)
    else:
        findings = _find(context, domain, spec, control, work)
        verdict = _judge(context, domain, spec, findings)
        result = _result(context, domain, spec, findings, verdict)
    write_document(context.workspace.layout.domain_results(context.epic_id, domain.name), result)
    control.emit("domain_collected", _announcement(result), sync=True)
    good = result.status is DomainStatus.SUCCESS
    return AttemptResult(
        attempt_id=spec.attempt_id,
        state=StepState.SUCCEEDED if good else StepState.FAILED,
        reason=result.reason.value if result.reason else None,
        outputs={"status": result.status.value, "head": result.head},
    )


def _is_not_started(
    context: EpicContext, domain: Domain, spec: AttemptSpec, work: JsonObject
) -> bool:
    if spec.payload.get("by_hand"):
        return False
    never_started = not context.domain_state(domain.name).attempts
    return never_started or bool(work.get("not_started"))


def _find(
    context: EpicContext, domain: Domain, spec: AttemptSpec, control: Control, work: JsonObject
) -> Findings:
    if not spec.payload.get("by_hand"):
        unlock_after_agent(context, domain.name)
    account = read_account(context, domain)
    taken = take_work(context, domain, agent=_agent_name(spec))
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
            outcome=Outcome.OK if by_hand else state.attempts[-1].outcome,
            has_commits=bool(findings.taken.commits),
            outside=findings.outside,
            scope=context.workspace.config.merge.scope,
            checks=findings.checks,
            said_nothing_to_do=bool(findings.work.get("said_nothing_to_do")),
        )
    )


def _result(
    context: EpicContext,
    domain: Domain,
    spec: AttemptSpec,
    findings: Findings,
    verdict: Verdict,
) -> DomainResult:
    state, taken, account = context.domain_state(domain.name), findings.taken, findings.account
    changes = taken.changes
    return DomainResult(
        epic_id=context.epic_id,
        run_id=context.run_id,
        domain=domain.name,
        status=verdict.status,
        reason=verdict.reason,
        placeholder=account.problem == MISSING,
        agent=_agent(spec, findings.work, state.session_id),
        attempts=state.attempts,
        worktree=str(context.worktree(domain.name)),
        branch=taken.branch,
        base=state.base or context.plan.base.commit,
        head=taken.head,
        commits=taken.commits,
        files=taken.files,
        insertions=changes.insertions if changes else 0,
        deletions=changes.deletions if changes else 0,
        outside_declared_files=findings.outside,
        sensitive_files=_sensitive(taken),
        claimed=account.claimed,
        mismatches=_mismatches(context, domain, findings),
        checks=findings.checks,
        usage=_usage(state, findings.work),
        summary=_summary(account, findings.work),
    )


def _mismatches(context: EpicContext, domain: Domain, findings: Findings) -> tuple[str, ...]:
    state, changes = context.domain_state(domain.name), findings.taken.changes
    nested = changes.gitlinks if changes else ()
    large = changes.large if changes else ()
    damage = findings.taken.damage
    return (
        *((f"outside its worktree: {damage}",) if damage else ()),
        *mismatches(findings.account, findings.taken, domain=domain.name),
        *(f"outside its worktree: {text}" for text in state.outside),
        *(f"while it was at work, perhaps not its doing: {text}" for text in state.noticed),
        *(f"not committed, it was brought in: {path}" for path in findings.taken.withheld),
        *(f"nested repository {path}: only a link to it is recorded" for path in nested),
        *(f"large file {path}" for path in large),
    )


def _sensitive(taken: Taken) -> tuple[str, ...]:
    if taken.changes is None:
        return ()
    found = {*SENSITIVE.select(taken.files.paths), *taken.changes.symlinks_outside}
    return tuple(sorted({*found, *taken.changes.gitlinks}))


def _without_attempt(
    context: EpicContext, domain: Domain, spec: AttemptSpec, work: JsonObject
) -> DomainResult:
    state = context.domain_state(domain.name)
    waits = ", ".join(domain.depends_on)
    summary = str(work.get("summary") or f"it builds on {waits}, which did not succeed")
    return DomainResult(
        epic_id=context.epic_id,
        run_id=context.run_id,
        domain=domain.name,
        status=DomainStatus.FAILED,
        reason=Reason(str(work.get("outcome") or Reason.BLOCKED.value)),
        placeholder=True,
        agent=_agent(spec, {}, None),
        attempts=state.attempts,
        worktree=str(context.worktree(domain.name)),
        branch=None,
        base=state.base or context.plan.base.commit,
        head=None,
        commits=(),
        files=FileChanges(),
        insertions=0,
        deletions=0,
        outside_declared_files=(),
        sensitive_files=(),
        claimed={},
        mismatches=(),
        checks=(),
        usage=TokenUsage(),
        summary=summary,
    )


def _agent_name(spec: AttemptSpec) -> str:
    agent = spec.payload.get("agent")
    return str(agent["name"]) if isinstance(agent, Mapping) else "by hand"


def _agent(spec: AttemptSpec, work: JsonObject, session_id: str | None) -> AgentIdentity:
    version, model = work.get("version"), work.get("model")
    return AgentIdentity(
        name=_agent_name(spec),
        version=str(version) if version is not None else None,
        model=str(model) if model is not None else None,
        session_id=session_id,
    )


def _usage(state: DomainState, work: JsonObject) -> TokenUsage:
    """Return what all attempts used; older journals tell of the last one only."""
    if state.usage != TokenUsage():
        return state.usage
    usage = work.get("usage")
    return from_json(TokenUsage, usage) if isinstance(usage, Mapping) else TokenUsage()


def _summary(account: Account, work: JsonObject) -> str:
    claimed = account.claim.summary if account.claim else None
    return claimed or str(work.get("summary") or "")


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

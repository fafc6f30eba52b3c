"""What is written down about one domain: its result file, from what was found out about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ropewalk.epic.account import MISSING, Account, mismatches
from ropewalk.epic.context import EpicContext
from ropewalk.epic.take import Taken
from ropewalk.epic.verdict import Evidence, Verdict, decide
from ropewalk.model.graph import AttemptSpec
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
from ropewalk.store.schema.documents import from_json

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


def result_of(
    context: EpicContext,
    domain: Domain,
    spec: AttemptSpec,
    findings: Findings,
    verdict: Verdict,
) -> DomainResult:
    """Return the result of a domain that was worked on."""
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
        summary=_summary(domain, account, findings.work),
    )


def result_without_attempt(
    context: EpicContext, domain: Domain, spec: AttemptSpec, work: JsonObject
) -> DomainResult:
    """Return the result of a domain that was not worked on; ``work`` says why, where it does.

    What an earlier round made stays in it.
    """
    state = context.domain_state(domain.name)
    before = context.result(domain.name)
    verdict = _verdict_on_none(before, outcome_of_none(work) or Outcome.BLOCKED)
    if before is not None:
        return replace(
            before,
            status=verdict.status,
            reason=verdict.reason,
            attempts=state.attempts,
            usage=state.usage,
            summary=_why_none(domain, work),
        )
    return DomainResult(
        epic_id=context.epic_id,
        run_id=context.run_id,
        domain=domain.name,
        status=verdict.status,
        reason=verdict.reason,
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
        summary=_why_none(domain, work),
    )


def _verdict_on_none(before: DomainResult | None, outcome: Outcome) -> Verdict:
    """Judge what an earlier round made, if there was one, by an attempt that was not made."""
    reason = before.reason if before else None
    has_commits = before is not None and before.status is not DomainStatus.FAILED and before.commits
    return decide(
        Evidence(
            tampered=reason is Reason.TAMPERED,
            history_rewritten=reason is Reason.HISTORY_REWRITTEN,
            outcome=outcome,
            has_commits=bool(has_commits),
        )
    )


def outcome_of_none(work: JsonObject) -> Outcome | None:
    """Return the outcome of an attempt that could not be made; None where one was made."""
    if work.get("not_started"):
        return Outcome(str(work["outcome"]))
    return Outcome.ERROR if "error" in work else None


def _why_none(domain: Domain, work: JsonObject) -> str:
    error = work.get("error")
    if isinstance(error, Mapping):
        return str(error.get("message"))
    waits = ", ".join(domain.depends_on)
    return str(work.get("summary") or f"it builds on {waits}, which did not succeed")


def agent_name_of(spec: AttemptSpec) -> str:
    """Return the name of the agent of a round; of work that a person collects, ``by hand``."""
    agent = spec.payload.get("agent")
    return str(agent["name"]) if isinstance(agent, Mapping) else "by hand"


def _agent(spec: AttemptSpec, work: JsonObject, session_id: str | None) -> AgentIdentity:
    version, model = work.get("version"), work.get("model")
    return AgentIdentity(
        name=agent_name_of(spec),
        version=str(version) if version is not None else None,
        model=str(model) if model is not None else None,
        session_id=session_id,
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


def _usage(state: DomainState, work: JsonObject) -> TokenUsage:
    """Return what all attempts used; older journals tell of the last one only."""
    if state.usage != TokenUsage():
        return state.usage
    usage = work.get("usage")
    return from_json(TokenUsage, usage) if isinstance(usage, Mapping) else TokenUsage()


def _summary(domain: Domain, account: Account, work: JsonObject) -> str:
    if outcome_of_none(work) is not None:
        return _why_none(domain, work)
    claimed = account.claim.summary if account.claim else None
    return claimed or str(work.get("summary") or "")

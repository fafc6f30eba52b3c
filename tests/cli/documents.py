"""Documents of one epic, for everything that shows them."""

from ropewalk.model.conflict import Conflict, ConflictKind, ConflictPath
from ropewalk.model.merge import (
    Matrix,
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
    MergeValidation,
    Resolution,
    ResolvedBy,
    Target,
    ValidationRun,
)
from ropewalk.model.plan import (
    Base,
    Decision,
    DecisionReason,
    Domain,
    DomainNotes,
    Mode,
    Overlap,
    Plan,
    PlanningNotes,
    ReasonCode,
)
from ropewalk.model.result import (
    ActualOverlap,
    AgentIdentity,
    Aggregate,
    AggregateSummary,
    Attempt,
    CheckRun,
    DomainResult,
    DomainStatus,
    FileChanges,
    Outcome,
    OverallStatus,
    Reason,
    Renamed,
    TokenUsage,
)

ESCAPE = "\x1b[2J\x1b]0;owned\x07"

PLAN = Plan(
    epic_id="search",
    title="Implement full-text search",
    description="",
    base=Base(ref="main", commit="3f2c9e1" + "0" * 33),
    target="refs/heads/main",
    planner="static",
    created_at="2025-01-02T03:04:05Z",
    decision=Decision(
        mode=Mode.PARALLEL,
        reasons=(DecisionReason(code=ReasonCode.OK, text="it pays"),),
        files=17,
        domains=3,
        overlap_percent=5.88,
        expected_speedup=2.14,
        critical_path=("database", "backend"),
    ),
    domains=(
        Domain(name="database", paths=("db/a.sql", "models/document.py"), estimate_minutes=15.0),
        Domain(
            name="backend",
            paths=("api/search.py", "models/document.py"),
            depends_on=("database",),
            estimate_minutes=30.0,
        ),
        Domain(name="frontend", new_files=("web/search.ts",), estimate_minutes=10.0),
    ),
    overlaps=tuple(
        Overlap(path=path, domains=("database", "backend"))
        for path in ("models/document.py", *(f"models/m{number}.py" for number in range(5)))
    ),
    merge_order=("database", "backend", "frontend"),
    validation=(),
    plan_hash="h",
)
NOTES = PlanningNotes(
    domains=(
        DomainNotes(domain="database", why=("migrations/", "models/document.py"), unsure=()),
        DomainNotes(domain="backend", why=("api/search.py",), unsure=("api/util.py",)),
    ),
    left_out=("legacy/search_old.py: not imported",),
    warnings=("frontend: 'x' matches no file of the base", "a is claimed by b and c"),
    sure=15,
    total=17,
)


def merged(
    name: str,
    status: MergedDomainStatus,
    *,
    reason: str | None = None,
    conflict: Conflict | None = None,
    resolution: Resolution | None = None,
    blocked_by: str | None = None,
) -> MergedDomain:
    return MergedDomain(
        name=name,
        status=status,
        reason=reason,
        conflict=conflict,
        resolution=resolution,
        blocked_by=blocked_by,
    )


CONFLICT = Conflict(
    paths=(ConflictPath(path="web/index.ts" + ESCAPE, kind=ConflictKind.ADD_ADD),),
    with_domains=("backend",),
    preview_tree=None,
)
PROOF = Resolution(
    by=ResolvedBy.CANDIDATE, candidates_tried=2, verified_by=("pytest -q",), edited_outside=()
)
REPORT = MergeReport(
    epic_id="search",
    run_id="r-1",
    status=MergeStatus.LANDED,
    target=Target(
        ref="refs/heads/main",
        base="3f2c9e1" + "0" * 33,
        result="b7702d4" + "0" * 33,
        landed=True,
        reason=None,
        unchecked=False,
    ),
    order=("database", "backend", "frontend"),
    order_reason="dependencies",
    drivers_used=(),
    attributes_changes=(),
    domains=(
        merged("database", MergedDomainStatus.MERGED),
        merged("backend", MergedDomainStatus.RESOLVED, conflict=CONFLICT, resolution=PROOF),
        merged("frontend", MergedDomainStatus.NOTHING_TO_MERGE),
    ),
    matrix=Matrix(pairs=3, candidates=1, conflicts=()),
    validation=MergeValidation(
        method="whole",
        commands=("pytest -q",),
        runs=(
            ValidationRun(
                prefix=("database", "backend"),
                tree="9a41c07" + "0" * 33,
                exit_code=0,
                cached=False,
                duration_s=12.0,
                log="/l/1.log",
            ),
        ),
        culprit=None,
    ),
    backup_refs=(),
    next_commands=("ropewalk validate search",),
)


RESULT = DomainResult(
    epic_id="search",
    run_id="r-1",
    domain="api",
    status=DomainStatus.PARTIAL,
    reason=Reason.CHECK_FAILED,
    placeholder=False,
    agent=AgentIdentity(name="claude", version="2.1", model="opus"),
    attempts=(
        Attempt(
            number=1, outcome=Outcome.OK, exit_code=None, started_at="x", duration_s=90, log="/l"
        ),
    ),
    worktree="/w",
    branch="refs/heads/ropewalk/search/api",
    base="b" * 40,
    head="c" * 40,
    commits=("c" * 40,),
    files=FileChanges(
        created=("a.py",), deleted=("b.py",), renamed=(Renamed(old="c.py", new="d.py"),)
    ),
    insertions=1,
    deletions=2,
    outside_declared_files=(),
    sensitive_files=(".envrc",),
    claimed={},
    mismatches=("claims to have created x, git does not",),
    checks=(CheckRun(command="pytest -q", exit_code=1, duration_s=2.5, log="/c"),),
    usage=TokenUsage(),
    summary=f"done {ESCAPE}<script>alert(1)</script>",
)
AGGREGATE = Aggregate(
    epic_id="search",
    run_id="r-1",
    status=OverallStatus.PARTIAL,
    mode=Mode.PARALLEL,
    mode_reason="",
    summary=AggregateSummary(
        domains_total=4,
        succeeded=3,
        partial=1,
        failed=0,
        files_created=1,
        files_modified=17,
        files_deleted=1,
        insertions=1021,
        deletions=77,
        duration_s=840.0,
        agent_seconds_total=2184.0,
        agent_seconds_max=800.0,
        speedup=2.7,
        speedup_wall=2.6,
        overhead_s=1.0,
        cost_usd=1.93,
    ),
    domains=(),
    overlaps_actual=(ActualOverlap(path="models/document.py", domains=("a", "b")),),
    next_commands=("ropewalk results search",),
)

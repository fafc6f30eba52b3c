from dataclasses import replace

from ropewalk.model.plan import Mode
from ropewalk.model.result import (
    AgentIdentity,
    Aggregate,
    Attempt,
    DomainResult,
    DomainStatus,
    FileChanges,
    Outcome,
    OverallStatus,
    TokenUsage,
)
from ropewalk.report.aggregate import aggregate

RESULT = DomainResult(
    epic_id="e",
    run_id="r",
    domain="a",
    status=DomainStatus.SUCCESS,
    reason=None,
    placeholder=True,
    agent=AgentIdentity(name="command"),
    attempts=(),
    worktree="/w",
    branch=None,
    base="b",
    head="h",
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
    summary="",
)


def worked(name: str, seconds: float, files: FileChanges | None = None) -> DomainResult:
    attempt = Attempt(
        number=1, outcome=Outcome.OK, exit_code=0, started_at="", duration_s=seconds, log="/l"
    )
    return replace(RESULT, domain=name, attempts=(attempt,), files=files or FileChanges())


def of(*results: DomainResult, mode: Mode = Mode.PARALLEL, wall_s: float = 40.0) -> Aggregate:
    return aggregate(
        epic_id="e",
        run_id="r",
        mode=mode,
        mode_reason="",
        results=results,
        result_files={result.domain: f"{result.domain}.json" for result in results},
        wall_s=wall_s,
        duration_s=50.0,
        next_commands=(),
    )


def test_the_speed_up_is_the_sum_of_the_agents_over_the_longest_and_over_the_wall() -> None:
    summary = of(worked("a", 30.0), worked("b", 25.0), worked("c", 15.0)).summary

    assert (summary.speedup, summary.speedup_wall) == (2.33, 1.75)
    assert summary.overhead_s == 10.0


def test_nothing_is_compared_in_sequential_mode_or_for_one_domain() -> None:
    alone = of(worked("a", 30.0)).summary
    sequential = of(worked("a", 30.0), worked("b", 25.0), mode=Mode.SEQUENTIAL).summary

    assert (alone.speedup, alone.speedup_wall) == (None, None)
    assert (sequential.speedup, sequential.speedup_wall) == (None, None)


def test_a_file_that_two_domains_changed_is_counted_once_and_named() -> None:
    both = FileChanges(modified=("shared.py",))
    document = of(worked("a", 1.0, both), worked("b", 1.0, both))

    assert document.summary.files_modified == 1
    assert [(each.path, each.domains) for each in document.overlaps_actual] == [
        ("shared.py", ("a", "b"))
    ]


def test_the_overall_status_is_failed_only_when_no_domain_is_usable() -> None:
    good, half = worked("a", 1.0), replace(worked("b", 1.0), status=DomainStatus.PARTIAL)
    bad = replace(worked("c", 1.0), status=DomainStatus.FAILED)

    assert of(good, good).status is OverallStatus.SUCCESS
    assert of(good, bad).status is OverallStatus.PARTIAL
    assert of(half, bad).status is OverallStatus.PARTIAL
    assert of(bad, bad).status is OverallStatus.FAILED

"""Search: two domains that share two of nine files: worked on at once, with a warning."""

from pathlib import Path

from ropewalk.model.merge import MergedDomainStatus, MergeReport, MergeStatus
from ropewalk.model.plan import Mode, Plan
from ropewalk.model.result import Aggregate, OverallStatus
from ropewalk.store.schema.documents import read_document
from tests.conftest import RunGit
from tests.stories.scenes import add_files, agent, write_plan
from tests.stories.shell import answer, ropewalk

SHARED = ("shared/types.py", "shared/fields.py")
BACKEND = tuple(f"backend/search{n}.py" for n in range(4))
FRONTEND = tuple(f"frontend/search{n}.js" for n in range(3))
LINES = "".join(f"line {number}\n" for number in range(1, 41))


def plan_search(repository: Path, tmp_path: Path, *, backend_line: int, frontend_line: int) -> Plan:
    add_files(repository, dict.fromkeys((*SHARED, *BACKEND, *FRONTEND), LINES))
    domains = [
        {
            "name": name,
            "files": [*files, *SHARED],
            "command": agent(
                tmp_path / "notes", work=f"sed -i '{line}s/$/ {name}/' {' '.join(files + SHARED)}"
            ),
            "depends_on": ["backend"] if name == "frontend" else [],
        }
        for name, files, line in (
            ("backend", BACKEND, backend_line),
            ("frontend", FRONTEND, frontend_line),
        )
    ]
    plan = write_plan(tmp_path, "search", domains)
    ended = ropewalk(repository, "plan", "--from", str(plan))
    warnings = [line for line in ended.stdout.splitlines() if line.startswith("▲")]
    assert all(any(name in line for line in warnings) for name in SHARED), ended.stdout
    return read_document(Plan, repository / ".workflow/outputs/search/parallel_analysis.json")


def test_a_fifth_of_the_files_shared_is_parallel_and_the_same_lines_conflict(
    repository: Path, tmp_path: Path, git: RunGit
) -> None:
    planned = plan_search(repository, tmp_path, backend_line=20, frontend_line=20)
    main = git(repository, "rev-parse", "main")

    ran = answer(ropewalk(repository, "--json", "run", "search"), Aggregate)
    unasked = ropewalk(repository, "--json", "merge", "search", "--resolve", "off")
    merged = answer(unasked, MergeReport, code=3)

    assert planned.decision.mode is Mode.PARALLEL
    assert (planned.decision.files, planned.decision.overlap_percent) == (9, 22.2)
    assert [(o.path, o.domains) for o in planned.overlaps] == [
        (path, ("backend", "frontend")) for path in sorted(SHARED)
    ]
    assert ran.status is OverallStatus.SUCCESS
    assert [overlap.path for overlap in ran.overlaps_actual] == sorted(SHARED)
    first, second = merged.domains
    assert (first.name, first.status) == ("backend", MergedDomainStatus.MERGED)
    assert (second.name, second.status) == ("frontend", MergedDomainStatus.CONFLICT)
    assert second.conflict is not None
    assert second.conflict.with_domains == ("backend",)
    assert sorted(path.path for path in second.conflict.paths) == sorted(SHARED)
    assert git(repository, "rev-parse", "main") == main


def test_the_same_files_changed_far_apart_merge_cleanly(
    repository: Path, tmp_path: Path, git: RunGit
) -> None:
    plan_search(repository, tmp_path, backend_line=3, frontend_line=35)

    ran = answer(ropewalk(repository, "--json", "run", "search", "--through", "merge"), MergeReport)

    assert ran.status is MergeStatus.LANDED
    shared = git(repository, "show", "main:shared/types.py").splitlines()
    assert (shared[2], shared[34]) == ("line 3 backend", "line 35 frontend")

"""Authentication: three domains of 8, 6 and 3 files, worked on at once, by the command line."""

import json
from pathlib import Path

import pytest

from ropewalk.agents.briefings import choose_briefing
from ropewalk.model.merge import MergedDomainStatus, MergeReport, MergeStatus
from ropewalk.model.plan import Mode, Plan
from ropewalk.model.result import Aggregate, DomainStatus, OverallStatus
from ropewalk.store.schema.documents import dump, read_document
from tests.conftest import RunGit
from tests.harness import Epic
from tests.stories.scenes import add_files, agent, append_to, time_of, write_plan
from tests.stories.shell import answer, ropewalk

FILES = {
    "backend": tuple(f"src/backend/part{n}.py" for n in range(8)),
    "frontend": tuple(f"src/frontend/part{n}.ts" for n in range(6)),
    "database": tuple(f"src/database/part{n}.sql" for n in range(3)),
}
NEEDS = {"backend": ["database"], "frontend": ["backend"], "database": []}
SECONDS = {"backend": 1.0, "frontend": 0.9, "database": 0.8}
ORDER = ("database", "backend", "frontend")
STEPS = ["created", "assigned", "in_progress", "completed"]
METRICS = (
    *("duration_s", "agent_seconds_total", "agent_seconds_max", "overhead_s"),
    *("speedup", "speedup_wall", "insertions", "deletions"),
)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def plan(repository: Path, tmp_path: Path, notes: Path) -> Path:
    add_files(repository, {name: "first\n" for names in FILES.values() for name in names})
    domains = [
        {
            "name": name,
            "description": f"Users log in: the {name}.",
            "files": list(files),
            "depends_on": NEEDS[name],
            "command": agent(notes, work=append_to(files), seconds=SECONDS[name]),
        }
        for name, files in FILES.items()
    ]
    return write_plan(tmp_path, "authentication", domains, check="grep -rq frontend src/frontend")


def test_three_domains_are_planned_worked_on_at_once_and_merged_in_order(
    repository: Path, plan: Path, notes: Path, git: RunGit
) -> None:
    planned = answer(ropewalk(repository, "--json", "plan", "--from", str(plan)), Plan)
    ran = answer(ropewalk(repository, "--json", "run", "authentication"), Aggregate)
    epic = Epic(repository, epic_id="authentication")
    attempts = [epic.result(name).attempts[-1].duration_s for name in FILES]
    merged = answer(ropewalk(repository, "--json", "merge", "authentication"), MergeReport)

    decision = planned.decision
    assert (decision.mode, decision.overlap_percent) == (Mode.PARALLEL, 0)
    assert (decision.files, decision.domains) == (17, 3)
    assert planned.merge_order == ORDER
    began = [time_of(notes, name, "began") for name in FILES]
    ended = [time_of(notes, name, "ended") for name in FILES]
    assert max(began) < min(ended)
    assert ran.summary.speedup == pytest.approx(sum(attempts) / max(attempts), abs=0.01)
    assert 2.4 <= sum(attempts) / max(attempts) <= 3
    assert (ran.status, ran.summary.files_modified) == (OverallStatus.SUCCESS, 17)
    assert merged.status is MergeStatus.LANDED
    assert tuple(domain.name for domain in merged.domains) == ORDER
    assert {domain.status for domain in merged.domains} == {MergedDomainStatus.MERGED}
    changed = git(repository, "diff", "--name-only", planned.base.commit, "main")
    assert changed.split() == sorted(name for names in FILES.values() for name in names)


def test_each_step_of_phase_one_leaves_what_it_promises(
    repository: Path, plan: Path, notes: Path
) -> None:
    ropewalk(repository, "plan", "--from", str(plan))
    ran = answer(ropewalk(repository, "--json", "run", "authentication"), Aggregate)
    epic = Epic(repository, epic_id="authentication")

    outputs = repository / ".workflow" / "outputs" / "authentication"
    loaded = read_document(Plan, outputs / "parallel_analysis.json")
    assert [domain.name for domain in loaded.domains] == list(FILES)
    for name, files in FILES.items():
        worktree = repository / ".worktrees" / "authentication" / name
        metadata, result = epic.metadata(name), epic.result(name)
        prompt = (notes / f"{name}.in").read_text()
        briefing = choose_briefing(loaded.domain(name), None)
        assert Path(metadata.path).is_absolute()
        assert Path(metadata.path) == worktree == Path(result.worktree)
        assert (notes / f"{name}.cwd").read_text() == f"{worktree}\n"
        assert str(worktree) in prompt.splitlines()[0]
        assert all(path in prompt for path in files)
        assert briefing.name == name
        assert briefing.text.strip() in prompt
        assert [str(step.status) for step in metadata.history] == STEPS
        assert (result.status, result.reason) == (DomainStatus.SUCCESS, None)
        assert result.branch == metadata.branch == f"ropewalk/authentication/{name}"
        assert json.loads((outputs / f"{name}_results.json").read_text())["domain"] == name
    assert (outputs / "phase1_parallel_results.json").read_bytes() == dump(ran)
    assert all(getattr(ran.summary, name) is not None for name in METRICS)
    assert ran.next_commands[-1] == "ropewalk merge authentication"


def test_every_agent_starts_before_the_first_one_ends_and_after_every_worktree_stands(
    epic: Epic, plan: Path
) -> None:
    epic.plan(plan.read_text())

    epic.run()

    kinds = [event.type for event in epic.seen]
    made = [i for i, kind in enumerate(kinds) if kind == "worktree_created"]
    starting = [i for i, kind in enumerate(kinds) if kind == "agent_starting"]
    ended = [i for i, kind in enumerate(kinds) if kind == "agent_ended"]
    assert (len(made), len(starting), len(ended)) == (3, 3, 3)
    assert max(made) < min(starting)
    assert max(starting) < min(ended)

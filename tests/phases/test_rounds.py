"""Modes and rounds: sequential, stacked, subsets, retries, work by hand, fresh starts, clean-up."""

import json
import shutil
import threading
from dataclasses import replace

import pytest

from ropewalk import api
from ropewalk.errors import Busy, Interrupted, PlanChanged, WrongPhase
from ropewalk.model.event import Event
from ropewalk.model.merge import MergedDomainStatus, MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus, OverallStatus, Reason
from ropewalk.model.validation import ValidationReport, ValidationStatus
from ropewalk.model.worktree import WorktreeStatus
from tests.conftest import RunGit
from tests.harness import Epic
from tests.phases.rounds import WRITE, parallel, plan

ALL_STEPS = ["created", "assigned", "in_progress", "completed"]


def test_one_domain_is_worked_on_in_one_sequential_worktree_without_speed_ups(epic: Epic) -> None:
    plan(epic, [{"name": "only"}])

    document = epic.run()

    assert document.mode is Mode.SEQUENTIAL
    assert (document.summary.speedup, document.summary.speedup_wall) == (None, None)
    assert epic.result("only").worktree.endswith("/rounds/_sequential")
    assert epic.result("only").branch == "ropewalk/rounds/only"
    assert [step.status for step in epic.metadata("only").history] == ALL_STEPS
    assert epic.merge().status is MergeStatus.LANDED


def test_sequential_domains_build_on_the_last_good_one_and_leave_a_failed_one_behind(
    epic: Epic, git: RunGit
) -> None:
    plan(
        epic,
        [
            {"name": "a"},
            {"name": "b", "depends_on": ["a"], "command": "cat a.txt; echo half > b.txt; exit 1"},
            {"name": "c", "depends_on": ["a"], "command": "test ! -e b.txt; cp a.txt c.txt"},
        ],
    )

    epic.run(api.RunRequest(mode=Mode.SEQUENTIAL))

    assert epic.result("b").reason is Reason.FAILED_WITH_WORK
    assert epic.result("c").status is DomainStatus.SUCCESS
    assert epic.result("c").base == epic.result("a").head
    half = git(epic.repository, "show", f"{epic.result('b').head}:b.txt")
    assert half == "half"
    assert epic.merge().status is MergeStatus.LANDED
    assert (epic.repository / "c.txt").read_text() == "a\n"


def test_a_worktree_that_cannot_be_made_leads_to_sequential_work(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    request = parallel()

    def block(event: Event) -> None:
        if event.type == "worktree_creating" and event.data["domain"] == "b":
            epic.worktree("b").mkdir(parents=True)
            (epic.worktree("b") / "foreign").write_text("keep me")

    document = epic.run(request, observe=block)

    assert document.mode is Mode.SEQUENTIAL
    assert document.status is OverallStatus.SUCCESS
    assert (epic.worktree("b") / "foreign").read_text() == "keep me"
    assert not epic.worktree("a").exists()


def test_a_stacked_domain_starts_on_top_of_its_dependencies(epic: Epic) -> None:
    plan(
        epic,
        [
            {"name": "a"},
            {"name": "b"},
            {
                "name": "c",
                "depends_on": ["a", "b"],
                "stacked": True,
                "command": "cat a.txt b.txt > c.txt",
            },
        ],
    )

    epic.run(parallel())

    assert epic.result("c").files.created == ("c.txt",)
    assert epic.merge().status is MergeStatus.LANDED
    assert (epic.repository / "c.txt").read_text() == "a\nb\n"


def test_a_stacked_domain_is_blocked_until_its_dependency_is_retried(epic: Epic) -> None:
    plan(
        epic,
        [
            {"name": "a", "command": "exit 1"},
            {"name": "c", "depends_on": ["a"], "stacked": True, "command": "cp a.txt c.txt"},
        ],
    )
    epic.run(parallel())
    assert epic.result("c").reason is Reason.BLOCKED

    api.retry(epic.workspace, "rounds", api.RetryRequest(domain="a", agent_command=WRITE))
    api.retry(epic.workspace, "rounds", api.RetryRequest(domain="c"))

    assert epic.result("c").status is DomainStatus.SUCCESS
    assert epic.merge().status is MergeStatus.LANDED


def test_a_subset_leaves_the_others_created_and_a_later_run_goes_on_with_the_same_run(
    epic: Epic,
) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])

    first = epic.run(parallel(domains=("b",)))
    waiting = epic.metadata("a").status
    second = epic.run(parallel())

    assert waiting is WorktreeStatus.CREATED
    assert first.run_id == second.run_id
    assert [domain.name for domain in second.domains] == ["a", "b"]
    with pytest.raises(WrongPhase) as refused:
        epic.run(parallel())
    assert "--fresh" in refused.value.hint


def test_a_retry_goes_on_with_the_work_that_was_kept(epic: Epic) -> None:
    plan(epic, [{"name": "a", "command": "echo one > a.txt; exit 1"}, {"name": "b"}])
    epic.run(parallel())

    request = api.RetryRequest(domain="a", agent_command="echo two >> a.txt", message="go on")
    answer = api.retry(epic.workspace, "rounds", request)

    result = epic.result("a")
    assert answer.exit_code == 0
    assert [attempt.number for attempt in result.attempts] == [1, 2]
    assert (epic.worktree("a") / "a.txt").read_text() == "one\ntwo\n"
    folder = epic.workspace.layout.attempt(result.run_id, "work:a", 2)
    assert "go on" in (folder / "prompt.md").read_text()


def test_a_fresh_retry_starts_again_from_the_base_and_keeps_the_old_work_pinned(
    epic: Epic, git: RunGit
) -> None:
    plan(epic, [{"name": "a", "command": "echo old > a.txt; exit 1"}, {"name": "b"}])
    epic.run(parallel())
    old = epic.result("a").head

    request = api.RetryRequest(
        domain="a", agent_command="cat a.txt || echo new > a.txt", fresh=True
    )
    api.retry(epic.workspace, "rounds", request)

    assert (epic.worktree("a") / "a.txt").read_text() == "new\n"
    kept = git(epic.repository, "for-each-ref", "--points-at", str(old), "refs/ropewalk")
    assert "backup/a/" in kept


def test_work_done_by_hand_is_refused_by_merge_until_it_is_collected(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    epic.run(parallel())
    (epic.worktree("a") / "a.txt").write_text("by hand\n")

    with pytest.raises(WrongPhase) as refused:
        epic.merge()
    assert refused.value.hint == "ropewalk collect rounds a"
    api.collect(epic.workspace, "rounds", ["a"])

    assert epic.merge().status is MergeStatus.LANDED
    assert (epic.repository / "a.txt").read_text() == "by hand\n"


def test_a_fresh_run_moves_everything_of_the_old_one_to_the_trash(epic: Epic, git: RunGit) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    old = epic.run(parallel())
    head = epic.result("a").head

    new = epic.run(parallel(fresh=True))

    assert new.run_id != old.run_id
    assert new.status is OverallStatus.SUCCESS
    refs = git(epic.repository, "for-each-ref", "--points-at", str(head), "refs/ropewalk")
    assert f"trash/{old.run_id}" in refs
    trash = epic.workspace.layout.trash(old.run_id)
    assert (trash / "outputs" / "a_results.json").is_file()


def test_clean_is_a_dry_run_and_what_it_removes_comes_back_byte_for_byte(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    epic.run(parallel())
    exclude = epic.repository / ".git" / "info" / "exclude"
    exclude.write_text(exclude.read_text() + "*.secret\n")
    (epic.worktree("a") / "my.secret").write_bytes(b"\x00ignored")
    (epic.worktree("a") / "untracked.txt").write_text("mine")

    dry = api.clean(epic.workspace, "rounds", unmerged=True)
    assert epic.worktree("a").is_dir()
    done = api.clean(epic.workspace, "rounds", unmerged=True, yes=True)
    gone = not epic.worktree("a").exists()
    api.restore(epic.workspace, "rounds", ["a"])

    assert [each.name for each in dry.removals] == [each.name for each in done.removals]
    assert gone
    assert (epic.worktree("a") / "my.secret").read_bytes() == b"\x00ignored"
    assert (epic.worktree("a") / "untracked.txt").read_text() == "mine"
    assert (epic.worktree("a") / "a.txt").read_text() == "a\n"


def test_clean_does_not_say_that_it_saved_a_worktree_that_was_deleted_by_hand(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    epic.run(parallel())
    shutil.rmtree(epic.worktree("a"))

    done = api.clean(epic.workspace, "rounds", unmerged=True, yes=True)

    assert [each.name for each in done.removals] == ["b"]
    assert done.kept == ("a: what was collected, on its branch; its folder was gone already",)


def test_a_plan_that_was_changed_on_disk_is_refused(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    path = epic.workspace.layout.analysis("rounds")
    path.write_text(path.read_text().replace('"true"', '"rm -rf /"'))

    with pytest.raises(PlanChanged) as refused:
        epic.run(parallel())
    assert refused.value.hint.endswith("ropewalk edit rounds")


def test_ctrl_c_ends_the_agents_keeps_everything_and_resume_finishes(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b", "command": f"{WRITE}; sleep $(cat nap || echo 30)"}])
    cancel = threading.Event()
    seen: set[tuple[str, object]] = set()

    def stop(event: Event) -> None:
        seen.add((event.type, event.data.get("domain")))
        if seen >= {("agent_ended", "a"), ("agent_started", "b")}:
            cancel.set()

    with pytest.raises(Interrupted) as stopped:
        epic.run(parallel(), observe=stop, cancel=cancel)
    with pytest.raises(WrongPhase):
        epic.run(parallel())
    (epic.worktree("b") / "b.txt").unlink(missing_ok=True)
    (epic.worktree("b") / "nap").write_text("0")
    answer = epic.resume()

    assert stopped.value.exit_code == 130
    assert answer.exit_code in (0, 6)
    assert len(epic.result("a").attempts) == 1
    assert len(epic.result("b").attempts) == 2


def test_a_second_coordinator_is_told_that_the_first_one_is_at_work(epic: Epic) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    busy: list[Busy] = []

    def intrude(event: Event) -> None:
        if event.type == "agent_started" and not busy:
            try:
                api.resume(epic.workspace, "rounds")
            except Busy as error:
                busy.append(error)

    epic.run(parallel(), observe=intrude)

    assert busy[0].exit_code == 8


def test_undo_takes_a_landing_back_and_leaves_nothing_behind(epic: Epic, git: RunGit) -> None:
    plan(epic, [{"name": "a"}, {"name": "b"}])
    before = git(epic.repository, "rev-parse", "main")
    epic.run(parallel())
    epic.merge()

    answer = api.undo(epic.workspace, "rounds")

    assert answer.exit_code == 0
    assert git(epic.repository, "rev-parse", "main") == before
    assert git(epic.repository, "status", "--porcelain") == ""
    assert not (epic.repository / "a.txt").exists()


def test_a_conflict_is_data_and_the_rest_lands_when_it_is_parked(epic: Epic) -> None:
    clash = "echo $ROPEWALK_DOMAIN > api/service.py"
    plan(
        epic,
        [
            {"name": "a", "files": ["api/**"], "command": clash},
            {"name": "b", "files": ["api/**"], "command": clash},
            {"name": "c"},
        ],
    )
    epic.run(parallel())

    alone = api.MergeOptions(resolve=api.Resolve.OFF)
    reported = epic.merge(alone)
    parked = epic.merge(replace(alone, on_conflict=api.OnConflict.PARK))

    assert reported.status is MergeStatus.CONFLICT
    conflict = next(entry.conflict for entry in reported.domains if entry.conflict)
    assert conflict.with_domains == ("a",)
    assert [path.path for path in conflict.paths] == ["api/service.py"]
    assert parked.status is MergeStatus.LANDED
    assert epic.merged("b").status is MergedDomainStatus.PARKED
    assert epic.worktree("b").is_dir()
    assert not epic.worktree("a").exists()


def test_through_validate_lets_an_agent_repair_the_merged_tree_and_lands_the_repair(
    epic: Epic,
) -> None:
    (epic.repository / "ropewalk.toml").write_text(
        '[run]\nagent = "fixer"\n'
        '[agents.fixer]\nkind = "command"\nshell = "echo good > fixed.txt"\n'
    )
    plan(epic, [{"name": "a"}, {"name": "b"}], validation=["grep -q good fixed.txt"])

    answer = api.run(epic.workspace, "rounds", parallel(through=api.Through.VALIDATE))
    path = epic.workspace.layout.validation_results("rounds")
    validation = api.read(ValidationReport, path)

    assert answer.exit_code == 0
    assert validation.status is ValidationStatus.FIXED
    assert validation.landed
    assert (epic.repository / "fixed.txt").read_text() == "good\n"


def test_a_run_whose_budget_is_used_up_starts_no_further_agent(epic: Epic) -> None:
    (epic.repository / "spend.json").write_text(
        json.dumps(
            [{"usage": {"cost_usd": 0.75}}, {"tool": "write", "path": "a.txt", "content": "a"}]
        )
    )
    (epic.repository / "ropewalk.toml").write_text(
        '[agents.spender]\nkind = "script"\nscript = "spend.json"\n'
    )
    plan(epic, [{"name": name, "agent": "spender", "command": None} for name in "ab"])

    epic.run(api.RunRequest(mode=Mode.SEQUENTIAL, budget_usd=0.5))

    assert epic.result("b").reason is Reason.BUDGET
    assert epic.result("b").attempts == ()

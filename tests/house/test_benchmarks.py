"""The benchmarks import, and turn canned figures into the right table."""

import json
from pathlib import Path

import pytest

from benchmarks import (
    bench_children,
    bench_engine,
    bench_journal,
    bench_life,
    bench_matrix,
    bench_phase1b,
    bench_planning_cache,
    bench_startup,
    bench_train,
    bench_worktrees,
    replay,
)
from benchmarks.measure import CannotMeasureError, Finding, benchmark, ratio, report, table

LIFE = bench_life.Life(
    domains=10,
    adds_s=2.0,
    plan_s=0.5,
    run_s=3.0,
    merge_s=4.0,
    clean_s=0.5,
    own_cpu_s=1.0,
    children_cpu_s=2.0,
    programs=700,
    stages_s={"worktrees made": 1.0},
)
PHASE = bench_phase1b.Phase(
    domains=16,
    agent_s=2.0,
    wall_s=2.4,
    prepare_s=1.6,
    collect_s=0.2,
    aggregate_s=0.01,
    add_s=0.1,
    speedup_wall=8.0,
)


def verdicts(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{one.measured:.2f} {one.verdict}" for one in findings]


def test_a_table_says_what_was_compared_with_what_and_by_how_much_a_goal_is_missed() -> None:
    findings = (
        Finding(what="ours", against="theirs", measured=3.0, goal=2.0),
        Finding(what="ours", against="others", measured=1.0),
    )

    lines = table(findings).splitlines()

    assert lines == [
        "measured  compared with  value   goal",
        "ours      theirs         3.00 x  <= 2 x  missed: 1.50 times the goal",
        "ours      others         1.00 x  -       no goal",
    ]


def test_the_whole_life_is_held_against_worktrees_made_by_git() -> None:
    found = bench_life.findings([LIFE])

    assert (found[0].what, found[0].goal) == ("N=10: whole life", 3.0)
    assert verdicts(found)[:2] == ["4.00 missed: 1.33 times the goal", "0.25 no goal"]
    assert bench_life.notes([LIFE]) == ["N=10: 700 programs started, 70.0 per domain"]


def test_phase_1b_is_held_against_one_agent() -> None:
    found = bench_phase1b.findings(PHASE)

    assert verdicts(found) == [
        "1.20 met",
        "2.00 no goal",
        "1.00 no goal",
        "2.00 no goal",
        "0.10 no goal",
    ]


def test_worktrees_are_held_against_git_and_cp_by_the_median_of_pairs() -> None:
    rounds = bench_worktrees.Rounds(
        ours=(1.0, 9.0, 2.0), git_serial=(2.0, 9.0, 4.0), copies=(1.0, 3.0, 1.0)
    )

    assert verdicts(bench_worktrees.findings(rounds)) == [
        "0.50 met",
        "2.00 missed: 1.67 times the goal",
        "3.00 no goal",
    ]


def test_start_up_counts_the_git_calls_apart() -> None:
    figures = bench_startup.Figures(bare=0.01, help=0.06, status=0.3, status_own=0.2)

    assert verdicts(bench_startup.findings(figures)) == [
        "6.00 missed: 1.20 times the goal",
        "20.00 met",
        "10.00 no goal",
    ]


def test_planning_again_is_held_against_planning_without_a_cache() -> None:
    figures = bench_planning_cache.Figures(
        files=300,
        edits=4,
        with_cache={"comment": 0, "function": 90},
        without={"comment": 100, "function": 100},
    )

    assert verdicts(bench_planning_cache.findings(figures)) == [
        "45.00 missed: 1.12 times the goal",
        "0.00 no goal",
        "90.00 no goal",
    ]


def test_the_journal_is_scaled_to_the_wanted_rate() -> None:
    figures = bench_journal.Figures(events=20_000, wall_s=4.0, cpu_s=0.3, pacing_cpu_s=0.1)

    assert verdicts(bench_journal.findings(figures)) == [
        "10.00 missed: 2.00 times the goal",
        "2.00 no goal",
    ]


def test_children_are_held_against_one_core() -> None:
    watched = [bench_children.Watched(children=200, lines=200_000, wall_s=5.0, cpu_s=0.4)]

    assert verdicts(bench_children.findings(watched)) == ["8.00 met"]
    assert bench_children.notes(watched) == ["200 programs wrote 200 lines a second each"]


def test_a_step_of_the_engine_is_held_against_a_bare_python_and_a_bare_loop() -> None:
    rounds = bench_engine.Rounds(ours=(0.8,), again=(0.2,), bare=(0.4,), python=(0.008,))

    assert verdicts(bench_engine.findings(rounds)) == ["0.10 met", "2.00 no goal", "0.25 no goal"]


def test_a_graph_for_the_benchmark_has_layers() -> None:
    graph = bench_engine.graph_of(5, 2)

    assert [step.needs for step in graph.steps] == [(), (), ("s0",), ("s1",), ("s2",)]


def test_trains_are_held_against_git_merge() -> None:
    rounds = [
        bench_train.Rounds(case=case, ours=(1.0,), git_merge=(20.0,)) for case in bench_train.CASES
    ]

    assert verdicts(bench_train.findings(rounds)) == [
        "0.05 missed: 2.00 times the goal",
        "0.05 missed: 2.00 times the goal",
        "0.05 no goal",
        "0.05 met",
    ]
    assert bench_train.notes(rounds)[0] == (
        "200 path-disjoint domains: 20.0 times faster, equal commits"
    )


def test_the_matrix_is_held_against_all_pairs() -> None:
    compared = bench_matrix.Compared(
        domains=200, ours_s=1.0, all_pairs_s=8.0, pairs=19_900, candidates=400, conflicts=20
    )

    assert verdicts(bench_matrix.findings([compared])) == ["0.12 missed: 1.25 times the goal"]
    assert bench_matrix.notes([compared]) == (
        "200 domains: 400 of 19,900 pairs tried, 20 conflicts, the same as among all pairs",
    )


def test_a_replay_of_made_up_merges_agrees_with_git(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = replay.Tally()

    replay.replay_generated(tmp_path, 1, tally)
    code = replay.main(["--points", "2"])

    assert (tally.merges, tally.wrong, tally.missed) == (15, [], 0)
    assert tally.conflicts + tally.skipped > 0
    assert code == 1
    assert "name a repository" in capsys.readouterr().err


def test_results_are_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding(what="a", against="b", measured=2.0, goal=1.0)

    path = report("x", [finding], figures={"raw": 1}, notes=["said"], folder=tmp_path / "results")

    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["findings"][0]["verdict"] == "missed: 2.00 times the goal"
    assert document["figures"] == {"raw": 1}
    assert "said" in capsys.readouterr().out


def test_a_missed_goal_is_no_failure_and_what_could_not_be_measured_is_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise CannotMeasureError("git is missing")

    assert benchmark(lambda: None) == 0
    assert benchmark(fail) == 1
    assert capsys.readouterr().err == "could not measure: git is missing\n"


def test_a_ratio_is_the_median_of_pairs() -> None:
    assert ratio([1.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == 2.0

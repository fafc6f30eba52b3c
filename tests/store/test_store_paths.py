from pathlib import Path

import pytest

from ropewalk.errors import InvalidInput
from ropewalk.store.paths import Layout

LAYOUT = Layout(top=Path("/shop"), common_dir=Path("/shop/.git"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (LAYOUT.config(), "/shop/ropewalk.toml"),
        (LAYOUT.briefings(), "/shop/briefings"),
        (LAYOUT.workflows(), "/shop/.workflow/workflows"),
        (LAYOUT.outputs("e"), "/shop/.workflow/outputs/e"),
        (LAYOUT.analysis("e"), "/shop/.workflow/outputs/e/parallel_analysis.json"),
        (LAYOUT.notes("e"), "/shop/.workflow/outputs/e/planning_notes.json"),
        (LAYOUT.domain_results("e", "db"), "/shop/.workflow/outputs/e/db_results.json"),
        (LAYOUT.aggregate("e"), "/shop/.workflow/outputs/e/phase1_parallel_results.json"),
        (LAYOUT.merge_results("e"), "/shop/.workflow/outputs/e/phase1c_merge_results.json"),
        (
            LAYOUT.validation_results("e"),
            "/shop/.workflow/outputs/e/phase2_validation_results.json",
        ),
        (LAYOUT.postmortem("e"), "/shop/.workflow/outputs/e/phase3_postmortem.json"),
        (LAYOUT.postmortem_markdown("e"), "/shop/.workflow/outputs/e/phase3_postmortem.md"),
        (LAYOUT.html_report("e"), "/shop/.workflow/outputs/e/report.html"),
        (LAYOUT.run("r1"), "/shop/.workflow/runs/r1"),
        (LAYOUT.journal("r1"), "/shop/.workflow/runs/r1/journal.jsonl"),
        (LAYOUT.log("r1", "agent:db", 2), "/shop/.workflow/runs/r1/logs/agent-db.2.log"),
        (LAYOUT.attempt("r1", "agent:db", 2), "/shop/.workflow/runs/r1/attempts/agent-db.2"),
        (LAYOUT.cache(), "/shop/.workflow/cache"),
        (LAYOUT.history(), "/shop/.workflow/history.jsonl"),
        (LAYOUT.trash("r1"), "/shop/.workflow/trash/r1"),
        (LAYOUT.worktree("e", "db"), "/shop/.worktrees/e/db"),
        (LAYOUT.sequential("e"), "/shop/.worktrees/e/_sequential"),
        (LAYOUT.metadata("e", "db"), "/shop/.worktrees/.metadata/e/db.json"),
        (LAYOUT.own_git_dir(), "/shop/.git/ropewalk/bare"),
        (LAYOUT.locks(), "/shop/.git/ropewalk/locks"),
    ],
)
def test_every_file_has_its_place(path: Path, expected: str) -> None:
    assert path == Path(expected)


def test_all_paths_are_absolute_even_when_the_repository_was_named_relatively() -> None:
    layout = Layout(top=Path("shop"), common_dir=Path("shop/.git"))

    assert layout.worktree("e", "d").is_absolute()
    assert layout.locks().is_absolute()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a\0"])
def test_an_id_that_would_leave_its_folder_is_refused(name: str) -> None:
    for use in (LAYOUT.outputs, LAYOUT.run, LAYOUT.trash, LAYOUT.metadata_root):
        with pytest.raises(InvalidInput):
            use(name)
    with pytest.raises(InvalidInput):
        LAYOUT.worktree("e", name)


def test_worktrees_elsewhere_are_not_excluded_from_git() -> None:
    layout = Layout(top=Path("/shop"), common_dir=Path("/shop/.git"), worktree_root=Path("/trees"))

    assert layout.worktree("e", "d") == Path("/trees/e/d")
    assert not any("trees" in line for line in layout.excludes)


def test_excludes_name_what_is_generated_and_nothing_that_is_committed() -> None:
    lines = LAYOUT.excludes

    assert lines == (
        "/.workflow/outputs/",
        "/.workflow/runs/",
        "/.workflow/cache/",
        "/.workflow/trash/",
        "/.workflow/history.jsonl",
        "/.worktrees/",
    )


def test_a_worktree_root_with_pattern_characters_is_excluded_literally() -> None:
    layout = Layout(top=Path("/shop"), common_dir=Path("/g"), worktree_root=Path("w[1]*"))

    assert layout.excludes[-1] == "/w\\[1]\\*/"

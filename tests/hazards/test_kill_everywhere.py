"""Kill the coordinator at every event of its journal: the same end, nothing run twice."""

import shutil
from pathlib import Path

import pytest

from tests.hazards.killing import Ending, plan_epic, run_to_the_end


def ending(template: Path, folder: Path, *, kill_at: int | None) -> Ending:
    repository, pids = folder / "repository", folder / "pids"
    shutil.copytree(template, repository, symlinks=True)
    plan_epic(repository, pids)
    return run_to_the_end(repository, pids, kill_at=kill_at)


def require_same_end(template: Path, folder: Path, points: range) -> None:
    uncut = ending(template, folder / "uncut", kill_at=None)
    problems = {}
    for point in points:
        if point > uncut.events:
            break
        end = ending(template, folder / str(point), kill_at=point)
        same = end.tree == uncut.tree and end.killed
        if not same or end.run_twice or end.alive or end.disturbed:
            problems[point] = end
        shutil.rmtree(folder / str(point))

    assert not problems


def test_a_sample_of_kills_ends_like_the_uncut_run(
    template_repository: Path, tmp_path: Path
) -> None:
    require_same_end(template_repository, tmp_path, range(9, 400, 23))


@pytest.mark.hazard
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(8))
def test_a_kill_at_any_event_ends_like_the_uncut_run(
    template_repository: Path, tmp_path: Path, part: int
) -> None:
    require_same_end(template_repository, tmp_path, range(1 + part, 400, 8))

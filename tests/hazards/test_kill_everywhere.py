"""Kill the coordinator at every event of its journal: the same end, nothing run twice."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.hazards.killing import Ending, plan_epic, run_to_the_end

MODES = ("parallel", "sequential")
MOST_EVENTS = 400


def ending(template: Path, folder: Path, *, mode: str, kill_at: int | None) -> Ending:
    repository, pids = folder / "repository", folder / "pids"
    shutil.copytree(template, repository, symlinks=True)
    plan_epic(repository, pids)
    return run_to_the_end(repository, pids, mode=mode, kill_at=kill_at)


def require_same_end(template: Path, folder: Path, mode: str, points: Iterable[int]) -> None:
    uncut = ending(template, folder / "uncut", mode=mode, kill_at=None)
    problems = {}
    for point in points:
        if point > uncut.events:
            break
        end = ending(template, folder / str(point), mode=mode, kill_at=point)
        same = end.tree == uncut.tree and end.killed
        if not same or end.run_twice or end.alive or end.disturbed:
            problems[point] = end
        shutil.rmtree(folder / str(point))

    assert not problems


@pytest.mark.parametrize("mode", MODES)
def test_a_sample_of_kills_ends_like_the_uncut_run(
    template_repository: Path, tmp_path: Path, mode: str
) -> None:
    points = (1, 2, *range(31 + MODES.index(mode), MOST_EVENTS, 37))

    require_same_end(template_repository, tmp_path, mode, points)


@pytest.mark.hazard
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(6))
@pytest.mark.parametrize("mode", MODES)
def test_a_kill_at_any_event_ends_like_the_uncut_run(
    template_repository: Path, tmp_path: Path, mode: str, part: int
) -> None:
    require_same_end(template_repository, tmp_path, mode, range(1 + part, MOST_EVENTS, 6))

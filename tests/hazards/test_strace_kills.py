"""A sample of the kills at file-system calls; `make hazards` plays hundreds and prints figures."""

import shutil
from pathlib import Path

import pytest

from tests.hazards.dirty_checkout import Scene
from tests.hazards.strace_kills import Kill, Strikes, choose, spread

KILLS = 6

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.mark.timeout(300)
def test_a_landing_killed_at_any_call_ends_as_if_nobody_had_killed_it(tmp_path: Path) -> None:
    strikes = Strikes(Scene(tmp_path.resolve()))
    kills = choose(strikes.points("land"), KILLS)

    verdicts = [strikes.strike(kill) for kill in kills]

    assert [one for one in verdicts if one.problem is not None] == []
    assert {one.kill.whom for one in verdicts if one.is_hit} == {"coordinator", "git"}


def test_the_kills_that_are_played_are_spread_over_all_there_are() -> None:
    kills = [Kill(moment="land", process=0, call="write", number=n) for n in range(100)]

    assert [one.number for one in spread(kills, 4)] == [0, 25, 50, 75]
    assert spread(kills[:2], 4) == kills[:2]

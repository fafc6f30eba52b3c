import pytest

from ropewalk.epic.next_steps import for_state
from ropewalk.report.domain_state import DomainState
from ropewalk.report.state import RunState

GOOD = DomainState(name="api", status="success", merged="c" * 40)


@pytest.mark.parametrize(
    ("other", "first"),
    [
        (DomainState(name="web", status="success", merged=""), "report"),
        (DomainState(name="web", status="success"), "merge"),
        (DomainState(name="web", status="failed"), "results"),
    ],
)
def test_after_a_landing_comes_what_it_left_out(other: DomainState, first: str) -> None:
    state = RunState(
        phase="landed", landings=({"new": "d" * 40},), domains={"api": GOOD, "web": other}
    )

    commands = for_state("search", state, is_busy=False)

    assert commands == (f"ropewalk {first} search", "ropewalk undo search")

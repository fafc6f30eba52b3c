import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ropewalk.agents.budget import Allowance, Need, Purse

GO_ON = threading.Event()


def reserve(purse: Purse, need: Need, cancel: threading.Event = GO_ON) -> Allowance | None:
    return purse.reserve(need, cancel=cancel, told=lambda *_: None)


def require(purse: Purse, need: Need) -> Allowance:
    allowance = reserve(purse, need)
    assert allowance is not None
    return allowance


def test_what_an_agent_may_spend_is_reserved_whole_before_it_starts() -> None:
    purse = Purse()

    first = require(purse, Need(agent="a", budget_usd=2.0, cap_usd=1.5))

    assert first.limit_usd == 1.5
    stopped = threading.Event()
    waits: list[tuple[float | None, float]] = []

    def told(needed: float | None, free: float) -> None:
        waits.append((needed, free))
        stopped.set()

    need = Need(agent="a", budget_usd=2.0, cap_usd=1.5)
    assert purse.reserve(need, cancel=stopped, told=told) is None
    assert waits == [(1.5, 0.5)]


def test_what_was_reserved_and_not_spent_is_free_for_the_next() -> None:
    purse = Purse()
    need = Need(agent="a", budget_usd=2.0, cap_usd=1.5)
    first = require(purse, need)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(reserve, purse, need)
        first.take(0.5)
        first.close(finished=True)
        second = waiting.result(timeout=10)

    assert second is not None
    assert second.limit_usd == 1.5
    assert purse.spent_usd == 0.5


def test_without_any_knowledge_the_first_one_goes_alone_and_tells_the_price() -> None:
    purse = Purse()
    need = Need(agent="a", budget_usd=6.0)
    first = require(purse, need)

    assert first.limit_usd == 6.0
    first.take(1.0)
    first.close(finished=True)
    others = [require(purse, need) for _ in range(4)]
    assert [other.limit_usd for other in others] == [1.25] * 4


def test_one_that_failed_tells_no_price() -> None:
    purse = Purse()
    first = require(purse, Need(agent="a", budget_usd=6.0))
    first.take(0.1)
    first.close(finished=False)

    assert require(purse, Need(agent="a", budget_usd=6.0)).limit_usd == pytest.approx(5.9)


def test_what_earlier_epics_cost_lets_all_start_at_once() -> None:
    purse = Purse()
    need = Need(agent="a", budget_usd=10.0, expected_usd=2.0)

    assert [require(purse, need).limit_usd for _ in range(4)] == [2.5] * 4


def test_an_agent_that_ends_itself_at_its_limit_gets_its_share_of_what_nobody_holds() -> None:
    purse, names = Purse(), frozenset("abcd")
    needs = [
        Need(agent="a", budget_usd=1.2, expected_usd=0.01, domain=name, unstarted=names)
        for name in names
    ]

    first, *others = [require(purse, need) for need in needs]

    assert [one.limit_usd for one in (first, *others)] == pytest.approx([0.3] * 4)
    first.take(0.02)
    first.close(finished=True)
    assert require(purse, needs[0]).limit_usd == pytest.approx(0.28)
    assert purse.spent_usd == 0.02


def test_a_share_is_never_less_than_what_is_expected_nor_than_what_is_left() -> None:
    names = frozenset("abcd")
    need = Need(agent="a", budget_usd=1.0, expected_usd=0.4, domain="a", unstarted=names)

    assert require(Purse(), need).limit_usd == pytest.approx(0.5)
    assert require(Purse(spent_usd=0.7), need).limit_usd == pytest.approx(0.3)


def test_an_agent_may_go_on_with_what_nobody_holds() -> None:
    purse = Purse()
    need = Need(agent="a", budget_usd=3.0, expected_usd=0.8)
    allowance, other = require(purse, need), require(purse, need)

    assert allowance.take(1.0)
    assert allowance.take(2.0)
    assert not allowance.take(2.1)
    assert other.take(1.0)


def test_an_agents_own_limit_holds_without_a_budget_of_the_run() -> None:
    allowance = require(Purse(), Need(agent="a", cap_usd=1.0))

    assert allowance.take(1.0)
    assert not allowance.take(1.01)
    assert require(Purse(), Need(agent="a")).limit_usd is None


def test_little_is_left_to_the_last_one_and_next_to_nothing_to_nobody() -> None:
    need = Need(agent="a", budget_usd=10.0, cap_usd=2.0)

    last = require(Purse(spent_usd=9.0), need)

    assert last.limit_usd == 1.0
    assert reserve(Purse(spent_usd=9.9), need) is None
    assert reserve(Purse(spent_usd=10.0), need) is None


def test_each_budget_is_warned_of_once() -> None:
    purse = Purse()
    allowance = require(purse, Need(agent="a", budget_usd=1.0))

    allowance.take(0.79)
    early = purse.is_to_warn(1.0)
    allowance.take(0.8)
    first, again = purse.is_to_warn(1.0), purse.is_to_warn(1.0)

    assert (early, first, again) == (False, True, False)
    assert not Purse(spent_usd=5.0, warned_usd=5.0).is_to_warn(5.0)
    assert Purse(spent_usd=5.0, warned_usd=2.0).is_to_warn(5.0)
    assert not Purse(spent_usd=5.0).is_to_warn(None)


def test_ten_at_once_with_a_budget_for_six_spend_no_more_than_a_turn_each_beyond_it() -> None:
    purse = Purse()
    turn, turns = 0.25, 4
    need = Need(agent="a", budget_usd=6.0)
    finished: list[int] = []

    def work(number: int) -> None:
        allowance = reserve(purse, need)
        if allowance is None:
            return
        done = 0
        while done < turns:
            done += 1
            if not allowance.take(done * turn):
                break
        allowance.close(finished=done == turns)
        finished.extend([number] if done == turns else [])

    with ThreadPoolExecutor(max_workers=10) as pool:
        list(pool.map(work, range(10)))

    assert len(finished) >= 6
    assert purse.spent_usd <= 6.0 + 10 * turn

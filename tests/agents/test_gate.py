import threading
import time

import pytest

from ropewalk.agents.gate import GateTiming, RateGate, gate_key

QUICK = GateTiming(first_s=0.05, most_s=0.15, spacing_s=0.05)


@pytest.fixture
def gate() -> RateGate:
    return RateGate(QUICK)


def passes(gate: RateGate, key: str = "a") -> tuple[bool, list[float]]:
    told: list[float] = []
    return gate.wait(key, cancel=threading.Event(), told=told.append), told


def test_an_open_gate_keeps_nobody_waiting(gate: RateGate) -> None:
    assert passes(gate) == (True, [])


def test_those_that_come_later_wait_as_long_as_the_provider_asked(gate: RateGate) -> None:
    began = time.monotonic()
    gate.shut("a", 0.3)

    passed, told = passes(gate)

    assert passed
    assert time.monotonic() - began >= 0.3
    assert told == [pytest.approx(0.3, abs=0.1)]


def test_only_those_with_the_same_limit_wait(gate: RateGate) -> None:
    gate.shut(gate_key("claude", "m"), 60.0)

    assert passes(gate, gate_key("claude", None)) == (True, [])
    assert passes(gate, gate_key("codex", "m")) == (True, [])


def test_each_time_it_stays_shut_longer_up_to_a_limit(gate: RateGate) -> None:
    seconds = []
    for _ in range(4):
        seconds.append(gate.shut("a"))
        passes(gate)

    assert seconds == [pytest.approx(wanted, abs=0.02) for wanted in (0.05, 0.1, 0.15, 0.15)]


def test_agents_that_meet_the_limit_together_count_once(gate: RateGate) -> None:
    assert gate.shut("a") == pytest.approx(0.05, abs=0.02)
    assert gate.shut("a") == pytest.approx(0.05, abs=0.02)


def test_when_something_went_well_the_growth_begins_again(gate: RateGate) -> None:
    for _ in range(3):
        gate.shut("a")
        passes(gate)

    gate.went_well("a")

    assert gate.shut("a") == pytest.approx(0.05, abs=0.02)


def test_a_word_from_an_agent_that_still_works_does_not_open_a_shut_gate(gate: RateGate) -> None:
    gate.shut("a", 0.2)
    began = time.monotonic()

    gate.went_well("a")
    passes(gate)

    assert time.monotonic() - began >= 0.15


def test_those_that_waited_pass_one_after_another(gate: RateGate) -> None:
    gate.shut("a", 0.1)
    times: list[float] = []

    def go() -> None:
        passes(gate)
        times.append(time.monotonic())

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert times[-1] - times[0] >= 2 * QUICK.spacing_s * 0.9


def test_waiting_ends_when_the_run_is_stopped(gate: RateGate) -> None:
    gate.shut("a", 60.0)
    cancel = threading.Event()

    assert not gate.wait("a", cancel=cancel, told=lambda _seconds: cancel.set())

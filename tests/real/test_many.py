"""Agents of two kinds at once, more than the memory allows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil

from ropewalk.model.result import Aggregate, OverallStatus
from tests.model_server import Say, Scene, Shell, Write
from tests.real.shop import Shop
from tests.stories.shell import answer

KEY: Final = "dummy-key-1"
LIMIT_MB: Final = 1000
NAMES: Final = {f"{kind}-{number}": kind for number in range(4) for kind in ("claude", "codex")}
TURNS: Final = (Shell("sleep 1"), Shell("sleep 1"), Shell("sleep 1"))


class Memory:
    """The most that all processes of the agents of a repository had at once, in MB."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._ended = threading.Event()
        self.most_mb = 0.0

    @contextmanager
    def measuring(self) -> Iterator[None]:
        thread = threading.Thread(target=self._measure)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _measure(self) -> None:
        while not self._ended.wait(0.3):
            sizes = (self._pss(process) for process in self._shop.processes())
            self.most_mb = max(self.most_mb, sum(sizes) / 1024**2)

    def _pss(self, process: psutil.Process) -> int:
        try:
            return int(process.memory_full_info().pss)
        except psutil.Error:
            return 0


def test_agents_beyond_the_memory_wait_and_the_journal_says_why(shop: Shop) -> None:
    shop.configure(
        shop.table("claude", KEY),
        shop.table("codex", KEY),
        f"[resources]\nmemory_mb = {LIMIT_MB}\n",
    )
    for name in NAMES:
        turns = (*TURNS, Write(f"{name}/a.txt", "a\n"), Say("done"))
        shop.play(name, Scene(key=KEY, turns=turns))
    domains = [
        {"name": name, "new_files": [f"{name}/**"], "agent": kind} for name, kind in NAMES.items()
    ]
    shop.plan("many", domains)
    memory = Memory(shop)

    with memory.measuring():
        run = shop.ropewalk("--json", "run", "many", "--parallel")

    assert answer(run, Aggregate).status is OverallStatus.SUCCESS
    assert LIMIT_MB / 4 < memory.most_mb < LIMIT_MB
    assert most_at_work(shop) == LIMIT_MB // 250
    told = [event.data for event in shop.events("agent_waiting")]
    waits = [one for one in told if one["reason"] == "memory"]
    assert len({one["domain"] for one in waits}) == len(NAMES) - LIMIT_MB // 250
    assert {one["needed"] for one in waits} == {250}


def most_at_work(shop: Shop) -> int:
    now = most = 0
    for event in shop.events("agent_starting", "agent_ended"):
        now += 1 if event.type == "agent_starting" else -1
        most = max(most, now)
    return most

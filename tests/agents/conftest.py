"""A task in a worktree of its own, and a journal that remembers."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ropewalk.agents.base import AgentTask
from ropewalk.agents.runner import AttemptReport, run_attempt
from ropewalk.git.command import Identity
from ropewalk.model.config import AgentConfig, AgentKind
from ropewalk.model.values import JsonObject
from ropewalk.process import Limits
from tests.model_server import ModelServer

QUICK = Limits(interrupt_s=0.1, grace_s=0.2)


@dataclass
class Journal:
    """Remembers what was emitted, in order."""

    events: list[tuple[str, JsonObject, bool]] = field(default_factory=list)
    fails_on: str = ""
    times: list[float] = field(default_factory=list)

    def __call__(self, type_: str, data: JsonObject, /, *, sync: bool = False) -> None:
        if type_ == self.fails_on:
            raise OSError("the journal is full")
        self.events.append((type_, data, sync))
        self.times.append(time.monotonic())

    def texts(self) -> list[str]:
        return [str(data["text"]) for type_, data, _ in self.events if type_ == "agent_activity"]


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def task(tmp_path: Path) -> AgentTask:
    repository = tmp_path / "repository"
    worktree = repository / ".worktrees" / "search" / "backend"
    worktree.mkdir(parents=True)
    run_folder = repository / ".workflow" / "runs" / "run1"
    return AgentTask(
        epic_id="search",
        domain="backend",
        run_id="run1",
        number=1,
        worktree=worktree,
        repository=repository,
        base="a" * 40,
        prompt="Serve the search.\n",
        files=("api/routes.py", "api/service.py"),
        result_path=worktree / ".workflow" / "outputs" / "search" / "backend_results.json",
        folder=run_folder / "attempts" / "agent-backend.1",
        log=run_folder / "logs" / "agent-backend.1.log",
        briefing="# Backend\n",
        identity=Identity(name="Ada", email="ada@example.invalid"),
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ModelServer]:
    """A model server that keeps what it is asked below `tmp_path / "bodies"`."""
    with ModelServer(tmp_path / "bodies") as server:
        yield server


@pytest.fixture
def attempt(task: AgentTask, journal: Journal) -> Callable[..., AttemptReport]:
    """Runs an agent that is a shell command on `task`."""

    def run(shell: str, **settings: object) -> AttemptReport:
        config = AgentConfig(kind=AgentKind.COMMAND, shell=shell, **settings)  # type: ignore[arg-type]
        return run_attempt(task, config, emit=journal, cancel=threading.Event(), limits=QUICK)

    return run

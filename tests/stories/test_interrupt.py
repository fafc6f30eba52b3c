"""Ctrl-C in each phase: exit 130, nothing goes on running, and ``resume`` reaches the same end."""

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ropewalk.model.merge import MergeReport, MergeStatus
from ropewalk.process import ProcessIdentity, find_identity, is_alive
from tests.conftest import RunGit
from tests.harness import Epic
from tests.stories.bad_input import of_the_person
from tests.stories.shell import answer, ropewalk, start

PATIENCE_S = 60.0
PHASES = ("prepare", "work", "collect", "check")


@dataclass(frozen=True)
class Stops:
    """Commands that hang once, in the phase that is to be interrupted, and note who they are."""

    folder: Path
    phase: str

    @property
    def mark(self) -> Path:
        return self.folder / "hanging"

    def at(self, phase: str) -> str:
        if phase != self.phase:
            return "true"
        # A landing is not cut in two: it is waited for, with the hooks that belong to it.
        seconds = 2 if phase == "land" else 300
        return (
            f"test -e {self.mark} || {{ sleep {seconds} & echo $$ $! > {self.mark}.new; "
            f"mv {self.mark}.new {self.mark}; wait; }}"
        )

    def wait(self) -> list[ProcessIdentity]:
        """Wait until the command hangs; return its processes."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.mark.is_file():
            assert time.monotonic() < deadline, "the phase was not reached"
            time.sleep(0.02)
        found = [find_identity(int(pid)) for pid in self.mark.read_text().split()]
        return [identity for identity in found if identity is not None]


def plan_epic(repository: Path, stops: Stops) -> Epic:
    epic = Epic(repository)
    setup = f"[worktree]\nsetup = ['''{stops.at('prepare')}''']\n"
    (repository / "ropewalk.toml").write_text(setup)
    domains = [
        {
            "name": name,
            "new_files": [f"{name}.txt"],
            "command": f"echo start >> {stops.folder}/{name}; echo {name} > {name}.txt; {hang}",
            "checks": [stops.at("collect")] if name == "two" else [],
        }
        for name, hang in (("one", "true"), ("two", stops.at("work")))
    ]
    text = {"epic_id": "stopped", "domains": domains, "validation": [stops.at("check")]}
    epic.plan(json.dumps(text))
    return epic


@pytest.mark.parametrize("phase", PHASES)
def test_an_interrupted_run_leaves_nothing_running_and_resumes_to_the_same_end(
    repository: Path, tmp_path: Path, git: RunGit, phase: str
) -> None:
    stops = Stops(folder=tmp_path / "stops", phase=phase)
    stops.folder.mkdir()
    plan_epic(repository, stops)
    before = list(of_the_person(repository))
    verb = ("run", "stopped", "--parallel", "--through", "merge")
    process = start(repository, *verb, log=tmp_path / "run.log")

    try:
        hanging = stops.wait()
        os.kill(process.pid, signal.SIGINT)
        code = process.wait(timeout=PATIENCE_S)
    finally:
        process.kill()

    said = (tmp_path / "run.log").read_text()
    assert code == 130, said
    assert "ropewalk resume stopped" in said
    assert [identity for identity in hanging if is_alive(identity)] == []
    assert [entry for entry in of_the_person(repository) if "ropewalk/" not in entry] == before
    resumed = answer(ropewalk(repository, "--json", "resume", "stopped"), MergeReport)
    assert resumed.status is MergeStatus.LANDED
    assert [git(repository, "show", f"main:{name}.txt") for name in ("one", "two")] == [
        *("one", "two"),
    ]
    assert git(repository, "status", "--short", "--untracked-files=no") == ""
    assert (stops.folder / "one").read_text() == "start\n"
    starts_of_two = (stops.folder / "two").read_text().count("start")
    assert starts_of_two == (2 if phase == "work" else 1)


@pytest.mark.parametrize("times", [1, 2])
def test_a_landing_is_never_cut_in_two(
    repository: Path, tmp_path: Path, git: RunGit, times: int
) -> None:
    stops = Stops(folder=tmp_path / "stops", phase="land")
    stops.folder.mkdir()
    plan_epic(repository, stops)
    add_slow_landing(repository, stops)
    verb = ("run", "stopped", "--parallel", "--through", "merge")
    process = start(repository, *verb, log=tmp_path / "run.log")

    try:
        stops.wait()
        for _ in range(times):
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.3)
        code = process.wait(timeout=PATIENCE_S)
    finally:
        process.kill()

    assert code == (0 if times == 1 else 130), (tmp_path / "run.log").read_text()
    if times == 2:
        resumed = answer(ropewalk(repository, "--json", "resume", "stopped"), MergeReport)
        assert resumed.status is MergeStatus.LANDED
    assert [git(repository, "show", f"main:{name}.txt") for name in ("one", "two")] == [
        *("one", "two"),
    ]
    assert git(repository, "status", "--short", "--untracked-files=no") == ""
    locks = {path.relative_to(repository) for path in (repository / ".git").glob("**/*.lock")}
    assert {path.parts[1] for path in locks} <= {"ropewalk"}


def add_slow_landing(repository: Path, stops: Stops) -> None:
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-merge").write_text(f"#!/bin/sh\n{stops.at('land')}\n")
    (hooks / "post-merge").chmod(0o755)

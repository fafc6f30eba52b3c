"""Whatever goes wrong ends with its reason and in time, and the work until then is kept.

All cells of an agent are domains of one epic, so that the slow starts overlap.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from ropewalk.model.result import DomainStatus, Reason
from tests.conftest import RunGit
from tests.model_server import Call, Scene, Shell, Turn, Write
from tests.real.cells import CELLS
from tests.real.rigs import RIGS, Setting
from tests.real.shop import Shop

KEY: Final = "dummy-key-1"
AGENTS: Final = ("claude", "codex", "gemini", "anthropic")
JOBS: Final = "7"
WALL_S: Final = 100.0
LADDER_S: Final = 20.0


@pytest.mark.parametrize("rig", AGENTS)
def test_whatever_goes_wrong_ends_with_its_reason(shop: Shop, git: RunGit, rig: str) -> None:
    price = f'[prices."{RIGS[rig].model}"]\ninput = 3\noutput = 15\n'
    shop.configure(*(table_of(shop, rig, name) for name in CELLS), price)
    outside = shop.repository / "outside.txt"
    stages = {name: shop.play(name, scene_of(rig, name, outside)) for name in CELLS}
    shop.plan("faults", [plan_of(rig, name) for name in CELLS])

    run = shop.ropewalk("--json", "run", "faults", "--parallel", "--jobs", JOBS)

    assert run.code == 6, run.stderr
    assert shop.wait_for_nobody() == []
    assert endings_of(shop) == {name: one.unlike.get(rig, one.ends) for name, one in CELLS.items()}
    assert {name for name, stage in stages.items() if not stage.requests} == set()
    assert not outside.exists()
    for name, (status, _reason) in endings_of(shop).items():
        result = shop.result("faults", name)
        limit_s = float(str(CELLS[name].settings.get("timeout_s", WALL_S)))
        assert sum(one.duration_s for one in result.attempts) < limit_s + LADDER_S
        if status is DomainStatus.PARTIAL:
            assert git(shop.repository, "show", f"{result.branch}:{name}/first.txt") == name


def endings_of(shop: Shop) -> Mapping[str, tuple[DomainStatus, Reason | None]]:
    results = {name: shop.result("faults", name) for name in CELLS}
    return {name: (result.status, result.reason) for name, result in results.items()}


def table_of(shop: Shop, rig: str, name: str) -> str:
    settings: dict[str, Setting] = {"timeout_s": WALL_S, **CELLS[name].settings}
    return shop.table(rig, KEY, name=f"{rig}-{name}", **settings)


def plan_of(rig: str, name: str) -> Mapping[str, object]:
    check = CELLS[name].check
    return {
        "name": name,
        "new_files": [f"{name}/first.txt", f"{name}/last.txt"],
        "agent": f"{rig}-{name}",
        "checks": [check] if check else [],
    }


def scene_of(rig: str, name: str, outside: Path) -> Scene:
    cell = CELLS[name]
    first = Write(f"{name}/first.txt", f"{name}\n")
    turns = (forbidden(rig, outside),) if name == "denied" else (first, *cell.acts)
    return Scene(key=KEY, turns=turns, fault=cell.fault, loop=cell.loop, delay_s=0.2)


def forbidden(rig: str, outside: Path) -> Turn:
    """Return the call of a tool by which an agent would leave its worktree."""
    path, text = str(outside), "outside\n"
    match rig:
        case "claude":
            return Call("Write", {"file_path": path, "content": text})
        case "gemini":
            return Call("write_file", {"file_path": path, "content": text})
        case "anthropic":
            return Call("write", {"path": path, "content": text})
        case _:
            return Shell(f"echo outside > {path}")

"""Every agent takes an epic of three domains from a plan to its landing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from ropewalk.model.merge import MergedDomainStatus, MergeReport, MergeStatus
from ropewalk.model.plan import Plan
from ropewalk.model.result import Aggregate, DomainStatus, Outcome, OverallStatus
from tests.conftest import RunGit
from tests.model_server import Say, Scene, Shell, Stage, TokenCounts, Write
from tests.planner.drafts import domain, draft
from tests.real.rigs import RIGS
from tests.real.shop import Shop
from tests.stories.shell import answer

KEY: Final = "dummy-key-1"
DOMAINS: Final[Mapping[str, str]] = {
    "db": "db/models.py",
    "api": "api/service.py",
    "web": "web/app.js",
}
BEFORE: Final[Mapping[str, list[str]]] = {"db": [], "api": ["db"], "web": ["api"]}
EPIC: Final = tuple(
    {
        "name": name,
        "description": f"Make {name} searchable.",
        "files": [f"{name}/**"],
        "new_files": [f"{name}/search.txt"],
        "depends_on": before,
    }
    for name, before in BEFORE.items()
)
CHECK: Final = 'for d in db api web; do grep -qx "$d can be searched" $d/search.txt; done'


@pytest.mark.parametrize("rig", RIGS)
def test_an_epic_of_three_domains_lands(shop: Shop, git: RunGit, rig: str) -> None:
    shop.configure(shop.table(rig, KEY))
    stages = play_search(shop)
    shop.plan("search", EPIC, CHECK)

    run = answer(shop.ropewalk("--json", "run", "search", "--agent", rig), Aggregate)
    merged = answer(shop.ropewalk("--json", "merge", "search"), MergeReport)

    assert run.status is OverallStatus.SUCCESS
    assert merged.status is MergeStatus.LANDED
    assert {one.status for one in merged.domains} == {MergedDomainStatus.MERGED}
    for name, changed in DOMAINS.items():
        assert git(shop.repository, "show", f"main:{name}/search.txt") == f"{name} can be searched"
        assert git(shop.repository, "show", f"main:{changed}").endswith(f"searched {name}")
        assert_tells_what_it_did(shop, rig, name)
    assert [stage.failed for stage in stages] == [""] * len(stages)
    assert [asked.path for asked in shop.server.strange] == []


@pytest.mark.parametrize(
    ("planner", "rig"),
    [("model", "anthropic"), ("agent", "claude"), ("agent", "codex"), ("agent", "gemini")],
)
def test_an_epic_is_planned_by_a_model_and_lands(
    shop: Shop, git: RunGit, planner: str, rig: str
) -> None:
    shop = replace(
        shop, env={"ANTHROPIC_API_KEY": "dummy-key-2", "ANTHROPIC_BASE_URL": shop.server.url}
    )
    shop.configure(
        f'planner = {{ model = "claude-sonnet-5", agent = "planning" }}\n'
        f"checks = {{ commands = ['{CHECK}'] }}",
        shop.table(rig, KEY),
        shop.table(rig, "dummy-key-2", name="planning"),
    )
    parts = [
        domain(name, f"{name}/**", after=before, new_files=[f"{name}/search.txt"])
        for name, before in BEFORE.items()
    ]
    planning = shop.server.add(Scene(key="dummy-key-2", answer=draft(*parts)))
    play_search(shop)

    words = ("plan", "--planner", planner, "--id", "search", "Search the shop")
    plan = answer(shop.ropewalk("--json", *words), Plan)
    run = answer(shop.ropewalk("--json", "run", "search", "--parallel", "--agent", rig), Aggregate)
    merged = answer(shop.ropewalk("--json", "merge", "search"), MergeReport)

    assert (plan.planner, plan.planner_note) == (planner, "")
    assert run.status is OverallStatus.SUCCESS
    assert merged.status is MergeStatus.LANDED
    assert [one.name for one in merged.domains] == list(DOMAINS)
    assert git(shop.repository, "show", "main:web/search.txt") == "web can be searched"
    assert planning.requests


def assert_tells_what_it_did(shop: Shop, rig: str, name: str) -> None:
    result = shop.result("search", name)
    usage = result.usage
    assert (result.status, result.reason) == (DomainStatus.SUCCESS, None)
    assert [attempt.outcome for attempt in result.attempts] == [Outcome.OK]
    assert result.agent.session_id
    assert result.agent.version
    assert bool(usage.input_tokens and usage.output_tokens) == RIGS[rig].tells_tokens


def play_search(shop: Shop) -> list[Stage]:
    return [shop.play(name, scene_of(name, changed)) for name, changed in DOMAINS.items()]


def scene_of(name: str, changed: str) -> Scene:
    return Scene(
        key=KEY,
        turns=(
            Say("I begin."),
            Write(f"{name}/search.txt", f"{name} can be searched\n"),
            Shell(f"printf 'searched {name}\\n' >> {changed}"),
            Say(f"{name} can be searched now."),
        ),
        usage=TokenCounts(input_tokens=1000, output_tokens=50),
    )

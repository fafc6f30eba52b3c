"""What a plan is expected to take rests on what earlier epics took, or is not said."""

from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.model.forecast import NO_FORECAST, Forecast
from ropewalk.model.result import AgentIdentity, DomainResult, TokenUsage
from ropewalk.store.schema.documents import read_document, write_document
from tests.cli.running import ropewalk

PRICES = '[prices."m-1"]\ninput = 3\noutput = 15\n'


def plan(root: Path, epic_id: str, *domains: str) -> api.Planned:
    text = f"epic_id: {epic_id}\ndomains:\n" + "".join(f"  - {one}\n" for one in domains)
    request = api.PlanRequest(hand_written=text.encode(), source="plan.yaml")
    return api.plan(api.open_workspace(root), request)


def take(root: Path, domain: str, *, seconds: float, usage: TokenUsage, model: str) -> None:
    """Let the record of a domain say that it took so much."""
    workspace = api.open_workspace(root)
    path = workspace.layout.domain_results("search", domain)
    result = read_document(DomainResult, path)
    attempts = tuple(replace(one, duration_s=seconds) for one in result.attempts)
    agent = AgentIdentity(name="one", model=model)
    write_document(path, replace(result, attempts=attempts, usage=usage, agent=agent))


def test_a_repository_without_a_past_has_no_forecast(planned: Path) -> None:
    workspace = api.open_workspace(planned)

    assert api.forecast(workspace, api.require_plan(workspace, "search")) == NO_FORECAST


def test_time_and_cost_come_from_domains_with_the_same_briefings(finished: Path) -> None:
    (finished / "ropewalk.toml").write_text(PRICES)
    tokens = TokenUsage(input_tokens=1_000_000, output_tokens=100_000)
    take(finished, "database", seconds=600, usage=TokenUsage(cost_usd=2.0), model="other")
    take(finished, "backend", seconds=300, usage=tokens, model="m-1")
    again = plan(
        finished, "more", '{name: database, files: ["db/**"]}', '{name: backend, files: ["api/**"]}'
    )

    found = api.forecast(api.open_workspace(finished), again.plan)

    assert found.work_s == pytest.approx(900)
    assert found.wall_s == pytest.approx(600)
    assert found.cost_usd == pytest.approx(2.0 + 3.0 + 1.5)
    assert (found.from_plan, found.seen) == (False, 2)


def test_a_domain_without_a_past_leaves_the_whole_without_a_forecast(finished: Path) -> None:
    again = plan(
        finished, "more", '{name: database, files: ["db/**"]}', '{name: docs, files: ["docs/**"]}'
    )

    found = api.forecast(api.open_workspace(finished), again.plan)

    assert (found.work_s, found.wall_s, found.cost_usd) == (None, None, None)


def test_minutes_of_the_plan_come_before_those_of_the_past(finished: Path) -> None:
    again = plan(finished, "more", '{name: database, files: ["db/**"], estimate_minutes: 10}')

    found = api.forecast(api.open_workspace(finished), again.plan)

    assert found == Forecast(work_s=600.0, wall_s=600.0, from_plan=True, seen=1)


def test_the_screen_of_a_plan_shows_what_it_will_take_against_one_agent(finished: Path) -> None:
    take(finished, "database", seconds=1200, usage=TokenUsage(cost_usd=2.0), model="m")
    take(finished, "backend", seconds=600, usage=TokenUsage(cost_usd=1.5), model="m")
    (finished / "plan.yaml").write_text(
        'epic_id: more\ndomains:\n  - {name: database, files: ["db/**"]}\n'
        '  - {name: backend, files: ["api/**", "web/app.js"]}\n'
    )

    shown = ropewalk(finished, "plan", "--from", "plan.yaml")

    assert shown.code == 0
    assert (
        "about 30 min for one agent, 20 min for all at once; cost: about 3.50 USD "
        "(by 2 earlier results with these briefings)." in shown.out
    )


def test_a_damaged_record_of_the_past_says_nothing(finished: Path) -> None:
    workspace = api.open_workspace(finished)
    workspace.layout.domain_results("search", "database").write_text("{")
    again = plan(finished, "more", '{name: database, files: ["db/**"]}')

    assert api.forecast(workspace, again.plan).work_s is None

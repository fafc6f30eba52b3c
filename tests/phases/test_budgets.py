"""Money of a run: reserved before agents start, spent at once by many, never overspent."""

import json
from dataclasses import replace

import pytest

from ropewalk import api
from ropewalk.errors import InvalidInput
from ropewalk.model.merge import MergeStatus, OnConflict
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus, Reason
from ropewalk.model.values import JsonObject
from ropewalk.report.state import fold
from tests.cli.events import make
from tests.harness import Epic
from tests.phases.programs import write_program
from tests.phases.rounds import parallel, plan

TURNS, TURN_USD = 4, 0.25
DOMAINS = [{"name": f"d{number}", "command": None} for number in range(10)]


def write_spender(epic: Epic, **settings: object) -> None:
    """Write an agent of which each domain costs a dollar, in turns of a quarter."""
    write = {"tool": "run", "command": 'echo half >> "$ROPEWALK_DOMAIN.txt"'}
    turns = [turn for _ in range(TURNS) for turn in (write, {"usage": {"cost_usd": TURN_USD}})]
    (epic.repository / "spend.json").write_text(json.dumps(turns))
    lines = {"kind": '"script"', "script": '"spend.json"', **settings}
    table = "".join(f"{key} = {value}\n" for key, value in lines.items())
    (epic.repository / "ropewalk.toml").write_text(
        f'[run]\nagent = "spender"\n\n[agents.spender]\n{table}'
    )


@pytest.mark.parametrize("settings", [{}, {"budget_usd": 1.0}], ids=["unknown", "limited"])
def test_ten_domains_at_once_with_a_budget_for_six(epic: Epic, settings: dict[str, float]) -> None:
    write_spender(epic, **settings)
    plan(epic, DOMAINS)

    document = epic.run(parallel(budget_usd=6.0))

    results = [epic.result(str(domain["name"])) for domain in DOMAINS]
    good = [result for result in results if result.status is DomainStatus.SUCCESS]
    others = [result for result in results if result.status is not DomainStatus.SUCCESS]
    assert len(good) >= 6
    assert {result.reason for result in others} == {Reason.BUDGET}
    assert document.summary.cost_usd is not None
    assert document.summary.cost_usd <= 6.0 + len(DOMAINS) * TURN_USD
    assert all(result.head for result in results if result.attempts)
    warned = [event.data for event in epic.seen if event.type == "budget_warning"]
    assert [data["budget_usd"] for data in warned] == [6.0]
    waits = [event for event in epic.seen if event.type == "agent_waiting"]
    assert {event.data["reason"] for event in waits} == {"budget"}


def test_an_agent_over_its_own_limit_is_ended_and_its_work_is_kept(epic: Epic) -> None:
    write_spender(epic, budget_usd=0.6, args='["--pace", "0.2"]')
    plan(epic, DOMAINS[:1])

    epic.run(parallel())

    result = epic.result("d0")
    assert (result.status, result.reason) == (DomainStatus.PARTIAL, Reason.BUDGET)
    assert result.usage.cost_usd == pytest.approx(0.75)
    assert result.head is not None


def test_what_a_run_has_spent_counts_when_it_goes_on(epic: Epic) -> None:
    write_spender(epic)
    plan(epic, DOMAINS[:3])
    epic.run(parallel(domains=("d0",), budget_usd=1.5))

    epic.run(parallel(budget_usd=1.5))

    # Which of the two comes first is open: it takes all that is left, and the other finds nothing.
    late = [epic.result(name) for name in ("d1", "d2")]
    (unstarted,) = (result for result in late if not result.attempts)
    spent = [result.usage.cost_usd or 0.0 for result in (epic.result("d0"), *late)]
    assert sum(spent) <= 1.5 + 2 * TURN_USD
    assert (unstarted.status, unstarted.reason) == (DomainStatus.FAILED, Reason.BUDGET)


@pytest.mark.parametrize(("model", "cost"), [("m-1", 2.0), ("m-2", None)])
def test_a_price_makes_the_cost_of_tokens_known_and_nothing_else_does(
    epic: Epic, model: str, cost: float | None
) -> None:
    write_program(epic.repository, 'echo x > "$ROPEWALK_DOMAIN.txt"; result done false null')
    with (epic.repository / "ropewalk.toml").open("a") as config:
        config.write(f"\n[prices.{model}]\ninput = 100_000.0\noutput = 200_000.0\n")
    plan(epic, DOMAINS[:1])

    document = epic.run(parallel())

    assert epic.result("d0").usage.input_tokens == 10
    assert epic.result("d0").usage.cost_usd == cost
    assert document.summary.cost_usd == cost


@pytest.mark.parametrize(
    "settings",
    [{"kind": '"copilot"'}, {"kind": '"command"', "shell": '"true"'}],
    ids=["copilot", "command"],
)
def test_a_budget_is_refused_where_the_cost_cannot_be_known(
    epic: Epic, settings: dict[str, str]
) -> None:
    write_program(epic.repository, "true", **settings)
    plan(epic, DOMAINS[:1])

    with pytest.raises(InvalidInput) as refused:
        epic.run(parallel(budget_usd=6.0))

    assert refused.value.code == "cost_unknown"
    assert not epic.worktree("d0").exists()


def test_a_command_line_and_a_budget_do_not_go_together(epic: Epic) -> None:
    plan(epic, [{"name": "a"}])

    with pytest.raises(InvalidInput) as refused:
        epic.run(api.RunRequest(mode=Mode.PARALLEL, budget_usd=1.0))

    assert refused.value.code == "cost_unknown"
    assert not epic.worktree("a").exists()


def test_the_budget_of_a_run_holds_its_retries_too(epic: Epic) -> None:
    write_spender(epic, args='["--pace", "0.1"]')
    plan(epic, DOMAINS[:2])
    epic.run(parallel(budget_usd=1.5, domains=("d0",)))

    config = epic.repository / "ropewalk.toml"
    config.write_text(config.read_text().replace("[run]", "[run]\nbudget_usd = 9.0"))
    epic.run(parallel())
    before = epic.state
    with pytest.raises(InvalidInput, match=r"of 1\.50 USD are spent") as refused:
        api.retry(epic.workspace, "rounds", api.RetryRequest(domain="d0"))

    assert refused.value.code == "budget_used_up"
    assert "ropewalk retry rounds d0 --budget USD" in refused.value.hint
    assert epic.state == before
    assert before.spent_usd <= 1.5 + TURN_USD


def test_a_retry_may_give_its_run_a_new_budget_that_holds_from_then_on(epic: Epic) -> None:
    write_spender(epic, args='["--pace", "0.1"]')
    plan(epic, DOMAINS[:1])
    epic.run(parallel(budget_usd=0.5))
    request = api.RetryRequest(domain="d0")

    api.retry(epic.workspace, "rounds", replace(request, budget_usd=2.0))

    assert epic.result("d0").status is DomainStatus.SUCCESS
    assert epic.state.spent_usd == pytest.approx(1.75)
    assert epic.state.budget_usd == 2.0
    with pytest.raises(InvalidInput, match=r"1\.75 of 1\.00 USD are spent"):
        api.retry(epic.workspace, "rounds", replace(request, budget_usd=1.0))


def test_a_limit_of_the_agents_own_is_its_share_where_earlier_work_cost_little(
    epic: Epic,
) -> None:
    body = (
        'echo "$most" >> "$ROPEWALK_REPOSITORY/../most"; '
        'echo x >> "$ROPEWALK_DOMAIN.txt"; result done false 0.01'
    )
    write_program(epic.repository, body)
    plan(epic, DOMAINS[:5])
    epic.run(parallel(domains=("d0",)))

    epic.run(parallel(budget_usd=1.21))

    _, *limits = (epic.repository.parent / "most").read_text().split("\n")[:-1]
    assert min(map(float, limits)) >= 0.3 - 1e-6


def test_a_retry_by_a_command_line_is_not_held_by_the_budget_of_its_run(epic: Epic) -> None:
    write_spender(epic)
    plan(epic, DOMAINS[:1])
    epic.run(parallel(budget_usd=1.5))

    request = api.RetryRequest(domain="d0", agent_command="echo x >> d0.txt")
    api.retry(epic.workspace, "rounds", request)

    assert epic.result("d0").status is DomainStatus.SUCCESS


def test_an_agent_of_a_merge_draws_on_the_budget_that_its_run_was_given(epic: Epic) -> None:
    edit = {"tool": "run", "command": 'sed -i "s/note 5$/note $ROPEWALK_DOMAIN/" docs/notes.txt'}
    (epic.repository / "spend.json").write_text(json.dumps([edit, {"usage": {"cost_usd": 0.3}}]))
    (epic.repository / "ropewalk.toml").write_text(
        '[run]\nagent = "spender"\nbudget_usd = 9.0\n\n[merge]\nagent = "spender"\n\n'
        '[agents.spender]\nkind = "script"\nscript = "spend.json"\n'
    )
    plan(epic, [{"name": name, "command": None, "files": ["docs/**"]} for name in ("api", "web")])
    epic.run(parallel(budget_usd=0.6))

    merged = epic.merge(api.MergeOptions(on_conflict=OnConflict.AGENT))

    assert merged.status is MergeStatus.CONFLICT
    assert epic.state.spent_usd == pytest.approx(0.6)


def test_what_a_mender_told_that_was_cut_short_stays_spent() -> None:
    told: list[tuple[str, JsonObject]] = [
        ("mend_starting", {}),
        ("mend_usage", {"usage": {"cost_usd": 0.5}}),
        ("mend_starting", {}),
        ("mend_usage", {"usage": {"cost_usd": 0.25}}),
        ("mend_ended", {"outcome": "ok", "cost_usd": 0.3}),
    ]

    spent = [fold(make((0, *one, None) for one in told[:end])).spent_usd for end in (2, 4, 5)]

    assert spent == pytest.approx([0.5, 0.75, 0.8])

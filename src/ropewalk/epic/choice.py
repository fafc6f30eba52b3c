"""Which agent works on a domain, and whether it can: looked at before anything is made.

A program that is not there, too old or without its key is a person's to put right; after the
worktrees were made it would be a failed attempt of every domain.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from ropewalk.agents.base import Ability, AgentInfo, AgentTask
from ropewalk.agents.environment import build_environment
from ropewalk.agents.prices import find_price
from ropewalk.agents.table import adapter_of, find_agent, memory_of
from ropewalk.epic.segments import AgentChoice
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput
from ropewalk.model.config import AgentConfig, Config
from ropewalk.model.plan import Domain, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """Agents that can run, by domain, and the budget that holds them.

    ``budget_configured`` says that nobody asked for it: it is that of the configuration.
    """

    agents: Mapping[str, AgentChoice]
    budget_usd: float | None
    budget_configured: bool = False


def choose_agent(
    config: Config, domain: Domain, *, agent: str | None, agent_command: str | None
) -> AgentChoice:
    """Return the agent of a domain: its own, else the one asked for, else the configured one.

    Raises:
        InvalidInput: no agent is configured, or there is none of that name.
    """
    if domain.command is not None:
        return AgentChoice(name="command", shell=domain.command)
    if agent_command is not None and domain.agent is None:
        return AgentChoice(name="command", shell=agent_command)
    name = domain.agent or agent or config.run.agent
    if name is None:
        raise InvalidInput(
            "no agent is configured",
            hint="ropewalk run … --agent-command 'SHELL', or set [run] agent in ropewalk.toml",
        )
    chosen = find_agent(config, name)
    return AgentChoice(
        name=name, retries=chosen.retries, memory_mb=memory_of(chosen), slots=chosen.slots
    )


def check_agents(
    workspace: Workspace,
    plan: Plan,
    choices: Mapping[str, AgentChoice],
    *,
    budget_usd: float | None,
) -> dict[str, AgentChoice]:
    """Return the choices with what their programs can do; each is asked once, all side by side.

    Args:
        workspace: where the agents would work.
        plan: what they would work on.
        choices: by domain.
        budget_usd: of the run, if it has one.

    Raises:
        InvalidInput: an agent cannot run here, needs more memory than there may be, or does not
            tell what it costs where there is a budget.
    """
    infos: dict[str, AgentInfo] = {}
    checked: dict[str, AgentChoice] = {}
    asked = _ask(workspace, plan, choices)
    for domain, choice in choices.items():
        if choice.shell is not None:
            _require_no_budget(choice, budget_usd)
            checked[domain] = choice
            continue
        if choice.name not in infos:
            infos[choice.name] = _require_usable(workspace, choice, asked[choice.name].result())
            _require_cost(workspace.config, choice.name, infos[choice.name], budget_usd)
        info = infos[choice.name]
        checked[domain] = replace(
            choice,
            resumes=Ability.RESUME in info.abilities,
            keeps_budget=Ability.BUDGET in info.abilities,
            version=info.version,
        )
    return checked


def _ask(
    workspace: Workspace, plan: Plan, choices: Mapping[str, AgentChoice]
) -> dict[str, Future[AgentInfo]]:
    """Ask every program at once what it is, and wait until all have answered."""
    first: dict[str, str] = {}
    for domain, choice in choices.items():
        if choice.shell is None:
            first.setdefault(choice.name, domain)
    with ThreadPoolExecutor(max_workers=max(1, len(first))) as threads:
        return {
            name: threads.submit(
                probe_agent, _task(workspace, plan, domain), find_agent(workspace.config, name)
            )
            for name, domain in first.items()
        }


def check_agents_within(
    workspace: Workspace,
    plan: Plan,
    choices: Mapping[str, AgentChoice],
    *,
    asked_usd: float | None,
    earlier_usd: float | None,
) -> Budgeted:
    """Return the choices as `check_agents` does, and the budget that holds the agents.

    Args:
        workspace: where the agents would work.
        plan: what they would work on.
        choices: by domain.
        asked_usd: what is asked for now, if anything is; without it, and without an earlier one,
            the budget of the configuration holds.
        earlier_usd: what was asked for in an earlier round of the run: it goes on to hold, unless
            an agent does not tell what it costs.

    Raises:
        InvalidInput: as for `check_agents`.
    """
    if asked_usd is None and earlier_usd is not None:
        try:
            checked = check_agents(workspace, plan, choices, budget_usd=earlier_usd)
        except InvalidInput as error:
            if error.code != "cost_unknown":
                raise
        else:
            return Budgeted(agents=checked, budget_usd=earlier_usd)
    budget_usd = asked_usd if asked_usd is not None else workspace.config.run.budget_usd
    return Budgeted(
        agents=check_agents(workspace, plan, choices, budget_usd=budget_usd),
        budget_usd=budget_usd,
        budget_configured=asked_usd is None and budget_usd is not None,
    )


def probe_agent(task: AgentTask, config: AgentConfig) -> AgentInfo:
    """Say whether an agent could run on a task, in the environment that it would get.

    Raises:
        InvalidInput: its configuration lacks something.
    """
    adapter = adapter_of(config.kind)
    launch = adapter.command(task, config)
    home = config.home or adapter.default_home
    return adapter.probe(config, build_environment(task, config, launch, home=home))


def _require_usable(workspace: Workspace, choice: AgentChoice, info: AgentInfo) -> AgentInfo:
    if not info.usable:
        raise InvalidInput(
            f"agent '{choice.name}' cannot run: {info.problem}",
            hint=f"ropewalk doctor shows the agents; [agents.{choice.name}] in ropewalk.toml "
            "configures this one",
            code="agent_unusable",
        )
    limit = workspace.config.resources.get("memory_mb")
    if limit is not None and choice.memory_mb > limit:
        raise InvalidInput(
            f"agent '{choice.name}' needs {choice.memory_mb} MB, and all agents together may have "
            f"{limit:g}",
            hint=f"raise memory_mb below [resources], or lower it below [agents.{choice.name}]",
            code="pool_too_small",
        )
    return info


def _task(workspace: Workspace, plan: Plan, domain: str) -> AgentTask:
    """Return what the agent would be started for; nothing of it exists yet."""
    layout = workspace.layout
    worktree = layout.worktree(plan.epic_id, domain)
    folder = layout.run("none")
    return AgentTask(
        epic_id=plan.epic_id,
        domain=domain,
        run_id="none",
        number=1,
        worktree=worktree,
        repository=layout.top,
        base=plan.base.commit,
        prompt="",
        files=(),
        result_path=worktree / ".workflow" / "result.json",
        folder=folder,
        log=folder / "log",
        briefing="",
        identity=workspace.identity(),
    )


def _require_no_budget(choice: AgentChoice, budget_usd: float | None) -> None:
    if budget_usd is not None:
        raise InvalidInput(
            f"the command '{choice.shell}' does not tell what it costs, so a budget cannot hold it",
            hint="leave the budget out, or use an agent that tells its tokens or its cost",
            code="cost_unknown",
        )


def _require_cost(config: Config, name: str, info: AgentInfo, budget_usd: float | None) -> None:
    agent = config.agents[name]
    if budget_usd is None and agent.budget_usd is None:
        return
    if Ability.COST in info.abilities or _has_price(config, agent, info):
        return
    if Ability.TOKENS in info.abilities:
        model = agent.model or "MODEL"
        hint = f"write [prices.{model!r}] with input and output into ropewalk.toml"
        hint += "" if agent.model else f", and model below [agents.{name}]"
    else:
        hint = "leave the budget out, or use an agent that tells its tokens or its cost"
    raise InvalidInput(
        f"what agent '{name}' costs cannot be known, so a budget cannot hold it",
        hint=hint,
        code="cost_unknown",
    )


def _has_price(config: Config, agent: AgentConfig, info: AgentInfo) -> bool:
    tells = Ability.TOKENS in info.abilities
    return tells and find_price(config.prices, agent.model) is not None

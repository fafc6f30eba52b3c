"""What the domains of earlier epics cost, as far as their results tell."""

from ropewalk.epic.workspace import Workspace
from ropewalk.errors import RopewalkError
from ropewalk.model.result import DomainResult, DomainStatus
from ropewalk.store.schema.documents import read_document

_MOST_RESULTS = 50


def mean_cost(workspace: Workspace, agent: str) -> float | None:
    """Return what a domain cost on average that this agent brought to success; None: unknown.

    Only the latest results count: prices, models and projects change.
    """
    found = workspace.layout.outputs("x").parent.glob("*/*_results.json")
    named = [path for path in found if not path.name.startswith("phase")]
    costs = []
    for path in sorted(named, key=lambda path: path.stat().st_mtime, reverse=True)[:_MOST_RESULTS]:
        try:
            result = read_document(DomainResult, path)
        except RopewalkError:
            continue
        is_good = result.agent.name == agent and result.status is DomainStatus.SUCCESS
        if is_good and result.usage.cost_usd is not None:
            costs.append(result.usage.cost_usd)
    return sum(costs) / len(costs) if costs else None

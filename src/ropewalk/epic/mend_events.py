"""What the journal holds of agents that belong to no domain: menders, and those that look back."""

from ropewalk.agents.listener import EmitActivity
from ropewalk.agents.runner import AttemptReport
from ropewalk.agents.watch import usage_to_json
from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext
from ropewalk.model.values import JsonObject


def mend_teller(control: Control, named: JsonObject) -> EmitActivity:
    """Return what journals the events of an attempt under the names of mending.

    Args:
        control: the journal.
        named: the subject, what it is about, the number of the attempt.
    """

    def tell(type_: str, data: JsonObject, /, *, sync: bool = False) -> None:
        kept = {key: value for key, value in data.items() if key != "domain"}
        control.emit(type_.replace("agent_", "mend_"), {**named, **kept}, sync=sync)

    return tell


def count_unseen(
    context: EpicContext, control: Control, named: JsonObject, report: AttemptReport
) -> None:
    """Count what an attempt used that nobody had journalled when its coordinator was killed."""
    known, used = context.live.state.mending_usd, report.usage.cost_usd or 0.0
    if context.live.state.mending is not None and used > known:
        data = {**named, "usage": usage_to_json(report.usage)}
        control.emit("mend_usage", data, sync=True)
        context.purse.spend(used - known)


def emit_mend_ended(
    control: Control, named: JsonObject, report: AttemptReport, *, problem: str | None = None
) -> None:
    """Journal how an attempt ended; ``problem`` says why what it left does not count."""
    data = {
        **named,
        "outcome": report.outcome.value,
        "problem": problem,
        "duration_s": round(report.duration_s, 3),
        "log": str(report.log),
        "cost_usd": report.usage.cost_usd,
    }
    control.emit("mend_ended", data, sync=True)

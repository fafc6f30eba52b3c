"""What the journal holds of agents that belong to no domain: menders, and those that look back."""

from ropewalk.agents.listener import EmitActivity
from ropewalk.agents.runner import AttemptReport
from ropewalk.engine.executor import Control
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

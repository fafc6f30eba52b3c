"""Which attempts go on with the session of an earlier one, in the HOME that it lives in."""

from dataclasses import dataclass
from pathlib import Path

from ropewalk.epic.context import EpicContext
from ropewalk.epic.segments import AgentChoice
from ropewalk.model.graph import AttemptSpec
from ropewalk.model.result import TokenUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session to go on with.

    Attributes:
        id: by which its agent knows it.
        began: the number of the attempt that began it.
        state: the folder of that attempt, with the private HOME.
        used: what all of its attempts used so far.
    """

    id: str
    began: int
    state: Path
    used: TokenUsage


def find_session(
    context: EpicContext, spec: AttemptSpec, choice: AgentChoice, name: str
) -> Session | None:
    """Return the session that an attempt on a domain goes on with, None when it begins anew.

    It begins anew with another agent, with one that cannot go on, when it was asked to, and where
    what it would go on with is gone.
    """
    domain = context.domain_state(name)
    if domain.session_id is None or domain.session_began is None or is_fresh(context, spec, name):
        return None
    if not choice.resumes or domain.session_agent != choice.name:
        return None
    began = domain.session_began
    state = context.workspace.layout.attempt(context.run_id, f"work:{name}", began)
    if not state.is_dir():
        return None
    return Session(id=domain.session_id, began=began, state=state, used=domain.session_usage)


def is_fresh(context: EpicContext, spec: AttemptSpec, name: str) -> bool:
    """Say whether an attempt has to start from the base: the first one of a fresh round does."""
    return bool(spec.payload.get("fresh")) and context.domain_state(name).worked_in != spec.step

"""What can go wrong with a provider, a model or a limit, and how a domain ends with it.

Each agent writes a file first and then meets what goes wrong, for ever, unless the cell says
otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from ropewalk.model.result import DomainStatus, Reason
from tests.model_server import Fault, FaultKind, Shell, Turn, Write
from tests.real.rigs import Setting

Ending: TypeAlias = tuple[DomainStatus, Reason]

IDLE_S: Final = 25.0
ENDLESS_S: Final = 40.0
# The same command again and again would be noticed by some agents.
ENDLESS: Final = tuple(Shell(f"echo {number}") for number in range(7))


def partial(reason: Reason) -> Ending:
    """Work was done, and is kept."""
    return DomainStatus.PARTIAL, reason


def failed(reason: Reason) -> Ending:
    """No work was done."""
    return DomainStatus.FAILED, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One thing that goes wrong.

    Attributes:
        ends: how a domain ends with it.
        unlike: how it ends with agents that tell something else, or that cannot know.
        fault: what goes wrong with the provider; None: nothing.
        acts: what the model does after its first file.
        loop: whether it does all of that for ever.
        settings: of the agent.
        check: the domain's check, empty for none.
    """

    ends: Ending
    unlike: Mapping[str, Ending] = field(default_factory=dict)
    fault: Fault | None = None
    acts: tuple[Turn, ...] = (Shell("true"),)
    loop: bool = False
    settings: Mapping[str, Setting] = field(default_factory=dict)
    check: str = ""


def _then(kind: FaultKind, retry_after_s: float | None = None) -> Fault:
    return Fault(kind, after=1, retry_after_s=retry_after_s)


CELLS: Final[Mapping[str, Cell]] = {
    "no-login": Cell(
        ends=failed(Reason.AUTH), fault=Fault(FaultKind.UNAUTHORIZED, all_requests=True)
    ),
    "logged-out": Cell(ends=partial(Reason.FAILED_WITH_WORK), fault=_then(FaultKind.UNAUTHORIZED)),
    "refused": Cell(
        ends=partial(Reason.REFUSED),
        unlike={"codex": partial(Reason.FAILED_WITH_WORK)},
        fault=_then(FaultKind.REFUSAL),
    ),
    "cut-off": Cell(
        ends=partial(Reason.LIMIT),
        unlike={"gemini": partial(Reason.CHECK_FAILED)},
        fault=_then(FaultKind.MAX_TOKENS),
        check="test -f cut-off/last.txt",
    ),
    "empty": Cell(ends=partial(Reason.FAILED_WITH_WORK), fault=_then(FaultKind.EMPTY)),
    "down": Cell(ends=partial(Reason.FAILED_WITH_WORK), fault=_then(FaultKind.SERVER_ERROR)),
    "limited": Cell(
        ends=partial(Reason.RATE_LIMITED),
        fault=_then(FaultKind.RATE_LIMIT, 1.0),
        # Agents with the same model would be made to wait.
        settings={"model": "model-of-its-own"},
    ),
    "hanging": Cell(
        ends=partial(Reason.IDLE),
        fault=_then(FaultKind.HANG),
        settings={"idle_timeout_s": IDLE_S},
    ),
    "stalled": Cell(
        ends=partial(Reason.IDLE),
        fault=_then(FaultKind.STALL),
        settings={"idle_timeout_s": IDLE_S},
    ),
    "dropped": Cell(ends=partial(Reason.FAILED_WITH_WORK), fault=_then(FaultKind.RESET)),
    "garbled": Cell(
        ends=partial(Reason.TIMEOUT),
        unlike={
            "gemini": partial(Reason.FAILED_WITH_WORK),
            "anthropic": partial(Reason.LIMIT),
        },
        fault=_then(FaultKind.TRUNCATED_TOOL),
        settings={"timeout_s": ENDLESS_S},
        acts=(Write("garbled/last.txt", "last\n"),),
        check="test -f garbled/last.txt",
    ),
    "turns": Cell(
        ends=partial(Reason.LIMIT),
        unlike={"codex": partial(Reason.TIMEOUT)},
        acts=ENDLESS,
        loop=True,
        settings={"max_turns": 3, "timeout_s": ENDLESS_S},
    ),
    "money": Cell(
        ends=partial(Reason.BUDGET),
        # They tell what they used in their last line; gemini's model is asked if it repeats itself.
        unlike={"codex": partial(Reason.TIMEOUT), "gemini": partial(Reason.LIMIT)},
        acts=ENDLESS,
        loop=True,
        settings={"budget_usd": 0.002, "timeout_s": ENDLESS_S},
    ),
    "denied": Cell(ends=failed(Reason.NO_CHANGES)),
}

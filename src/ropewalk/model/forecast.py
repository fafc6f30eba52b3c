"""What a plan is expected to take, and what that rests on."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a plan is expected to take; None where there is no source.

    Attributes:
        work_s: seconds of all agents together, which one agent alone would need.
        wall_s: seconds until the last of the agents ends when they work at once.
        cost_usd: dollars of all agents together.
        from_plan: whether the times are the plan's own estimates.
        seen: how many results of earlier epics the numbers rest on.
    """

    work_s: float | None = None
    wall_s: float | None = None
    cost_usd: float | None = None
    from_plan: bool = False
    seen: int = 0


NO_FORECAST: Final = Forecast()

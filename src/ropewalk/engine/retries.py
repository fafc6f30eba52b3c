"""Whether and when a failed attempt is repeated, and the times that the scheduler goes by."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ropewalk.model.graph import AttemptResult, Retry, StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Clocks and patience of a scheduler.

    ``monotonic`` and ``wall`` give seconds, ``draw`` a number from 0 to 1; ``poll_s`` is how long a
    cancellation may go unseen, ``grace_s`` how long an attempt that was told to end is waited for.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    draw: Callable[[], float] = random.random
    poll_s: float = 0.1
    grace_s: float = 60.0


def may_retry(result: AttemptResult, retry: Retry, *, counted: int) -> bool:
    """Say whether there is another attempt after `counted` ones that count."""
    return (
        result.retryable
        and result.state in (StepState.FAILED, StepState.TIMED_OUT)
        and counted < retry.max_attempts
    )


def delay_after(retry: Retry, *, counted: int, draw: Callable[[], float]) -> float:
    """Seconds to wait after the attempt number `counted`: exponential, capped, full jitter."""
    try:
        longest = min(retry.max_delay_s, retry.delay_s * retry.factor ** (counted - 1))
    except OverflowError:
        longest = retry.max_delay_s
    return max(0.0, longest * draw() if retry.jitter else longest)


def write_time(seconds: float) -> str:
    """Write wall time as the journal does: UTC, to the microsecond."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="microseconds")


def read_time(written: str) -> float:
    """Read what `write_time` wrote.

    Raises:
        ValueError: it is not such a time.
    """
    return datetime.fromisoformat(written).timestamp()

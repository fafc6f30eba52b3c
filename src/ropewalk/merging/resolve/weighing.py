"""Whether a proof looks at what it is to prove: it must fail where git's markers are left instead.

What passes on the resolved tree and on the marked one alike says nothing about the resolution.
Each file in conflict is weighed by itself, the others standing as they were resolved.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ropewalk.merging.resolve.trials import Proof, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a proof does not look at; for ``unweighed`` files there was no time to find out."""

    unseen: tuple[str, ...] = ()
    unweighed: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """What is missing in the proof; empty when it looks at everything."""
        return self._sentence()

    @property
    def reason(self) -> str:
        """The problem, and how it is known."""
        them = "it" if len(self.unseen) == 1 else "them"
        return self._sentence(f": they pass with git's conflict markers in {them} too")

    def _sentence(self, known: str = "") -> str:
        parts = []
        if self.unweighed:
            parts.append(f"no time was left to see what checks {_listed(self.unweighed)}")
        if self.unseen:
            parts.append(f"no check looks at {_listed(self.unseen)}{known}")
        return ", and ".join(parts)


def weigh(
    proof: Proof, trial: Trial, *, cancel: threading.Event, at_once: int, ends_at: float
) -> Weighed:
    """Run the commands once for each file in conflict, with git's markers left in it.

    Args:
        proof: runs them.
        trial: what passed them.
        cancel: ends them.
        at_once: how many files are weighed at the same time.
        ends_at: after this time of the monotonic clock none is begun.

    Raises:
        Interrupted: ``cancel`` was set.
    """

    def sees(path: str) -> bool | None:
        if time.monotonic() >= ends_at:
            return None
        return proof.sees(trial.offered, path, number=trial.number, cancel=cancel)

    paths = proof.paths
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        found = tuple(pool.map(sees, paths))
    answers = dict(zip(paths, found, strict=True))
    return Weighed(
        unseen=tuple(path for path, seen in answers.items() if seen is False),
        unweighed=tuple(path for path, seen in answers.items() if seen is None),
    )


def _listed(paths: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(paths[:-1]), paths[-1])))

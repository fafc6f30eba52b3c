"""Which commits come from which, asked of git once for many tips.

A history holds what its tips come from and its base does not. So it is as large as the work since
the base, however old the repository is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ropewalk.git.command import GitContext, run


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The parents of every commit that a tip comes from and ``base`` does not."""

    base: str
    parents: Mapping[str, tuple[str, ...]]

    def since_base(self, tip: str) -> frozenset[str]:
        """Return the commits that ``tip`` comes from and the base does not, ``tip`` included."""
        found: set[str] = set()
        waiting = [tip]
        while waiting:
            commit = waiting.pop()
            if commit in self.parents and commit not in found:
                found.add(commit)
                waiting.extend(self.parents[commit])
        return frozenset(found)

    def has_base(self, tip: str) -> bool:
        """Whether ``tip`` is the base or comes from it."""
        # Nothing between the two is older than the base, so the last step leads to it directly.
        return tip == self.base or any(
            self.base in self.parents[commit] for commit in self.since_base(tip)
        )


def read_history(context: GitContext, base: str, tips: Iterable[str]) -> History:
    """Return the history of ``tips`` since ``base``; all are full ids of commits.

    Raises:
        GitError: one of them is missing or is no commit.
    """
    wanted = "".join(f"{tip}\n" for tip in dict.fromkeys(tips)) + f"^{base}\n"
    listing = run(context, "rev-list", "--parents", "--stdin", stdin=wanted.encode()).text
    lines = (line.split() for line in listing.splitlines())
    return History(base=base, parents={commit: tuple(parents) for commit, *parents in lines})

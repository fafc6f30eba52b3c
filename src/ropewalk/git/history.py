"""Which commits come from which, asked of git once for many tips.

A history holds what its tips come from and its base does not. So it is as large as the work since
the base, however old the repository is.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.git.command import GitContext, run
from ropewalk.git.trees import ENTRIES_ARGV, RawChange, raw_entries_of

# The headers of a commit end at an empty line and its message is indented: neither can look like an
# entry.
_RECORD: Final = re.compile(
    r"\0?(?:commit ([0-9a-f]{40,64})\ntree [0-9a-f]+\n((?:parent [0-9a-f]+\n)*)"
    r"(?:[^\n\0]+\n)*(?:\n(?:    [^\n\0]*\n)*\n?)?"
    r"|:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*\0([^\0]+)\0)"
)


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


def read_work(
    context: GitContext, base: str, heads: Sequence[str]
) -> tuple[History, tuple[tuple[RawChange, ...], ...]]:
    """Return the history of ``heads`` since ``base``, and for each what `raw_entries_of` returns.

    Where each head is one commit on top of the base, as most are, one process answers both.

    Raises:
        GitError: one of them is missing or is no commit.
    """
    argv = (*ENTRIES_ARGV, "--pretty=raw")
    asked = "".join(f"{head} {base}\n" for head in heads).encode()
    known = _parse_work(os.fsdecode(run(context, *argv, stdin=asked).stdout)) if heads else {}
    if tuple(known) != tuple(heads):
        return read_history(context, base, heads), raw_entries_of(context, base, heads)
    entries = tuple(tuple(changes) for _parents, changes in known.values())
    parents = {head: found for head, (found, _changes) in known.items() if head != base}
    if all(found == (base,) for found in parents.values()):
        return History(base=base, parents=parents), entries
    return read_history(context, base, heads), entries


def _parse_work(text: str) -> dict[str, tuple[tuple[str, ...], list[RawChange]]]:
    """Return the parents of each commit and its entries; nothing where any part is not clear."""
    known: dict[str, tuple[tuple[str, ...], list[RawChange]]] = {}
    changes: list[RawChange] = []
    at = 0
    for found in _RECORD.finditer(text):
        if found.start() != at:
            return {}
        at = found.end()
        head, parents, old_mode, new_mode, old_oid, new_oid, status, path = found.groups()
        if head:
            changes = []
            known[head] = (tuple(parents.split()[1::2]), changes)
        else:
            changes.append(RawChange(status, old_mode, new_mode, old_oid, new_oid, path, path))
    return known if text[at:] in ("", "\0") else {}

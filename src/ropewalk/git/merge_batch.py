"""Merges many pairs of commits with one process: which of them conflict, and in which files.

Only what git says for programs is asked for. The words of a conflict belong to `merge_tree`; here a
conflict about submodules would put free text between two answers.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ropewalk.errors import GitKilled
from ropewalk.git.command import GitContext, run
from ropewalk.git.refs import is_oid

_CLEAN = "1"
_CONFLICT = "0"
_UNKNOWN_OPTION = 129


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What git says of one pair; ``paths`` are those it left in conflict, which may be none."""

    is_clean: bool
    paths: tuple[str, ...]


def merge_pairs(
    context: GitContext, pairs: Sequence[tuple[str, str]]
) -> tuple[Verdict | None, ...]:
    """Merge many pairs of commits, ours and theirs by full id.

    Returns:
        a verdict for each pair; None where git gives none: commits that cannot be merged at all,
        or an old git. `merge_tree` says more about these.
    """
    verdicts: list[Verdict | None] = []
    while len(verdicts) < len(pairs):
        answers = _ask(context, pairs[len(verdicts) :])
        if answers is None:
            return (*verdicts, *(None for _ in pairs[len(verdicts) :]))
        verdicts += answers
        if len(verdicts) < len(pairs):
            # One pair that cannot be merged ends the answers; those behind it are asked again.
            verdicts.append(None)
    return tuple(verdicts)


def _ask(context: GitContext, pairs: Sequence[tuple[str, str]]) -> list[Verdict] | None:
    """Return the verdicts on the first pairs, None when this git cannot be asked so."""
    try:
        output = run(
            context,
            *("merge-tree", "--write-tree", "-z", "--no-messages", "--stdin"),
            stdin="".join(f"{ours} {theirs}\n" for ours, theirs in pairs).encode(),
            allowed=(0, 1, 128, _UNKNOWN_OPTION),
            timeout_s=120.0 + len(pairs),
        )
    except GitKilled:
        # Some merges make git give up on itself; which one it was is found out one by one.
        return None
    if output.code == _UNKNOWN_OPTION:
        return None
    return _read(os.fsdecode(output.stdout).split("\0"))[: len(pairs)]


def _read(fields: Sequence[str]) -> list[Verdict]:
    """Read ``verdict, tree, conflicted files, empty`` records, as far as they have this form."""
    verdicts: list[Verdict] = []
    at = 0
    while at + 2 < len(fields) and fields[at] in {_CLEAN, _CONFLICT} and is_oid(fields[at + 1]):
        end = fields.index("", at + 2)
        entries = (entry.partition("\t")[2] for entry in fields[at + 2 : end])
        paths = tuple(sorted(set(entries)))
        verdicts.append(Verdict(is_clean=fields[at] == _CLEAN, paths=paths))
        at = end + 1
    return verdicts

"""Which domains of a train a conflict is with, when no two heads alone show it.

A domain can merge with each of the others and still not with all of them, for instance because a
file that two of them changed and moved is no longer recognised. The train holds a commit for each
domain, so the domain that makes the difference is found by merging with prefixes of the train; what
it needs for that is found by laying it on shorter ones.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ropewalk.git.command import GitContext, Identity, run
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.objects import commit_tree
from ropewalk.merging.attributes import trial

MOST_CAUSES: Final = 4
_NOBODY: Final = Identity(name="nobody", email="nobody@example.invalid", date="1000000000 +0000")
_SIDE: Final = re.compile(r"~[0-9a-f]{40,64}(?:_\d+)?$")
_NO_PATH: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laying:
    """A train from ``start`` to ``tip``, and the ``head`` that does not go onto it.

    ``heads`` holds the head of each domain by its name.
    """

    context: GitContext
    start: str
    tip: str
    head: str
    heads: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Prefix:
    """The train up to and with the domain whose ``head`` was laid last."""

    commit: str
    name: str
    head: str


def find_causes(laying: Laying, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the domains that make the head conflict over ``paths``; none: the target alone does.

    Args:
        laying: the train and the head.
        paths: as `plain_path` gives them; none stands for a conflict that names no path.

    Raises:
        GitError: an object is missing.
    """
    with trial(laying.context) as scratch:
        context = replace(scratch, author=_NOBODY, committer=_NOBODY)
        left = frozenset(paths) or frozenset({_NO_PATH})
        left -= _clashing(merge_tree(context, laying.start, laying.head))
        prefixes = _prefixes(laying)
        causes: list[str] = []
        while left and prefixes and len(causes) < MOST_CAUSES:
            found = _first_failing(context, prefixes, laying.head, left)
            causes += [prefix.name for prefix in found]
            left -= _clashing(merge_tree(context, found[0].commit, laying.head))
            prefixes = prefixes[prefixes.index(found[0]) + 1 :]
    return tuple(dict.fromkeys(causes))


def plain_path(path: str) -> str:
    """Return a path without what git puts behind the name of a file that it had to move aside."""
    return _SIDE.sub("", path)


def _first_failing(
    context: GitContext, prefixes: Sequence[_Prefix], head: str, paths: frozenset[str]
) -> tuple[_Prefix, ...]:
    """Return the prefix that the head first fails on, and the one its last domain needs for that.

    The longest prefix is taken without a look: that it fails is why this is asked.
    """

    def fails(prefix: _Prefix) -> bool:
        return bool(paths & _clashing(merge_tree(context, prefix.commit, head)))

    at = bisect_left(prefixes[:-1], True, key=fails)  # noqa: FBT003
    last, shorter = prefixes[at], prefixes[:at]

    def fails_with_last(prefix: _Prefix) -> bool:
        merged = merge_tree(context, prefix.commit, last.head)
        if not merged.is_clean or merged.tree is None:
            return False
        parents = (prefix.commit, last.head)
        both = commit_tree(context, merged.tree, parents=parents, message="trial")
        return bool(paths & _clashing(merge_tree(context, both, head)))

    if not shorter or paths & _clashing(merge_tree(context, last.head, head)):
        return (last,)
    needed = shorter[bisect_left(shorter[:-1], True, key=fails_with_last)]  # noqa: FBT003
    return last, needed


def _clashing(merged: MergedTree) -> frozenset[str]:
    if merged.is_clean:
        return frozenset()
    return frozenset(plain_path(path.path) for path in merged.paths) or frozenset({_NO_PATH})


def _prefixes(laying: Laying) -> tuple[_Prefix, ...]:
    """Return the commits of the train that a domain was laid with, the first one first."""
    names = {head: name for name, head in laying.heads.items()}
    walk = ("rev-list", "--first-parent", "--parents", "--reverse", laying.tip, f"^{laying.start}")
    lines = (line.split() for line in run(laying.context, *walk).text.splitlines())
    return tuple(
        _Prefix(commit=line[0], name=names[line[-1]], head=line[-1])
        for line in lines
        if line[-1] in names
    )

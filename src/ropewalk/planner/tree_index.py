"""Finds the paths that patterns name without trying every pattern on every path.

The answer is the same as `Patterns.select` over all paths; only the search is narrowed: a pattern
with a fixed beginning looks at that part of the sorted paths, a bare name at the paths that have
such a component.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from ropewalk.store.patterns import Patterns

_SPECIAL = re.compile(r"[*?\[\\]")
_LAST = "\U0010ffff"


class TreeIndex:
    """The paths of one tree, ready to be asked by many sets of patterns."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._all = frozenset(paths)
        self._sorted = sorted(self._all)
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in self._sorted:
            for name in set(path.split("/")):
                self._by_name[name].append(path)
        self._found: dict[str, tuple[str, ...]] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._all

    def select(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Return the paths that the patterns name, sorted."""
        if not any(pattern.startswith("!") for pattern in patterns):
            return tuple(sorted({path for pattern in patterns for path in self._match(pattern)}))
        candidates = {path for pattern in patterns for path in self._candidates(pattern)}
        return Patterns(patterns).select(candidates)

    def _match(self, pattern: str) -> tuple[str, ...]:
        if pattern not in self._found:
            candidates = self._candidates(pattern)
            self._found[pattern] = Patterns((pattern,)).select(candidates) if candidates else ()
        return self._found[pattern]

    def _candidates(self, pattern: str) -> Sequence[str]:
        if pattern.startswith("!"):
            return ()
        special = _SPECIAL.search(pattern)
        fixed = pattern[: special.start()] if special else pattern.rstrip().rstrip("/")
        if "/" in pattern.rstrip().rstrip("/"):
            return (pattern,) if not special and pattern in self._all else self._below(fixed)
        return self._sorted if special else self._by_name.get(fixed, ())

    def _below(self, beginning: str) -> Sequence[str]:
        first = bisect_left(self._sorted, beginning)
        return self._sorted[first : bisect_left(self._sorted, beginning + _LAST)]

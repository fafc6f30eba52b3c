"""Which domain needs which, proposed from imports and from the usual order of layers.

A proposal never makes a circle: what the rules say stays, and of two domains that import each other
only one depends on the other.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import permutations

from ropewalk.planner.corpus import Corpus
from ropewalk.planner.grouping import Group
from ropewalk.planner.kinds import RANK, Kind

_LAYERS = (Kind.DATABASE, Kind.BACKEND, Kind.FRONTEND)
_LAST = frozenset((Kind.TESTS, Kind.DOCS))

Needs = dict[str, set[str]]


def propose_dependencies(groups: Sequence[Group], corpus: Corpus) -> Mapping[str, tuple[str, ...]]:
    """Return for each domain those it should be merged after, without what others imply."""
    needs: Needs = {group.name: set() for group in groups}
    ruled = [(g.name, need) for g in groups if g.rule for need in g.rule.depends_on]
    imports = _count_imports(groups, corpus)
    for later, earlier in (*ruled, *_proposals(groups, imports)):
        if earlier in needs and not _reaches(needs, earlier, later):
            needs[later].add(earlier)
    return {name: _reduced(needs, name) for name in needs}


def _proposals(
    groups: Sequence[Group], imports: Mapping[tuple[str, str], int]
) -> list[tuple[str, str]]:
    """List pairs of a later and an earlier domain, the surest first."""
    pairs: list[tuple[int, int, str, str]] = []
    for later, earlier in permutations(groups, 2):
        strength = imports.get((later.name, earlier.name), 0)
        back = imports.get((earlier.name, later.name), 0)
        sureness = _sureness(later.kind, earlier.kind, strength=strength, back=back)
        if sureness:
            pairs.append((-sureness, back - strength, later.name, earlier.name))
    return [(later, earlier) for _, _, later, earlier in sorted(pairs)]


def _sureness(later: Kind, earlier: Kind, *, strength: int, back: int) -> int:
    if later in _LAST:
        return 0 if earlier in _LAST else 3
    if earlier in _LAST:
        return 0
    if later in _LAYERS and earlier in _LAYERS and later is not earlier:
        return 2 if RANK[later] > RANK[earlier] else 0
    return 1 if strength > back or (strength and strength == back) else 0


def _count_imports(groups: Sequence[Group], corpus: Corpus) -> Mapping[tuple[str, str], int]:
    """Count for two domains how often files of the first import files of the second."""
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for group in groups:
        for path in group.paths:
            homes[path].add(group.name)
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for group in groups:
        for path in group.paths:
            for target in corpus.imports[path]:
                for other in homes.get(target, set()) - {group.name}:
                    counts[group.name, other] += 1
    return counts


def _reaches(needs: Mapping[str, set[str]], start: str, goal: str) -> bool:
    waiting = [start]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(needs[name])
    return False


def _reduced(needs: Mapping[str, set[str]], name: str) -> tuple[str, ...]:
    """Leave out what another dependency needs anyway."""
    direct = needs[name]
    return tuple(
        sorted(
            one
            for one in direct
            if not any(_reaches(needs, other, one) for other in direct if other != one)
        )
    )

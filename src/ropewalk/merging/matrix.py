"""All pairs of domains: which of them do not merge with each other.

The matrix predicts, the train decides. Pairs that cannot clash are not tried; the objects of the
others go to the object directory of the context, which should be one that is thrown away.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from os import cpu_count
from typing import TypeGuard

from ropewalk.git.command import GitContext
from ropewalk.git.merge_batch import Verdict, merge_pairs
from ropewalk.git.merge_tree import merge_tree
from ropewalk.merging.footprint import Footprint, is_spelled_alike, may_clash
from ropewalk.merging.ground import Ground
from ropewalk.model.merge import Matrix, MatrixConflict

NOTHING = Matrix(pairs=0, candidates=0, conflicts=())
_Pair = tuple[str, str]


def matrix(
    context: GitContext,
    heads: Mapping[str, str],
    *,
    footprints: Mapping[str, Footprint],
    prepare: Callable[[], None] = lambda: None,
) -> Matrix:
    """Merge every pair of ``heads`` that may clash and return which conflict, by sorted names.

    Args:
        context: where they are merged.
        heads: the commits, by name.
        footprints: what they touched, by the same names.
        prepare: called before anything is merged.

    Raises:
        GitError: two heads cannot be merged at all.
    """
    pairs = len(heads) * (len(heads) - 1) // 2
    candidates = list(candidate_pairs({name: footprints[name] for name in sorted(heads)}))
    if not candidates:
        return Matrix(pairs=pairs, candidates=0, conflicts=())
    prepare()
    workers = min(cpu_count() or 1, len(candidates))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        # Neighbours share a side, so each worker takes every n-th for an even load.
        shares = [candidates[number::workers] for number in range(workers)]
        found = pool.map(lambda share: list(_conflicts(context, heads, footprints, share)), shares)
        conflicts = sorted(chain.from_iterable(found), key=lambda one: (one.a, one.b))
    return Matrix(
        pairs=pairs,
        candidates=len(candidates),
        conflicts=tuple(conflicts),
    )


def clashes(found: Matrix, a: str, b: str) -> bool:
    """Whether the matrix holds a conflict between two domains."""
    return any({a, b} == {entry.a, entry.b} for entry in found.conflicts)


def candidate_pairs(footprints: Mapping[str, Footprint]) -> Iterator[_Pair]:
    """Yield the pairs that may clash, in the order of ``footprints``.

    A domain that is apart from the sum of all before it needs no look at any of them.
    """
    ground = Ground({})
    for number, (name, work) in enumerate(footprints.items()):
        if not ground.is_apart(work):
            others = list(footprints.items())[:number]
            yield from ((other, name) for other, each in others if may_clash(each, work))
        ground.add(work)


def _conflicts(
    context: GitContext,
    heads: Mapping[str, str],
    footprints: Mapping[str, Footprint],
    pairs: list[_Pair],
) -> Iterator[MatrixConflict]:
    verdicts = merge_pairs(context, [(heads[a], heads[b]) for a, b in pairs])
    for (a, b), verdict in zip(pairs, verdicts, strict=True):
        if is_spelled_alike(footprints[a], footprints[b]) and _is_whole(verdict):
            found = verdict
        else:
            merged = merge_tree(context, heads[a], heads[b])
            paths = tuple(sorted({entry.path for entry in merged.paths}))
            found = Verdict(is_clean=merged.is_clean, paths=paths)
        if not found.is_clean:
            yield MatrixConflict(a=a, b=b, paths=found.paths)


def _is_whole(verdict: Verdict | None) -> TypeGuard[Verdict]:
    """Whether a verdict needs no closer look; some conflicts leave no file behind, only words."""
    return verdict is not None and (verdict.is_clean or bool(verdict.paths))

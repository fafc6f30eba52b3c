"""All pairs of domains: which of them do not merge with each other.

The matrix predicts, the train decides. Pairs that cannot clash are not tried; the objects of the
others go to the object directory of the context, which should be one that is thrown away.
"""

from collections.abc import Mapping
from itertools import combinations

from ropewalk.git.command import GitContext
from ropewalk.git.merge_tree import merge_tree
from ropewalk.merging.footprint import Footprint, may_clash
from ropewalk.model.merge import Matrix, MatrixConflict

NOTHING = Matrix(pairs=0, candidates=0, conflicts=())


def matrix(
    context: GitContext, heads: Mapping[str, str], *, footprints: Mapping[str, Footprint]
) -> Matrix:
    """Merge every pair of ``heads`` that may clash and return which conflict, by sorted names."""
    pairs = list(combinations(sorted(heads), 2))
    candidates = [(a, b) for a, b in pairs if may_clash(footprints[a], footprints[b])]
    conflicts: list[MatrixConflict] = []
    for a, b in candidates:
        merged = merge_tree(context, heads[a], heads[b])
        if not merged.is_clean:
            paths = tuple(sorted({entry.path for entry in merged.paths}))
            conflicts.append(MatrixConflict(a=a, b=b, paths=paths))
    return Matrix(pairs=len(pairs), candidates=len(candidates), conflicts=tuple(conflicts))


def clashes(found: Matrix, a: str, b: str) -> bool:
    """Whether the matrix holds a conflict between two domains."""
    return any({a, b} == {entry.a, entry.b} for entry in found.conflicts)

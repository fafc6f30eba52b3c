"""Which files changed together in the past of a commit.

Commits that touch very many files say nothing about any two of them, and neither does one common
commit. What git cannot tell, for lack of history or of objects, is nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Final

from ropewalk.errors import GitError, GitKilled
from ropewalk.git.command import GitContext, run

COMMITS_READ: Final = 1000
_PATHS_MAX: Final = 25
_COMMON_MIN: Final = 2
_SHOWN: Final = 5


def read_co_change(
    context: GitContext, commit: str, *, commits: int = COMMITS_READ
) -> Mapping[str, Sequence[str]]:
    """Return for each path those that changed with it in two or more commits, most often first.

    Args:
        context: the repository.
        commit: full id of the last commit to look at.
        commits: how many commits before it are read; merges do not count.

    Raises:
        GitKilled: a signal from outside ended git.
    """
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for paths in _read_commits(context, commit, commits):
        if len(paths) <= _PATHS_MAX:
            for path, other in permutations(paths, 2):
                together[path][other] += 1
    return {
        path: chosen for path, counts in sorted(together.items()) if (chosen := _choose(counts))
    }


def _choose(counts: Counter[str]) -> tuple[str, ...]:
    often = [(-count, path) for path, count in counts.items() if count >= _COMMON_MIN]
    return tuple(path for _, path in sorted(often)[:_SHOWN])


def _read_commits(context: GitContext, commit: str, count: int) -> Iterator[Sequence[str]]:
    """Yield the paths that each commit changed."""
    try:
        listing = run(context, "rev-list", "--no-merges", f"--max-count={count}", commit, "--")
        changes = run(
            context,
            *("diff-tree", "--stdin", "--root", "-r", "-z", "--no-renames", "--name-only"),
            stdin=listing.stdout,
        )
    except GitKilled:
        raise
    except GitError:
        return
    ids = frozenset(listing.text.split())
    fields = changes.stdout.split(b"\0")
    yield from _split(ids, (field.decode("utf-8", errors="surrogateescape") for field in fields))


def _split(ids: frozenset[str], fields: Iterable[str]) -> Iterator[Sequence[str]]:
    paths: list[str] = []
    for field in fields:
        if field in ids:
            yield paths
            paths = []
        elif field:
            paths.append(field)
    yield paths

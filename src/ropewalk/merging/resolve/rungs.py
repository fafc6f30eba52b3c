"""The rungs that need no agent: recordings, drivers, and candidates made from the text.

A recording or a driver may resolve some files of a conflict and not others; the rung of the
candidates takes what they know as its first choice for these files and fills in the rest.
"""

import heapq
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

from ropewalk.errors import GitError
from ropewalk.merging.resolve.candidates import candidates
from ropewalk.merging.resolve.files import conflicted_files, with_files
from ropewalk.merging.resolve.values import FileCandidate, Offered, Refused, Rung
from ropewalk.merging.resolve.words import describe
from ropewalk.merging.values import Clash
from ropewalk.model.merge import ResolvedBy

Solved = Mapping[str, FileCandidate]
Solver = Callable[[Clash], Iterable[Solved]]


class Remembered:
    """A solver that is asked once about each conflict, however many rungs use it."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._known: dict[tuple[str, str], tuple[Solved, ...]] = {}

    def __call__(self, clash: Clash) -> tuple[Solved, ...]:
        """Return what the solver knows about a conflict."""
        sides = (clash.ours, clash.theirs)
        if sides not in self._known:
            self._known[sides] = tuple(self._solver(clash))
        return self._known[sides]


def solver_rung(by: ResolvedBy, solver: Solver) -> Rung:
    """Return the rung that offers what a solver resolves by itself, all files at once."""

    def offers(clash: Clash) -> Generator[Offered, Refused | None, str | None]:
        try:
            whole = {path.path for path in clash.merged.paths}
            for solved in solver(clash):
                if whole and set(solved) == whole:
                    yield _offered(clash, solved, by=by)
        except (GitError, OSError) as error:
            return f"{by} could not be used: {error}"
        return None

    return offers


def candidates_rung(solvers: Sequence[Solver] = (), *, limit: int = 16) -> Rung:
    """Return the rung of the candidates, best first.

    Args:
        solvers: what they know of single files comes before the candidates of these files.
        limit: how many trees are offered at most.
    """

    def offers(clash: Clash) -> Generator[Offered, Refused | None, str | None]:
        files = conflicted_files(clash)
        known = tuple(_known(clash, solvers))
        choices = {
            file.path: (
                *(solved[file.path] for solved in known if file.path in solved),
                *candidates(file.versions, limit=limit),
            )
            for file in files
        }
        combined = list(_best_first(choices, limit=limit))
        for chosen in combined:
            yield _offered(clash, chosen, by=ResolvedBy.CANDIDATE, among=len(combined))
        return None

    return offers


def _known(clash: Clash, solvers: Sequence[Solver]) -> Iterator[Solved]:
    for solver in solvers:
        try:
            yield from solver(clash)
        except (GitError, OSError):
            continue


def _best_first(
    choices: Mapping[str, Sequence[FileCandidate]], *, limit: int
) -> Iterator[Mapping[str, FileCandidate]]:
    """Yield one choice for each file, those first whose scores add up to most."""
    files = tuple(choices.values())
    if not files or not all(files):
        return
    start = (0,) * len(files)
    waiting, seen = [(_cost(files, start), start)], {start}
    for _number in range(limit):
        if not waiting:
            return
        _least, places = heapq.heappop(waiting)
        yield dict(zip(choices, _chosen(files, places), strict=True))
        for at, file in enumerate(files):
            further = (*places[:at], places[at] + 1, *places[at + 1 :])
            if further[at] < len(file) and further not in seen:
                seen.add(further)
                heapq.heappush(waiting, (_cost(files, further), further))


def _chosen(
    files: Sequence[Sequence[FileCandidate]], places: Sequence[int]
) -> tuple[FileCandidate, ...]:
    return tuple(file[place] for file, place in zip(files, places, strict=True))


def _cost(files: Sequence[Sequence[FileCandidate]], places: Sequence[int]) -> float:
    return -sum(one.score for one in _chosen(files, places))


def _offered(clash: Clash, chosen: Solved, *, by: ResolvedBy, among: int = 1) -> Offered:
    return Offered(
        tree=with_files(clash, {path: one.content for path, one in chosen.items()}),
        by=by,
        among=among,
        words=tuple(describe(path, one, domain=clash.domain) for path, one in chosen.items()),
    )

"""What the rungs of the ladder hand to each other. Pure data.

Text is bytes where it comes from git, and lines keep their line ends.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from ropewalk.merging.values import Clash
from ropewalk.model.merge import ResolvedBy

Lines = tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileConflict:
    """A text file in conflict: its three versions; ``base`` is None where both sides added it."""

    path: str
    base: bytes | None
    ours: bytes
    theirs: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stretch of a file that both sides changed in different ways.

    ``before`` and ``after`` are the lines around it as far as the file reaches, other regions
    standing in them as they are on our side.
    """

    path: str
    base: Lines
    ours: Lines
    theirs: Lines
    before: Lines = ()
    after: Lines = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What could stand in the place of a region, and the name of the method that made it."""

    lines: Lines
    method: str


Method = Callable[[Region], Iterable[Offer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCandidate:
    """A whole file in which every region is resolved.

    ``methods`` names what made it, region by region; ``score`` is what the table of measured
    success gives it, higher is better; ``dropped`` holds a sentence for each line that a side added
    and that is not in it.
    """

    content: bytes
    methods: tuple[str, ...]
    score: float
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A tree without conflict that a rung puts up for proof.

    ``words`` say to a person what was done, a sentence for each file; ``among`` is how many trees
    its rung has to offer in all, as far as it knows.
    """

    tree: str
    by: ResolvedBy
    among: int = 1
    words: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    edited_outside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why an offered tree did not count: a sentence, and the check that failed with its log."""

    reason: str
    log: str | None = None
    command: str | None = None


# Each offered tree is answered by why it was refused; a rung that was believed is closed. One that
# has nothing more to offer may return a sentence for the person who waits for it.
Rung = Callable[[Clash], Generator[Offered, Refused | None, str | None]]

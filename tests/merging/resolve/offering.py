"""What a method offers for three versions written as text."""

from collections.abc import Mapping

from ropewalk.merging.resolve.structure import METHODS
from ropewalk.merging.resolve.values import Lines, Region


def lines(text: str) -> Lines:
    return tuple(text.encode().splitlines(keepends=True))


def region(
    path: str, *, base: str = "", ours: str, theirs: str, before: str = "", after: str = ""
) -> Region:
    return Region(
        path=path,
        base=lines(base),
        ours=lines(ours),
        theirs=lines(theirs),
        before=lines(before),
        after=lines(after),
    )


def offered(name: str, conflict: Region) -> Mapping[str, str]:
    """Return the text of each offer of one method by the name it gives it."""
    offers = dict(METHODS)[name](conflict)
    return {offer.method: b"".join(offer.lines).decode() for offer in offers}

"""Real conflicts of two domains, as a resolver sees them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.own import own_context
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.values import Clash
from ropewalk.model.conflict import Conflict
from tests.merging.epics import Epic

NOTES = "docs/notes.txt"


@contextmanager
def clashing(epic: Epic, ours: str, theirs: str) -> Iterator[Clash]:
    """Yield the conflict of two heads, 'a-side' being in the train and 'b-side' merged into it."""
    with merging_context(epic.place, epic.base) as context:
        merged = merge_tree(context, ours, theirs)
        assert not merged.is_clean
        yield Clash(
            domain="b-side",
            ours=ours,
            theirs=theirs,
            merged=merged,
            conflict=Conflict(
                paths=merged.paths, with_domains=("a-side",), preview_tree=merged.tree
            ),
            context=own_context(epic.place, work_tree=context.work_tree),
            before=("a-side",),
        )


def two_sides(
    epic: Epic, ours: Mapping[str, str | None], theirs: Mapping[str, str | None]
) -> tuple[str, str]:
    """Add the two domains and return their heads."""
    return epic.domain("a-side", ours), epic.domain("b-side", theirs)

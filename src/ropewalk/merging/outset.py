"""Where a train begins: all that is asked of git before anything is laid, asked at once.

Starting git is most of what a question costs, and none of these needs the answer to another one.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial

from ropewalk.git.command import GitContext
from ropewalk.git.commit_row import Tree, read_trees, top_of
from ropewalk.git.own import own_context
from ropewalk.git.signing import Signing, read_signing
from ropewalk.merging.attributes import unprepared_context, write_attributes
from ropewalk.merging.footprint import Survey, survey
from ropewalk.merging.select import Selection, select, without
from ropewalk.merging.values import MergeInput, MergeTools
from ropewalk.model.merge import MergedDomain

# No domain has this name.
TARGET = ""
_QUESTIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outset:
    """Where merges are computed, who takes part, and what was asked meanwhile.

    Attributes:
        context: where merges are computed, once ``prepare`` was called.
        prepare: puts the attributes of the target there; most trains merge nothing, and need none.
        selection: the domains that are to take part.
        survey: what each of them touched, and the target, which is called `TARGET`.
        signing: how the person signs commits.
        trees: trees that a row will begin with, as `read_trees` returns them.
    """

    context: GitContext
    prepare: Callable[[], None]
    selection: Selection
    survey: Future[Survey]
    signing: Future[Signing | None]
    trees: Future[dict[str, Tree]]


@contextmanager
def outset(
    given: MergeInput,
    tools: MergeTools,
    *,
    left_out: Iterable[MergedDomain] = (),
    is_trial: bool = False,
) -> Iterator[Outset]:
    """Yield where a train begins.

    Args:
        given: what decides the commits.
        tools: the repository.
        left_out: domains that are not to take part, besides those that the options leave out.
        is_trial: new objects go to a directory that is thrown away at the end.

    Raises:
        InvalidInput: an option names a domain that cannot be meant.
    """
    selection = without(select(given), left_out)
    strands = selection.strands.items()
    heads = {name: one.head for name, one in strands if one.head is not None}
    place, target = tools.place, given.target_commit
    apart = own_context(place)
    with ThreadPoolExecutor(max_workers=_QUESTIONS) as beside:
        found = beside.submit(
            survey, apart, base=given.plan.base.commit, heads={TARGET: target, **heads}
        )
        trees = beside.submit(read_trees, apart, (top_of(target),))
        signing = beside.submit(read_signing, place)
        with unprepared_context(place, is_trial=is_trial) as context:
            yield Outset(
                context=context,
                prepare=cache(partial(write_attributes, context, target)),
                selection=selection,
                survey=found,
                signing=signing,
                trees=trees,
            )

"""Domains whose head cannot be merged, whatever it is merged with, and why."""

from collections.abc import Iterator
from dataclasses import replace

from ropewalk.git.command import GitContext
from ropewalk.git.objects import is_shallow, merge_base
from ropewalk.git.trees import is_safe_path
from ropewalk.merging.footprint import Survey
from ropewalk.merging.select import Selection, Strand
from ropewalk.merging.yard import entry_of
from ropewalk.model.merge import MergedDomain, MergedDomainStatus

_AS_FAR_AS_KNOWN = ", as far as this shallow clone reaches: git fetch --unshallow"


def unfit(
    context: GitContext, selection: Selection, found: Survey, *, target: str
) -> Iterator[MergedDomain]:
    """Yield the final entry of each domain that is to be left out.

    Args:
        context: where the objects are.
        selection: the domains that would take part.
        found: what they touched.
        target: the commit that the train starts from.

    Raises:
        GitError: an object is missing.
    """
    is_on_base = found.history.has_base(target)
    for name, strand in selection.strands.items():
        if strand.head is None:
            continue
        work = found.works[name]
        # Safe in one: a long path is as safe as its parts.
        if not is_safe_path("/".join(work.paths) or "-"):
            evil = sorted(path for path in work.paths if not is_safe_path(path))
            yield _skipped(strand, f"its head holds a name that must not exist: {evil[0]!r}")
        elif (work.commits is None or not is_on_base) and _is_unrelated(
            context, target, strand.head
        ):
            limit = _AS_FAR_AS_KNOWN if is_shallow(context) else ""
            yield _skipped(strand, f"its head has no history in common with the target{limit}")


def _is_unrelated(context: GitContext, target: str, head: str) -> bool:
    return merge_base(context, target, head) is None


def _skipped(strand: Strand, reason: str) -> MergedDomain:
    return replace(entry_of(strand, MergedDomainStatus.SKIPPED), reason=reason)

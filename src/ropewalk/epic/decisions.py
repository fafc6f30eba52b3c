"""What was decided about the conflicts of a merge, against what git made of them and both sides.

Git's attempt is made again, with names in its markers; nothing is written to the repository.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ropewalk.epic.patches import DomainDiff, SideDiff, text_of
from ropewalk.epic.workspace import Workspace
from ropewalk.git.command import GitContext
from ropewalk.git.trees import diff_text
from ropewalk.merging.again import BY_HAND, STOPPING
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.labelled import labelled_tree
from ropewalk.merging.workbench import workbench
from ropewalk.model.conflict import path_in_git
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeValidation,
    Resolution,
    ResolvedBy,
    Suggestion,
)
from ropewalk.report.conflict_words import decided_by, proof_words

TRAIN, OWN = "the train before it", "its own head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person looks at: a merge, the heads of its domains, and which paths of it."""

    workspace: Workspace
    report: MergeReport
    heads: Mapping[str, str | None]
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """Git's attempt at a merge: where it can be read, its tree, and the commits of both sides."""

    context: GitContext
    tree: str
    sides: Mapping[str, str]


def decisions(review: Review, merged: MergedDomain) -> Iterator[DomainDiff]:
    """Yield what became of the conflict of one domain, or what was suggested for it.

    Raises:
        GitError: git failed.
    """
    if merged.resolution is not None and merged.tree is not None:
        with _attempt(review, merged) as attempt:
            notes = _how(review.report.validation, merged, merged.resolution)
            yield _compared(review, merged, attempt, tree=merged.tree, notes=notes, taken=True)
    elif merged.suggestions:
        with _attempt(review, merged) as attempt:
            for number, suggestion in enumerate(merged.suggestions, start=1):
                notes = _suggested(review, merged, number, suggestion)
                tree = suggestion.tree
                yield _compared(review, merged, attempt, tree=tree, notes=notes, taken=False)


def _compared(
    review: Review,
    merged: MergedDomain,
    attempt: _Attempt,
    *,
    tree: str,
    notes: Sequence[str],
    taken: bool,
) -> DomainDiff:
    patch = diff_text(attempt.context, attempt.tree, tree, paths=review.paths)
    paths = _decided(review, merged)
    sides = tuple(
        SideDiff(
            side=name,
            base=commit,
            patch=text_of(diff_text(attempt.context, commit, tree, paths=paths)),
        )
        for name, commit in attempt.sides.items()
        if paths
    )
    return DomainDiff(
        domain=merged.name,
        base=(merged.conflict.preview_tree if merged.conflict else None) or attempt.tree,
        head=tree,
        patch=text_of(patch),
        notes=tuple(notes),
        taken=taken,
        sides=sides,
    )


def _opening(report: MergeReport) -> str:
    """Return the command that opens the first conflict which waits, and not one before it."""
    usual = f"ropewalk merge {report.epic_id} {BY_HAND}"
    stopping = (each for each in report.next_commands if each.endswith(STOPPING))
    by_hand = next(stopping, usual)
    if any(each.status is MergedDomainStatus.RESOLVED for each in report.domains):
        return by_hand.replace(f" {BY_HAND}", f" {STOPPING}")
    return by_hand


@contextmanager
def _attempt(review: Review, merged: MergedDomain) -> Iterator[_Attempt]:
    # With --squash the head is no parent, and the same merge cannot be made again from the parent.
    is_squashed = len(merged.parents) == 1
    ours, theirs = merged.parents[0], merged.parents[-1]
    if is_squashed:
        theirs = review.heads.get(merged.name) or theirs
    known = merged.conflict.preview_tree if merged.conflict is not None else None
    place, base = review.workspace.place, review.report.target.base
    with merging_context(place, base, is_trial=True) as context:
        tree = known if is_squashed else None
        tree = tree or labelled_tree(context, merged.name, ours=ours, theirs=theirs)
        yield _Attempt(context=context, tree=tree, sides={TRAIN: ours, OWN: theirs})


def _decided(review: Review, merged: MergedDomain) -> tuple[str, ...]:
    """Return the paths that were decided about, of those that are looked at."""
    conflict, resolution = merged.conflict, merged.resolution
    found = [path_in_git(path) for path in conflict.paths] if conflict is not None else []
    found += resolution.edited_outside if resolution is not None else ()
    wanted = [path.rstrip("/") for path in review.paths]
    return tuple(
        path
        for path in found
        if not wanted or any(path == each or path.startswith(f"{each}/") for each in wanted)
    )


def _how(validation: MergeValidation, merged: MergedDomain, resolution: Resolution) -> list[str]:
    how, proof = decided_by(resolution), proof_words(merged, validation)
    how = f"by {how}" if resolution.by is ResolvedBy.CANDIDATE else how
    notes = [f"resolved {how}; {proof}", *resolution.words]
    notes += [f"left out: {sentence}" for sentence in resolution.dropped]
    if resolution.edited_outside:
        notes.append(f"edited besides: {', '.join(resolution.edited_outside)}")
    return notes


def _suggested(
    review: Review, merged: MergedDomain, number: int, suggestion: Suggestion
) -> list[str]:
    number_of = f"suggestion {number} of {len(merged.suggestions)} by {suggestion.by}"
    return [
        f"{number_of}, not taken: {suggestion.reason}",
        *suggestion.words,
        *(f"left out: {sentence}" for sentence in suggestion.dropped),
        *_taking(review, merged, suggestion),
    ]


def _taking(review: Review, merged: MergedDomain, suggestion: Suggestion) -> Iterator[str]:
    """Yield the command lines that take a suggestion, or when there are some.

    Its tree holds what was in the train before it, and nothing that came to that since.
    """
    report = review.report
    waiting = [each for each in report.domains if each.status is MergedDomainStatus.CONFLICT]
    if report.target.landed or merged not in waiting:
        yield f"see what fits now: ropewalk merge {report.epic_id} --resolve suggest"
        return
    if merged is not waiting[0]:
        yield f"it can be taken when the conflict of {waiting[0].name} is resolved"
        return
    bench = workbench(review.workspace.layout, report.epic_id)
    yield "take it:"
    if not bench.is_dir():
        yield _opening(report)
    # `git checkout TREE -- .` leaves a file in conflict that the tree no longer has.
    lay_out = f"git -C {shlex.quote(str(bench))} read-tree -u --reset {suggestion.tree}"
    yield f"{lay_out} && ropewalk merge {report.epic_id} --continue"

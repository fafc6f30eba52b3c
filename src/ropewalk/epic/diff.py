"""What domains changed, and what was decided about their conflicts, as patches."""

from collections.abc import Sequence

from ropewalk.epic.decisions import Review, decisions
from ropewalk.epic.look import Documents, require_documents
from ropewalk.epic.patches import Diff, DomainDiff, SideDiff, text_of
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, WrongPhase
from ropewalk.git.own import own_context
from ropewalk.git.trees import diff_text

__all__ = ["Diff", "DomainDiff", "SideDiff", "diff_domains", "diff_resolved"]


def diff_domains(
    workspace: Workspace, name: str, domains: Sequence[str] = (), *, paths: Sequence[str] = ()
) -> Diff:
    """Return what domains changed, from the commit that each started from to its head.

    Args:
        workspace: the repository.
        name: an epic or a run.
        domains: which; empty: all that have work.
        paths: literal paths from the top of the repository; empty: all.

    Raises:
        InvalidInput: there is no such domain.
        WrongPhase: nothing has been collected.
    """
    found = require_documents(workspace, name)
    _require_domains(found, domains)
    own = own_context(workspace.place)
    diffs = tuple(
        DomainDiff(
            domain=result.domain,
            base=result.base,
            head=result.head,
            patch=text_of(diff_text(own, result.base, result.head, paths=paths)),
        )
        for result in found.results
        if result.head is not None and (not domains or result.domain in domains)
    )
    return Diff(epic_id=found.epic_id, run_id=found.run_id, resolved=False, diffs=diffs)


def diff_resolved(
    workspace: Workspace, name: str, domains: Sequence[str] = (), *, paths: Sequence[str] = ()
) -> Diff:
    """Return what was decided about conflicts: from git's conflicted tree to what was taken.

    Beside it stands the same against both sides. Suggestions that were not taken follow.

    Raises:
        InvalidInput: there is no such domain.
        WrongPhase: the epic was not merged.
    """
    found = require_documents(workspace, name)
    _require_domains(found, domains)
    if found.merge is None:
        raise WrongPhase(
            f"'{found.epic_id}' has not been merged", hint=f"ropewalk merge {found.epic_id}"
        )
    heads = {result.domain: result.head for result in found.results}
    review = Review(workspace=workspace, report=found.merge, heads=heads, paths=tuple(paths))
    diffs = tuple(
        diff
        for merged in found.merge.domains
        if not domains or merged.name in domains
        for diff in decisions(review, merged)
    )
    return Diff(epic_id=found.epic_id, run_id=found.run_id, resolved=True, diffs=diffs)


def _require_domains(found: Documents, domains: Sequence[str]) -> None:
    known = [domain.name for domain in found.plan.domains]
    for name in domains:
        if name not in known:
            raise InvalidInput(
                f"domain '{name}' is not in the plan of {found.epic_id}",
                hint=f"its domains are {', '.join(sorted(known))}; paths come after --",
            )

"""What domains changed, and what automatic resolutions of conflicts decided, as patches."""

from collections.abc import Sequence
from dataclasses import dataclass

from ropewalk.epic.look import Documents, require_documents
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, WrongPhase
from ropewalk.git.own import own_context
from ropewalk.git.trees import diff_text
from ropewalk.model.merge import MergedDomain
from ropewalk.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainDiff(Value):
    """The patch of one domain; bytes that are not UTF-8 are kept as lone surrogates."""

    domain: str
    base: str
    head: str
    patch: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff(Value):
    """The ``diff`` document; with ``resolved``, from git's conflicted tree to what was taken."""

    epic_id: str
    run_id: str | None
    resolved: bool
    diffs: tuple[DomainDiff, ...]
    schema_version: int = 1


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
            patch=_text(diff_text(own, result.base, result.head, paths=paths)),
        )
        for result in found.results
        if result.head is not None and (not domains or result.domain in domains)
    )
    return Diff(epic_id=found.epic_id, run_id=found.run_id, resolved=False, diffs=diffs)


def diff_resolved(
    workspace: Workspace, name: str, domains: Sequence[str] = (), *, paths: Sequence[str] = ()
) -> Diff:
    """Return what automatic resolutions decided: from git's conflicted tree to what was taken.

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
    diffs = tuple(
        _resolved(workspace, merged, paths)
        for merged in found.merge.domains
        if merged.resolution is not None and (not domains or merged.name in domains)
    )
    return Diff(epic_id=found.epic_id, run_id=found.run_id, resolved=True, diffs=diffs)


def _resolved(workspace: Workspace, merged: MergedDomain, paths: Sequence[str]) -> DomainDiff:
    before = merged.conflict.preview_tree if merged.conflict else None
    after = merged.tree
    patch = b""
    if before is not None and after is not None:
        patch = diff_text(own_context(workspace.place), before, after, paths=paths)
    return DomainDiff(
        domain=merged.name,
        base=before or "",
        head=after or "",
        patch=_text(patch),
        notes=tuple(_how(merged)),
    )


def _how(merged: MergedDomain) -> list[str]:
    resolution = merged.resolution
    if resolution is None:
        return []
    tried = f", candidate {resolution.candidates_tried}" if resolution.candidates_tried else ""
    proof = ", ".join(resolution.verified_by) or "nothing: no check is configured"
    notes = [f"resolved by {resolution.by}{tried}; proved by {proof}"]
    if resolution.edited_outside:
        notes.append(f"edited besides: {', '.join(resolution.edited_outside)}")
    return notes


def _require_domains(found: Documents, domains: Sequence[str]) -> None:
    known = [domain.name for domain in found.plan.domains]
    for name in domains:
        if name not in known:
            raise InvalidInput(
                f"domain '{name}' is not in the plan of {found.epic_id}",
                hint=f"its domains are {', '.join(sorted(known))}; paths come after --",
            )


def _text(patch: bytes) -> str:
    return patch.decode("utf-8", "surrogateescape")

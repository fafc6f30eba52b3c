"""A conflict and what was decided about it, in the same words on every page and screen. Pure.

Names and sentences are returned as they are: who shows them makes them harmless.
"""

from collections.abc import Callable, Iterator
from typing import Final

from ropewalk.model.conflict import Conflict, ConflictPath, Excerpt
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeValidation,
    Resolution,
    ResolvedBy,
)

_BY: Final = {
    ResolvedBy.RERERE: "as it was resolved before",
    ResolvedBy.DRIVER: "by a merge driver",
    ResolvedBy.CANDIDATE: "candidate",
    ResolvedBy.AGENT: "by an agent",
    ResolvedBy.PERSON: "by a person",
}


def decided_by(resolution: Resolution) -> str:
    """Return who or what decided: ``candidate 2 of 16``, ``by a person``."""
    if resolution.by is not ResolvedBy.CANDIDATE:
        return _BY[resolution.by]
    tried = f"{_BY[resolution.by]} {resolution.candidates_tried}"
    offered = resolution.candidates_offered
    return f"{tried} of {offered}" if offered else tried


def proof_words(
    domain: MergedDomain,
    validation: MergeValidation,
    *,
    listed: Callable[[tuple[str, ...]], str] = ", ".join,
) -> str:
    """Say which commands the resolved tree passes: as its proof where a rule decided.

    Nobody has tried whether these checks look at what a person or an agent wrote.

    Args:
        domain: the domain, with what was decided about its conflict.
        validation: how the merged tree was checked.
        listed: puts commands into one text.
    """
    resolution = domain.resolution
    if resolution is None:
        return ""
    is_ejected = domain.status is MergedDomainStatus.EJECTED
    if not resolution.verified_by:
        return _why_unproved(validation, is_ejected=is_ejected)
    commands = listed(resolution.verified_by)
    if is_ejected:
        return f"passed {commands}; the checks of the merged tree fail with it"
    is_by_rule = resolution.by in {ResolvedBy.CANDIDATE, ResolvedBy.DRIVER}
    fixes = [fix.commit[:7] for fix in validation.fixes if fix.domain in {None, domain.name}]
    noun = "fix" if len(fixes) == 1 else "fixes"
    together = f" together with {noun} {', '.join(fixes)}" if fixes else ""
    return f"{'proved by' if is_by_rule else 'passes'} {commands}{together}"


def _why_unproved(validation: MergeValidation, *, is_ejected: bool) -> str:
    if is_ejected:
        return "not proved: the checks fail with it"
    if any(run.exit_code != 0 for run in validation.runs):
        return "not proved: the checks of the merged tree fail"
    return "not proved: no check has been run" if validation.commands else "no check is configured"


def kind_words(path: ConflictPath) -> str:
    """Return the kind of a conflict as people read it."""
    return path.kind.value.replace("_", " ")


def line_range(excerpt: Excerpt) -> str:
    """Return ``line 12`` or ``lines 12-30``; empty where there is none."""
    last = excerpt.start + excerpt.count - 1
    if excerpt.count == 0:
        return ""
    return f"line {last}" if excerpt.count == 1 else f"lines {excerpt.start}-{last}"


def account(domain: MergedDomain, validation: MergeValidation) -> Iterator[str]:
    """Yield a sentence for everything there is to know about the conflict of a domain.

    First each path and with whom, then what was decided, by which proof, and what it left out.
    """
    if domain.conflict is not None:
        yield from _met(domain.conflict, domain.name)
    resolution = domain.resolution
    if resolution is not None:
        done = "; ".join(resolution.words)
        yield f"decided: {decided_by(resolution)}{f': {done}' if done else ''}"
        yield proof_words(domain, validation)
        yield from (f"left out: {text}" for text in resolution.dropped)
        if resolution.edited_outside:
            yield f"edited besides: {', '.join(resolution.edited_outside)}"
    for suggestion in domain.suggestions:
        done = "; ".join(suggestion.words) or suggestion.by.value
        yield f"not taken: {done} ({suggestion.reason})"
        yield from (f"left out there: {text}" for text in suggestion.dropped)


def _met(conflict: Conflict, name: str) -> Iterator[str]:
    others = ", ".join(conflict.with_domains) or "the target"
    if conflict.detail:
        yield conflict.detail
    for path in conflict.paths:
        places = [
            f"{line_range(region.theirs) or 'nothing'} of {name} "
            f"against {line_range(region.ours) or 'nothing'}"
            for region in path.regions
        ]
        parts = (path.detail, ", ".join(places))
        told = "; ".join(part for part in parts if part)
        yield f"{path.path} ({kind_words(path)}) with {others}{f': {told}' if told else ''}"

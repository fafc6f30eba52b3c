"""A conflict and what was decided about it, in the same words on every page and screen. Pure.

Names and sentences are returned as they are: who shows them makes them harmless.
"""

from collections.abc import Iterator
from typing import Final

from ropewalk.model.conflict import Conflict, ConflictPath, Excerpt
from ropewalk.model.merge import MergedDomain, Resolution, ResolvedBy

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


def proof_words(resolution: Resolution, commands: str) -> str:
    """Say that the resolved tree passes ``commands``: as its proof where a rule decided.

    Nobody has tried whether these checks look at what a person or an agent wrote.
    """
    is_by_rule = resolution.by in {ResolvedBy.CANDIDATE, ResolvedBy.DRIVER}
    if not commands:
        return "no check is configured"
    return f"{'proved by' if is_by_rule else 'passes'} {commands}"


def kind_words(path: ConflictPath) -> str:
    """Return the kind of a conflict as people read it."""
    return path.kind.value.replace("_", " ")


def line_range(excerpt: Excerpt) -> str:
    """Return ``line 12`` or ``lines 12-30``; empty where there is none."""
    last = excerpt.start + excerpt.count - 1
    if excerpt.count == 0:
        return ""
    return f"line {last}" if excerpt.count == 1 else f"lines {excerpt.start}-{last}"


def account(domain: MergedDomain) -> Iterator[str]:
    """Yield a sentence for everything there is to know about the conflict of a domain.

    First each path and with whom, then what was decided, by which proof, and what it left out.
    """
    if domain.conflict is not None:
        yield from _met(domain.conflict, domain.name)
    resolution = domain.resolution
    if resolution is not None:
        done = "; ".join(resolution.words)
        yield f"decided: {decided_by(resolution)}{f': {done}' if done else ''}"
        yield proof_words(resolution, ", ".join(resolution.verified_by))
        yield from (f"left out: {text}" for text in resolution.dropped)
        if resolution.edited_outside:
            yield f"edited besides: {', '.join(resolution.edited_outside)}"
    for suggestion in domain.suggestions:
        done = "; ".join(suggestion.words) or suggestion.by.value
        yield f"not taken: {done} ({suggestion.reason})"


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

"""The messages of the commits that a merge makes; trailers stand in the last paragraph."""

from ropewalk.merging.select import Strand
from ropewalk.model.merge import Resolution
from ropewalk.store.files import safe_text


def merge_message(
    strand: Strand, *, epic_id: str, run_id: str, resolution: Resolution | None
) -> str:
    """Return the message of the commit that brings one domain into the train."""
    trailers = [
        f"Epic: {epic_id}",
        f"Domain: {strand.name}",
        f"Agent: {_one_line(strand.agent)}",
        f"Run: {run_id}",
    ]
    if resolution is not None:
        trailers.append(f"Conflict-resolved-by: {resolution.by}")
    parts = [f"Merge domain '{strand.name}' of {epic_id}"]
    if description := _one_line(strand.description):
        parts.append(description)
    return "\n\n".join((*parts, "\n".join(trailers))) + "\n"


def _one_line(text: str) -> str:
    return " ".join(safe_text(text).split())

"""What a verb answers; apart from the phases, so that a quick look need not load them."""

from dataclasses import dataclass
from pathlib import Path

from ropewalk.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a verb answers: a document, the file that holds it, and the exit code it means.

    ``path`` is None when the document was not written to a file.
    """

    document: Value
    path: Path | None = None
    exit_code: int = 0

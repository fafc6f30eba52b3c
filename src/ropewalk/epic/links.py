"""Refuses files of a plan that lie behind a symbolic link.

Git knows nothing there, and the link may lead out of the repository.
"""

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from ropewalk.errors import InvalidInput
from ropewalk.model.plan import PlanFile

_GLOB = frozenset("*?[")


def require_no_links(plan: PlanFile, links: Collection[str], *, source: str) -> None:
    """Refuse a plan with a file that is reached through a symbolic link.

    Args:
        plan: what was written.
        links: the paths of all symbolic links of the base tree.
        source: where the plan came from, for the message.

    Raises:
        InvalidInput: a file leads through a link.
    """
    for domain in plan.domains:
        for pattern in (*domain.files, *domain.new_files):
            link = next((parent for parent in _parents(pattern) if parent in links), None)
            if link is not None:
                raise InvalidInput(
                    f"file '{pattern}' of domain '{domain.name}' leads through the symbolic link "
                    f"'{link}'",
                    hint="name the files where they really are, inside the repository",
                    code="invalid_path",
                    where=source,
                )


def _parents(pattern: str) -> Iterator[str]:
    """Yield the folders above a pattern that are named without a wildcard."""
    for parent in reversed(PurePosixPath(pattern.removeprefix("!")).parents[:-1]):
        if _GLOB & set(parent.as_posix()):
            return
        yield parent.as_posix()

"""Whether work stays within the files that its domain declares. Pure."""

from collections.abc import Iterable

from ropewalk.model.plan import Domain
from ropewalk.store.patterns import Patterns


def find_outside(
    domain: Domain, changed: Iterable[str], *, nested: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the changed paths that are not among the domain's files and new files, sorted.

    A nested repository never is: only a link to it is recorded, its content is in no commit.
    """
    own = Patterns((*domain.files, *domain.new_files))
    declared = set(domain.paths)
    strayed = {path for path in changed if path not in declared and not own.has(path)}
    return tuple(sorted(strayed | set(nested)))

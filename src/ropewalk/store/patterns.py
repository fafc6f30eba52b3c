"""Gitignore-style patterns of plans and configuration, as a test on paths."""

from collections.abc import Iterable

from pathspec import GitIgnoreSpec


class Patterns:
    """A set of gitignore-style globs; paths are relative to the repository, with slashes.

    A pattern that has a slash before its end is anchored at the top; a later ``!`` pattern takes
    paths out again.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(patterns)
        self._spec = GitIgnoreSpec.from_lines(self._patterns)

    def has(self, path: str) -> bool:
        """Return whether ``path`` is among what the patterns name."""
        return path in self._patterns or bool(self._spec.match_file(path))

    def select(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``paths`` that the patterns name, sorted."""
        return tuple(sorted(path for path in paths if self.has(path)))

"""Gitignore-style patterns of plans and configuration, as a test on paths."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from pathspec import GitIgnoreSpec


class Patterns:
    """A set of gitignore-style globs; paths are relative to the repository, with slashes.

    A pattern that has a slash before its end is anchored at the top; a later ``!`` pattern takes
    paths out again. Brackets that cannot be a set of characters, as in ``pages/[user-id]/**``, are
    part of a name; what is no pattern all the same names nothing but a file that is called so.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(patterns)
        self._spec = _compile(self._patterns)

    def has(self, path: str) -> bool:
        """Return whether ``path`` is among what the patterns name."""
        return path in self._patterns or bool(self._spec.match_file(path))

    def select(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``paths`` that the patterns name, sorted."""
        return tuple(sorted(path for path in paths if self.has(path)))


def _compile(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except (ValueError, re.error):
        return GitIgnoreSpec.from_lines(found for text in patterns for found in _understood(text))


def _understood(text: str) -> Iterator[str]:
    for spelled in (text, text.replace("[", "\\[")):
        with suppress(ValueError, re.error):
            GitIgnoreSpec.from_lines((spelled,))
            yield spelled
            return

"""Finding files by name and lines by content, below one folder and within bounds.

Symbolic links are not followed, binary and large files are passed over, and so are folders that
hold nothing an agent should read: git's own, ropewalk's, and installed dependencies.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pathspec

from ropewalk.agents.confine import MAX_FILE_BYTES, is_git_path
from ropewalk.errors import InvalidInput
from ropewalk.store.files import Refusal, read_untrusted

MAX_PATHS: Final = 500
MAX_MATCHES: Final = 200
MAX_LINE: Final = 300
_MAX_VISITED: Final = 200_000
_PASSED_OVER: Final = frozenset(
    (".git", ".worktrees", ".workflow", "node_modules", ".venv", "__pycache__")
)


def find_paths(root: Path, pattern: str) -> tuple[str, ...]:
    """Return the files that a gitignore-style pattern matches, sorted, at most MAX_PATHS.

    Raises:
        InvalidInput: the pattern cannot be read.
    """
    matches = _compile_glob(pattern)
    found: list[str] = []
    for path in walk(root, root):
        if matches.match_file(path):
            found.append(path)
            if len(found) == MAX_PATHS:
                break
    return tuple(found)


def find_lines(root: Path, pattern: str, *, below: Path) -> tuple[str, ...]:
    """Return ``path:line: text`` for each line that a regular expression matches.

    Args:
        root: the worktree.
        pattern: a regular expression.
        below: a file or folder in the worktree to search.

    Raises:
        InvalidInput: the pattern cannot be read.
    """
    try:
        expression = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidInput(f"'{pattern}' is not a regular expression: {error}") from error
    paths = walk(root, below) if below.is_dir() else iter([str(below.relative_to(root))])
    found: list[str] = []
    for path in paths:
        found += _matches(root, path, expression, room=MAX_MATCHES - len(found))
        if len(found) == MAX_MATCHES:
            break
    return tuple(found)


def walk(root: Path, below: Path) -> Iterator[str]:
    """Yield the plain files below a folder, relative to `root`, folder by folder, sorted."""
    visited = 0
    for folder, folders, files in os.walk(below):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(files):
            path = Path(folder, name)
            visited += 1
            if visited > _MAX_VISITED:
                return
            relative = path.relative_to(root)
            if not path.is_symlink() and path.is_file() and not is_git_path(relative):
                yield str(relative)


def _compile_glob(pattern: str) -> pathspec.GitIgnoreSpec:
    try:
        return pathspec.GitIgnoreSpec.from_lines([pattern])
    except ValueError as error:
        raise InvalidInput(f"'{pattern}' is not a file pattern") from error


def _matches(root: Path, path: str, expression: re.Pattern[str], *, room: int) -> list[str]:
    content = read_untrusted(root, path, MAX_FILE_BYTES)
    if isinstance(content, Refusal) or b"\0" in content:
        return []
    lines = content.decode("utf-8", errors="replace").splitlines()
    numbered = enumerate(lines, start=1)
    hits = (f"{path}:{n}: {line[:MAX_LINE]}" for n, line in numbered if expression.search(line))
    return [hit for hit, _ in zip(hits, range(room), strict=False)]

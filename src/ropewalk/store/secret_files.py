"""Secrets in a project's own environment files, which its worktrees are given to run its tests.

Read are files at the top of the repository that are called ``.env`` or ``.env.something``, but no
examples. A value counts when its name sounds secret and it is too long for an ordinary word: it is
to be masked wherever it appears, so a short one would take words out of every log.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ropewalk.store.files import Refusal, read_untrusted
from ropewalk.store.redact import is_secret_name

MAX_BYTES: Final = 64 * 1024
SHORTEST: Final = 8
_EXAMPLES: Final = (".example", ".sample", ".template", ".dist")
_PAIR: Final = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"""
    r"""(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|(?P<plain>[^\s#"'][^\s#]*))""",
    re.MULTILINE,
)


def find_file_secrets(repository: Path) -> tuple[str, ...]:
    """Return the values to mask; none from a file that cannot be read.

    Args:
        repository: root of the user's checkout.
    """
    return tuple(dict.fromkeys(_find(repository)))


def _find(repository: Path) -> Iterator[str]:
    for path in sorted(repository.glob(".env*")):
        is_meant = path.name == ".env" or path.name.startswith(".env.")
        if not is_meant or path.name.endswith(_EXAMPLES):
            continue
        content = read_untrusted(repository, path.name, MAX_BYTES)
        if isinstance(content, Refusal):
            continue
        for pair in _PAIR.finditer(content.decode("utf-8", errors="replace")):
            value = pair["double"] or pair["single"] or pair["plain"] or ""
            if is_secret_name(pair["name"]) and len(value) >= SHORTEST:
                yield value

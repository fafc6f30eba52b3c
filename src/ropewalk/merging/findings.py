"""Checks that need no command: what a clean merge can break although no line was in conflict.

A finding is only reported when the merge, or a domain, brought it in: what the target already had
is not held against anyone.
"""

import ast
import threading
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import read_blob

COMMAND = "builtin: no conflict markers, merged Python files parse and define each name once"
_LIMIT = 1024 * 1024
# The warning filters of Python are shared by all threads.
_PARSING = threading.Lock()
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A domain in a prefix of the train: its head and the paths that it touched."""

    head: str
    paths: frozenset[str]


def findings(
    context: GitContext, commit: str, *, base: str, sides: Iterable[Side]
) -> tuple[str, ...]:
    """Return what is wrong with ``commit``, a sentence each; ``base`` is where the train began."""
    known = tuple(sides)
    touched = Counter(path for side in known for path in side.paths)
    marked = marked_paths(context, commit) - marked_paths(context, base)
    found = [f"conflict markers in {path}" for path in sorted(marked & set(touched))]
    for path in sorted(touched):
        if touched[path] > 1 and path.endswith(".py") and path not in marked:
            heads = [side.head for side in known if path in side.paths]
            found.extend(_python_findings(context, path, commit=commit, before=(base, *heads)))
    return tuple(found)


def marked_paths(context: GitContext, commit: str) -> set[str]:
    """Return the text files of a commit that hold both ends of a conflict that git left."""
    output = run(
        context,
        *("grep", "-I", "-z", "--name-only", "--all-match", "--extended-regexp"),
        *("-e", "^<{7} ", "-e", "^>{7} ", commit),
        allowed=(0, 1),
    )
    names = output.stdout.decode("utf-8", "surrogateescape").split("\0")
    return {name.removeprefix(f"{commit}:") for name in names if name}


def _python_findings(
    context: GitContext, path: str, *, commit: str, before: Iterable[str]
) -> list[str]:
    merged = read_blob(context, commit, path, limit=_LIMIT)
    if merged is None:
        return []
    blobs = (read_blob(context, oid, path, limit=_LIMIT) for oid in before)
    sources = [blob for blob in blobs if blob is not None]
    names = _top_level(merged)
    earlier = [_top_level(source) for source in sources]
    if isinstance(names, str):
        could_parse = all(not isinstance(each, str) for each in earlier)
        return [f"{path} does not parse: {names}"] if could_parse else []
    most = Counter[str]()
    for each in earlier:
        most |= each if not isinstance(each, str) else Counter()
    twice = sorted(name for name, count in names.items() if count > 1 and count > most[name])
    return [f"'{name}' is defined twice in {path}" for name in twice]


def _top_level(source: bytes) -> "Counter[str] | str":
    """Return how often each name is defined at the top of a file, or why it does not parse."""
    try:
        with _PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError):
        return "not readable as Python"
    defined = [node for node in tree.body if isinstance(node, _DEFINITIONS)]
    decorated = {node.name for node in defined if node.decorator_list}
    return Counter(node.name for node in defined if node.name not in decorated)

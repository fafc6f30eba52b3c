"""Checks that need no command: what a clean merge can break although no line was in conflict.

A finding is only reported when the merge, or a domain, brought it in: what the target already had
is not held against anyone. Only what is certain is a finding; what may be all right is a note.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import read_blob
from ropewalk.merging.resolve.parse import marked_line, why_unparsable
from ropewalk.merging.twice import kind_of, named_in

COMMAND = "builtin: look at the merged files"
_LIMIT = 1024 * 1024
_KINDS = frozenset((".py", ".pyi", ".json", ".toml", ".yaml", ".yml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A domain in a prefix of the train: its head, the paths that it touched, its name."""

    head: str
    paths: frozenset[str]
    name: str = ""


def findings(
    context: GitContext, commit: str, *, base: str, sides: Iterable[Side]
) -> tuple[str, ...]:
    """Return what is wrong with ``commit``, a sentence each; ``base`` is where the train began."""
    known = tuple(sides)
    touched = Counter(path for side in known for path in side.paths)
    marked = (marked_paths(context, commit) - marked_paths(context, base)) & set(touched)
    found = [_marked(context, commit, path, known) for path in sorted(marked)]
    for path in sorted(touched):
        if touched[path] > 1 and path not in marked:
            who = [side for side in known if path in side.paths]
            found.extend(_broken(context, path, commit=commit, base=base, sides=who))
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


def _marked(context: GitContext, commit: str, path: str, sides: Iterable[Side]) -> str:
    blob = read_blob(context, commit, path, limit=_LIMIT)
    line = marked_line(blob) if blob is not None else None
    where = f", line {line}" if line is not None else ""
    return f"conflict markers in {path}{where}{_by(s for s in sides if path in s.paths)}"


def _by(sides: Iterable[Side]) -> str:
    names = [side.name for side in sides if side.name]
    return f" ({', '.join(names)})" if names else ""


def _broken(
    context: GitContext, path: str, *, commit: str, base: str, sides: Sequence[Side]
) -> Iterator[str]:
    """Look at a file that several domains touched; what one of its versions had is no finding."""
    kind = kind_of(path)
    merged = read_blob(context, commit, path, limit=_LIMIT) if kind in _KINDS else None
    if merged is None:
        return
    commits = (base, *(side.head for side in sides))
    blobs = (read_blob(context, oid, path, limit=_LIMIT) for oid in commits)
    before = [blob for blob in blobs if blob is not None]
    why = why_unparsable(f"file{kind}", merged)
    if why is not None:
        if all(why_unparsable(f"file{kind}", blob) is None for blob in before):
            yield f"{path} does not parse: {why}{_by(sides)}"
        return
    known = [named_in(kind, blob) for blob in before]
    for name, lines in sorted(named_in(kind, merged).items()):
        if len(lines) > max(1, *(len(each.get(name, ())) for each in known)):
            where = f", lines {' and '.join(map(str, lines))}" if all(lines) else ""
            yield f"{name} twice in {path}{where}{_by(sides)}"

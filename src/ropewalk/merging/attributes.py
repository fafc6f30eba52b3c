"""Where merges are computed: off every checkout, with the attributes of the target alone.

Git takes attributes from the work tree that it stands in, not from the commits it merges. So the
work tree is a scratch directory that holds nothing but the ``.gitattributes`` files of the target,
all levels: a domain that changes attributes cannot change how it is merged, and no driver that a
configuration defines is run.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import read_blob
from ropewalk.git.own import own_context, quarantine
from ropewalk.git.repository import Place
from ropewalk.git.trees import list_names

_LIMIT = 1024 * 1024
_OWN_DRIVERS = {"union": "union", "binary": "binary", "unset": "binary"}
_PLAIN = ("unspecified", "set", "text")


@contextmanager
def merging_context(place: Place, target: str, *, is_trial: bool = False) -> Iterator[GitContext]:
    """Yield a context for merges onto the commit ``target``.

    Args:
        place: the repository.
        target: the commit whose attributes apply.
        is_trial: new objects go to a directory that is thrown away at the end.
    """
    with unprepared_context(place, is_trial=is_trial) as context:
        write_attributes(context, target)
        yield context


@contextmanager
def unprepared_context(place: Place, *, is_trial: bool) -> Iterator[GitContext]:
    """Yield what `merging_context` does, for merges that may turn out not to be needed.

    `write_attributes` must come before the first of them: it looks through the whole target.
    """
    with tempfile.TemporaryDirectory(prefix="ropewalk-merge-") as folder:
        scratch = Path(folder) / "tree"
        scratch.mkdir()
        context = own_context(place, work_tree=scratch)
        if is_trial:
            context = quarantine(context, Path(folder) / "objects")
        yield context


def write_attributes(context: GitContext, target: str) -> None:
    """Write the attributes of the commit ``target`` into an empty scratch work tree."""
    for name in list_names(context, target):
        if not name.endswith(".gitattributes") or name.split("/")[-1] != ".gitattributes":
            continue
        data = read_blob(context, target, name, limit=_LIMIT)
        if data is not None:
            path = context.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


@contextmanager
def trial(context: GitContext) -> Iterator[GitContext]:
    """Yield the context with a place for new objects that is thrown away at the end."""
    with tempfile.TemporaryDirectory(prefix="ropewalk-trial-") as folder:
        yield quarantine(context, Path(folder) / "objects")


def drivers_used(context: GitContext, paths: Iterable[str]) -> tuple[str, ...]:
    """Return ``path: driver`` for those of ``paths`` that have a merge driver of their own."""
    names = sorted(paths)
    if not names:
        return ()
    listing = "\0".join(names).encode("utf-8", "surrogateescape")
    output = run(context, "check-attr", "-z", "--stdin", "merge", stdin=listing + b"\0")
    fields = output.stdout.decode("utf-8", "surrogateescape").split("\0")
    found = zip(fields[0::3], fields[2::3], strict=False)
    return tuple(f"{path}: {_driver(value)}" for path, value in found if value not in _PLAIN)


def _driver(value: str) -> str:
    known = _OWN_DRIVERS.get(value)
    return known or f"text instead of {value} (only git's own drivers are used)"

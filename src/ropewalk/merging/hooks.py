"""Asks the person's hooks about the commits of a train, before the target is moved to them.

A merge by hand would run ``pre-merge-commit`` and ``commit-msg``; building a train by plumbing does
not. They run here instead: the first one once, where the merged files lie, the second one on the
message of each commit. Both can only refuse: the commit that was checked is the commit that lands,
so a message that the hook rewrites stays as it is.
"""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from ropewalk.git.admin import require_entry
from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import commit_message
from ropewalk.git.repository import Place
from ropewalk.git.worktree import add_worktree, discard_new_worktree

NAME = "_hooks"
_TREE, _MESSAGE = "pre-merge-commit", "commit-msg"
_PATIENCE_S = 900.0
_ANY = range(256)


def why_vetoed(place: Place, bench: Path, *, old: str, new: str) -> str | None:
    """Return what a hook said against the commits between ``old`` and ``new``; None: nothing.

    Args:
        place: the repository.
        bench: where a worktree at ``new`` is made for the hooks, and taken away again.
        old: the commit that the target is on.
        new: the commit that it is to be moved to.
    """
    wanted = _present(place)
    if not wanted:
        return None
    discard_new_worktree(place, bench, is_ours=bench.__eq__)
    add_worktree(place, bench, new, reason=f"ropewalk {bench.name}", is_ours=bench.__eq__)
    try:
        admin = require_entry(place, bench).admin
        context = replace(
            place.context, directory=bench, git_dir=admin, work_tree=bench, hooks=True
        )
        return _ask(context, wanted, old=old, new=new)
    finally:
        discard_new_worktree(place, bench, is_ours=bench.__eq__)


def _present(place: Place) -> tuple[str, ...]:
    """Return the hooks that are there, wherever the person's configuration has them."""
    context = replace(place.context, hooks=True)
    asked = ("rev-parse", "--path-format=absolute", "--git-path", "hooks")
    folder = Path(run(context, *asked).text)
    return tuple(name for name in (_TREE, _MESSAGE) if os.access(folder / name, os.X_OK))


def _ask(context: GitContext, wanted: tuple[str, ...], *, old: str, new: str) -> str | None:
    if _TREE in wanted and (said := _run(context, _TREE)) is not None:
        return said
    if _MESSAGE not in wanted:
        return None
    commits = run(context, "rev-list", "--first-parent", "--reverse", f"{old}..{new}").text.split()
    with tempfile.TemporaryDirectory(prefix="ropewalk-message-") as folder:
        file = Path(folder, "COMMIT_EDITMSG")
        for commit in commits:
            file.write_text(commit_message(context, commit), encoding="utf-8")
            said = _run(context, _MESSAGE, str(file))
            if said is not None:
                return f"{said} (commit {commit[:12]})"
    return None


def _run(context: GitContext, name: str, *arguments: str) -> str | None:
    """Run a hook; return its own words when it refuses."""
    behind = ("--", *arguments) if arguments else ()
    output = run(
        context,
        *("hook", "run", "--ignore-missing", name, *behind),
        timeout_s=_PATIENCE_S,
        allowed=_ANY,
    )
    if output.code == 0:
        return None
    words = " ".join((output.stderr + output.stdout.decode(errors="replace")).split())
    return f"the hook {name} refused: {words or f'exit code {output.code}'}"

"""A failed check opened for a person: a worktree at the first prefix that fails, to be mended.

It is the worktree in which conflicts are resolved too. What was opened is remembered as a commit on
top of that prefix, whose message is the one that the fix will have; it is written last, so a
worktree without it is a half-made one.
"""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ropewalk.errors import ConflictWaiting, WrongPhase
from ropewalk.git.objects import commit_message, commit_parents, commit_tree, is_ancestor, tree_of
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, epic_ref, list_refs, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import Snapshot, snapshot
from ropewalk.git.worktree import add_worktree
from ropewalk.merging.bench import open_bench
from ropewalk.merging.findings import marked_paths
from ropewalk.merging.fixes import commit_fix, fix_message, known_fixes, record_fix
from ropewalk.merging.resolution import dated
from ropewalk.merging.values import Checked, MergeInput, MergeTools, Train
from ropewalk.merging.workbench import (
    NAME,
    close_conflict,
    find_opened,
    put_away,
    workbench,
)
from ropewalk.model.merge import ResolvedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure that a person is at: the domain that is blamed, and the commit that fails."""

    ref: str
    commit: str
    domain: str
    bad: str


def find_failure(place: Place, epic_id: str) -> Failure | None:
    """Return the failure that is being mended, or None."""
    prefix = epic_ref(epic_id, "fixing")
    for ref, commit in list_refs(place.context, prefix).items():
        (bad,) = commit_parents(place.context, commit)
        domain = ref.removeprefix(f"{prefix}/")
        return Failure(ref=ref, commit=commit, domain=domain, bad=bad)
    return None


def open_failure(given: MergeInput, tools: MergeTools, checked: Checked) -> Path | None:
    """Open the first failure of ``checked`` for a person; None when nobody is blamed.

    Raises:
        WrongPhase: another failure, or a conflict, is still open.
        WorktreeError: the worktree could not be made.
    """
    if not checked.validation.blamed:
        return None
    blame = checked.validation.blamed[0]
    path = workbench(tools.layout, given.epic_id)
    if _is_open(given, tools, path, bad=blame.bad):
        return path
    close_conflict(tools.place, tools.layout, epic_id=given.epic_id, run_id=given.run_id)
    reason = f"ropewalk {given.epic_id}/{NAME}"
    add_worktree(tools.place, path, blame.bad, reason=reason, is_ours=path.__eq__)
    context = own_context(tools.place)
    commit = commit_tree(
        dated(context, tools.identity, given.date),
        tree_of(context, blame.bad),
        parents=(blame.bad,),
        message=fix_message(
            epic_id=given.epic_id,
            run_id=given.run_id,
            domain=blame.domain,
            command=blame.command,
            by=ResolvedBy.PERSON,
            agent=None,
        ),
    )
    ref = epic_ref(given.epic_id, "fixing", blame.domain)
    update_refs(tools.place.context, [RefUpdate(ref=ref, new=commit, old=None)])
    tools.note("failure_opened", {"domain": blame.domain, "path": str(path)}, sync=True)
    return path


def take_fix(given: MergeInput, tools: MergeTools, train: Train) -> bool:
    """Take in what a person made of the open failure, and put its worktree away.

    Returns:
        Whether there is one, or was one that a merge took in before it was killed.

    Raises:
        WrongPhase: the train changed since the failure was opened.
        ConflictWaiting: nothing was mended yet.
    """
    failure = find_failure(tools.place, given.epic_id)
    if failure is None:
        is_taken = bool(known_fixes(tools.place, given.epic_id))
        return is_taken and find_opened(tools.place, given.epic_id) is None
    path = workbench(tools.layout, given.epic_id)
    if path.exists():
        _require_current(given, tools, train, failure, path)
        context = own_context(tools.place)
        found = _read(tools, failure, path)
        if not _is_recorded(given, tools, failure, found.tree):
            commit = commit_fix(
                tools.place,
                dated(context, tools.identity, given.date),
                found.tree,
                parent=failure.bad,
                message=f"{commit_message(context, failure.commit)}\n",
            )
            record_fix(tools.place, given.epic_id, commit)
        put_away(tools.place, tools.layout, epic_id=given.epic_id, run_id=given.run_id)
    elif not _is_taken(given, tools, failure):
        raise WrongPhase(
            f"{path}, where the failure of '{failure.domain}' was open, is gone",
            hint=f"open it again: ropewalk merge {given.epic_id} --on-conflict stop",
        )
    update = RefUpdate(ref=failure.ref, new=None, old=failure.commit)
    update_refs(tools.place.context, [update])
    tools.note("failure_mended", {"domain": failure.domain, "by": "person"}, sync=True)
    return True


def _is_recorded(given: MergeInput, tools: MergeTools, failure: Failure, tree: str) -> bool:
    """Say whether just this fix was taken in by a merge that was killed after it."""
    context = tools.place.context
    return any(
        commit_parents(context, fix) == (failure.bad,) and tree_of(context, fix) == tree
        for fix in known_fixes(tools.place, given.epic_id).values()
    )


def _is_taken(given: MergeInput, tools: MergeTools, failure: Failure) -> bool:
    context = tools.place.context
    fixes = known_fixes(tools.place, given.epic_id).values()
    return any(commit_parents(context, fix) == (failure.bad,) for fix in fixes)


def _is_open(given: MergeInput, tools: MergeTools, path: Path, *, bad: str) -> bool:
    """Say whether just this failure is open.

    Raises:
        WrongPhase: something else is.
    """
    if not path.exists():
        return False
    failure = find_failure(tools.place, given.epic_id)
    if failure is not None and failure.bad == bad:
        return True
    conflict = find_opened(tools.place, given.epic_id)
    if failure is None and conflict is None:
        return False
    what = f"failure of '{failure.domain}'" if failure else "conflict"
    raise WrongPhase(
        f"the {what} is still open in {path}",
        hint=f"ropewalk merge {given.epic_id} --continue, or --abort",
    )


def _require_current(
    given: MergeInput, tools: MergeTools, train: Train, failure: Failure, path: Path
) -> None:
    with open_bench(given, train, tools, numbers=count(1)) as bench:
        if failure.bad in bench.tips:
            return
    raise WrongPhase(
        f"the train changed since the failure of '{failure.domain}' was opened in {path}",
        hint=f"copy what you need, then: ropewalk merge {given.epic_id} --abort",
    )


def _read(tools: MergeTools, failure: Failure, path: Path) -> Snapshot:
    """Return what lies in the worktree, when it can be taken."""
    found = snapshot(tools.place, path)
    context = own_context(tools.place)
    if found.parent is None or not is_ancestor(context, failure.bad, found.parent):
        raise WrongPhase(
            f"{path} is no longer on the train", hint=f"git -C {path} checkout {failure.bad}"
        )
    if found.partial or found.gitlinks:
        raise ConflictWaiting(f"{path} holds files that git cannot take in", hint="remove them")
    marked = marked_paths(context, found.commit) - marked_paths(context, failure.bad)
    if marked:
        names = ", ".join(sorted(marked))
        raise ConflictWaiting(f"conflict markers are left in {names}", hint=f"edit it in {path}")
    if found.tree == tree_of(context, failure.bad):
        raise ConflictWaiting(
            f"nothing was changed in {path}",
            hint="mend it there, then --continue again; or leave the domain out with --skip",
        )
    return found

"""The worktree in which a person resolves a conflict: opened, taken in, or put away.

It stands at the train so far, holds git's attempt at the merge with readable labels, and has the
three sides of each conflict in its index, so that every tool for merges works in it. Nothing else
of the repository is touched. What was opened is remembered as a commit with the two sides as its
parents; it is written last, so a worktree without it is a half-made one.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import ConflictWaiting, WrongPhase
from ropewalk.git.admin import require_entry
from ropewalk.git.command import GitContext, run
from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.objects import (
    commit_parents,
    commit_tree,
    is_ancestor,
)
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, epic_ref, list_refs, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import snapshot
from ropewalk.git.trash import save_worktree
from ropewalk.git.trees import changed_paths
from ropewalk.git.worktree import add_worktree, discard_new_worktree, remove_worktree
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.findings import marked_paths
from ropewalk.merging.forgetting import forget_unlanded
from ropewalk.merging.labelled import Labels, labelled_path, lay_out, read_attempt
from ropewalk.merging.resolution import (
    begins_anew,
    dated,
    forget_resolution,
    is_recorded,
    record_resolution,
)
from ropewalk.merging.values import IN_TRAIN, MergeInput, MergeTools, Proposal, Train
from ropewalk.model.merge import Resolution, ResolvedBy
from ropewalk.store.paths import Layout

NAME = "_resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A conflict that a person is at: its domain, its sides, and git's attempt with labels."""

    ref: str
    commit: str
    domain: str
    ours: str
    theirs: str


def workbench(layout: Layout, epic_id: str) -> Path:
    """Return where the worktree for a resolution stands."""
    return layout.worktree(epic_id, NAME)


def find_opened(place: Place, epic_id: str) -> Opened | None:
    """Return the conflict that is being resolved, or None."""
    context = place.context
    prefix = epic_ref(epic_id, "resolving") + "/"
    for ref, commit in list_refs(context, prefix.rstrip("/")).items():
        ours, theirs = commit_parents(context, commit)
        domain = ref.removeprefix(prefix)
        return Opened(ref=ref, commit=commit, domain=domain, ours=ours, theirs=theirs)
    return None


def is_open(place: Place, epic_id: str) -> bool:
    """Whether a conflict or a failed check is at a person."""
    is_failing = bool(list_refs(place.context, epic_ref(epic_id, "fixing")))
    return is_failing or find_opened(place, epic_id) is not None


def open_conflict(given: MergeInput, tools: MergeTools, train: Train) -> Path | None:
    """Open the first conflict of ``train`` for a person; None when it has none.

    Raises:
        WrongPhase: another conflict is still open.
        WorktreeError: the worktree could not be made.
    """
    entry = next(iter(train.conflicting), None)
    if entry is None:
        return None
    path = workbench(tools.layout, given.epic_id)
    opened = find_opened(tools.place, given.epic_id)
    ours, theirs = entry.parents
    if path.exists():
        if opened is not None and (opened.domain, opened.ours, opened.theirs) == (
            entry.name,
            ours,
            theirs,
        ):
            return path
        _require_none_open(tools.place, given.epic_id, path)
    close_conflict(tools.place, tools.layout, epic_id=given.epic_id, run_id=given.run_id)
    if begins_anew(given):
        forget_unlanded(tools.place, given.epic_id, target=given.target_commit)
    forget_resolution(given, tools, entry.name)
    with merging_context(tools.place, given.target_commit) as context:
        labels = Labels(ours=ours, theirs=theirs, domain=entry.name, train=_called(given, train))
        attempt = read_attempt(context, labels)
        reason = f"ropewalk {given.epic_id}/{NAME}"
        add_worktree(tools.place, path, ours, reason=reason, is_ours=path.__eq__)
        lay_out(tools.place, path, ours, attempt)
        commit = commit_tree(
            dated(context, tools.identity, given.date),
            attempt.tree,
            parents=(ours, theirs),
            message=f"Conflict of '{entry.name}' in {given.epic_id}\n",
        )
    ref = epic_ref(given.epic_id, "resolving", entry.name)
    update_refs(tools.place.context, [RefUpdate(ref=ref, new=commit, old=None)])
    tools.note("conflict_opened", {"domain": entry.name, "path": str(path)}, sync=True)
    return path


def _require_none_open(place: Place, epic_id: str, path: Path) -> None:
    if not is_open(place, epic_id):
        return
    opened = find_opened(place, epic_id)
    what = f"conflict of '{opened.domain}'" if opened else "failure of a check"
    raise WrongPhase(
        f"the {what} is still open in {path}",
        hint=f"ropewalk merge {epic_id} --continue, or --abort",
    )


def _called(given: MergeInput, train: Train) -> str:
    """Name the train by the branch that it stands on and the domains in it so far."""
    before = itertools.takewhile(lambda entry: entry not in train.conflicting, train.domains)
    names = [entry.name for entry in before if entry.status in IN_TRAIN]
    return " + ".join((given.target.removeprefix("refs/heads/"), *names))


def close_skipped(given: MergeInput, tools: MergeTools) -> None:
    """Put the open conflict of a domain away that is now left out; what is in it is kept."""
    opened = find_opened(tools.place, given.epic_id)
    if opened is not None and opened.domain in given.options.skip:
        close_conflict(tools.place, tools.layout, epic_id=given.epic_id, run_id=given.run_id)
        tools.note("conflict_closed", {"domain": opened.domain}, sync=True)


def take_resolution(given: MergeInput, tools: MergeTools, train: Train) -> None:
    """Take in what a person made of the open conflict, and put its worktree away.

    Args:
        given: what decides the train.
        tools: where the worktree is.
        train: the train as it is built now, with the conflict in it.

    Raises:
        WrongPhase: no conflict is open, or the sides of it changed since.
        ConflictWaiting: the conflict is not resolved yet.
    """
    opened = find_opened(tools.place, given.epic_id)
    path = workbench(tools.layout, given.epic_id)
    if opened is None:
        _require_taken(given, tools)
        return
    if path.exists():
        _require_current(given, opened, train, path)
        proposal = _read_resolution(tools, opened, path, epic_id=given.epic_id)
        record_resolution(given, tools, opened.domain, opened.ours, opened.theirs, proposal)
        put_away(tools.place, tools.layout, epic_id=given.epic_id, run_id=given.run_id)
    elif not is_recorded(given, tools, opened.domain, opened.ours, opened.theirs):
        raise WrongPhase(
            f"{path}, where the conflict of '{opened.domain}' was open, is gone",
            hint=f"open it again: ropewalk merge {given.epic_id} --on-conflict stop",
        )
    update_refs(tools.place.context, [RefUpdate(ref=opened.ref, new=None, old=opened.commit)])
    tools.note("conflict_resolved", {"domain": opened.domain, "by": "person"}, sync=True)


def _require_taken(given: MergeInput, tools: MergeTools) -> None:
    """Go on where a resolution was taken in already, by a merge that was killed after it."""
    if not list_refs(tools.place.context, epic_ref(given.epic_id, "resolved")):
        raise WrongPhase(
            f"no conflict of {given.epic_id} is open",
            hint=f"ropewalk merge {given.epic_id} --on-conflict stop",
        )


def close_conflict(place: Place, layout: Layout, *, epic_id: str, run_id: str) -> None:
    """Put the worktree of an open conflict or failure away; what is in it is kept under a ref."""
    put_away(place, layout, epic_id=epic_id, run_id=run_id)
    opened = find_opened(place, epic_id)
    refs = {opened.ref: opened.commit} if opened is not None else {}
    refs |= list_refs(place.context, epic_ref(epic_id, "fixing"))
    update_refs(place.context, [RefUpdate(ref=ref, new=None, old=old) for ref, old in refs.items()])


def put_away(place: Place, layout: Layout, *, epic_id: str, run_id: str) -> None:
    """Take the worktree for resolutions away; whatever is in it is kept under a ref.

    One that was deleted by hand is taken from git's list of worktrees.
    """
    path = workbench(layout, epic_id)
    aside = path.with_name(f".removing-{path.name}")
    ref = epic_ref(epic_id, "trash", "resolve", run_id)
    if path.exists():
        saved = save_worktree(place, path, ref)
    elif aside.exists():
        saved = read_ref(place.context, ref) or ""
    else:
        discard_new_worktree(place, path, is_ours=path.__eq__)
        return
    remove_worktree(place, path, saved=saved, trash=layout.trash(run_id))


def _require_current(given: MergeInput, opened: Opened, train: Train, path: Path) -> None:
    entry = next((one for one in train.domains if one.name == opened.domain), None)
    if entry is None or entry.parents != (opened.ours, opened.theirs):
        raise WrongPhase(
            f"the train changed since the conflict of '{opened.domain}' was opened in {path}",
            hint=f"copy what you need, then: ropewalk merge {given.epic_id} --abort",
        )


def _read_resolution(tools: MergeTools, opened: Opened, path: Path, *, epic_id: str) -> Proposal:
    place = tools.place
    index = require_entry(place, path).admin / "index"
    reader = own_context(place, work_tree=path, index=index)
    listing = run(reader, "ls-files", "-u", "-z").stdout.decode("utf-8", "surrogateescape")
    names = sorted({record.partition("\t")[2] for record in listing.split("\0") if record})
    if names:
        raise ConflictWaiting(
            f"{', '.join(names)} in {path} {'is' if len(names) == 1 else 'are'} not resolved",
            hint=f"edit it, git -C {path} add it, then: ropewalk merge {epic_id} --continue",
        )
    found = snapshot(place, path)
    context = own_context(place)
    if found.parent is None or not is_ancestor(context, opened.ours, found.parent):
        raise WrongPhase(
            f"{path} is no longer on the train", hint=f"git -C {path} checkout {opened.ours}"
        )
    if found.partial or found.gitlinks:
        raise ConflictWaiting(f"{path} holds files that git cannot take in", hint="remove them")
    known = marked_paths(context, opened.ours) | marked_paths(context, opened.theirs)
    marked = sorted(marked_paths(context, found.commit) - known)
    if marked:
        raise ConflictWaiting(
            f"conflict markers are left in {', '.join(marked)}", hint=f"edit it in {path}"
        )
    return Proposal(tree=found.tree, resolution=_resolution(context, opened, found.tree))


def _resolution(context: GitContext, opened: Opened, tree: str) -> Resolution:
    with_labels = changed_paths(context, opened.commit, tree)
    merged = merge_tree(context, opened.ours, opened.theirs)
    expected = {path.path for path in merged.paths}
    labels = Labels(ours=opened.ours, theirs=opened.theirs, domain=opened.domain)
    expected |= {labelled_path(path, labels) for path in expected}
    stems = {path.rpartition("~")[0] for path in expected}
    return Resolution(
        by=ResolvedBy.PERSON,
        candidates_tried=0,
        verified_by=(),
        edited_outside=tuple(sorted(with_labels - expected - stems)),
    )

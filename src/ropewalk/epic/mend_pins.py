"""What attempts left that put a merge right: pinned under refs, found again, worktrees put away.

The commit of an attempt stands on the one that it began at; where it does not count, the last line
of its message says why.
"""

from ropewalk.epic.context import EpicContext
from ropewalk.epic.errand import Errand, Left
from ropewalk.errors import WorktreeError
from ropewalk.git.objects import commit_message, commit_parents
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.git.trash import save_worktree
from ropewalk.git.worktree import discard_new_worktree, find_removing, remove_worktree
from ropewalk.merging.fixes import commit_fix
from ropewalk.merging.resolution import dated

FOLDER = "_agent"
_REFUSED, _GIVEN_UP = "Refused: ", "Given up: "


def put_away(context: EpicContext) -> None:
    """Take the worktree of an earlier attempt away; whatever is in it is kept under a ref."""
    place, layout = context.workspace.place, context.workspace.layout
    path = layout.worktree(context.epic_id, FOLDER)
    ref = epic_ref(context.epic_id, "trash", FOLDER.strip("_"), context.run_id)
    try:
        if path.exists():
            saved = save_worktree(place, path, ref)
        elif find_removing(path) is not None:
            saved = read_ref(place.context, ref) or ""
        else:
            saved = None
        if saved is not None:
            remove_worktree(place, path, saved=saved, trash=layout.trash(context.run_id))
            return
    except WorktreeError:
        # Its git files are damaged: the folder is put aside as it is.
        pass
    discard_new_worktree(place, path, is_ours=path.__eq__)


def find_left(context: EpicContext, errand: Errand) -> Left | None:
    """Return what an attempt left that was kept before."""
    commit = read_ref(context.workspace.place.context, _ref(context, errand))
    own = own_context(context.workspace.place)
    if commit is None or commit_parents(own, commit) != (errand.start,):
        return None
    last = commit_message(own, commit).rstrip().rpartition("\n")[2]
    for word in (_REFUSED, _GIVEN_UP):
        if last.startswith(word):
            problem = last.removeprefix(word)
            return Left(commit=commit, problem=problem, is_over=word == _GIVEN_UP)
    return Left(commit=commit)


def pin_left(context: EpicContext, errand: Errand, tree: str, left: Left) -> str:
    """Pin the tree that an attempt left, and return the commit."""
    place = context.workspace.place
    word = _GIVEN_UP if left.is_over else _REFUSED
    why = f"\n{word}{left.problem}\n" if left.problem else ""
    commit = commit_fix(
        place,
        dated(own_context(place), context.identity(), context.planned_at),
        tree,
        parent=errand.start,
        message=f"{errand.message}{why}",
    )
    ref = _ref(context, errand)
    old = read_ref(place.context, ref)
    if old != commit:
        update_refs(place.context, [RefUpdate(ref=ref, new=commit, old=old)])
    return commit


def _ref(context: EpicContext, errand: Errand) -> str:
    step = errand.step.replace(":", "-")
    return epic_ref(context.epic_id, "attempt", step, str(errand.number))

"""Keeps what a report says of a conflict readable: git's attempt and the sides of each path.

Git makes both while it merges; nothing else refers to them. So a commit does, which a ref pins: its
tree is the attempt, its parents are the two sides and a commit that holds the sides of the paths.
"""

from ropewalk.git.command import GitContext
from ropewalk.git.objects import commit_tree, make_tree
from ropewalk.git.refs import epic_ref
from ropewalk.git.trees import TreeEntry
from ropewalk.merging.resolution import dated
from ropewalk.merging.values import MergeInput, MergeTools, Train
from ropewalk.model.conflict import Conflict

_GITLINK = "160000"


def pin_previews(given: MergeInput, tools: MergeTools, train: Train) -> dict[str, str]:
    """Return the refs that keep the conflicts of a train, and the commits they are to hold.

    Raises:
        GitError: an object that a conflict names is missing.
    """
    context = dated(tools.place.context, tools.identity, given.date)
    return {
        epic_ref(given.epic_id, "preview", entry.name): _preview(
            context, entry.conflict, entry.conflict.preview_tree, entry.parents
        )
        for entry in train.domains
        if entry.conflict is not None and entry.conflict.preview_tree is not None
    }


def _preview(context: GitContext, conflict: Conflict, tree: str, sides: tuple[str, ...]) -> str:
    blobs = {
        stage.oid: TreeEntry(mode=stage.mode, oid=stage.oid, path=stage.oid)
        for path in conflict.paths
        for stage in path.stages
        if stage.mode != _GITLINK
    }
    held = make_tree(context, [blobs[oid] for oid in sorted(blobs)])
    holder = commit_tree(context, held, parents=(), message="Sides of a conflict\n")
    return commit_tree(context, tree, parents=(*sides, holder), message="Preview of a conflict\n")

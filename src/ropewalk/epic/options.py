"""What the configuration says where a person leaves an option out."""

from ropewalk.epic.workspace import Workspace
from ropewalk.merging.values import MergeOptions


def merge_defaults(workspace: Workspace) -> MergeOptions:
    """Return the options of a merge as ``[merge]`` of ropewalk.toml has them."""
    config = workspace.config.merge
    return MergeOptions(
        on_conflict=config.on_conflict,
        resolve=config.resolve,
        squash=config.squash,
        hooks=config.hooks,
    )

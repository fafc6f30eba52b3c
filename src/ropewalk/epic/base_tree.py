"""The tree that an epic starts from, as planners look at it: read once, where it is needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ropewalk.epic.reading import read_ahead
from ropewalk.epic.workspace import Workspace
from ropewalk.git.co_change import read_co_change
from ropewalk.git.own import own_context
from ropewalk.git.trees import TreeEntry, list_tree
from ropewalk.planner.corpus import Corpus
from ropewalk.planner.scan import scan

_LINK = "120000"


@dataclass(frozen=True, kw_only=True)
class BaseTree:
    """The tree of a commit; ``epic_file`` is the path of the epic in it, which is no domain's."""

    workspace: Workspace
    commit: str
    entries: Sequence[TreeEntry]
    epic_file: str | None = None

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """All paths."""
        return tuple(entry.path for entry in self.entries)

    @cached_property
    def own_paths(self) -> tuple[str, ...]:
        """All paths but that of the epic."""
        return tuple(path for path in self.paths if path != self.epic_file)

    @cached_property
    def links(self) -> frozenset[str]:
        """The paths of all symbolic links."""
        return frozenset(entry.path for entry in self.entries if entry.mode == _LINK)

    @cached_property
    def corpus(self) -> Corpus:
        """The files that people write, read; without the epic itself."""
        read = read_ahead(own_context(self.workspace.place), self.entries)
        return Corpus(scan(self.own_paths, read))

    @cached_property
    def co_change(self) -> Mapping[str, Sequence[str]]:
        """Which files often changed together before."""
        return read_co_change(own_context(self.workspace.place), self.commit)


def read_base(workspace: Workspace, commit: str, *, epic_file: str | None = None) -> BaseTree:
    """Return the tree of a commit."""
    entries = list_tree(own_context(workspace.place), commit)
    return BaseTree(workspace=workspace, commit=commit, entries=entries, epic_file=epic_file)

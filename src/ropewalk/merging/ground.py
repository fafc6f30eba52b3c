"""What the train so far touched, as one side of the next merge.

It may hold more than was really touched, never less: what a merge makes of two sides differs from
the base only where one of them does.
"""

from collections import Counter
from collections.abc import Mapping

from ropewalk.git.trees import RawChange
from ropewalk.merging.footprint import Footprint, cross, folders_above


class Ground:
    """The growing sum of footprints on one base, see `footprint.Touched`.

    ``has_base`` says whether the train comes from the base.

    Args:
        contents: how many files each directory of the base holds, as in `footprint.Survey`; empty
            where directories that are emptied by several together do not matter.
    """

    def __init__(self, contents: Mapping[str, int]) -> None:
        self.folded: set[str] = set()
        self.folders: set[str] = set()
        self.adds_to: set[str] = set()
        self.emptied: set[str] = set()
        self.spelled: dict[str, set[str]] = {}
        self.has_attributes = False
        self.has_base = False
        self._commits: set[str] = set()
        self._deleted: set[str] = set()
        self._left = Counter(contents)
        self._is_sure = True

    def holds(self, head: str) -> bool:
        """Whether a commit since the base is in the train already."""
        return head in self._commits

    def is_apart(self, work: Footprint) -> bool:
        """Whether a domain can be merged into the train by its changes alone.

        Both come from the base and from nothing else that is younger, so the base is where git
        would compare them with, and nothing of theirs crosses.
        """
        return (
            self._is_sure
            and work.commits is not None
            and self._commits.isdisjoint(work.commits)
            and not cross(work, self)
        )

    def add(self, work: Footprint) -> None:
        """Take in a domain: its commits and what it touched."""
        if work.commits is None:
            self._is_sure = False
        else:
            self.has_base = True
        self._commits |= work.commits or {work.head}
        self._touch(work)
        self.emptied |= work.emptied
        if self._left:
            self._empty(work.changes)

    def add_tree(self, work: Footprint) -> None:
        """Take in how a tree differs from the base, which somebody made as he liked."""
        self._touch(work)
        deleted = (change.path for change in work.changes if change.status == "D")
        self.emptied.update(folder for path in deleted for folder in folders_above(path))

    def _touch(self, work: Footprint) -> None:
        self.folded |= work.folded
        self.folders |= work.folders
        self.adds_to |= work.adds_to
        self.has_attributes = self.has_attributes or work.has_attributes
        for folded, names in work.spelled.items():
            self.spelled.setdefault(folded, set()).update(names)

    def _empty(self, changes: tuple[RawChange, ...]) -> None:
        """Find the directories of which nothing is left after all deletions together."""
        for change in changes:
            if change.status == "D" and change.path not in self._deleted:
                self._deleted.add(change.path)
                for folder in folders_above(change.path):
                    self._left[folder] -= 1
                    if self._left[folder] <= 0:
                        self.emptied.add(folder)

"""Where a train is laid: what laying needs, and the train in the making.

New objects go to a quarantine. What must outlive the building, or be seen by somebody who does not
know of the quarantine, is brought to the shared objects by `keep`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ropewalk.git.command import GitContext
from ropewalk.git.commit_row import Tree
from ropewalk.git.merge_tree import MergedTree
from ropewalk.git.own import absorb
from ropewalk.merging.commits import Hand
from ropewalk.merging.footprint import Footprint, Survey
from ropewalk.merging.ground import Ground
from ropewalk.merging.messages import merge_message
from ropewalk.merging.select import Selection, Strand
from ropewalk.merging.values import IN_TRAIN, MergeInput
from ropewalk.model.conflict import Conflict
from ropewalk.model.merge import Matrix, MergedDomain, MergedDomainStatus, Resolution

_GITLINK = "160000"


class Merge(Protocol):
    """Merges two commits, see `git.merge_tree.merge_tree`."""

    def __call__(self, ours: str, theirs: str, /, *, are_names_apart: bool) -> MergedTree: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """Everything that laying needs.

    Attributes:
        context: where merges are computed; its new objects are in quarantine.
        shared: the same, but new objects go to where all others are.
        given: what decides the commits.
        hand: who makes them.
        selection: who takes part.
        survey: what each domain touched.
        target: what the target touched since the base.
        trees: trees that a row may begin with, see `git.commit_row.read_trees`.
        matrix: which domains do not merge with each other alone.
        merge: merges two commits; asked for the same two again, it remembers.
        in_rows: whether domains that need no merge are laid in rows.
    """

    context: GitContext
    shared: GitContext
    given: MergeInput
    hand: Hand
    selection: Selection
    survey: Survey
    target: Footprint
    trees: Mapping[str, Tree]
    matrix: Matrix
    merge: Merge
    in_rows: bool

    @property
    def works(self) -> Mapping[str, Footprint]:
        """The footprint of each domain that has work."""
        return self.survey.works

    @property
    def heads(self) -> dict[str, str]:
        """The head of each domain that takes part and has work."""
        strands = self.selection.strands.items()
        return {name: strand.head for name, strand in strands if strand.head is not None}

    def ground(self) -> Ground:
        """Return what the train touched before anything is laid."""
        ground = Ground(self.survey.contents)
        ground.add(self.target)
        return ground

    def message(self, strand: Strand, resolution: Resolution | None = None) -> str:
        """Return the message of the commit that brings a domain into the train."""
        given = self.given
        return merge_message(
            strand, epic_id=given.epic_id, run_id=given.run_id, resolution=resolution
        )

    def keep(self, oids: Iterable[str], *, besides: Iterable[str] = ()) -> None:
        """Bring objects out of the quarantine, with all that they need.

        Args:
            oids: full ids of commits, trees or blobs.
            besides: commits that are kept already, further to the heads and the target.

        Raises:
            GitError: one of them is broken, or names a path that must not exist.
        """
        known = dict.fromkeys((self.given.target_commit, *self.heads.values(), *besides))
        wanted = [oid for oid in dict.fromkeys(oids) if oid not in known]
        if wanted:
            absorb(self.context, self.shared, tips=wanted, known=tuple(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A train in the making.

    ``tip`` is its last commit. ``merge_tip`` is what the next domain is merged with: the same, but
    with ``--squash`` a commit of the same tree that has all merged heads as ancestors, so that a
    domain that builds on another one is merged against what it really started from. ``pack`` holds
    all of its objects as long as they are nowhere else.
    """

    tip: str
    merge_tip: str
    entries: tuple[MergedDomain, ...] = ()
    pack: bytes = b""

    def find(self, name: str) -> MergedDomain | None:
        """Return the entry of a domain, or None while it has none."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def names(self) -> tuple[str, ...]:
        """The domains that are in the train so far, first to last."""
        return tuple(entry.name for entry in self.entries if entry.status in IN_TRAIN)


def entry_of(strand: Strand, status: MergedDomainStatus) -> MergedDomain:
    """Return the entry of a domain with nothing but a status."""
    return MergedDomain(name=strand.name, status=status, depends_on=strand.depends_on)


def objects_of(conflict: Conflict) -> tuple[str, ...]:
    """Return the objects that a conflict names: its preview and the sides of its paths."""
    stages = (stage for path in conflict.paths for stage in path.stages)
    blobs = tuple(dict.fromkeys(stage.oid for stage in stages if stage.mode != _GITLINK))
    return blobs if conflict.preview_tree is None else (conflict.preview_tree, *blobs)

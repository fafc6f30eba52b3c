"""Commits out of nothing but contents, for tests of merges."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from ropewalk.git.command import GitContext
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.objects import commit_tree, write_blob, write_tree_from
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place
from ropewalk.git.trees import TreeEntry
from tests.git.conftest import PERSON

LINES = b"".join(b"line %d\n" % number for number in range(20))
Content: TypeAlias = bytes | tuple[str, bytes] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Makes commits out of nothing but contents: bytes, (mode, bytes) or None to take away."""

    context: GitContext

    def commit(self, parent: str | None, files: Mapping[str, Content]) -> str:
        """Commit some files on top of a commit."""
        put: list[TreeEntry] = []
        for path, content in files.items():
            if content is not None:
                mode, raw = content if isinstance(content, tuple) else ("100644", content)
                oid = raw.decode() if mode == "160000" else write_blob(self.context, raw)
                put.append(TreeEntry(mode=mode, oid=oid, path=path))
        remove = [path for path, content in files.items() if content is None]
        tree = write_tree_from(self.context, parent, put=put, remove=remove)
        return commit_tree(self.context, tree, parents=[parent] if parent else [], message="made")

    def merge(
        self,
        base: Mapping[str, Content],
        ours: Mapping[str, Content],
        theirs: Mapping[str, Content],
    ) -> MergedTree:
        """Merge two changes of one base."""
        root = self.commit(None, base)
        return merge_tree(self.context, self.commit(root, ours), self.commit(root, theirs))


def bench_of(place: Place) -> Bench:
    """Return the bench of a repository, through our own git directory."""
    return Bench(context=replace(own_context(place), author=PERSON, committer=PERSON))


def changed(number: int, text: bytes) -> bytes:
    """Return `LINES` with another text in one of them."""
    return LINES.replace(b"line %d\n" % number, text + b"\n")

"""What is handed over in a pack is what git reads from it, whatever its size and its likeness."""

import random
from collections.abc import Sequence

import pytest

from ropewalk.errors import GitError
from ropewalk.git.command import run
from ropewalk.git.objects import commit_bytes, read_commits
from ropewalk.git.packs import Kind, Pack, Packed, take_in
from ropewalk.git.repository import Place
from tests.conftest import RunGit
from tests.git.conftest import PERSON

# Where a number in a pack gets longer, a difference needs another instruction, a block ends.
EDGES = (0, 1, 15, 16, 127, 128, 2047, 2048, 0xFFFF, 0x10000, 0x1FFFF, 300_000)


@pytest.fixture
def tree(place: Place) -> str:
    return run(place.context, "rev-parse", "HEAD^{tree}").text


def commit(tree: str, message: str) -> bytes:
    return commit_bytes(tree, parents=(), author=PERSON, committer=PERSON, message=message)


def packed(contents: Sequence[bytes]) -> tuple[list[Packed], bytes]:
    """Pack commits, each as its difference from the one before."""
    pack = Pack(like="0" * 40)
    made: list[Packed] = []
    for content in contents:
        made.append(pack.add(Kind.COMMIT, content, like=made[-1] if made else None))
    return made, pack.content()


def test_objects_of_every_size_and_their_differences_are_read_as_they_were(
    place: Place, tree: str
) -> None:
    chance = random.Random(1)
    letters = "".join(chance.choices("abcdef \n", k=max(EDGES)))
    sizes = [*EDGES, *reversed(EDGES), *chance.choices(range(3000), k=80)]
    contents = [
        commit(tree, f"{letters[:size]}{chance.random() if chance.random() < 0.5 else ''}x")
        for size in sizes
    ]
    contents += [
        commit(tree, f"{letters[:900]}{number}{letters[900:2000]}") for number in range(70)
    ]

    made, pack = packed(contents)
    take_in(place.context, pack)

    wanted = {one.oid: content for one, content in zip(made, contents, strict=True)}
    assert read_commits(place.context, list(wanted)) == wanted
    depths = [one.depth for one in made]
    assert max(depths) == 50
    assert len(pack) < sum(map(len, set(contents)))


def test_an_object_that_is_added_twice_is_in_the_pack_once(place: Place, tree: str) -> None:
    content = commit(tree, "once\n")

    made, pack = packed([content, content])
    take_in(place.context, pack)

    assert made[0] == made[1]
    assert int.from_bytes(pack[8:12], "big") == 1


def test_what_names_a_missing_object_or_an_evil_path_is_not_taken(
    place: Place, tree: str, git: RunGit
) -> None:
    def packs() -> list[str]:
        return git(place.top, "count-objects", "-v").splitlines()[:4]

    before = packs()
    _made, lost = packed([commit("1" * 40, "to nothing\n")])
    evil = Pack(like="0" * 40)
    top = evil.add(Kind.TREE, b"40000 .git\0" + bytes.fromhex(tree))
    evil.add(Kind.COMMIT, commit(top.oid, "evil\n"))

    for pack in (lost, evil.content(), lost[:-1] + b"\0"):
        with pytest.raises(GitError, match="index-pack"):
            take_in(place.context, pack)

    assert packs() == before

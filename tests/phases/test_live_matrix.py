"""The live matrix: what clashes is seen in uncommitted work, and looking leaves no trace."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import pytest

from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.repository import Place, find_place
from ropewalk.git.snapshot import snapshot
from ropewalk.git.worktree import add_worktree, admin_dir
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.live import Lookout, Target
from ropewalk.merging.taken import Work
from ropewalk.model.conflict import ConflictKind, LiveConflicts, LiveDomain, LivePair
from ropewalk.model.plan import Domain
from tests.conftest import run_git
from tests.merging.epics import numbered, write

NOTES = "docs/notes.txt"


@dataclass
class Field:
    """Worktrees in which work is done, and the lookout over them."""

    root: Path
    place: Place
    works: list[Work] = field(default_factory=list)
    target: Target | None = None

    def __post_init__(self) -> None:
        self.base = run_git(self.root, "rev-parse", "HEAD")
        self.lookout = Lookout(self.place, "shop", base=self.base)

    def domain(
        self, name: str, work: Mapping[str, str | None] | None = None, *, files: str = "**"
    ) -> Path:
        path = self.root / ".worktrees" / "shop" / name
        add_worktree(self.place, path, self.base, reason=f"ropewalk shop/{name}")
        write(path, work or {})
        domain = Domain(name=name, files=(files,))
        self.works.append(Work(domain=domain, base=self.base, worktree=path))
        return path

    def look(self) -> LiveConflicts:
        seen = self.lookout.look(self.works, target=self.target)
        assert seen is not None
        return seen


@pytest.fixture
def live(repository: Path) -> Field:
    (repository / ".git" / "info" / "exclude").write_text("/.worktrees/\n*.log\n")
    return Field(root=repository, place=find_place(repository))


def names(seen: LiveConflicts) -> list[tuple[str, str]]:
    return [(pair.a, pair.b) for pair in seen.pairs]


def paths(pair: LivePair) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(path.path, path.kind.value, path.lines) for path in pair.paths]


def one(seen: LiveConflicts, name: str) -> LiveDomain:
    return next(domain for domain in seen.domains if domain.name == name)


def every_byte(root: Path) -> dict[str, tuple[object, ...]]:
    """Return kind, size, time of change and content of everything below a folder."""

    def facts(path: Path) -> tuple[object, ...]:
        found = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, content

    return {str(path): facts(path) for path in sorted(root.rglob("*"))}


def test_uncommitted_staged_and_untracked_work_clashes_and_nothing_is_touched(live: Field) -> None:
    a = live.domain("a", {NOTES: numbered(line_5="a"), "new.txt": "of a\n"})
    b = live.domain("b", {NOTES: numbered(line_5="b"), "other.txt": "of b\n"})
    c = live.domain("c", {"new.txt": "of c\n", "noise.log": "ignored\n"})
    live.domain("d", {NOTES: numbered(line_15="d")})
    run_git(a, "add", NOTES)
    run_git(b, "commit", "--quiet", "--all", "--message=work")
    (c / "link").symlink_to("/etc/hostname")
    admins = [admin_dir(live.place, path) for path in (a, b, c)]
    folders = [a, b, c, *admins, live.root / ".git" / "refs"]
    before = [every_byte(folder) for folder in folders]
    objects = set(every_byte(live.root / ".git" / "objects"))

    seen = live.look()

    assert [every_byte(folder) for folder in folders] == before
    assert set(every_byte(live.root / ".git" / "objects")) == objects
    assert {(pair.a, pair.b): paths(pair) for pair in seen.pairs} == {
        ("a", "b"): [(NOTES, "content", ("5",))],
        ("a", "c"): [("new.txt", "add_add", ("1",))],
    }
    assert [(domain.name, domain.dirty) for domain in seen.domains] == [
        ("a", True),
        ("b", True),
        ("c", True),
        ("d", True),
    ]
    assert not seen.target_moved


def test_only_pairs_whose_sides_changed_are_merged_again(live: Field) -> None:
    trees = [live.domain(name, {NOTES: numbered(line_5=name)}) for name in "abc"]
    live.domain("apart", {"README.md": "apart\n"})
    first = live.look()
    assert (live.lookout.merged, len(first.pairs)) == (3, 3)

    live.look()
    assert live.lookout.merged == 3

    write(trees[0], {NOTES: numbered(line_9="moved on")})
    third = live.look()
    assert live.lookout.merged == 5
    assert names(third) == [("b", "c")]


def test_a_domain_is_compared_with_what_the_target_gained(live: Field) -> None:
    live.domain("a", {NOTES: numbered(line_5="a")})
    live.domain("b", {"README.md": "b\n"})
    write(live.root, {NOTES: numbered(line_5="of the person")})
    run_git(live.root, "commit", "--quiet", "--all", "--message=gained")
    tip = run_git(live.root, "rev-parse", "HEAD")
    live.target = Target(ref="refs/heads/main", commit=tip, has_moved=True)

    seen = live.look()

    assert seen.target_moved
    assert [(pair.a, pair.b, paths(pair)) for pair in seen.pairs] == [
        ("a", "refs/heads/main", [(NOTES, "content", ("5",))])
    ]


def test_work_outside_the_declared_files_is_seen_before_it_is_committed(live: Field) -> None:
    live.domain("a", {"README.md": "a\n", "docs/new.md": "a\n"}, files="docs/**")
    nested = live.domain("b", {"inner/x.txt": "x\n"}) / "inner"
    run_git(nested, "init", "--quiet", "--template=")
    run_git(nested, "add", "--all")
    run_git(nested, "commit", "--quiet", "--message=inner")

    seen = live.look()

    assert [(entry.domain, entry.path) for entry in seen.outside] == [
        ("a", "README.md"),
        ("b", "inner"),
    ]
    assert one(seen, "b").nested == ("inner",)


def test_what_cannot_be_read_or_is_half_done_is_said(live: Field) -> None:
    torn = live.domain("torn", {NOTES: numbered(line_5="torn"), "secret.txt": "x\n"})
    broken = torn / "repo"
    broken.mkdir()
    run_git(broken, "init", "--quiet", "--template=")
    live.domain("marked", {NOTES: "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"})

    seen = live.look()

    assert one(seen, "torn").partial
    assert one(seen, "marked").has_markers
    assert names(seen) == [("marked", "torn")]


def test_the_last_known_commit_counts_for_a_worktree_that_vanished(live: Field) -> None:
    a = live.domain("a", {NOTES: numbered(line_5="a")})
    live.domain("b", {NOTES: numbered(line_5="b")})
    run_git(a, "commit", "--quiet", "--all", "--message=work")
    head = run_git(a, "rev-parse", "HEAD")
    run_git(live.root, "update-ref", "refs/ropewalk/shop/head/a", head)
    for path in sorted(a.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    a.rmdir()

    seen = live.look()

    assert (one(seen, "a").gone, one(seen, "a").snapshot) == (True, head)
    assert names(seen) == [("a", "b")]


def test_a_history_that_shares_nothing_cannot_be_merged_and_that_is_said(live: Field) -> None:
    a = live.domain("a")
    live.domain("b", {NOTES: numbered(line_5="b")})
    run_git(a, "checkout", "--quiet", "--orphan", "rewritten")
    run_git(a, "commit", "--quiet", "--message=another beginning")

    (pair,) = live.look().pairs

    assert (pair.a, pair.b, pair.paths) == ("a", "b", ())
    assert "unrelated histories" in str(pair.reason)


@pytest.mark.parametrize("seed", range(3))
def test_the_live_answer_is_that_of_git_for_every_pair(live: Field, seed: int) -> None:
    chance = random.Random(seed)
    trees = {name: live.domain(name) for name in "abcdefg"}
    for name, tree in trees.items():
        for _ in range(chance.randint(1, 3)):
            chance.choice(CHANGES)(tree, name, chance)
        if chance.random() < 0.3:
            run_git(tree, "add", "--all")
            run_git(tree, "commit", "--quiet", "--allow-empty", "--message=work")

    seen = live.look()

    expected: dict[tuple[str, str], set[tuple[str, ConflictKind]]] = {}
    heads = {name: snapshot(live.place, tree).commit for name, tree in trees.items()}
    with merging_context(live.place, live.base) as context:
        for a, b in combinations(heads, 2):
            merged = merge_tree(context, heads[a], heads[b])
            labels = {heads[a]: a, heads[b]: b}
            if not merged.is_clean:
                expected[a, b] = {
                    (relabelled(path.path, labels), path.kind) for path in merged.paths
                }
    assert expected
    assert {
        (pair.a, pair.b): {(path.path, path.kind) for path in pair.paths} for pair in seen.pairs
    } == expected


def relabelled(path: str, labels: Mapping[str, str]) -> str:
    stem, _, side = path.rpartition("~")
    return f"{stem}~{labels[side]}" if side in labels else path


def edit(tree: Path, name: str, chance: random.Random) -> None:
    if (tree / NOTES).is_file():
        line = chance.randint(1, 20)
        write(tree, {NOTES: numbered().replace(f"note {line}\n", f"{name}\n")})


def remove(tree: Path, _name: str, chance: random.Random) -> None:
    path = tree / chance.choice((NOTES, "docs/guide.md", "README.md"))
    if not path.is_dir():
        path.unlink(missing_ok=True)


def move(tree: Path, name: str, chance: random.Random) -> None:
    new = tree / chance.choice((f"moved/{name}.txt", "docs/moved.txt"))
    if (tree / NOTES).is_file():
        new.parent.mkdir(exist_ok=True)
        (tree / NOTES).rename(new)


def move_folder(tree: Path, name: str, chance: random.Random) -> None:
    new = tree / chance.choice(("site", f"site-{name}"))
    if (tree / "web").is_dir() and not new.exists():
        (tree / "web").rename(new)


def add(tree: Path, name: str, chance: random.Random) -> None:
    write(tree, {chance.choice(("web/new.js", "New.txt", "new.txt", "docs/x.txt")): f"{name}\n"})


def replace_by_folder(tree: Path, name: str, _chance: random.Random) -> None:
    if (tree / "README.md").is_file():
        (tree / "README.md").unlink()
        write(tree, {"README.md/inside.txt": f"{name}\n"})


def link(tree: Path, name: str, _chance: random.Random) -> None:
    (tree / "docs/guide.md").unlink(missing_ok=True)
    (tree / "docs/guide.md").symlink_to(name)


def make_executable(tree: Path, _name: str, _chance: random.Random) -> None:
    (tree / "db/schema.sql").chmod(0o755)


CHANGES: tuple[Callable[[Path, str, random.Random], None], ...] = (
    *(edit, edit, remove, move, move_folder, add, add),
    *(replace_by_folder, link, make_executable),
)

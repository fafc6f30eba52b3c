"""Made-up histories: one base and many branches, with every kind of change that git can merge.

Everything is decided by the random source that is given, so the same seed gives the same commits.
Branches are written by one ``git fast-import`` and never checked out.
"""

import random
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import CannotMeasureError, git

WHO = "Bench <bench@localhost> 1700000000 +0000"
ODD_NAMES = (
    b"tab\there",
    b"line\nbreak",
    b'"quoted"',
    b"\xff\xfe",
    b" blank",
    b"back\\slash",
    b"-d",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file, symlink or submodule; the content of a submodule is the id of its commit."""

    mode: str
    content: bytes


Tree = dict[bytes, File]
Change = Callable[[random.Random, Tree, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """What was written: full ids of the base and of the branches' heads."""

    base: str
    heads: tuple[str, ...]


def make_tree(chance: random.Random, *, folders: int, files: int) -> Tree:
    """Return files of thirty lines in nested folders, a few links, programs and submodules."""
    tree: Tree = {}
    for number in range(files):
        folder = f"d{number % folders}/{'deep/' * (number % 3 == 0)}".encode()
        tree[folder + f"f{number}.txt".encode()] = _text(chance, f"file {number}")
    for number in range(0, folders, 3):
        tree[f"d{number}/run.sh".encode()] = File(mode="100755", content=b"#!/bin/sh\nexit 0\n")
        tree[f"d{number}/link".encode()] = File(mode="120000", content=b"f0.txt")
        tree[f"d{number}/module".encode()] = File(mode="160000", content=b"1" * 40)
        tree[f"d{number}/data.bin".encode()] = File(mode="100644", content=bytes(range(256)))
    return tree


def edit(chance: random.Random, tree: Tree, tag: str) -> None:
    """Change a few lines of a text file."""
    path = _pick(chance, tree, "100644", "100755")
    if not tree[path].mode.startswith("100"):
        return
    lines = tree[path].content.split(b"\n")
    for _ in range(chance.randint(1, 3)):
        lines[chance.randrange(len(lines))] = f"{tag} {chance.random()}".encode()
    tree[path] = File(mode=tree[path].mode, content=b"\n".join(lines))


def add(chance: random.Random, tree: Tree, tag: str) -> None:
    """Add a file beside another one, sometimes in a new folder or with an odd name."""
    folder = _folder(chance, tree)
    if chance.random() < 0.3:
        folder += b"new/"
    name = chance.choice(ODD_NAMES) if chance.random() < 0.3 else b"new.txt"
    if chance.random() < 0.5:
        name += tag.encode()
    _put(tree, folder + name, _text(chance, tag))


def delete(chance: random.Random, tree: Tree, _tag: str) -> None:
    """Delete a file of any kind."""
    del tree[_pick(chance, tree)]


def rename(chance: random.Random, tree: Tree, tag: str) -> None:
    """Move a file, sometimes with a change of a few of its lines."""
    path = _pick(chance, tree)
    folder = _folder(chance, tree)
    file = tree.pop(path)
    if chance.random() < 0.4 and file.mode.startswith("100"):
        file = File(mode=file.mode, content=file.content + f"moved by {tag}\n".encode())
    name = f"moved-{tag}".encode() if chance.random() < 0.7 else b"moved"
    _put(tree, folder + name, file)


def rename_folder(chance: random.Random, tree: Tree, tag: str) -> None:
    """Move everything below a folder, sometimes to two places."""
    folder = _folder(chance, tree)
    targets = [f"moved-{tag}-{number}/".encode() for number in range(chance.randint(1, 2))]
    for path in [path for path in tree if folder and path.startswith(folder)]:
        _put(tree, chance.choice(targets) + path.removeprefix(folder), tree.pop(path))


def delete_folder(chance: random.Random, tree: Tree, _tag: str) -> None:
    """Delete everything below a folder."""
    folder = _folder(chance, tree)
    for path in [path for path in tree if folder and path.startswith(folder)]:
        del tree[path]


def change_mode(chance: random.Random, tree: Tree, _tag: str) -> None:
    """Make a file a program or no program any more."""
    path = _pick(chance, tree, "100644", "100755")
    if not tree[path].mode.startswith("100"):
        return
    mode = "100755" if tree[path].mode == "100644" else "100644"
    tree[path] = File(mode=mode, content=tree[path].content)


def change_kind(chance: random.Random, tree: Tree, tag: str) -> None:
    """Make of any file another kind of file: a link, a submodule, bytes, a text."""
    kinds = (
        File(mode="120000", content=f"to/{tag}".encode()),
        File(mode="160000", content=f"{chance.randrange(16**40):040x}".encode()),
        File(mode="100644", content=bytes(chance.randrange(256) for _ in range(200))),
        _text(chance, tag),
    )
    tree[_pick(chance, tree)] = chance.choice(kinds)


def collide(chance: random.Random, tree: Tree, tag: str) -> None:
    """Write one of few names that others write, too, or let a link lead elsewhere."""
    links = [path for path, file in tree.items() if file.mode == "120000"]
    if links and chance.random() < 0.3:
        tree[chance.choice(links)] = File(mode="120000", content=tag.encode())
        return
    kinds = (
        _text(chance, tag),
        File(mode="100755", content=b"the same\n"),
        File(mode="100644", content=b"the same\n"),
        File(mode="120000", content=tag.encode()),
    )
    _put(tree, f"shared/name{chance.randrange(3)}".encode(), chance.choice(kinds))


def file_to_folder(chance: random.Random, tree: Tree, tag: str) -> None:
    """Put a folder where a file was."""
    path = _pick(chance, tree)
    tree[path + b"/inner-" + tag.encode()] = tree.pop(path)


def folder_to_file(chance: random.Random, tree: Tree, tag: str) -> None:
    """Put a file where a folder was."""
    if folder := _folder(chance, tree).removesuffix(b"/"):
        _put(tree, folder, _text(chance, tag))


CHANGES: tuple[tuple[Change, int], ...] = (
    (edit, 12),
    (add, 6),
    (delete, 2),
    (rename, 3),
    (rename_folder, 1),
    (delete_folder, 1),
    (change_mode, 1),
    (change_kind, 1),
    (collide, 3),
    (file_to_folder, 1),
    (folder_to_file, 1),
)


def changed(chance: random.Random, tree: Tree, tag: str, *, times: int, below: bytes = b"") -> Tree:
    """Return a tree after some changes, all of them below a folder when one is given."""
    mine = {path: file for path, file in tree.items() if path.startswith(below)}
    rest = {path: file for path, file in tree.items() if not path.startswith(below)}
    changes, weights = zip(*CHANGES, strict=True)
    for number in range(times):
        if mine:
            chance.choices(changes, weights)[0](chance, mine, f"{tag}-{number}")
    if below:
        mine = {p if p.startswith(below) else below + p: file for p, file in mine.items()}
    for path, file in mine.items():
        _put(rest, path, file)
    return rest


def write_branches(root: Path, base: Tree, branches: Sequence[Tree]) -> Branches:
    """Make a repository whose ``main`` holds ``base``; return it with a head for each branch."""
    git(root.parent, "init", "-q", "-b", "main", root.name)
    stream = list(_commit("refs/heads/main", 1, None, {}, base))
    for number, tree in enumerate(branches, start=2):
        stream += _commit(f"refs/heads/b{number - 2}", number, ":1", base, tree)
    marks = root / ".git" / "marks"
    argv = ("git", "fast-import", "--quiet", "--done", f"--export-marks={marks}")
    data = b"".join((*stream, b"done\n"))
    ended = subprocess.run(argv, cwd=root, input=data, capture_output=True, check=False)
    if ended.returncode != 0:
        raise CannotMeasureError(f"git fast-import: {ended.stderr.decode(errors='replace')}")
    known = dict(line.split() for line in marks.read_text(encoding="ascii").splitlines())
    oids = [known[f":{number}"] for number in range(1, len(branches) + 2)]
    return Branches(base=oids[0], heads=tuple(oids[1:]))


def _commit(
    ref: str, mark: int, parent: str | None, before: Mapping[bytes, File], after: Tree
) -> Iterator[bytes]:
    # Branches that make the same of the base are to be commits of their own.
    message = f"work {mark}"
    yield f"commit {ref}\nmark :{mark}\ncommitter {WHO}\n".encode()
    yield f"data {len(message)}\n{message}\n".encode()
    if parent is not None:
        yield f"from {parent}\n".encode()
    for path in before:
        if path not in after:
            yield b"D %b\n" % _quoted(path)
    for path, file in after.items():
        if before.get(path) == file:
            continue
        if file.mode == "160000":
            yield b"M 160000 %b %b\n" % (file.content, _quoted(path))
        else:
            yield b"M %b inline %b\n" % (file.mode.encode(), _quoted(path))
            yield b"data %d\n%b\n" % (len(file.content), file.content)


def _quoted(path: bytes) -> bytes:
    escaped = path.replace(b"\\", rb"\\").replace(b'"', rb"\"").replace(b"\n", rb"\n")
    return b'"%b"' % escaped


def _text(chance: random.Random, about: str) -> File:
    lines = (f"{about} line {number} {chance.randrange(1000)}\n" for number in range(30))
    return File(mode="100644", content="".join(lines).encode())


def _pick(chance: random.Random, tree: Tree, *modes: str) -> bytes:
    """Return some path, of one of ``modes`` when there is any."""
    paths = [path for path, file in tree.items() if not modes or file.mode in modes]
    return chance.choice(paths or list(tree))


def _folder(chance: random.Random, tree: Tree) -> bytes:
    """Return the folder of some file, with a slash at its end; empty for the root."""
    head, slash, _name = _pick(chance, tree).rpartition(b"/")
    return head + slash


def _put(tree: Tree, path: bytes, file: File) -> None:
    """Put a file at a path; whatever stands in the way, above or below, is gone."""
    above = b""
    for part in path.split(b"/")[:-1]:
        above = above + b"/" + part if above else part
        tree.pop(above, None)
    for other in [other for other in tree if other.startswith(path + b"/")]:
        del tree[other]
    tree[path] = file

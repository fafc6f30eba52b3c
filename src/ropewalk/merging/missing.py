"""Names that one domain removed or changed and another one newly uses; Python only.

Git merges both without a conflict, because they stand in different files. A name counts as missing
only where the merged module surely does not have it, and as certain to fail only where it is
imported at the top of a file from just that module. Anything less is a note.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ropewalk.git.command import GitContext
from ropewalk.git.objects import blob_sizes, read_blobs
from ropewalk.git.trees import RawChange, list_tree, raw_changes_of
from ropewalk.merging.names import Import, PythonFile, module_of, read_python

_LIMIT = 1024 * 1024
_NOTHING = PythonFile(defined={}, signatures={}, imports=(), calls={}, is_open=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a domain did to one Python file; ``after`` is None where the file is gone."""

    domain: str
    path: str
    before: PythonFile
    after: PythonFile | None

    @property
    def loses(self) -> bool:
        """Whether somebody else could miss something."""
        return self.after is None or bool(self.removed() or self.changed())

    def removed(self) -> frozenset[str]:
        """Return the names that the module has lost."""
        left = self.after.defined if self.after is not None else {}
        return frozenset(self.before.defined.keys() - left.keys())

    def changed(self) -> frozenset[str]:
        """Return the functions that take other parameters than before."""
        old, new = self.before.signatures, self.after.signatures if self.after else {}
        return frozenset(name for name in old.keys() & new.keys() if old[name] != new[name])

    def imports(self) -> tuple[Import, ...]:
        """Return what the file newly imports."""
        known = {one.key for one in self.before.imports}
        now = self.after.imports if self.after is not None else ()
        return tuple(one for one in now if one.key not in known)

    def calls(self) -> frozenset[str]:
        """Return the names that the file calls more often than before."""
        old, new = self.before.calls, self.after.calls if self.after is not None else {}
        return frozenset(name for name in new if len(new[name]) > len(old.get(name, ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A sentence about a name; ``is_certain``: the file that uses it cannot be imported."""

    text: str
    is_certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """The merged tree: object ids by path, and the Python files that are looked at."""

    tree: Mapping[str, str]
    files: Mapping[str, PythonFile]

    def has_module(self, module: tuple[str, ...], *, besides: str = "") -> bool:
        """Say whether a file or folder other than ``besides`` can be this module."""
        stem = "/".join(module)
        return any(
            f"/{path}".find(f"/{stem}{end}") >= 0
            for path in self.tree
            if path != besides
            for end in (".", "/")
        )


def read_edits(context: GitContext, base: str, heads: Mapping[str, str]) -> tuple[Edit, ...]:
    """Return what the domains did to Python files, from ``base`` to their heads.

    Nothing where no file has lost anything; new files only where they may use what was lost.

    Args:
        context: where objects are read.
        base: full id.
        heads: the commit of each domain.
    """
    found = raw_changes_of(context, base, list(heads.values()))
    changes = [
        (name, change)
        for name, some in zip(heads, found, strict=True)
        for change in some
        if change.path.endswith(".py")
    ]
    old = [(name, change) for name, change in changes if change.status != "A"]
    files = _read(context, (pair for _name, change in old for pair in _versions(change)))
    lossy = [edit for edit in _edits(old, files) if edit.loses]
    if not lossy:
        return ()
    words = {module_of(edit.path)[-1].encode() for edit in lossy if module_of(edit.path)}
    new = (_versions(change)[1] for _name, change in changes if change.status == "A")
    return tuple(_edits(changes, files | _read(context, new, holding=words)))


def find_missing(context: GitContext, commit: str, edits: Sequence[Edit]) -> tuple[Missing, ...]:
    """Return what ``commit``, which has all these edits, uses and no longer has as it was."""
    pairs = [(one, other) for one in edits for other in edits if one.domain != other.domain]
    pairs = [(one, other) for one, other in pairs if _may_meet(one, other)]
    if not pairs:
        return ()
    tree = {entry.path: entry.oid for entry in list_tree(context, commit)}
    paths = {path for one, other in pairs for path in (one.path, other.path) if path in tree}
    files = _read(context, ((path, tree[path]) for path in paths))
    now = _Now(tree=tree, files={path: file for (path, _oid), file in files.items()})
    return tuple(dict.fromkeys(found for pair in pairs for found in _missing(*pair, now)))


def _versions(change: RawChange) -> tuple[tuple[str, str], tuple[str, str]]:
    return (change.path, change.old_oid), (change.path, change.new_oid)


def _edits(
    changes: Iterable[tuple[str, RawChange]], files: Mapping[tuple[str, str], PythonFile]
) -> Iterator[Edit]:
    """Yield the edits of files that parse on both sides, as far as they are there."""
    for name, change in changes:
        before, after = (files.get(pair) for pair in _versions(change))
        is_new, is_gone = change.status == "A", change.status == "D"
        if (before is not None or is_new) and (after is not None or is_gone):
            yield Edit(domain=name, path=change.path, before=before or _NOTHING, after=after)


def _read(
    context: GitContext,
    pairs: Iterable[tuple[str, str]],
    *,
    holding: Collection[bytes] = (b"",),
) -> dict[tuple[str, str], PythonFile]:
    """Read files by path and object id, those that hold one of some words."""
    wanted = {(path, oid) for path, oid in pairs if oid.strip("0")}
    sizes = blob_sizes(context, sorted({oid for _path, oid in wanted}))
    blobs = read_blobs(context, [oid for oid, size in sizes.items() if size <= _LIMIT])
    fitting = {oid for oid, blob in blobs.items() if any(word in blob for word in holding)}
    read = {pair: read_python(pair[0], blobs[pair[1]]) for pair in wanted if pair[1] in fitting}
    return {pair: file for pair, file in read.items() if file is not None}


def _may_meet(one: Edit, other: Edit) -> bool:
    """Say whether ``other`` may use what ``one`` removed or changed; cheap."""
    if not one.loses or not (other.imports() or other.calls()):
        return False
    last = module_of(one.path)[-1:]
    after = other.after or _NOTHING
    return any(each.module[-1:] == last or (each.name,) == last for each in after.imports)


def _missing(one: Edit, other: Edit, now: _Now) -> Iterator[Missing]:
    user = now.files.get(other.path)
    if user is None:
        return
    new = {each.key for each in other.imports()}
    for use in user.imports:
        text = None
        if use.key in new and one.path not in now.tree:
            text = _gone(one, use, now)
        elif use.key in new and _is_lost(one, use, now):
            text = f"imports '{use.name}' from {one.path}, where {one.domain} removed it"
        if text is not None:
            yield Missing(text=f"{_place(other, use.line)} {text}", is_certain=use.is_certain)
    yield from _changed(one, other, user, now)


def _gone(one: Edit, use: Import, now: _Now) -> str | None:
    for module in (use.module, (*use.module, use.name or "")):
        if _is_module(module, one.path, now) and not now.has_module(module):
            return f"imports {'.'.join(module)}, whose file {one.path} {one.domain} removed"
    return None


def _is_lost(one: Edit, use: Import, now: _Now) -> bool:
    module = now.files.get(one.path)
    if module is None or module.is_open or use.name is None or use.name not in one.removed():
        return False
    is_alone = one.path.endswith("__init__.py") or not now.has_module(use.module, besides=one.path)
    return (
        is_alone
        and use.name not in module.defined
        and _is_module(use.module, one.path, now)
        and not now.has_module((*use.module, use.name))
    )


def _changed(one: Edit, other: Edit, user: PythonFile, now: _Now) -> Iterator[Missing]:
    module = now.files.get(one.path)
    for use in user.imports if module is not None else ():
        name = use.name or ""
        if name in one.changed() & other.calls() and _is_module(use.module, one.path, now):
            lines = ", ".join(map(str, user.calls.get(name, ())))
            text = f"newly calls '{name}' of {one.path}, whose parameters {one.domain} changed"
            yield Missing(text=f"{_place(other, lines)} {text}", is_certain=False)


def _is_module(module: tuple[str, ...], path: str, now: _Now) -> bool:
    """Say whether a module of this name is the file, as seen from a folder that is no package."""
    parts = module_of(path)
    if not module or parts[-len(module) :] != module:
        return False
    root = "/".join(parts[: -len(module)])
    return not root or f"{root}/__init__.py" not in now.tree


def _place(edit: Edit, line: object) -> str:
    return f"{edit.domain}: {edit.path}, line {line},"

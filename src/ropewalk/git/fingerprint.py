"""Sees what changed outside of the worktrees: in the person's repository and checkout.

A fingerprint is taken without running anything that an agent could have configured: git's files are
read as bytes, never through pipes or links, and the checkout is compared through the coordinator's
own git directory. What ropewalk itself writes (its refs, its folders, its output when that goes to
a file) is no part of it.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from ropewalk.errors import GitError, GitKilled
from ropewalk.git.admin import LOCK_PREFIX, AdminEntry, is_real_folder, list_entries
from ropewalk.git.command import GitContext, run
from ropewalk.git.own import own_context
from ropewalk.git.refs import list_refs
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import is_below, list_changes, load_index, private_index
from ropewalk.model.values import Value
from ropewalk.store.files import Refusal, read_untrusted

OWN_REFS = ("refs/ropewalk/", "refs/heads/ropewalk/")
_OWN_FOLDERS = frozenset(
    {".worktrees", *(f".workflow/{n}" for n in ("outputs", "runs", "cache", "trash"))}
    | {".workflow/history.jsonl"}
)
_CONFIG_NAMES = ("config", "config.worktree")
_INFO_NAMES = ("commondir", "shallow", "objects/info/alternates")
_ADMIN_NAMES = ("commondir", "gitdir", "locked", "config.worktree")
_INDEX_LIMIT = 256 * 1024 * 1024
_GIT_FILE_LIMIT = 1024 * 1024
_HASH_LIMIT = 1024 * 1024
_REF_LIMIT = 4096
_OUTPUT = (1, 2)
_PACKED_LIMIT = 256 * 1024 * 1024
_USER_IN_URL = re.compile(r"(://)[^/@\s]+@")
_SECRET = re.compile(r"(?i)((?:extraheader|password|token|secret)\w*\s*=\s*).*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed(Value):
    """One thing as it was seen.

    Attributes:
        kind: config, hook, info, ref, head, index, checkout, stash, worktree_git or admin.
        name: a file, a ref or a path, as a person would name it.
        state: its value, or a checksum of it; no two different ones look alike.
        text: of configuration its lines, without secrets; None otherwise.
        worktree: the worktree that it belongs to, absolute; None for the repository.
    """

    kind: str
    name: str
    state: str
    text: str | None = None
    worktree: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint(Value):
    """Everything that was looked at; what is absent was not there."""

    observed: tuple[Observed, ...]
    worktrees: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideChange:
    """Something outside that is not as it was; ``old`` None: it is new, ``new`` None: gone."""

    kind: str
    name: str
    old: str | None
    new: str | None
    worktree: Path | None


def take(place: Place, worktrees: Sequence[Path]) -> Fingerprint:
    """Look at the repository, the person's checkout, and the git files of some worktrees.

    Args:
        place: the repository.
        worktrees: those of agents: their own HEAD and files may change, their git files not.

    Raises:
        GitError: git failed.
        StorageError: the coordinator's own folder cannot be written.
    """
    entries = list_entries(place)
    observed = [
        *_see_shared(place.common_dir),
        *_see_refs(place),
        *_see_heads(place, entries, worktrees),
        *_see_worktrees(entries, worktrees),
    ]
    if not place.bare:
        observed.extend(_see_checkout(place, entries, worktrees))
    return Fingerprint(observed=tuple(observed), worktrees=tuple(_text_of(p) for p in worktrees))


def compare(before: Fingerprint, after: Fingerprint) -> tuple[OutsideChange, ...]:
    """Return what differs, in the order of kind and name; pure.

    The git files of a worktree count when both fingerprints were taken with it.
    """
    both = {None, *(set(before.worktrees) & set(after.worktrees))}
    old, new = (
        {(one.kind, one.name, one.worktree): one for one in taken.observed if one.worktree in both}
        for taken in (before, after)
    )
    keys = sorted(old.keys() | new.keys(), key=lambda key: (key[0], key[1], key[2] or ""))
    return tuple(
        _change(key, old.get(key), new.get(key))
        for key in keys
        if _state(old.get(key)) != _state(new.get(key))
    )


def _state(one: Observed | None) -> str | None:
    return None if one is None else one.state


def _change(
    key: tuple[str, str, str | None], old: Observed | None, new: Observed | None
) -> OutsideChange:
    kind, name, worktree = key
    before, after = _state(old), _state(new)
    if old and new and old.text is not None and new.text is not None:
        gone = [line for line in old.text.splitlines() if line not in new.text.splitlines()]
        came = [line for line in new.text.splitlines() if line not in old.text.splitlines()]
        if gone or came:
            before, after = _lines(gone), _lines(came)
    elif kind == "config":
        before, after = (old.text if old else before), (new.text if new else after)
    return OutsideChange(
        kind=kind, name=name, old=before, new=after, worktree=Path(worktree) if worktree else None
    )


def _lines(lines: Sequence[str]) -> str:
    return "; ".join(line.strip() for line in lines) or "without it"


def _see_shared(common: Path) -> Iterator[Observed]:
    for name in _CONFIG_NAMES:
        yield from _see_config(common, name)
    for name in _list(common / "hooks"):
        yield from _see_file("hook", common, f"hooks/{name}")
    for name in (*_INFO_NAMES, *(f"info/{name}" for name in _list(common / "info"))):
        yield from _see_file("info", common, name)


def _see_config(common: Path, name: str, worktree: str | None = None) -> Iterator[Observed]:
    for one in _see_file("config" if worktree is None else "admin", common, name, worktree):
        data = read_untrusted(common, name, _GIT_FILE_LIMIT)
        text = None if isinstance(data, Refusal) else _without_secrets(data)
        yield Observed(kind=one.kind, name=name, state=one.state, text=text, worktree=worktree)


def _without_secrets(data: bytes) -> str:
    text = _USER_IN_URL.sub(r"\1***@", data.decode(errors="backslashreplace"))
    return _SECRET.sub(r"\1***", text)


def _see_file(kind: str, root: Path, name: str, worktree: str | None = None) -> Iterator[Observed]:
    state = _file_state(root / name)
    if state is not None:
        yield Observed(kind=kind, name=_text_of(name), state=state, worktree=worktree)


def _file_state(path: Path) -> str | None:
    """Describe a file so that any change of it shows; never waits for a pipe or a device."""
    try:
        status = path.lstat()
    except OSError:
        return None
    mode = stat.S_IMODE(status.st_mode)
    match stat.S_IFMT(status.st_mode):
        case stat.S_IFREG if status.st_size <= _HASH_LIMIT:
            data = read_untrusted(path.parent, path.name, _HASH_LIMIT)
            if isinstance(data, Refusal):
                return f"{data.reason} {status.st_size} {status.st_mtime_ns}"
            return f"file {mode:o} sha256:{sha256(data).hexdigest()}"
        case stat.S_IFREG:
            return f"file {mode:o} {status.st_size} bytes of {status.st_mtime_ns}"
        case stat.S_IFLNK:
            return f"link to {_text_of(path.readlink())}"
        case stat.S_IFDIR:
            return "folder"
        case other:
            return f"special file {other:o}"


def _see_refs(place: Place) -> Iterator[Observed]:
    if (place.common_dir / "reftable").exists():
        refs = list_refs(place.context)
    else:
        refs = dict(_packed_refs(place.common_dir)) | dict(_loose_refs(place.common_dir))
    for name, value in sorted(refs.items()):
        if not name.startswith(OWN_REFS):
            kind = "stash" if name == "refs/stash" else "ref"
            yield Observed(kind=kind, name=_text_of(name), state=_text_of(value))
    yield from _see_file("stash", place.common_dir, "logs/refs/stash")


def _packed_refs(common: Path) -> Iterator[tuple[str, str]]:
    data = read_untrusted(common, "packed-refs", _PACKED_LIMIT)
    if isinstance(data, Refusal):
        return
    for line in os.fsdecode(data).split("\n"):
        oid, space, name = line.partition(" ")
        if space and not line.startswith(("#", "^")):
            yield name, oid


def _loose_refs(common: Path) -> Iterator[tuple[str, str]]:
    for folder, names, files in os.walk(common / "refs"):
        prefix = os.path.relpath(folder, common)
        names[:] = [name for name in names if not f"{prefix}/{name}/".startswith(OWN_REFS)]
        for name in files:
            if not name.endswith(".lock"):
                yield f"{prefix}/{name}", _small_text(common, f"{prefix}/{name}")


def _small_text(root: Path, name: str) -> str:
    data = read_untrusted(root, name, _REF_LIMIT)
    return data.reason if isinstance(data, Refusal) else os.fsdecode(data).strip()


def _see_heads(
    place: Place, entries: Sequence[AdminEntry], worktrees: Sequence[Path]
) -> Iterator[Observed]:
    yield Observed(kind="head", name="HEAD", state=_text_of(_small_text(place.git_dir, "HEAD")))
    for entry in entries:
        if not _is_ours(entry, worktrees):
            state = _text_of(_small_text(entry.admin, "HEAD"))
            yield Observed(kind="head", name=f"worktrees/{entry.admin.name}/HEAD", state=state)


def _is_ours(entry: AdminEntry, worktrees: Sequence[Path]) -> bool:
    """Whether an admin folder is one of ours, also while it is being made or taken away."""
    if entry.locked is not None and entry.locked.startswith(LOCK_PREFIX):
        return True
    if entry.path is None:
        return entry.admin.name in {worktree.name for worktree in worktrees}
    return entry.path.parent in {worktree.parent for worktree in worktrees}


def _see_worktrees(entries: Sequence[AdminEntry], worktrees: Sequence[Path]) -> Iterator[Observed]:
    by_path = {entry.path: entry.admin for entry in entries}
    for worktree in worktrees:
        owner = _text_of(worktree)
        yield from _see_small("worktree_git", worktree, ".git", owner)
        admin = by_path.get(worktree)
        if admin is None:
            continue
        for name in _ADMIN_NAMES:
            yield from _see_small("admin", admin, name, owner)
        for name in _list(admin / "info"):
            yield from _see_file("admin", admin, f"info/{name}", owner)
        for name in ("HEAD", "index"):
            if (kind := _irregular(admin / name)) is not None:
                yield Observed(kind="admin", name=name, state=kind, worktree=owner)


def _see_small(kind: str, root: Path, name: str, owner: str) -> Iterator[Observed]:
    """See a file of one line by its content, anything else by what it is."""
    for one in _see_file(kind, root, name, owner):
        data = read_untrusted(root, name, _REF_LIMIT)
        state = one.state if isinstance(data, Refusal) else _text_of(os.fsdecode(data).rstrip("\n"))
        yield Observed(kind=kind, name=name, state=_without_secrets(state.encode()), worktree=owner)


def _irregular(path: Path) -> str | None:
    state = _file_state(path)
    return None if state is None or state.startswith("file ") else state


def _see_checkout(
    place: Place, entries: Sequence[AdminEntry], worktrees: Sequence[Path]
) -> Iterator[Observed]:
    inner = {*worktrees, *(entry.path for entry in entries if entry.path is not None)}
    ours = frozenset(
        path.relative_to(place.top).as_posix() for path in inner if path.is_relative_to(place.top)
    )
    index, changes = _with_index(place, _read_index)
    yield Observed(kind="index", name="index", state=index)
    for name in changes:
        if is_below(name, _OWN_FOLDERS) or is_below(name, ours):
            continue
        if not _is_own_output(place.top / name):
            state = _file_state(place.top / name.rstrip("/")) or "deleted"
            yield Observed(kind="checkout", name=_text_of(name), state=state)


def _is_own_output(path: Path) -> bool:
    """Whether a file is where this process prints to: it grows while agents work."""
    with suppress(OSError):
        status = path.lstat()
        return any(os.path.samestat(status, os.fstat(number)) for number in _OUTPUT)
    return False


def _read_index(context: GitContext) -> tuple[str, tuple[str, ...]]:
    content = run(context, "ls-files", "-z", "--stage", "-v").stdout
    return f"sha256:{sha256(content).hexdigest()}", list_changes(context)


def _with_index(
    place: Place, read: Callable[[GitContext], tuple[str, tuple[str, ...]]]
) -> tuple[str, tuple[str, ...]]:
    """Read a copy of the checkout's index; where git cannot, compare the files with HEAD."""
    source = place.git_dir / "index"
    data = read_untrusted(place.git_dir, "index", _INDEX_LIMIT)
    with TemporaryDirectory(prefix="ropewalk-index-") as folder:
        index = Path(folder, "index")
        if not isinstance(data, Refusal):
            index.write_bytes(data)
            # Git compares file times with that of the index: the copy must have the same.
            time_ns = source.stat().st_mtime_ns
            os.utime(index, ns=(time_ns, time_ns))
        try:
            return read(own_context(place, work_tree=place.top, index=index))
        except GitKilled:
            raise
        except GitError:
            pass
    with private_index(place, place.top) as context:
        load_index(context, run(place.context, "rev-parse", "HEAD").text)
        return "unreadable", list_changes(context)


def _list(folder: Path) -> list[str]:
    if not is_real_folder(folder):
        return []
    return sorted(path.name for path in folder.iterdir())


def _text_of(name: str | Path) -> str:
    return os.fsencode(name).decode(errors="backslashreplace")

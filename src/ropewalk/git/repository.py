"""Which repository this is, and what state the person has it in. Reads only, never writes.

A place is always the main worktree of a repository, wherever inside it, or inside one of its linked
worktrees, the person stands. Its context names every directory explicitly, so that neither the
``.git`` file nor a rewritten configuration can redirect a later call.
"""

import os
import re
import shlex
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ropewalk.errors import GitError, RepositoryError
from ropewalk.git.command import GitContext, GitOutput, Identity, require_git, run

# A pipe among the files that git reads, planted or not, would be waited for without end.
_READ_S: Final = 30.0
_OPERATIONS: Final = (
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("rebase-merge", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "cherry-pick"),
    ("BISECT_LOG", "bisect"),
)
_IDENTITY_VARIABLES: Final = (
    *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "EMAIL"),
    *("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
)
_CONVERSIONS: Final = (
    *("core.autocrlf", "core.eol", "core.filemode", "core.symlinks"),
    *("core.ignorecase", "core.precomposeunicode"),
)
_OF_PLACE: Final = rf"^({'|'.join(_CONVERSIONS)}|core.bare|core.worktree)$".replace(".", r"\.")
_OF_NOTES: Final = (
    r"^(core\.sparsecheckout|extensions\.partialclone|remote\..*\.promisor"
    r"|filter\.lfs\.(smudge|process))$"
)
_OF_PROGRAMS: Final = (
    r"^(filter\..*\.(clean|smudge|process|required)"
    r"|gpg\.program|gpg\..*\.program|gpg\.ssh\.defaultkeycommand)$"
)
_CONVERSION_WORDS: Final = frozenset(
    {"true", "false", "yes", "no", "on", "off", "1", "0", "input", "lf", "crlf", "native"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A repository to work on.

    Attributes:
        top: root of the main worktree; of a bare repository, its directory.
        git_dir: git directory of the main worktree.
        common_dir: what all worktrees share; the same as ``git_dir``.
        bare: whether there is no main worktree.
        object_format: ``sha1`` or ``sha256``.
        conversions: ``key=value`` settings that decide how files become blobs, as they were when
            the place was found; none of them can run a program.
        filters: settings that name programs, those of ``filter.*`` and ``gpg.*``, that the caller
            decided to trust, see `read_filters`.
        drivers: ``merge.*.driver`` settings that the caller decided to trust, see `read_drivers`.
    """

    top: Path
    git_dir: Path
    common_dir: Path
    bare: bool
    object_format: str
    conversions: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()

    @property
    def context(self) -> GitContext:
        """The person's own repository, with explicit directories and without hooks."""
        return GitContext(
            directory=self.top,
            git_dir=self.git_dir,
            common_dir=self.common_dir,
            work_tree=None if self.bare else self.top,
        )


def find_place(cwd: Path) -> Place:
    """Find the repository around a directory; from a linked worktree, the main one.

    Raises:
        RepositoryError: there is none, it is not the person's, it has no commit, or it cannot be
            written to; ``code`` tells these apart.
        GitTooOld: git is older than the oldest version that works.
        ProgramNotFound: there is no git.
    """
    require_git()
    if not cwd.is_dir():
        raise RepositoryError(f"'{cwd}' is not a directory", code="not_a_repository")
    inside = GitContext(directory=cwd.absolute())
    facts = _discover(inside)
    object_format, _newline, path = facts.partition("\n")
    common_dir = Path(path)
    settings = _read_settings(GitContext(directory=common_dir, git_dir=common_dir), _OF_PLACE)
    bare = _is_bare(common_dir, settings)
    place = Place(
        top=common_dir if bare else _find_top(inside, common_dir, settings),
        git_dir=common_dir,
        common_dir=common_dir,
        bare=bare,
        object_format=object_format,
        conversions=tuple(
            f"{key}={value}"
            for key, value in sorted(settings.items())
            if key in _CONVERSIONS and value.lower() in _CONVERSION_WORDS
        ),
    )
    _require_commit(place)
    _require_writable(place)
    return place


def read_filters(place: Place) -> tuple[str, ...]:
    """Return the person's content filters and programs that sign, for ``Place.filters``.

    They name programs: read them before any agent has run, and keep that reading.
    """
    found = _read_settings(place.context, _OF_PROGRAMS)
    return tuple(f"{key}={value}" for key, value in sorted(found.items()) if "=" not in key)


def read_drivers(place: Place) -> tuple[str, ...]:
    """Return the person's ``merge.*.driver`` settings, for ``Place.drivers``.

    They name programs: read them before any agent has run, and keep that reading.
    """
    found = _read_settings(place.context, r"^merge\..*\.driver$")
    return tuple(f"{key}={value}" for key, value in sorted(found.items()) if "=" not in key)


def head_branch(place: Place) -> str | None:
    """Return the full ref that is checked out in the main worktree, None when it is detached."""
    output = run(place.context, "symbolic-ref", "--quiet", "HEAD", allowed=(0, 1))
    return output.text if output.code == 0 else None


def operation_in_progress(place: Place) -> str | None:
    """Name what the person has begun in the main worktree and not ended."""
    for name, operation in _OPERATIONS:
        if os.path.lexists(place.git_dir / name):
            return operation
    return None


def repository_notes(place: Place) -> tuple[str, ...]:
    """Say what about this repository limits what can be seen or done, a sentence each."""
    return tuple(_find_notes(place))


def checked_out_at(place: Place, ref: str) -> tuple[Path, ...]:
    """Return the worktrees, the main one included, in which a full ref is checked out."""
    listing = run(place.context, "worktree", "list", "--porcelain", "-z", timeout_s=_READ_S).stdout
    found = []
    for record in os.fsdecode(listing).split("\0\0"):
        lines = record.split("\0")
        if f"branch {ref}" in lines:
            found.append(Path(lines[0].removeprefix("worktree ")))
    # Of a repository with a separate git directory git lists that, not the worktree.
    return tuple(place.top if path == place.git_dir else path for path in found)


def current_identity(place: Place) -> Identity:
    """Return who the person's commits are from; its date is left open.

    Raises:
        GitError: git has no name or no address for them (code ``identity``).
    """
    given = {name: os.environ[name] for name in _IDENTITY_VARIABLES if name in os.environ}
    output = run(place.context, "var", "GIT_AUTHOR_IDENT", env=given, allowed=(0, 128))
    found = re.fullmatch(r"(.*) <(.*)> \d+ [+-]\d+", output.text)
    if output.code != 0 or found is None:
        raise GitError(
            "git does not know who you are",
            code="identity",
            hint="git config --global user.name NAME && git config --global user.email ADDRESS",
        )
    return Identity(name=found[1], email=found[2])


def stale_locks(place: Place) -> tuple[str, ...]:
    """Describe the lock files of git that lie in the repository: path, age and owner."""
    return tuple(_describe_lock(path) for path in sorted(_find_locks(place.common_dir)))


def _discover(inside: GitContext) -> str:
    """Return the object format, a newline and the absolute path of the common directory."""
    asked = ("--show-object-format", "--path-format=absolute", "--git-common-dir")
    output = run(inside, "rev-parse", *asked, allowed=(0, 128), timeout_s=_READ_S)
    if output.code == 0:
        return _read_path(output)
    directory = inside.directory
    if "dubious ownership" in output.stderr:
        quoted = shlex.quote(str(directory))
        raise RepositoryError(
            f"the repository at '{directory}' belongs to somebody else",
            code="dubious_ownership",
            hint=f"if you trust it: git config --global --add safe.directory {quoted}",
        )
    if "not a git repository" in output.stderr:
        raise RepositoryError(
            f"'{directory}' is not inside a git repository",
            code="not_a_repository",
            hint="go into one, or name it with -C DIR",
        )
    raise RepositoryError(
        f"git cannot read the repository at '{directory}': {output.stderr.strip()}",
        hint="git status",
    )


def _read_path(output: GitOutput) -> str:
    """Read output that ends with a path, which may itself end with a newline."""
    return os.fsdecode(output.stdout).removesuffix("\n")


def _is_bare(common_dir: Path, settings: Mapping[str, str]) -> bool:
    if "core.worktree" in settings:
        return False
    if "core.bare" in settings:
        return settings["core.bare"].lower() in {"true", "yes", "on", "1"}
    return common_dir.name != ".git"


def _find_top(inside: GitContext, common_dir: Path, settings: Mapping[str, str]) -> Path:
    """Find the root of the main worktree, which may not be the one around the directory."""
    redirected = settings.get("core.worktree", "..")
    for directory in (inside.directory, common_dir.parent, common_dir / redirected):
        found = _main_worktree(directory, common_dir)
        if found is not None:
            return found
    raise RepositoryError(
        f"the main worktree of '{common_dir}' cannot be found from '{inside.directory}'",
        code="no_main_worktree",
        hint="start in the main worktree, or name it with -C DIR",
    )


def _main_worktree(directory: Path, common_dir: Path) -> Path | None:
    """Return the root of the worktree around a directory if its git directory is `common_dir`."""
    asked = ("--show-toplevel", "--absolute-git-dir")
    output = run(GitContext(directory=directory), "rev-parse", *asked, allowed=(0, 128))
    top, separator, after = _read_path(output).rpartition(f"\n{common_dir}")
    return Path(top) if output.code == 0 and separator and not after else None


def _read_settings(context: GitContext, pattern: str) -> dict[str, str]:
    """Return the value of every setting whose key matches; of several the last one counts."""
    asked = ("config", "--null", "--get-regexp", pattern)
    output = run(context, *asked, allowed=(0, 1), timeout_s=_READ_S)
    records = os.fsdecode(output.stdout).split("\0")[:-1]
    pairs = (record.partition("\n") for record in records)
    return {key: value if newline else "true" for key, newline, value in pairs}


def _require_commit(place: Place) -> None:
    head = run(
        place.context, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", allowed=(0, 1, 128)
    )
    if head.code != 0:
        raise RepositoryError(
            f"the repository at '{place.top}' has no commit yet",
            code="empty_repo",
            hint="git commit --allow-empty -m 'Begin'",
        )


def _require_writable(place: Place) -> None:
    for name in (".", "objects", "refs"):
        if not os.access(place.common_dir / name, os.W_OK):
            raise RepositoryError(
                f"'{place.common_dir / name}' cannot be written to",
                code="read_only",
                hint="make it writable for you, or work on a clone",
            )


def _find_notes(place: Place) -> Iterator[str]:
    settings = _read_settings(place.context, _OF_NOTES)
    if (place.common_dir / "shallow").exists():
        yield "shallow clone: history ends early, so a merge base may not be found"
    if settings.get("core.sparsecheckout", "").lower() == "true":
        yield "sparse checkout: new worktrees hold all files"
    is_partial = any(key.endswith((".promisor", ".partialclone")) for key in settings)
    if is_partial:
        yield "partial clone: objects that are not here cannot be merged"
    submodules = _count_submodules(place)
    if submodules:
        yield f"{submodules} submodules: their directories stay empty in worktrees"
    # Searching a partial clone would fetch all of it.
    if not is_partial and not any(key.startswith("filter.lfs.") for key in settings):
        pointers = _count_lfs_pointers(place)
        if pointers:
            yield f"{pointers} LFS pointers and no LFS filter: worktrees hold the pointers"


def _count_submodules(place: Place) -> int:
    listing = run(place.context, "ls-tree", "-r", "-z", "--full-tree", "HEAD").stdout
    return sum(record.startswith(b"160000 ") for record in listing.split(b"\0"))


def _count_lfs_pointers(place: Place) -> int:
    """Count pointers, only where the attributes of HEAD ask for the filter."""
    asked = ("-z", "--name-only", "--no-textconv", "-e")
    attributes = run(
        place.context,
        *("grep", *asked, "filter=lfs", "HEAD", "--", ":(glob)**/.gitattributes"),
        env={"GIT_LITERAL_PATHSPECS": "0"},
        allowed=(0, 1),
    )
    if attributes.code != 0:
        return 0
    pointers = run(
        place.context,
        *("grep", *asked, "^version https://git-lfs", "HEAD"),
        allowed=(0, 1),
    )
    return pointers.stdout.count(b"\0")


def _find_locks(common_dir: Path) -> Iterator[Path]:
    yield from common_dir.glob("*.lock")
    yield from (common_dir / "worktrees").glob("*/*.lock")
    for folder, _folders, names in os.walk(common_dir / "refs"):
        yield from (Path(folder, name) for name in names if name.endswith(".lock"))


def _describe_lock(path: Path) -> str:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return f"{path}: gone again"
    kind = "" if stat.S_ISREG(found.st_mode) else ", not a file"
    age = max(0, int(time.time() - found.st_mtime))
    return f"{path}: {age} s old, owner {_owner_of(path)}{kind}"


def _owner_of(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):
        return "unknown"

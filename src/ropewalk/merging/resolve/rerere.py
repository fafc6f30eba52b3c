"""Resolutions that a person recorded, with git's own rerere: found again and offered, or recorded.

Read are the recordings of the repository and those that we made of what persons resolved through
us; written is only our own store, below ropewalk's folder in the git directory. Git works in a
scratch directory that knows none of the person's configuration.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import read_blob, read_blobs
from ropewalk.git.repository import Place
from ropewalk.merging.resolve.files import CERTAIN, LIMIT, ConflictedFile, conflicted_files
from ropewalk.merging.resolve.values import FileCandidate
from ropewalk.merging.values import Clash
from ropewalk.store.files import write_atomic

METHOD = "rerere"
_SETTINGS = ("rerere.enabled=true", "rerere.autoUpdate=true")
_BEFORE, _AFTER = "preimage", "postimage"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scratch:
    """A git directory and a work tree in which only the files in conflict stand."""

    context: GitContext
    git_dir: Path
    tree: Path

    @property
    def recordings(self) -> Path:
        return self.git_dir / "rr-cache"


def own_recordings(place: Place) -> Path:
    """Return the folder of the recordings that we made."""
    return place.common_dir / "ropewalk" / "rerere"


def replay(place: Place, clash: Clash) -> Iterator[Mapping[str, FileCandidate]]:
    """Yield the files that recordings resolve, by path: our recordings first, then the person's.

    Raises:
        GitError: git failed.
        OSError: the scratch directory or a recording cannot be used.
    """
    files = conflicted_files(clash)
    for recordings in (own_recordings(place), place.common_dir / "rr-cache"):
        if files and recordings.is_dir():
            yield _replay(place, clash, files, recordings)


def record(place: Place, clash: Clash, resolved: str) -> None:
    """Remember how a person resolved a conflict, for the next one that has the same hunks.

    Args:
        place: the repository.
        clash: the conflict; ``resolved`` can be read in its context.
        resolved: the tree that the person left.

    Raises:
        GitError: git failed.
        OSError: the scratch directory cannot be used.
        StorageError: the recording cannot be written.
    """
    files = conflicted_files(clash)
    if not files:
        return
    with _scratch(place, clash, files) as scratch:
        run(scratch.context, "rerere")
        for file in files:
            content = read_blob(clash.context, resolved, file.path, limit=LIMIT)
            if content is not None:
                (scratch.tree / file.path).write_bytes(content)
        run(scratch.context, "rerere")
        for folder in _folders(scratch.recordings):
            if (folder / _AFTER).is_file():
                _keep(folder, own_recordings(place) / folder.name)


def forget(place: Place, clash: Clash) -> None:
    """Offer what we recorded for the hunks of a conflict no more; other recordings stay.

    Raises:
        GitError: git failed.
        OSError: the scratch directory or a recording cannot be used.
    """
    files = conflicted_files(clash)
    if not files or not own_recordings(place).is_dir():
        return
    with _scratch(place, clash, files) as scratch:
        run(scratch.context, "rerere")
        for folder in _folders(scratch.recordings):
            (own_recordings(place) / folder.name / _AFTER).unlink(missing_ok=True)


def _replay(
    place: Place, clash: Clash, files: Sequence[ConflictedFile], recordings: Path
) -> Mapping[str, FileCandidate]:
    with _scratch(place, clash, files) as scratch:
        run(scratch.context, "rerere")
        # Only the recordings of these hunks are copied: there can be thousands of others.
        known = [_copy(recordings / one.name, one) for one in _folders(scratch.recordings)]
        if not any(known):
            return {}
        (scratch.git_dir / "MERGE_RR").unlink()
        run(scratch.context, "rerere")
        return _resolved(scratch.context)


def _resolved(context: GitContext) -> Mapping[str, FileCandidate]:
    listing = run(context, "ls-files", "--stage", "-z").stdout.decode("utf-8", "surrogateescape")
    entries = (record.partition("\t") for record in listing.split("\0")[:-1])
    oids = {path: facts.split()[1] for facts, _tab, path in entries if facts.endswith(" 0")}
    blobs = read_blobs(context, tuple(oids.values()))
    return {
        path: FileCandidate(content=blobs[oid], methods=(METHOD,), score=CERTAIN)
        for path, oid in oids.items()
    }


@contextmanager
def _scratch(place: Place, clash: Clash, files: Sequence[ConflictedFile]) -> Iterator[_Scratch]:
    """Yield a scratch directory in which git has just failed to merge ``files``."""
    with tempfile.TemporaryDirectory(prefix="ropewalk-rerere-") as name:
        git_dir, tree = Path(name, "git"), Path(name, "tree")
        _make(git_dir, object_format=place.object_format)
        attributes = clash.context.work_tree
        if attributes is None:
            tree.mkdir()
        else:
            shutil.copytree(attributes, tree)
        context = GitContext(
            directory=tree,
            git_dir=git_dir,
            work_tree=tree,
            objects=clash.context.objects,
            alternates=clash.context.alternates,
            isolated=True,
            settings=_SETTINGS,
        )
        _conflict(context, files)
        yield _Scratch(context=context, git_dir=git_dir, tree=tree)


def _make(git_dir: Path, *, object_format: str) -> None:
    for folder in ("objects", "refs", "rr-cache"):
        (git_dir / folder).mkdir(parents=True)
    (git_dir / "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
    lines = ["[core]", "repositoryformatversion = 0", "bare = false"]
    if object_format != "sha1":
        lines[1] = "repositoryformatversion = 1"
        lines += ["[extensions]", f"objectformat = {object_format}"]
    (git_dir / "config").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _conflict(context: GitContext, files: Sequence[ConflictedFile]) -> None:
    """Put the sides of each file into the index, and git's attempt into the file.

    The markers are those of git's default style: what a recording is found by depends on it.
    """
    records = "".join(
        f"{stage.mode} {stage.oid} {stage.stage}\t{file.path}\0"
        for file in files
        for stage in file.stages
    )
    stdin = records.encode("utf-8", "surrogateescape")
    run(context, "update-index", "-z", "--index-info", stdin=stdin)
    run(context, "checkout", "--quiet", "--conflict=merge", "--", *(file.path for file in files))


def _folders(recordings: Path) -> list[Path]:
    found = recordings.iterdir() if recordings.is_dir() else iter(())
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def _copy(source: Path, target: Path) -> bool:
    """Copy one recording; False when there is none, or not a whole one."""
    names = [path.name for path in source.iterdir()] if source.is_dir() else []
    images = [name for name in names if name.startswith((_BEFORE, _AFTER))]
    whole = [source / name for name in images if _is_small_file(source / name)]
    for path in whole:
        shutil.copyfile(path, target / path.name, follow_symlinks=False)
    return any(path.name.startswith(_AFTER) for path in whole)


def _is_small_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size <= LIMIT


def _keep(source: Path, target: Path) -> None:
    """Put a recording into our store; what a person decided last counts."""
    target.mkdir(parents=True, exist_ok=True)
    # Never the new one's beginning with the old one's end.
    with suppress(FileNotFoundError):
        (target / _AFTER).unlink()
    for name in (_BEFORE, _AFTER):
        write_atomic(target / name, (source / name).read_bytes())

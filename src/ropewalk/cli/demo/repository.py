"""A small application in a fresh git repository, and beside its epic what the agents will play."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ropewalk.cli.demo.files import fill_in, read_files, read_recording
from ropewalk.errors import InvalidInput
from ropewalk.git.command import GitContext, require_git, run

EPIC: Final = "authentication"
PLAN: Final = "docs/epics/authentication.yaml"
RECORDING: Final = "docs/epics/authentication.recording.json"
CHECK: Final = "check"
NAME: Final = "ropewalk-demo"


def choose_folder(cwd: Path, into: Path | None) -> Path:
    """Return where the repository is made: ``into``, else a new folder here, or a temporary one.

    A folder inside another repository would be untracked work of that one, so it is only taken
    when it is named.

    Raises:
        InvalidInput: ``into`` is there and not an empty folder.
    """
    if into is not None:
        folder = (cwd / into).absolute()
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise InvalidInput(
                f"{folder} is there already", hint="name a new folder: ropewalk demo --into DIR"
            )
        return folder
    if find_repository(cwd) is not None:
        return Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
    number = 1
    while (folder := cwd / (NAME if number == 1 else f"{NAME}-{number}")).exists():
        number += 1
    return folder.absolute()


def find_repository(folder: Path) -> Path | None:
    """Return the git work tree around a folder that may not be there yet, or None."""
    places = (folder.absolute(), *folder.absolute().parents)
    return next((place for place in places if (place / ".git").exists()), None)


def warn_of_neighbours(folder: Path, cwd: Path | None) -> tuple[str, ...]:
    """Say that the folder is inside another repository, or why it is not where the person is.

    ``cwd`` is where the person is, None when the folder is the one that they named.
    """
    around = find_repository(folder.parent)
    if around is not None:
        return (f"It lies inside the repository {around},", "but is one of its own.", "")
    here = find_repository(cwd) if cwd is not None else None
    if here is not None:
        return (f"It is not in the repository {here},", "where it would be in the way.", "")
    return ()


def make_repository(folder: Path, *, pace_s: float) -> int:
    """Write the application into ``folder`` and commit it on main; return the number of files.

    Args:
        folder: is made when it is not there.
        pace_s: seconds between two turns of an agent.

    Raises:
        InvalidInput: the folder cannot be written.
        GitError: git failed.
    """
    require_git()
    files = {
        **{path: fill_in(text, pace_s=pace_s) for path, text in read_files("project").items()},
        RECORDING: _recording(),
    }
    try:
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        (folder / CHECK).chmod(0o755)
    except OSError as error:
        raise InvalidInput(
            f"{folder} cannot be written: {error.strerror}", hint="ropewalk demo --into DIR"
        ) from error
    context = GitContext(directory=folder)
    run(context, "init", "--quiet", "--initial-branch=main", "--template=")
    for key, value in (("user.name", "Demo"), ("user.email", "demo@example.invalid")):
        run(context, "config", "--local", key, value)
    run(context, "add", "--all")
    run(context, "commit", "--quiet", "--message=A small service that keeps notes")
    return len(files)


def _recording() -> str:
    turns = {
        domain: [_whole(turn, read_files("feature", domain)) for turn in recorded]
        for domain, recorded in read_recording().items()
    }
    return json.dumps(turns, indent=1, ensure_ascii=False) + "\n"


def _whole(turn: Mapping[str, object], written: Mapping[str, str]) -> Mapping[str, object]:
    """Return a turn with the text of the file that it writes."""
    if turn.get("tool") != "write":
        return turn
    return {**turn, "content": written[str(turn["path"])]}

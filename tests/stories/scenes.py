"""Plans of whole stories: domains whose agents write files, take a known time, and say when."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conftest import run_git

# Each agent notes its working directory and, as floats, when it began and ended.
NOTE = (
    'mkdir -p "$NOTES"; pwd -P > "$NOTES/$ROPEWALK_DOMAIN.cwd"; '
    'cat > "$NOTES/$ROPEWALK_DOMAIN.in"; '
)
CLOCK = 'date +%s.%N > "$NOTES/$ROPEWALK_DOMAIN'


def agent(notes: Path, *, work: str, seconds: float = 0.0) -> str:
    """Return the command of an agent that does ``work`` and takes about so many seconds."""
    rest = f"sleep {seconds}; " if seconds else ""
    return f'NOTES="{notes}"; {NOTE}{CLOCK}.began"; {work}; {rest}{CLOCK}.ended"'


def append_to(files: Sequence[str]) -> str:
    """Return a command that adds a line to each file."""
    return f'for f in {" ".join(files)}; do echo "$ROPEWALK_DOMAIN" >> $f; done'


def add_files(repository: Path, files: Mapping[str, str]) -> None:
    """Commit files to the repository."""
    for name, text in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run_git(repository, "add", "--all")
    run_git(repository, "commit", "-q", "-m", "Set the scene")


def write_plan(
    folder: Path, epic_id: str, domains: Sequence[Mapping[str, object]], *, check: str = "true"
) -> Path:
    """Write a plan to a file of its own and return its path."""
    path = folder / f"{epic_id}.json"
    text = {"epic_id": epic_id, "domains": list(domains), "validation": [check]}
    path.write_text(json.dumps(text))
    return path


def time_of(notes: Path, domain: str, what: str) -> float:
    """Return when an agent began or ended, in seconds since the epoch."""
    return float((notes / f"{domain}.{what}").read_text())

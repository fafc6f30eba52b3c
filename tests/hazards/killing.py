"""Kills a coordinator at one event of its journal and lets another one finish."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ropewalk import api
from ropewalk.process import ProcessIdentity, find_identity, is_alive
from ropewalk.store.journal import read_events
from tests.conftest import run_git

EPIC = "killed"
ROOT = Path(__file__).resolve().parents[2]
AGENT = (
    'echo $$ >> "$PIDS/$ROPEWALK_DOMAIN"; echo start >> "$PIDS/$ROPEWALK_DOMAIN.log"; '
    "mkdir -p new; "
    'echo "$ROPEWALK_DOMAIN" > "new/$ROPEWALK_DOMAIN.txt"; sleep 0.15; '
    'echo done >> "new/$ROPEWALK_DOMAIN.txt"; '
    'echo end >> "$PIDS/$ROPEWALK_DOMAIN.log"'
)
DOMAINS = {"database": [], "backend": ["database"], "frontend": ["backend"], "tests": ["frontend"]}


@dataclass(frozen=True)
class Ending:
    """What is true when everything is over."""

    killed: bool
    tree: str
    events: int
    run_twice: tuple[str, ...]
    alive: tuple[int, ...]
    disturbed: bool


def plan_epic(repository: Path, pids: Path) -> None:
    pids.mkdir()
    domains = [
        {
            "name": name,
            "new_files": [f"new/{name}.txt", f"new/{name}.md"],
            "depends_on": needs,
            "command": f"PIDS={pids}; {AGENT}",
            "checks": [f"test -s new/{name}.txt"],
        }
        for name, needs in DOMAINS.items()
    ]
    text = json.dumps(
        {"epic_id": EPIC, "domains": domains, "validation": ["test -s api/service.py"]}
    )
    workspace = api.open_workspace(repository)
    api.plan(workspace, api.PlanRequest(hand_written=text.encode()))


def run_to_the_end(repository: Path, pids: Path, *, mode: str, kill_at: int | None) -> Ending:
    """Run and merge; the coordinator that writes event ``kill_at`` is killed, then resumed."""
    before = fingerprint(repository)
    killed = disturbed = False
    for verb in (mode, "merge"):
        code = start(repository, verb, kill_at=None if killed else kill_at)
        if code == -9:
            killed = True
            disturbed = not has_begun_landing(repository) and fingerprint(repository) != before
            code = start(repository, "resume", kill_at=None)
        assert code == 0, f"{verb} ended with {code}"
    return Ending(
        killed=killed,
        tree=run_git(repository, "rev-parse", "main^{tree}"),
        events=len(events_of(repository)),
        run_twice=tuple(ended_and_started_again(repository)),
        alive=tuple(still_alive(pids)),
        disturbed=disturbed,
    )


def start(repository: Path, verb: str, *, kill_at: int | None) -> int:
    extra = {"ROPEWALK_FAILPOINT": str(kill_at)} if kill_at is not None else {}
    argv = [sys.executable, "-m", "tests.hazards.coordinator", str(repository), EPIC, verb]
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, **extra}, capture_output=True, timeout=60, check=False
    )
    if done.returncode not in (0, -9):
        sys.stderr.write(done.stderr.decode(errors="replace"))
    return done.returncode


def events_of(repository: Path) -> list[tuple[str, dict[str, object]]]:
    run = api.require_run(api.open_workspace(repository), EPIC)
    return [(event.type, dict(event.data)) for event in read_events(run.journal)]


def has_begun_landing(repository: Path) -> bool:
    return any(type_ in ("landing", "landed") for type_, _ in events_of(repository))


def ended_and_started_again(repository: Path) -> list[str]:
    ended: set[object] = set()
    again = []
    for type_, data in events_of(repository):
        if type_ == "agent_ended" and data["outcome"] == "ok":
            ended.add(data["domain"])
        if type_ == "agent_starting" and data["domain"] in ended:
            again.append(str(data["domain"]))
    return again


def still_alive(pids: Path) -> list[int]:
    return [
        int(pid)
        for name in DOMAINS
        if (pids / name).is_file()
        for pid in (pids / name).read_text().split()
        if is_running(find_identity(int(pid)))
    ]


def is_running(identity: ProcessIdentity | None) -> bool:
    return identity is not None and is_alive(identity)


def fingerprint(repository: Path) -> str:
    """Everything of the person's: checkout, index, stash, branches that existed before."""
    digest = hashlib.sha256()
    for path in sorted(repository.rglob("*")):
        top = path.relative_to(repository).parts[0]
        if top in (".git", ".worktrees", ".workflow") or not path.is_file():
            continue
        digest.update(str(path).encode() + path.read_bytes())
    digest.update((repository / ".git" / "index").read_bytes())
    digest.update((repository / ".git" / "HEAD").read_bytes())
    refs = run_git(repository, "for-each-ref", "refs/heads", "refs/tags", "refs/stash")
    own = [line for line in refs.splitlines() if "refs/heads/ropewalk/" not in line]
    digest.update("\n".join(own).encode())
    return digest.hexdigest()

"""An epic in a checkout full of a person's work, at the moments before a build, a landing, an undo.

Worktrees know their absolute paths, so a scene is always played at the place where it was made: it
is put aside once for each moment and brought back for every kill.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ropewalk.store.journal import read_events
from tests.conftest import TEMPLATE, build_environment

EPIC = "struck"
VERBS = {
    "build": ("merge", EPIC, "--no-land"),
    "merge": ("merge", EPIC),
    "land": ("land", EPIC),
    "undo": ("undo", EPIC),
}
# What a moment comes after, where it is not the first one.
_BEFORE = {"land": "build", "undo": "land"}
_MANY = 12
_AGENTS = {
    "database": (
        f"mkdir -p db/new; for n in $(seq {_MANY}); do seq 400 > db/new/$n.txt; done; "
        "sed -i 's/note 3$/three/' docs/notes.txt; rm web/app.js"
    ),
    "backend": (
        f"mkdir -p api/new; for n in $(seq {_MANY}); do seq 90 > api/new/$n.py; done; "
        "sed -i 's/note 17$/seventeen/' docs/notes.txt; "
        "rm docs/guide.md; ln -s notes.txt docs/guide.md; chmod +x api/routes.py"
    ),
}
_MINE = {
    "README.md": "an edit that is not staged\n",
    "db/models.py": "ITEMS = ['staged']\n",
    "untracked.txt": "nobody but me has this\n",
    "secret.env": "PASSWORD=ignored\n",
    "build/out.bin": "ignored too\n",
}
_STAGED = "db/models.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a person would compare: the branch, the train, the checkout, and what is theirs."""

    tip: str
    result: str
    status: str
    mine: str


class Scene:
    """One repository at one place, with a saved copy for each moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        home = folder / "home"
        home.mkdir(parents=True)
        self.environment = build_environment(os.environ, home=home)
        self._ends: dict[str, State] = {}
        self._make()

    def bring_back(self, moment: str) -> None:
        """Make everything as it was before the verb."""
        saved = self._saved(moment)
        if not saved.exists():
            before = _BEFORE[moment]
            self.bring_back(before)
            assert self.ropewalk(*VERBS[before]) == 0, self.said()
            shutil.copytree(self.repository, saved, symlinks=True)
        shutil.rmtree(self.repository)
        shutil.copytree(saved, self.repository, symlinks=True)

    def end_of(self, moment: str) -> State:
        """Return how the verb ends when nobody kills it."""
        if moment not in self._ends:
            self.bring_back(moment)
            assert self.ropewalk(*VERBS[moment]) == 0, self.said()
            self._ends[moment] = self.state()
        return self._ends[moment]

    def ropewalk(
        self, *arguments: str, wrap: tuple[str, ...] = (), path: Path | None = None
    ) -> int:
        """Run a verb; ``wrap`` stands before its command line, ``path`` is the first of PATH."""
        environment = dict(self.environment)
        if path is not None:
            environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
        argv = [*wrap, sys.executable, "-m", "ropewalk", "-C", str(self.repository), *arguments]
        with (self.folder / "said.txt").open("wb") as said:
            done = subprocess.run(
                argv, env=environment, stdout=said, stderr=said, timeout=180, check=False
            )
        return done.returncode

    def said(self) -> str:
        """Return what the last verb said."""
        return (self.folder / "said.txt").read_text(errors="replace").strip()

    def state(self) -> State:
        """Return what a person would compare."""
        digest = hashlib.sha256()
        for name in _MINE:
            digest.update((self.repository / name).read_bytes())
        digest.update(self._git("show", f":{_STAGED}").encode())
        return State(
            tip=self._git("rev-parse", "main"),
            result=self._git("for-each-ref", f"refs/ropewalk/{EPIC}/result"),
            status=self._git("status", "--porcelain"),
            mine=digest.hexdigest(),
        )

    def requests(self) -> int:
        """Return how many requests the journal knows of."""
        journal = next((self.repository / ".workflow" / "runs").glob("*/journal.jsonl"))
        return sum(event.type == "requested" for event in read_events(journal))

    def left_locks(self) -> list[str]:
        """Return the lock files of git that are left anywhere; our own stay by design."""
        git = self.repository / ".git"
        found = (path.relative_to(git) for path in git.rglob("*.lock"))
        return sorted(str(path) for path in found if path.parts[:2] != ("ropewalk", "locks"))

    def damage(self) -> str:
        """Return what git finds broken."""
        return self._git("fsck", "--no-dangling", "--connectivity-only")

    def _make(self) -> None:
        for name, text in TEMPLATE.items():
            path = self.repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._git("init", "--quiet", "--initial-branch=main", ".")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=shop")
        domains = [
            {"name": name, "files": ["**"], "new_files": [f"{name}/**"], "command": command}
            for name, command in _AGENTS.items()
        ]
        plan = {"epic_id": EPIC, "domains": domains, "validation": ["test -s db/new/1.txt"]}
        (self.folder / "plan.json").write_text(json.dumps(plan))
        (self.repository / ".git/info").mkdir(exist_ok=True)
        (self.repository / ".git/info/exclude").write_text("*.env\n/build/\n")
        assert self.ropewalk("plan", "--from", str(self.folder / "plan.json")) == 0, self.said()
        assert self.ropewalk("run", EPIC, "--parallel") == 0, self.said()
        for name, text in _MINE.items():
            path = self.repository / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        self._git("add", _STAGED)
        for moment in ("build", "merge"):
            shutil.copytree(self.repository, self._saved(moment), symlinks=True)

    def _saved(self, moment: str) -> Path:
        return self.folder / f"before-{moment}"

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.repository,
            env=self.environment,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode(errors="surrogateescape").strip("\n")

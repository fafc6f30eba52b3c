"""A person with a repository, a model server and the installed agents, at the command line."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import psutil

from ropewalk.model.event import Event
from ropewalk.model.result import DomainResult
from ropewalk.store.schema.documents import load, read_document
from tests.model_server import ModelServer, Scene, Stage
from tests.real.rigs import PATH, Setting, table_of
from tests.stories import shell

PATIENCE_S: Final = 240.0
NONE_LEFT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A repository to work on, and the server that its agents talk to.

    Attributes:
        repository: where the person is.
        server: the model server.
        env: further variables of the person's environment.
    """

    repository: Path
    server: ModelServer
    env: Mapping[str, str] = field(default_factory=dict)

    def configure(self, *tables: str) -> None:
        """Write ropewalk.toml."""
        (self.repository / "ropewalk.toml").write_text("\n".join(tables))

    def table(self, rig: str, key: str, *, name: str = "", **settings: Setting) -> str:
        """Return the table of an agent that uses the server with a key."""
        return table_of(rig, url=self.server.url, key=key, name=name, settings=settings)

    def play(self, domain: str, scene: Scene) -> Stage:
        """Let the server play a scene to the agents of a domain that have the scene's key."""
        return self.server.add(replace(scene, mentions=f"is the domain `{domain}`"))

    def plan(self, epic_id: str, domains: Sequence[Mapping[str, object]], *checks: str) -> None:
        """Plan an epic from a file."""
        path = self.repository.parent / f"{epic_id}.json"
        path.write_text(json.dumps({"epic_id": epic_id, "domains": domains, "validation": checks}))
        ended = self.ropewalk("plan", "--from", str(path))
        assert ended.code == 0, ended.stderr

    def ropewalk(self, *arguments: str) -> shell.Ended:
        """Run a command line to its end."""
        return shell.ropewalk(
            self.repository, *arguments, env=self._environment(), timeout_s=PATIENCE_S
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command line; what it says goes to `said`."""
        return shell.start(self.repository, *arguments, log=self.said, env=self._environment())

    @property
    def said(self) -> Path:
        """What the command line that was started says."""
        return self.repository.parent / "said.log"

    def result(self, epic_id: str, domain: str) -> DomainResult:
        """Return the result of a domain."""
        outputs = self.repository / ".workflow" / "outputs" / epic_id
        return read_document(DomainResult, outputs / f"{domain}_results.json")

    def events(self, *types: str) -> list[Event]:
        """Return the events of these types, of all runs."""
        return [event for event in self._read_events() if event.type in types]

    def processes(self) -> list[psutil.Process]:
        """Return what works for this repository: agents, their tools, their supervisors."""
        return [one for one in psutil.process_iter() if self._works_here(one)]

    def wait_for_nobody(self) -> list[psutil.Process]:
        """Return what still works for this repository after five seconds."""
        deadline = time.monotonic() + NONE_LEFT_S
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join((*map(str, PATH), os.environ["PATH"]))
        return {**os.environ, "PATH": path, **self.env}

    def _read_events(self) -> Iterator[Event]:
        for journal in sorted((self.repository / ".workflow" / "runs").glob("*/journal.jsonl")):
            whole, _, _unfinished = journal.read_bytes().rpartition(b"\n")
            for line in whole.splitlines():
                yield load(Event, line, name=journal.name)

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            is_marked = process.environ().get("ROPEWALK_REPOSITORY") == str(self.repository)
            return is_marked or Path(process.cwd()).is_relative_to(self.repository)
        except psutil.Error:
            return False

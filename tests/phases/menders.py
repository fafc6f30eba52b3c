"""An epic whose second domain conflicts with the first one, and a rung that is led by hand."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ropewalk.engine.executor import Control
from ropewalk.epic.conflict_agent import Offers, agent_rung
from ropewalk.epic.merge import merge_input, merge_tools, target_of
from ropewalk.epic.rounds import open_run
from ropewalk.merging.merge import build
from ropewalk.merging.resolve.values import Offered, Refused
from ropewalk.merging.values import Clash, MergeOptions
from ropewalk.model.graph import AttemptSpec
from ropewalk.model.merge import OnConflict
from ropewalk.model.values import JsonObject
from ropewalk.store.schema.documents import to_json
from tests.conftest import run_git
from tests.harness import Epic
from tests.phases.rounds import parallel

NOTES = "docs/notes.txt"
RESOLVE = "sed -i '/^[<=|>]\\{7\\}/d' docs/notes.txt"
Prove = Callable[[Offered], Refused | None]


def clash(epic: Epic, agent: str, *, merge: str = "") -> None:
    """Run an epic in which ``api`` and ``web`` change the same line; ``agent`` is to mend it."""
    configure(epic, agent, merge=merge)
    domains = [
        {
            "name": name,
            "description": f"Say {name} in the fifth note",
            "files": ["docs/**"],
            "command": f"sed -i 's/note 5$/note {name}/' {NOTES}; touch docs/{name}.md",
            "new_files": [f"docs/{name}.md"],
        }
        for name in ("api", "web")
    ]
    text = json.dumps({"epic_id": "clash", "domains": domains, "validation": ["true"]})
    epic.plan(text)
    epic.run(parallel())


def configure(epic: Epic, agent: str, *, merge: str = "", more: str = "") -> None:
    """Make a shell command the agent that puts merges right."""
    config = f'[merge]\nagent = "mender"\n{merge}\n[agents.mender]\nkind = "command"\n'
    (epic.repository / "ropewalk.toml").write_text(f"{config}shell = {json.dumps(agent)}\n{more}\n")


@dataclass
class Led:
    """What a rung offered, what it said at the end, and what was journalled."""

    offered: list[Offered] = field(default_factory=list)
    said: str | None = None
    events: list[tuple[str, JsonObject]] = field(default_factory=list)
    git: Path = Path()

    def types(self) -> list[str]:
        return [type_ for type_, _ in self.events if type_.startswith("mend_")]

    def data(self, type_: str) -> list[JsonObject]:
        return [data for found, data in self.events if found == type_]

    def read(self, path: str, number: int = -1) -> str:
        return run_git(self.git, "show", f"{self.offered[number].tree}:{path}")


def lead(
    epic: Epic,
    prove: Prove,
    *,
    number: int = 2,
    cancel: threading.Event | None = None,
) -> Led:
    """Merge in round ``number`` with the agent's rung alone; ``prove`` judges what it offers."""
    led = Led(git=epic.repository)

    def take(type_: str, data: JsonObject, _sync: bool) -> None:  # noqa: FBT001 - as the engine calls it
        led.events.append((type_, data))

    with open_run(epic.workspace, "clash") as (_run, coordinator):
        context = coordinator.context
        control = Control(on_event=take, cancelled=cancel or threading.Event())
        options = MergeOptions(on_conflict=OnConflict.AGENT)
        spec = AttemptSpec(
            attempt_id=f"train:{number}#1",
            run_id=context.run_id,
            step=f"train:{number}",
            kind="train",
            number=1,
            payload=to_json(options),
            needs={},
        )
        rung = agent_rung(context, spec, control)

        def resolve(found: Clash) -> None:
            _lead(rung(found), led, prove)

        target, commit = target_of(context.workspace, context.plan, options)
        given = merge_input(context, options, target=target, commit=commit)
        build(given, replace(merge_tools(context, spec, control), resolver=resolve))
    return led


def _lead(offers: Offers, led: Led, prove: Prove) -> None:
    try:
        offered = next(offers)
        while True:
            led.offered.append(offered)
            refused = prove(offered)
            if refused is None:
                offers.close()
                return
            offered = offers.send(refused)
    except StopIteration as end:
        led.said = end.value

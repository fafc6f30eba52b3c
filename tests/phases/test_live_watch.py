"""The watch over agents at work: what is new is journalled and told once, to who is still there."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

import pytest

from ropewalk import api
from ropewalk.epic.clashes import ClashWatch
from ropewalk.epic.conflicts import Pace
from ropewalk.epic.context import Live
from ropewalk.errors import WrongPhase
from ropewalk.git.worktree import add_worktree
from ropewalk.model.config import OnClash
from ropewalk.model.event import Event
from ropewalk.model.plan import Plan
from ropewalk.report.state import fold
from ropewalk.store.journal import Journal, read_events
from tests.harness import Epic
from tests.merging.epics import numbered, write

NOTES = "docs/notes.txt"
RUN = "r-1"
TOLD = ("clash_found", "clash_gone", "clash_told", "outside_found")


@dataclass
class Scene:
    """Two agents at work, as their journal tells it, and the watch over them."""

    workspace: api.Workspace
    plan: Plan
    live: Live
    journal: Journal
    watch: ClashWatch
    told: int = 0

    def tree(self, name: str) -> Path:
        return self.workspace.layout.worktree("notes", name)

    def notices(self, name: str, attempt: int = 1) -> list[dict[str, object]]:
        folder = self.workspace.layout.attempt(RUN, f"work:{name}", attempt)
        path = folder / "notices.md"
        lines = path.read_text().splitlines() if path.is_file() else []
        return [json.loads(line[line.index("{") :]) for line in lines]

    def begin(self, name: str, attempt: int = 1) -> None:
        self.journal.emit("agent_starting", {"domain": name, "number": attempt, "agent": "x"})

    def end(self, name: str) -> None:
        self.journal.emit("agent_ended", {"domain": name, "outcome": "ok", "duration_s": 1.0})

    def look(self) -> list[tuple[str, dict[str, object]]]:
        """Look once; return what was journalled."""
        before = self.journal.sequence
        self.watch.look()
        new = (event for event in read_events(self.journal.path) if event.seq > before)
        return [(event.type, dict(event.data)) for event in new]


def watch_over(workspace: api.Workspace, plan: Plan, live: Live, journal: Journal) -> ClashWatch:
    return ClashWatch(workspace, plan, RUN, live=live, emit=journal.emit, pace=Pace(least_s=0.01))


@pytest.fixture
def scene(epic: Epic, repository: Path) -> Iterator[Scene]:
    (repository / "ropewalk.toml").write_text('[merge]\non_clash = "tell"\n')
    names = ("api", "web")
    domains = [
        {"name": name, "description": f"Goal of {name}", "files": ["docs/**"]} for name in names
    ]
    plan = epic.plan(json.dumps({"epic_id": "notes", "domains": domains, "validation": []}))
    workspace = epic.workspace
    live = Live(workspace, None)
    with ExitStack() as stack:
        path = workspace.layout.journal(RUN)
        journal = stack.enter_context(Journal.open(path, RUN, observe=live.take))
        base = plan.base.commit
        journal.emit("run_started", {"epic_id": "notes", "base": base, "domains": list(names)})
        scene = Scene(workspace, plan, live, journal, watch_over(workspace, plan, live, journal))
        for name in names:
            add_worktree(workspace.place, scene.tree(name), base, reason=f"ropewalk notes/{name}")
            data = {"domain": name, "path": str(scene.tree(name)), "base": base}
            journal.emit("worktree_created", data)
            scene.begin(name)
        yield scene


def test_a_clash_is_journalled_and_told_once_at_the_first_look_after_it(scene: Scene) -> None:
    assert scene.look() == []
    for name in ("api", "web"):
        write(scene.tree(name), {NOTES: numbered(line_5=name)})

    first, again = scene.look(), scene.look()

    assert [type_ for type_, _data in first] == ["clash_found", "clash_told", "clash_told"]
    found = first[0][1]
    assert (found["a"], found["b"], found["look"]) == ("api", "web", 2)
    assert found["told"] == ["api", "web"]
    assert again == []
    path = {"path": NOTES, "kind": "content", "lines": ["5"]}
    assert scene.notices("api") == [{"domain": "web", "goal": "Goal of web", "paths": [path]}]
    assert scene.notices("web") == [{"domain": "api", "goal": "Goal of api", "paths": [path]}]


def test_a_resumed_watch_tells_nothing_twice(scene: Scene) -> None:
    for name in ("api", "web"):
        write(scene.tree(name), {NOTES: numbered(line_5=name), "README.md": "stray\n"})
    assert len(scene.look()) == 5
    live = Live(scene.workspace, None)
    live.begin(fold(read_events(scene.journal.path)))
    scene.watch = watch_over(scene.workspace, scene.plan, live, scene.journal)

    assert scene.look() == []
    assert len(scene.notices("api")) == 1


def test_an_agent_that_has_ended_is_not_told_and_a_new_attempt_is(scene: Scene) -> None:
    for name in ("api", "web"):
        write(scene.tree(name), {NOTES: numbered(line_5=name)})
    scene.look()
    scene.end("web")
    for name in ("api", "web"):
        write(scene.tree(name), {"docs/guide.md": f"{name}\n"})

    found, told = scene.look()
    scene.end("api")
    scene.begin("api", 2)
    (told_again,) = scene.look()

    assert found[1]["told"] == ["api"]
    assert [path["path"] for path in found[1]["paths"]] == ["docs/guide.md"]  # type: ignore[attr-defined]
    assert (told[1]["domain"], told[1]["paths"]) == ("api", ["docs/guide.md"])
    assert len(scene.notices("web")) == 1
    assert (told_again[1]["number"], told_again[1]["paths"]) == (2, ["docs/guide.md", NOTES])
    assert len(scene.notices("api", 2)) == 1


def test_a_clash_that_goes_away_is_journalled_path_by_path(scene: Scene) -> None:
    for name in ("api", "web"):
        write(scene.tree(name), {NOTES: numbered(line_5=name), "docs/guide.md": f"{name}\n"})
    scene.look()

    write(scene.tree("api"), {NOTES: numbered(line_15="api")})
    ((first, part),) = scene.look()
    standing = scene.live.state.clashes.pairs[0]
    write(scene.tree("web"), {"docs/guide.md": "# Guide\n\nStart the shop, open the page.\n"})
    ((second, rest),) = scene.look()

    assert first == second == "clash_gone"
    assert [path["path"] for path in part["paths"]] == [NOTES]  # type: ignore[attr-defined]
    assert [path.path for path in standing.paths] == ["docs/guide.md"]
    assert [path["path"] for path in rest["paths"]] == ["docs/guide.md"]  # type: ignore[attr-defined]
    assert scene.live.state.clashes.pairs == ()


def test_work_outside_the_files_is_told_the_moment_it_appears(scene: Scene) -> None:
    many = {f"stray/{number:02}.txt": "x\n" for number in range(30)}
    write(scene.tree("api"), {"README.md": "stray\n"})
    first = scene.look()
    write(scene.tree("api"), many)
    scene.end("web")
    write(scene.tree("web"), many)

    more = scene.look()

    assert [(type_, data["domain"], data["path"]) for type_, data in first] == [
        ("outside_found", "api", "README.md")
    ]
    strayed = [data for type_, data in more if type_ == "outside_found"]
    assert {data["domain"] for data in strayed} == {"api"}
    assert len(strayed) == 19


def test_no_notice_is_written_without_being_asked_for(scene: Scene) -> None:
    config = scene.workspace.config
    quiet = replace(config, merge=replace(config.merge, on_clash=OnClash.REPORT))
    workspace = replace(scene.workspace, config=quiet)
    scene.watch = watch_over(workspace, scene.plan, scene.live, scene.journal)
    for name in ("api", "web"):
        write(scene.tree(name), {NOTES: numbered(line_5=name)})

    ((type_, data),) = scene.look()

    assert (type_, data["told"]) == ("clash_found", [])
    assert scene.notices("api") == []


def test_the_watch_looks_by_itself_and_says_when_it_cannot(scene: Scene) -> None:
    told: SimpleQueue[Event] = SimpleQueue()
    scene.live = Live(scene.workspace, told.put)
    journal = Journal.open(
        scene.journal.path.with_name("other.jsonl"), RUN, observe=scene.live.take
    )
    scene.live.begin(fold(read_events(scene.journal.path)))
    objects = scene.workspace.place.common_dir / "objects"
    objects.rename(objects.with_name("gone"))

    with (
        journal,
        watch_over(scene.workspace, scene.plan, scene.live, journal) as watch,
        watch.during(),
        watch.during(),
    ):
        event = told.get(timeout=60)

    assert event.type == "clash_watch_failed"
    assert str(event.data["reason"])
    assert told.empty()


def test_an_epic_whose_worktrees_were_removed_before_anything_was_collected(scene: Scene) -> None:
    for name in ("api", "web"):
        scene.journal.emit("worktree_removed", {"domain": name, "trash": "refs/x"}, sync=True)

    with pytest.raises(WrongPhase) as caught:
        api.conflicts(scene.workspace, "notes")

    assert "nothing of 'notes' is left to compare" in caught.value.message
    assert "ropewalk restore notes" in caught.value.hint


@pytest.mark.parametrize(
    ("took_s", "unchanged", "rest_s"),
    [(0.0, 0, 1.0), (0.5, 0, 4.0), (0.5, 1, 6.0), (0.0, 100, 1.5**6), (60.0, 0, 60.0)],
)
def test_it_rests_longer_the_longer_a_look_takes_and_the_less_changes(
    took_s: float, unchanged: int, rest_s: float
) -> None:
    assert Pace(took_s=took_s, unchanged=unchanged).rest_s == rest_s

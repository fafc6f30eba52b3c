"""Tokens of planning the same epic again after an edit of one file, with the cache and without.

The tree is that of ropewalk itself, a model on loopback answers. Tokens are those of the requests
that reached it, four characters each, and of its answers. One edit changes a comment, the other
adds a function; both go through files spread over the whole tree, one commit each.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import ropewalk
from benchmarks.measure import CannotMeasureError, Finding, benchmark, git, report, scratch
from ropewalk import api
from tests.model_server import ModelServer, Scene, Stage

EPIC = "Let the journal of a run carry a label that the reports show"
EDITED = 8
_ANSWER = json.dumps(
    {
        "title": "Labels",
        "domains": [
            {
                "name": name,
                "description": f"the {name} part",
                "files": [pattern],
                "new_files": [],
                "depends_on": [],
                "briefing": None,
                "stacked": False,
            }
            for name, pattern in (("store", "store/**"), ("report", "report/**"))
        ],
    }
)
_EDITS = {"comment": "\n# edited {n}\n", "function": "\n\ndef edited_{n}() -> None: ...\n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Tokens of all plans after edits of one kind; ``files`` of the tree, ``edits`` made."""

    files: int
    edits: int
    with_cache: dict[str, int]
    without: dict[str, int]


def findings(figures: Figures) -> tuple[Finding, ...]:
    """Return what is used with the cache, in percent of what is used without."""
    both = 100 * sum(figures.with_cache.values()) / sum(figures.without.values())
    return (
        Finding(what="tokens", against="without cache", measured=both, goal=40, unit="%"),
        *(
            Finding(
                what=f"tokens after an edited {kind}",
                against="without cache",
                measured=100 * figures.with_cache[kind] / figures.without[kind],
                unit="%",
            )
            for kind in figures.without
        ),
    )


def _repository(root: Path) -> Path:
    source = Path(ropewalk.__file__).parent
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "ropewalk.toml").write_text('[planner]\nmodel = "bench"\n')
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    return root


def _plan(repository: Path, url: str, stage: Stage, *, use: api.CacheUse) -> int:
    """Plan once; return the tokens that went to the model and came back."""
    before = len(stage.requests)
    planned = api.plan(
        api.open_workspace(repository),
        api.PlanRequest(
            epic=api.EpicText(text=EPIC),
            epic_id="label",
            planner=api.PlannerKind.MODEL,
            cache=use,
        ),
        env={"ANTHROPIC_API_KEY": stage.scene.key, "ANTHROPIC_BASE_URL": url},
    )
    if planned.plan.planner != "model":
        raise CannotMeasureError(planned.plan.planner_note)
    asked = stage.requests[before:]
    return sum(len(json.dumps(one.body)) + len(_ANSWER) for one in asked) // 4


def _edits(repository: Path, kind: str) -> Iterator[None]:
    """Edit files one after another, spread evenly, each in a commit of its own."""
    files = sorted(repository.rglob("*.py"))
    for number, path in enumerate(files[:: max(1, len(files) // EDITED)][:EDITED]):
        with path.open("a") as file:
            file.write(_EDITS[kind].format(n=number))
        git(repository, "commit", "-q", "-a", "-m", f"edit {number}")
        yield


def measured_in(folder: Path) -> Figures:
    """Plan, edit, plan again, twice each: with the cache and without."""
    repository = _repository(folder / "repository")
    with_cache: dict[str, int] = {}
    without: dict[str, int] = {}
    with ModelServer(folder / "server") as server:
        stage = server.add(Scene(key="bench", answer=_ANSWER))
        _plan(repository, server.url, stage, use=api.CacheUse.USE)
        for kind in _EDITS:
            with_cache[kind] = without[kind] = 0
            for _ in _edits(repository, kind):
                with_cache[kind] += _plan(repository, server.url, stage, use=api.CacheUse.USE)
                without[kind] += _plan(repository, server.url, stage, use=api.CacheUse.OFF)
    files = len(list(repository.rglob("*.py")))
    return Figures(files=files, edits=len(_EDITS) * EDITED, with_cache=with_cache, without=without)


def measure() -> None:
    """Measure and report."""
    with scratch() as folder:
        figures = measured_in(folder)
    note = f"{figures.edits} edits of one file each, in a tree of {figures.files} files"
    report("planning_cache", findings(figures), figures=asdict(figures), notes=[note])


if __name__ == "__main__":
    sys.exit(benchmark(measure))

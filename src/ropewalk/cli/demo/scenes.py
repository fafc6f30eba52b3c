"""What the demo points at between its commands, read from the files that these wrote."""

import json
import shutil
import sys
from pathlib import Path
from typing import Final

from ropewalk import api
from ropewalk.cli import words
from ropewalk.cli.demo.repository import EPIC
from ropewalk.model.merge import MergedDomain, MergedDomainStatus, MergeReport
from ropewalk.model.result import DomainResult

_MARKS: Final = ("<<<<<<<", ">>>>>>>")


def retried(folder: Path) -> list[str]:
    """Return which domain's agent was tried again."""
    results = api.read_documents(api.open_workspace(folder), EPIC).results
    return [line for result in results if len(result.attempts) > 1 for line in _retries(result)]


def report(folder: Path) -> MergeReport | None:
    """Return the report of the last merge."""
    return api.read_documents(api.open_workspace(folder), EPIC).merge


def conflict(folder: Path) -> list[str]:
    """Return the conflict of the parked domain as the file of the merge has it."""
    merged = report(folder)
    parked = [each for each in merged.domains if _is_parked(each)] if merged else []
    layout = api.open_workspace(folder).layout
    path = layout.merge_results(EPIC).relative_to(folder.resolve())
    return [line for each in parked for line in (f"A conflict is data, in {path}:", *_data(each))]


def resolution_place(folder: Path) -> str:
    """Return where a conflict is resolved, from the top of the repository."""
    layout = api.open_workspace(folder).layout
    return layout.worktree(EPIC, "_resolve").relative_to(folder.resolve()).as_posix()


def marked_lines(path: Path) -> list[str]:
    """Return the numbered lines of a file from where its conflict begins to where it ends."""
    lines = path.read_text(encoding="utf-8").splitlines()
    ends = [number for number, line in enumerate(lines) if line.startswith(_MARKS)]
    if not ends:
        return []
    return [f"  {number + 1:>4}  {lines[number]}" for number in range(ends[0], ends[-1] + 1)]


def resolved_lines(text: str) -> list[str]:
    """Return the lines that settle the conflict."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("HEADERS"))
    last = lines.index("}", first)
    return [f"  {number + 1:>4}  {lines[number]}" for number in range(first, last + 1)]


def way_to_program() -> list[str]:
    """Return what makes the shell find ropewalk, where it would not, as after `make demo`."""
    if shutil.which("ropewalk") is not None:
        return []
    return [f'  export PATH="{Path(sys.executable).parent}:$PATH"']


def _retries(result: DomainResult) -> list[str]:
    first, last = result.attempts[0], result.attempts[-1]
    ended = f"{result.domain}: attempt {first.number} ended with {first.outcome}"
    return [
        f"{words.ATTENTION} {ended}: its recording breaks off there",
        f"  on purpose; attempt {last.number} went on in the same worktree.",
    ]


def _is_parked(domain: MergedDomain) -> bool:
    return domain.status is MergedDomainStatus.PARKED and domain.conflict is not None


def _data(domain: MergedDomain) -> list[str]:
    if domain.conflict is None:
        return []
    paths = [{"path": one.path, "kind": one.kind.value} for one in domain.conflict.paths]
    others = list(domain.conflict.with_domains)
    head = {"name": domain.name, "status": domain.status.value}
    return [
        f"  {json.dumps(head)[:-1]},",
        f'   "conflict": {{"paths": {json.dumps(paths)},',
        f'                "with_domains": {json.dumps(others)}, …}}, …}}',
    ]

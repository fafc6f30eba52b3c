"""What a person can do after a merge, with the commands that do it. Pure.

The commands are whole: typed as they stand, they do what was asked for the first time.
"""

import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ropewalk.cli import words
from ropewalk.model.merge import MergedDomainStatus, MergeReport, MergeStatus

_WIDEST = 48
_NOTHING_TRIED = (("--resolve", "off"), ("--resolve", "suggest"))


def choice_lines(report: MergeReport, *, is_dry: bool) -> Iterator[str]:
    """Yield the commands that make sense now, and what each does where there is a choice."""
    match report.status:
        case MergeStatus.CONFLICT:
            commands = report.next_commands
            if is_dry and report.validation.commands and not _tries_nothing(commands[0]):
                yield "  git cannot merge this by itself; the merge tries resolutions, and lands"
                yield f"  one only if the checks prove it: {commands[0]}"
                commands = commands[1:]
            yield from _choices(report, commands)
        case MergeStatus.LANDED:
            yield f"undo: ropewalk undo {report.epic_id}"
        case _:
            yield from words.next_lines(report.next_commands)


def _choices(report: MergeReport, commands: Sequence[str]) -> Iterator[str]:
    choices = {
        "--on-conflict stop": "resolve by hand, then --continue:",
        "--on-conflict agent": "let an agent try:",
        "--resolved": "look at what was not taken:",
    }
    rows = []
    for command in commands:
        meaning = next((text for end, text in choices.items() if command.endswith(end)), "")
        if command.endswith("--on-conflict park"):
            meaning = _parking(report, command)
        if meaning:
            rows.append((meaning, command))
    yield from (f"  {line}" for line in words.table(rows, widest=_WIDEST))


def _parking(report: MergeReport, command: str) -> str:
    """Return what leaving conflicts out does; where resolutions are tried, one may be proved."""
    is_kept = "--no-land" in shlex.split(command)
    verb, done = ("build", "built") if is_kept else ("land", "landed")
    if not _tries_nothing(command):
        return f"{verb} what can be {done}:"
    rest = [d.name for d in report.domains if d.status is MergedDomainStatus.CONFLICT]
    return f"{verb} the rest without {', '.join(rest)}:"


def _tries_nothing(command: str) -> bool:
    return any(pair in _NOTHING_TRIED for pair in pairwise(shlex.split(command)))

"""Kill -9 at file-system calls of a build, a merge, a landing and an undo.

``python -m tests.hazards.strace_kills`` plays them and prints the figures. strace counts each kind
of call of each thread by itself. A kill of the coordinator is therefore addressed by a kind of call
and its number in whichever thread makes it first; a kill of git by the number of the git process in
the verb besides. After every kill the one thing that is done is
``ropewalk resume``; the end must be that of the run that nobody killed.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.hazards.dirty_checkout import EPIC, VERBS, Scene, State

CALLS = (
    "openat,write,pwrite64,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,"
    "linkat,symlink,symlinkat,fsync,fdatasync,ftruncate,chmod,fchmod,fchmodat"
)
_MISSING = "strace is not there, and without it nothing is killed: apt-get install strace"
_WRAPPER = """#!/bin/sh
set -C
n=1
until true 2>/dev/null > "{folder}/$n"; do n=$((n + 1)); done
if [ "$n" = {number} ] || [ {number} = all ]; then
  exec {strace} -f -qq -o "{folder}/$n.log" -e trace={calls} {inject} {git} "$@"
fi
exec {git} "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill: of the coordinator (``process`` 0), or of the n-th git of the verb."""

    moment: str
    process: int
    call: str
    number: int

    @property
    def whom(self) -> str:
        return "git" if self.process else "coordinator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a kill: hit or not, asked for yet or not, and what is wrong."""

    kill: Kill
    is_hit: bool
    is_asked: bool
    problem: str | None


class Strikes:
    """Plays the moments of a scene under strace."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._tools = scene.folder / "tools"

    def points(self, moment: str) -> list[Kill]:
        """Return every kill that a run nobody kills has a call for."""
        self._scene.bring_back(moment)
        log = self._scene.folder / "log"
        self._scene.ropewalk(*VERBS[moment], wrap=_strace(log, CALLS))
        found = _kills(moment, 0, log)
        self._scene.bring_back(moment)
        self._wrap("all", CALLS, "")
        self._scene.ropewalk(*VERBS[moment], path=self._tools)
        for each in sorted(self._tools.glob("*.log"), key=lambda path: int(path.stem)):
            found += _kills(moment, int(each.stem), each)
        return found

    def strike(self, kill: Kill) -> Verdict:
        """Kill once, resume, and compare with the run that nobody killed."""
        scene = self._scene
        wanted = scene.end_of(kill.moment)
        scene.bring_back(kill.moment)
        before, requests = scene.state(), scene.requests()
        inject = f"inject={kill.call}:signal=SIGKILL:when={kill.number}"
        if kill.process:
            self._wrap(str(kill.process), kill.call, f"-e {inject}")
            code = scene.ropewalk(*VERBS[kill.moment], path=self._tools)
            log = self._tools / f"{kill.process}.log"
        else:
            log = scene.folder / "log"
            wrap = _strace(log, kill.call, inject)
            code = scene.ropewalk(*VERBS[kill.moment], wrap=wrap)
        is_hit = log.is_file() and "+++ killed by SIGKILL +++" in log.read_text(errors="replace")
        is_asked = scene.requests() > requests
        wanted = wanted if is_asked else before
        problem = self._problem(wanted, code)
        return Verdict(kill=kill, is_hit=is_hit, is_asked=is_asked, problem=problem)

    def _problem(self, wanted: State, code: int) -> str | None:
        """Resume, whatever the verb ended with, and say what is not as it must be."""
        scene = self._scene
        resumed = scene.ropewalk("resume", EPIC)
        said = f"{code}, then {resumed}: {scene.said()}"
        if resumed != 0:
            return f"resume: {said}"
        found = scene.state()
        if found != wanted:
            return f"not the same end: {found}, wanted {wanted} ({said})"
        if scene.left_locks():
            return f"locks are left: {scene.left_locks()}"
        return f"damage: {scene.damage()}" if scene.damage() else None

    def _wrap(self, number: str, calls: str, inject: str) -> None:
        shutil.rmtree(self._tools, ignore_errors=True)
        self._tools.mkdir()
        text = _WRAPPER.format(
            folder=self._tools,
            number=number,
            strace=shutil.which("strace"),
            calls=calls,
            inject=inject,
            git=shutil.which("git"),
        )
        script = self._tools / "git"
        script.write_text(text)
        script.chmod(0o755)


def _strace(log: Path, calls: str, *inject: str) -> tuple[str, ...]:
    extra = [word for one in inject for word in ("-e", one)]
    base = ("strace", "-f", "-b", "execve", "-qq", "-o", str(log), "-e", f"trace={calls}")
    return (*base, *extra)


def _kills(moment: str, process: int, log: Path) -> list[Kill]:
    """Return a kill for each call in a log; an opening counts only where it makes a file."""
    counted: Counter[tuple[str, str]] = Counter()
    numbers: set[tuple[str, int]] = set()
    for line in log.read_text(errors="replace").splitlines():
        thread, _, rest = line.partition(" ")
        call, bracket, arguments = rest.lstrip().partition("(")
        # The second half of a call that strace shows in two is none.
        if not bracket or not call.isalnum():
            continue
        counted[thread, call] += 1
        if call != "openat" or "O_CREAT" in arguments:
            numbers.add((call, counted[thread, call]))
    return [
        Kill(moment=moment, process=process, call=call, number=number)
        for call, number in sorted(numbers)
    ]


def spread(kills: Sequence[Kill], most: int) -> list[Kill]:
    """Return ``most`` of the kills, evenly spread."""
    step = max(1.0, len(kills) / most)
    return [kills[int(index * step)] for index in range(min(most, len(kills)))]


def choose(points: Sequence[Kill], most: int) -> list[Kill]:
    """Return about ``most`` kills, as many of git as of the coordinator where it has enough."""
    coordinator = spread([one for one in points if not one.process], most // 2)
    git = spread([one for one in points if one.process], most - len(coordinator))
    return [*coordinator, *git]


def play(moments: Sequence[str], most: int, part: int, parts: int) -> list[Verdict]:
    """Play a part of the kills of some moments in a scene of its own."""
    with tempfile.TemporaryDirectory(prefix="ropewalk-strikes-") as folder:
        scene = Scene(Path(folder).resolve())
        strikes = Strikes(scene)
        verdicts = []
        for moment in moments:
            for kill in choose(strikes.points(moment), most)[part::parts]:
                verdicts.append(verdict := strikes.strike(kill))
                said = f"\n{kill}: {verdict.problem}\n" if verdict.problem else "."
                sys.stderr.write(said if verdict.is_hit or verdict.problem else "-")
                sys.stderr.flush()
        return verdicts


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the figures: kills that hit, by moment and by whom, and what went wrong."""
    lines = [f"{'':8}{'coordinator':>14}{'git':>8}{'before asked':>14}{'wrong':>8}"]
    for moment in VERBS:
        mine = [one for one in verdicts if one.kill.moment == moment and one.is_hit]
        asked = Counter(one.kill.whom for one in mine if one.is_asked)
        early = sum(not one.is_asked for one in mine)
        wrong = sum(one.problem is not None for one in verdicts if one.kill.moment == moment)
        lines.append(f"{moment:8}{asked['coordinator']:>14}{asked['git']:>8}{early:>14}{wrong:>8}")
    hits = sum(one.is_hit for one in verdicts)
    lines.append(f"{hits} kills of {len(verdicts)} tried; the others came after the last such call")
    return "\n".join(lines)


def main() -> int:
    """Play all kills in parallel and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=190, help="kills of each moment")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--moment", action="append", choices=tuple(VERBS))
    options = parser.parse_args()
    if shutil.which("strace") is None:
        sys.stderr.write(f"{_MISSING}\n")
        return 1
    began = time.monotonic()
    moments = options.moment or tuple(VERBS)
    with ProcessPoolExecutor(options.workers) as pool:
        runs = [
            pool.submit(play, moments, options.most, part, options.workers)
            for part in range(options.workers)
        ]
        verdicts = [verdict for run in runs for verdict in run.result()]
    sys.stdout.write(f"{table(verdicts)}\n{time.monotonic() - began:.0f} s\n")
    # Where processes must not be traced nothing is hit, and that proves nothing.
    is_proof = 2 * sum(one.is_hit for one in verdicts) > len(verdicts)
    return 0 if is_proof and not any(one.problem for one in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())

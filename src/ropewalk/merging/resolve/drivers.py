"""Merge drivers that the person configured, and mergiraf where it is installed, tried on conflicts.

A driver runs in a scratch directory that holds nothing but the three versions of one file, with a
time limit; what it leaves is one more candidate that must be proved. One that fails, hangs or is
missing offers nothing.
"""

import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import Interrupted
from ropewalk.git.command import run as run_git
from ropewalk.merging.resolve.files import CERTAIN, LIMIT, ConflictedFile, conflicted_files
from ropewalk.merging.resolve.values import FileCandidate
from ropewalk.merging.values import Clash, MergeTools
from ropewalk.process import EndedBy, base_environment, run
from ropewalk.process import Limits as ProgramLimits

_CONFIGURED = re.compile(r"merge\.(?P<name>[^=\n]+)\.driver=(?P<command>.*)", re.DOTALL)
_MERGIRAF = "mergiraf"
_MERGIRAF_COMMAND = "mergiraf merge --git %O %A %B -s %S -x %X -y %Y -p %P -l %L"
_MARKER_SIZE = "7"
_LABELS = {"S": "base", "X": "train"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Driver:
    name: str
    command: str


def drive(
    tools: MergeTools, clash: Clash, *, time_limit_s: float = 60.0
) -> Iterator[Mapping[str, FileCandidate]]:
    """Yield the files that drivers resolve, by path; ``methods`` says which driver it was.

    Args:
        tools: the drivers that are trusted, where their output goes, when to stop.
        clash: the conflict; its work tree holds the attributes.
        time_limit_s: how long a driver may run on one file, in seconds.

    Raises:
        Interrupted: the merge was cancelled.
        GitError: git failed.
        OSError: the scratch directory cannot be used.
    """
    files = conflicted_files(clash)
    drivers = _drivers(tools, clash, files)
    limits = ProgramLimits(wall_s=time_limit_s)
    if drivers:
        yield {
            file.path: candidate
            for file in files
            for candidate in _first(tools, clash, file, drivers.get(file.path, ()), limits)
        }


def _drivers(
    tools: MergeTools, clash: Clash, files: Sequence[ConflictedFile]
) -> Mapping[str, Sequence[_Driver]]:
    """Return the drivers to try for each path that has any: its own by attribute, then mergiraf."""
    found = (_CONFIGURED.fullmatch(line) for line in tools.place.drivers)
    commands = {one["name"]: one["command"] for one in found if one is not None}
    named = _by_attribute(clash, [file.path for file in files]) if commands and files else {}
    environment = base_environment()
    has_mergiraf = shutil.which(_MERGIRAF, path=environment.get("PATH")) is not None
    general = [_Driver(name=_MERGIRAF, command=_MERGIRAF_COMMAND)] if has_mergiraf else []
    chosen: dict[str, Sequence[_Driver]] = {}
    for file in files:
        name = named.get(file.path, "")
        own = [_Driver(name=name, command=commands[name])] if name in commands else []
        if own or general:
            chosen[file.path] = (*own, *general)
    return chosen


def _by_attribute(clash: Clash, paths: Sequence[str]) -> Mapping[str, str]:
    stdin = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    output = run_git(clash.context, "check-attr", "-z", "--stdin", "merge", stdin=stdin)
    fields = output.stdout.decode("utf-8", "surrogateescape").split("\0")
    return dict(zip(fields[0::3], fields[2::3], strict=False))


def _first(
    tools: MergeTools,
    clash: Clash,
    file: ConflictedFile,
    drivers: Sequence[_Driver],
    limits: ProgramLimits,
) -> Iterator[FileCandidate]:
    """Yield what the first driver makes that makes anything."""
    for driver in drivers:
        content = _run(tools, clash, file, driver, limits)
        if content is not None:
            yield FileCandidate(content=content, methods=(f"driver {driver.name}",), score=CERTAIN)
            return


def _run(
    tools: MergeTools, clash: Clash, file: ConflictedFile, driver: _Driver, limits: ProgramLimits
) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="ropewalk-driver-") as name:
        folder = Path(name)
        versions = file.versions
        sides = {"O": versions.base or b"", "A": versions.ours, "B": versions.theirs}
        for letter, content in sides.items():
            (folder / f".merge_file_{letter}").write_bytes(content)
        ended = run(
            ("/bin/sh", "-c", _filled_in(driver.command, path=file.path, theirs=clash.domain)),
            cwd=folder,
            env=base_environment(),
            limits=limits,
            log=tools.log(f"driver-{clash.domain}-{driver.name}"),
            cancel=tools.cancel,
        )
        if ended.ended_by is EndedBy.CANCELLED:
            raise Interrupted("the merge was stopped", hint="ropewalk resume")
        return _result(folder / ".merge_file_A") if ended.exit_code == 0 else None


def _filled_in(command: str, *, path: str, theirs: str) -> str:
    """Return the command line as git would run it: each placeholder replaced by a quoted word."""
    words = {
        **{letter: f".merge_file_{letter}" for letter in "OAB"},
        **_LABELS,
        "L": _MARKER_SIZE,
        "P": path,
        "Y": theirs,
        "%": "%",
    }
    return re.sub(
        "%([OABLPSXY%])",
        lambda found: found[1] if found[1] == "%" else shlex.quote(words[found[1]]),
        command,
    )


def _result(path: Path) -> bytes | None:
    is_file = path.is_file() and not path.is_symlink()
    return path.read_bytes() if is_file and path.stat().st_size <= LIMIT else None

"""Which process is meant: a pid alone may belong to another process a moment later.

The identity is the pid, its start time in the system's own ticks and the boot it belongs to. A
process that has ended but was not reaped (a zombie) counts as gone. Linux answers from ``/proc``,
other systems through psutil.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "linux":
    import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process of one boot of this machine."""

    pid: int
    start_time: int
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """One line of the system's process table."""

    pid: int
    parent: int
    state: str
    start_time: int


def find_identity(pid: int) -> ProcessIdentity | None:
    """Return the identity of a live process, None when there is none with this pid."""
    row = find_row(pid)
    if row is None or row.state in "ZX":
        return None
    return ProcessIdentity(pid=pid, start_time=row.start_time, boot_id=boot_id())


def is_alive(identity: ProcessIdentity) -> bool:
    """Say whether exactly this process still runs."""
    return find_identity(identity.pid) == identity


if sys.platform == "linux":

    def boot_id() -> str:
        """Return the id of this boot of the machine."""
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def find_row(pid: int) -> ProcessRow | None:
        """Return the process table's line for a pid, None when there is none."""
        try:
            text = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        # The second field is the program's name in parentheses, and may hold anything.
        fields = text.rpartition(b")")[2].split()
        return ProcessRow(
            pid=pid,
            parent=int(fields[1]),
            state=fields[0].decode(),
            start_time=int(fields[19]),
        )

    def process_table() -> tuple[ProcessRow, ...]:
        """Return all processes of the system, those that ended meanwhile left out."""
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return tuple(row for row in map(find_row, pids) if row is not None)

    def has_variable(pid: int, entry: str) -> bool:
        """Say whether the process was started with ``NAME=value`` in its environment."""
        try:
            entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(entry) in entries

    def find_variable(pid: int, name: str) -> str | None:
        """Return a variable that the process was started with, None where that cannot be known."""
        start = os.fsencode(f"{name}=")
        try:
            entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return None
        found = (entry for entry in entries if entry.startswith(start))
        return next((os.fsdecode(entry.removeprefix(start)) for entry in found), None)

    def find_name(pid: int) -> str | None:
        """Return the name of the program that a process runs, None where there is none."""
        try:
            return os.fsdecode(Path(f"/proc/{pid}/comm").read_bytes()).strip()
        except OSError:
            return None

else:  # pragma: no cover

    def boot_id() -> str:
        """Return the id of this boot of the machine."""
        return str(int(psutil.boot_time()))

    def find_row(pid: int) -> ProcessRow | None:
        """Return the process table's line for a pid, None when there is none."""
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                is_zombie = process.status() == psutil.STATUS_ZOMBIE
                return ProcessRow(
                    pid=pid,
                    parent=process.ppid(),
                    state="Z" if is_zombie else "R",
                    start_time=int(process.create_time() * 1000),
                )
        except psutil.Error:
            return None

    def process_table() -> tuple[ProcessRow, ...]:
        """Return all processes of the system, those that ended meanwhile left out."""
        return tuple(row for row in map(find_row, psutil.pids()) if row is not None)

    def has_variable(pid: int, entry: str) -> bool:
        """Say whether the process was started with ``NAME=value`` in its environment."""
        name, _, value = entry.partition("=")
        try:
            return bool(psutil.Process(pid).environ().get(name) == value)
        except psutil.Error:
            return False

    def find_variable(pid: int, name: str) -> str | None:
        """Return a variable that the process was started with, None where that cannot be known."""
        try:
            return psutil.Process(pid).environ().get(name)
        except psutil.Error:
            return None

    def find_name(pid: int) -> str | None:
        """Return the name of the program that a process runs, None where there is none."""
        try:
            return str(psutil.Process(pid).name())
        except psutil.Error:
            return None

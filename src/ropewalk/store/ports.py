"""TCP ports leased to worktrees: distinct ranges for all epics and coordinators of a repository.

A lease belongs to a folder and lasts as long as the folder: one whose worktree is gone is free, so
that nothing has to be given back and a crash leaks nothing. Asking again gives the same range.
"""

import hashlib
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ropewalk.errors import InvalidInput, WorktreeError
from ropewalk.model.values import Value
from ropewalk.store.lock import named_lock
from ropewalk.store.schema.documents import read_document, write_document

# Above the ports of well-known services, below those that systems give to clients.
FIRST: Final = 20_000
END: Final = 32_000
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRange(Value):
    """Ports from ``first`` on, ``count`` of them."""

    first: int
    count: int

    @property
    def ports(self) -> range:
        """All of them."""
        return range(self.first, self.first + self.count)

    @property
    def is_ours(self) -> bool:
        """Whether it can have been leased: the file is open to whoever works in the repository."""
        return FIRST <= self.first < self.first + self.count <= END


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leases(Value):
    """The file: ranges by the folder that they belong to."""

    schema_version: int = 1
    leases: Mapping[str, PortRange] = field(default_factory=dict)


def lease_ports(common_dir: Path, folder: Path, count: int) -> PortRange:
    """Return the range of a folder, leased now unless it was before.

    Args:
        common_dir: the git directory that all worktrees share.
        folder: the worktree, absolute; the lease ends when it is no longer there.
        count: how many ports.

    Raises:
        WorktreeError: no range of that length is free.
        StorageError: the disk refused.
    """
    path = common_dir / "ropewalk" / "ports.json"
    known = _read(path).get(str(folder))
    if known is not None and known.count == count:
        return known
    with named_lock(common_dir, "ports", timeout_s=_PATIENCE_S, what="ports are being leased"):
        held = {name: each for name, each in _read(path).items() if Path(name).is_dir()}
        known = held.pop(str(folder), None)
        if known is None or known.count != count:
            known = _find_free(list(held.values()), count, start=_start(common_dir))
        write_document(path, _Leases(leases={**held, str(folder): known}))
        return known


def _read(path: Path) -> Mapping[str, PortRange]:
    if not path.is_file():
        return {}
    try:
        leases = read_document(_Leases, path).leases
    except InvalidInput:
        # Whoever changed the file gains nothing by it: ports that are in use are found anyway.
        return {}
    return {name: each for name, each in leases.items() if each.is_ours}


def _start(common_dir: Path) -> int:
    """Return where a repository begins to look, so that two of them seldom want the same ports."""
    digest = hashlib.sha256(str(common_dir).encode(errors="surrogateescape")).digest()
    return FIRST + int.from_bytes(digest[:4]) % ((END - FIRST) // 100) * 100


def _find_free(taken: Sequence[PortRange], count: int, *, start: int) -> PortRange:
    unfree = {port for each in taken for port in each.ports}
    run = 0
    for port in (*range(start, END), *range(FIRST, start)):
        run = 0 if port == FIRST else run
        run = run + 1 if port not in unfree and _is_free(port) else 0
        if run == count:
            return PortRange(first=port - count + 1, count=count)
    raise WorktreeError(
        f"no {count} ports in a row are free between {FIRST} and {END}",
        hint="lower [worktree] ports in ropewalk.toml, or clean up worktrees: ropewalk clean EPIC",
    )


def _is_free(port: int) -> bool:
    """Whether nobody on this machine listens there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

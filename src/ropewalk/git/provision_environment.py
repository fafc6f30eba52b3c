"""What tells worktrees apart when programs run in them: ports, a compose project, a database name.

Everything follows from the path of the worktree, so that set-up commands, agents and checks that
run in the same worktree see the same, and no two worktrees of a machine share a name.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Final

from ropewalk.git.repository import Place
from ropewalk.store.ports import lease_ports

# PostgreSQL cuts names after 63 bytes, and other programs allow more.
_LONGEST: Final = 63


def worktree_environment(place: Place, worktree: Path, *, ports: int) -> dict[str, str]:
    """Return the variables that programs in a worktree get besides the base environment.

    Args:
        place: the repository.
        worktree: where it is, or will be; its folder is named after the domain, the one above it
            after the epic.
        ports: how many are leased to it; with 0 the variables about ports are left out.

    Raises:
        WorktreeError: not that many ports are free.
    """
    digest = hashlib.sha256(os.fsencode(worktree)).hexdigest()[:8]
    words = f"{place.top.name}-{worktree.parent.name}-{worktree.name}".casefold()
    variables = {
        "ROPEWALK_DATABASE": _name(words, digest, "_"),
        "COMPOSE_PROJECT_NAME": _name(words, digest, "-"),
    }
    if ports:
        leased = lease_ports(place.common_dir, worktree, ports)
        variables |= {
            "ROPEWALK_PORT": str(leased.first),
            "ROPEWALK_PORT_COUNT": str(leased.count),
            "ROPEWALK_PORTS": ",".join(map(str, leased.ports)),
        }
    return variables


def _name(words: str, digest: str, joint: str) -> str:
    """Return a name of lower-case letters, digits and joints that begins with a letter."""
    plain = re.sub(r"[^a-z0-9]+", joint, words).strip(joint)
    if not plain[:1].isalpha():
        plain = f"p{joint}{plain}".rstrip(joint)
    kept = plain[: _LONGEST - len(digest) - 1].rstrip(joint)
    return f"{kept}{joint}{digest}"

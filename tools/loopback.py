"""Runs a command where it can reach this machine alone: in a network namespace with only loopback.

``python -m tools.loopback COMMAND…`` ends with the command's exit code. Where the machine does not
let us make a namespace, the command runs with the machine's own network, and a line says so.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

_INSIDE = "--inside"
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_REQUEST = struct.Struct("16sH14x")


def namespace_argv() -> tuple[str, ...] | None:
    """Return what starts a command in a namespace of its own, None where that is not allowed."""
    unshare = shutil.which("unshare")
    # Root needs no user namespace; anybody else is root in one of his own.
    ways = [(unshare, "-n"), (unshare, "-r", "-n")] if unshare else []
    for way in ways:
        if subprocess.run((*way, "true"), check=False, capture_output=True).returncode == 0:
            return way
    return None


def start_loopback() -> None:
    """Bring the loopback device of this namespace up.

    Raises:
        OSError: it cannot be.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        found = fcntl.ioctl(asked, _GET_FLAGS, _REQUEST.pack(b"lo", 0))
        _name, flags = _REQUEST.unpack(found)
        fcntl.ioctl(asked, _SET_FLAGS, _REQUEST.pack(b"lo", flags | _UP))


def main(arguments: Sequence[str]) -> int:
    """Run the command; see the module."""
    if not arguments:
        print("usage: python -m tools.loopback COMMAND…", file=sys.stderr)
        return 2
    if arguments[0] == _INSIDE:
        start_loopback()
        os.execvp(arguments[1], list(arguments[1:]))  # noqa: S606 - the command takes our place
    way = namespace_argv()
    if way is None:
        print("no network namespace here: running with the network of this machine")
        return subprocess.run(arguments, check=False).returncode
    again = (sys.executable, "-m", "tools.loopback", _INSIDE)
    return subprocess.run((*way, *again, *arguments), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

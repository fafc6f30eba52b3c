import subprocess
import sys

from tools.loopback import namespace_argv

_ASK = """
import socket
with socket.socket() as server:
    server.bind(("127.0.0.1", 0))
    server.listen()
    with socket.create_connection(server.getsockname(), timeout=5):
        print("loopback")
try:
    socket.create_connection(("192.0.2.1", 9), timeout=5).close()
except OSError as error:
    print(type(error).__name__, error.errno)
"""


def test_a_command_reaches_this_machine_and_nothing_else() -> None:
    ended = _run(sys.executable, "-c", _ASK)
    assert ended.returncode == 0, ended.stderr
    if namespace_argv() is None:
        assert "no network namespace here" in ended.stdout
    else:
        # 101: the network is unreachable, known at once.
        assert ended.stdout.splitlines() == ["loopback", "OSError 101"]


def test_the_exit_code_is_that_of_the_command() -> None:
    assert _run(sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    assert _run().returncode == 2


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-m", "tools.loopback", *command)
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.store.files import Refusal, read_untrusted
from ropewalk.store.untrusted import open_beneath, open_by_component

LIMIT = 1000
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="a call or files of Linux")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "worktree"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "result.json").write_bytes(b"{}")
    (tmp_path / "secret").write_bytes(b"secret")
    return folder


def make_link(root: Path) -> str:
    (root / "link").symlink_to(root.parent / "secret")
    return "link"


def make_inner_link(root: Path) -> str:
    (root / "near").symlink_to("inner/result.json")
    return "near"


def make_linked_parent(root: Path) -> str:
    (root / "parent").symlink_to("inner")
    return "parent/result.json"


def make_pipe(root: Path) -> str:
    os.mkfifo(root / "pipe")
    return "pipe"


def make_hard_link(root: Path) -> str:
    os.link(root.parent / "secret", root / "second")
    return "second"


def make_socket(root: Path) -> str:
    descriptor = os.open(root, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as server:
        # The name of a socket may not be as long as a path of a test.
        server.bind(f"/proc/self/fd/{descriptor}/socket")
    os.close(descriptor)
    return "socket"


def make_large(root: Path) -> str:
    with (root / "large").open("wb") as stream:
        stream.truncate(1 << 30)
    return "large"


def make_forbidden(root: Path) -> str:
    return "inner/../../secret"


TRAPS: list[tuple[Callable[[Path], str], str]] = [
    (make_link, "symlink"),
    (make_inner_link, "symlink"),
    (make_linked_parent, "symlink"),
    (make_pipe, "not_regular"),
    (make_socket, "not_regular"),
    (make_hard_link, "hard_link"),
    (make_large, "too_large"),
    (make_forbidden, "unreadable"),
    (lambda _: "inner", "not_regular"),
    (lambda _: "none", "missing"),
    (lambda _: "inner/result.json/x", "missing"),
    (lambda _: "x" * 5000, "missing"),
    (lambda _: "a\0b", "missing"),
    (lambda root: str(root.parent / "secret"), "unreadable"),
]


@pytest.mark.timeout(10)
@pytest.mark.parametrize(("make", "reason"), TRAPS)
def test_a_trap_is_refused_with_its_reason(
    root: Path, make: Callable[[Path], str], reason: str
) -> None:
    name = make(root)

    assert read_untrusted(root, name, LIMIT) == Refusal(reason=reason)


def test_a_regular_file_is_read_up_to_the_limit(root: Path) -> None:
    (root / "full").write_bytes(b"x" * LIMIT)

    assert read_untrusted(root, "inner/result.json", LIMIT) == b"{}"
    assert read_untrusted(root, "full", LIMIT) == b"x" * LIMIT
    assert read_untrusted(root, "full", LIMIT - 1) == Refusal(reason="too_large")


def test_a_root_that_is_gone_is_a_missing_file(tmp_path: Path) -> None:
    assert read_untrusted(tmp_path / "gone", "x", LIMIT) == Refusal(reason="missing")


@linux_only
def test_a_file_that_is_larger_than_it_says_is_too_large() -> None:
    # Files of /proc say that they are empty.
    assert read_untrusted(Path("/proc/self"), "status", 10) == Refusal(reason="too_large")


@linux_only
@pytest.mark.timeout(10)
@pytest.mark.parametrize(("make", "reason"), TRAPS)
def test_both_ways_of_opening_refuse_the_same_ways_out(
    root: Path, make: Callable[[Path], str], reason: str
) -> None:
    name = make(root)
    folder = os.open(root, os.O_RDONLY)
    verdicts = []

    for opener in (open_beneath, open_by_component):
        try:
            os.close(opener(folder, name))
            verdicts.append("opened")
        except (OSError, ValueError) as error:
            verdicts.append(type(error).__name__)
    os.close(folder)

    assert verdicts[0] == verdicts[1]
    assert (verdicts[0] == "opened") == (
        reason in {"hard_link", "too_large"} or name in {"pipe", "inner"}
    )


def test_opening_by_component_reaches_a_file_in_a_folder(root: Path) -> None:
    folder = os.open(root, os.O_RDONLY)

    descriptor = open_by_component(folder, "inner/result.json")

    assert os.read(descriptor, 10) == b"{}"
    os.close(descriptor)
    os.close(folder)

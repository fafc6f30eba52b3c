"""A process is known by pid, start time and boot, and a zombie counts as gone."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import InvalidInput
from ropewalk.process import (
    MARK_VARIABLE,
    ProcessIdentity,
    Started,
    base_environment,
    end_leftover,
    find_identity,
    is_alive,
    shell_argv,
)
from ropewalk.process.identity import has_variable
from tests.process.trees import coordinator_argv, live_pids, tree_argv, wait_until

NOBODY = ProcessIdentity(pid=2**22 + 1, start_time=1, boot_id="of another machine")
GONE = Started(supervisor=NOBODY, child=NOBODY)


def own_identity() -> ProcessIdentity:
    identity = find_identity(os.getpid())
    assert identity is not None
    return identity


def test_a_running_process_is_alive() -> None:
    assert is_alive(own_identity())


def test_another_process_with_the_same_pid_is_not_the_one_that_was_meant() -> None:
    identity = own_identity()

    assert not is_alive(replace(identity, start_time=identity.start_time - 1))
    assert not is_alive(replace(identity, boot_id="of yesterday"))
    assert not is_alive(NOBODY)


def test_a_zombie_is_not_alive() -> None:
    with subprocess.Popen(["true"]) as process:
        state = Path(f"/proc/{process.pid}/stat")
        assert wait_until(lambda: state.read_bytes().rpartition(b")")[2].split()[0] == b"Z")

        identity = find_identity(process.pid)

    assert identity is None


def test_a_program_name_with_parentheses_and_spaces_is_no_trap(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"]) as process:
        identity = find_identity(process.pid)
        process.kill()

    assert identity is not None
    assert identity.pid == process.pid


def test_nothing_is_ended_where_nothing_is_left() -> None:
    survivors = end_leftover(GONE, mark="a mark that nobody has", grace_s=0.1)

    assert survivors == ()


def test_a_process_that_only_has_the_pid_of_the_old_one_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        identity = find_identity(process.pid)
        assert identity is not None
        stale = replace(identity, start_time=identity.start_time - 1)

        survivors = end_leftover(Started(supervisor=stale, child=stale), mark=None, grace_s=0.1)

        is_running = process.poll() is None
        process.kill()

    assert survivors == ()
    assert is_running


def test_marked_processes_and_their_unmarked_children_are_ended(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    mark = f"{os.getpid()}-{tmp_path.name}"
    unmark = 'env -i "$0" "$@" & echo; wait'
    with subprocess.Popen(
        (*shell_argv(unmark), *tree_argv("hang", folder)),
        env={"PATH": os.environ["PATH"], MARK_VARIABLE: mark},
        stdout=subprocess.DEVNULL,
    ) as process:
        assert wait_until(lambda: len(live_pids(folder)) == 1)
        [unmarked] = live_pids(folder)

        survivors = end_leftover(GONE, mark=mark, grace_s=0.5)
        process.wait()

    assert unmarked != process.pid
    assert live_pids(folder) == []
    assert survivors == ()


def test_a_mark_is_compared_whole() -> None:
    with subprocess.Popen(
        ["sleep", "60"], env={"PATH": os.environ["PATH"], MARK_VARIABLE: "run-12"}
    ) as process:
        assert wait_until(lambda: has_variable(process.pid, f"{MARK_VARIABLE}=run-12"))
        survivors = end_leftover(GONE, mark="run-1", grace_s=0.1)

        is_running = process.poll() is None
        process.kill()

    assert survivors == ()
    assert is_running


def test_the_environment_of_a_process_that_is_gone_holds_nothing() -> None:
    assert not has_variable(NOBODY.pid, "PATH=/bin")


def test_a_coordinator_never_ends_itself_or_its_ancestors() -> None:
    source = """
from ropewalk.process import ProcessIdentity, Started, end_leftover
nobody = ProcessIdentity(pid=2**22 + 1, start_time=1, boot_id="")
print(end_leftover(Started(supervisor=nobody, child=nobody), mark="ours", grace_s=0.1))
"""
    argv = coordinator_argv(source)

    finished = subprocess.run(
        (*shell_argv('"$0" "$@"; echo still here'), *argv),
        env={**os.environ, MARK_VARIABLE: "ours"},
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert finished.stdout == b"()\nstill here\n"


def test_the_base_environment_lets_only_listed_names_through() -> None:
    source = """
from ropewalk.process import base_environment
print(sorted(base_environment()), sorted(base_environment(["API_KEY", "GIT_DIR", "UNSET"])))
"""
    finished = subprocess.run(
        coordinator_argv(source),
        env={"PATH": "/bin", "HOME": "/", "API_KEY": "secret", "GIT_DIR": "x", "EXTRA": "y"},
        capture_output=True,
        check=True,
        timeout=30,
    )

    assert finished.stdout == (b"['HOME', 'PATH'] ['API_KEY', 'GIT_DIR', 'HOME', 'PATH']\n")


@pytest.mark.parametrize("name", ["", "A=B", "A\0B"])
def test_an_impossible_variable_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="not the name of an environment variable"):
        base_environment([name])


@pytest.mark.parametrize(
    "command", ["false; true", "false | true", "echo $UNSET_VARIABLE; true", "local_x=$(false)"]
)
def test_a_shell_command_fails_where_any_part_of_it_fails(command: str) -> None:
    code = subprocess.run(shell_argv(command), check=False, stderr=subprocess.DEVNULL).returncode

    assert code != 0


def test_the_plain_shell_runs_commands_where_there_is_no_bash(tmp_path: Path) -> None:
    argv = shell_argv("false; echo not reached", bash=tmp_path / "missing")

    finished = subprocess.run(argv, check=False, capture_output=True)

    assert argv[0] == "/bin/sh"
    assert (finished.returncode, finished.stdout) == (1, b"")


def test_the_path_of_this_process_is_in_the_base_environment() -> None:
    environment = base_environment(["HOME", "UNSET_VARIABLE"])

    assert environment["PATH"] == os.environ["PATH"]
    assert "UNSET_VARIABLE" not in environment

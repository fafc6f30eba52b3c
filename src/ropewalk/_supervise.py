"""The supervisor of one child program: a tiny process of its own, standard library only.

Started as ``python -I -S _supervise.py CONTROL STATUS OUTPUT`` with three file descriptors. What
comes in on CONTROL: eight bytes of length (big endian), then the request, its fields joined by NUL:
seconds after SIGINT, seconds after SIGTERM, working directory, path of the report file or nothing,
number of arguments, the arguments, then the environment as ``NAME=value``. A byte after that means
stop and says why (REASONS); end of file means that the coordinator is gone. The child inherits this
process's standard streams, which then become ``/dev/null`` here. What goes out on STATUS are JSON
lines: one when the child runs (or why it could not be started), one when everything has ended. That
last line is also the content of the report file, so that it outlives a coordinator that was killed.
OUTPUT is the end of the child's stdout that the coordinator reads from; what a coordinator that is
gone has not read goes into a file beside the report, so that no last word is lost.

Invariants: one thread; this is the subreaper of the whole tree, so an orphan becomes its child;
only this process waits for "any child", and ECHILD, which the kernel answers when no descendant is
left, is the proof that the tree is gone. The last line is written after that proof, or names the
processes that could not be ended within KILL_PATIENCE_S. Where the system has no subreaper, the
child's process group stands in for the tree.
"""

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping

PR_SET_CHILD_SUBREAPER = 36
PF_EXITING = 0x4
STAT_PARENT, STAT_FLAGS, STAT_START = 4, 9, 22
SWEEP_GRACE_S = 0.5
ABANDONED_GRACE_S = 0.25
KILL_PATIENCE_S = 3.0
NOT_STARTED = 127
REST_NAME = b".rest"
REST_BYTES = 1024 * 1024
REASONS = {b"t": "timeout", b"i": "idle", b"c": "cancelled"}
RESET_IN_CHILD = ("SIGCHLD", "SIGHUP", "SIGINT", "SIGPIPE", "SIGQUIT", "SIGTERM", "SIGXFSZ")


def main(arguments: list[str]) -> None:
    """Run the request that arrives on the control pipe and report its end on the status pipe."""
    coordinator = os.getppid()
    control, status, output = map(int, arguments)
    for descriptor in (control, status, output):
        os.set_inheritable(descriptor, False)
    is_subreaper = become_subreaper()
    fields = read_request(control)
    wake = install_signals()
    pid, failure = start_child(fields)
    silence_standard_streams()
    if failure:
        os.waitpid(pid, 0)
        stage, _, number = failure.partition(" ")
        say(status, f'{{"failed": "{stage}", "errno": {number}}}')
        return
    say(status, f'{{"child": {pid}, "start_time": {stat_field(pid, STAT_START)}}}')
    tree = Tree(pid, coordinator=coordinator, control=control, wake=wake, is_subreaper=is_subreaper)
    tree.supervise(float(fields[0]), float(fields[1]))
    report = tree.report()
    if fields[3]:
        write_file(fields[3], report.encode() + b"\n")
    say(status, report)
    if fields[3] and (tree.is_abandoned or is_left_alone(control)):
        write_file(fields[3] + REST_NAME, read_rest(output))


def become_subreaper() -> bool:
    """Have orphaned descendants re-parented to this process; False where that does not exist."""
    try:
        return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (AttributeError, OSError):
        return False


def read_request(control: int) -> list[bytes]:
    """Return the fields of the request; end quietly when the coordinator went before sending it."""
    size = int.from_bytes(read_exactly(control, 8), "big")
    return read_exactly(control, size).split(b"\0")


def read_exactly(control: int, size: int) -> bytes:
    """Return `size` bytes of the control pipe."""
    received = bytearray()
    while len(received) < size:
        piece = os.read(control, size - len(received))
        if not piece:
            sys.exit(0)
        received += piece
    return bytes(received)


def install_signals() -> int:
    """Let a child's end and requests to stop wake the poll; return the pipe to watch."""
    wake, written = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(written, False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    signal.set_wakeup_fd(written, warn_on_full_buffer=False)
    return wake


def start_child(fields: list[bytes]) -> tuple[int, str]:
    """Fork the child in a session of its own; return its pid and why it could not be started."""
    count = int(fields[4])
    argv = fields[5 : 5 + count]
    environment = {
        name: value
        for name, _, value in (entry.partition(b"=") for entry in fields[5 + count :] if entry)
    }
    failed, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        become_program(argv, cwd=fields[2], environment=environment, tell=tell)
    os.close(tell)
    failure = os.read(failed, 64).decode()
    os.close(failed)
    return pid, failure


def become_program(
    argv: list[bytes], *, cwd: bytes, environment: Mapping[bytes, bytes], tell: int
) -> None:
    """Turn the forked child into the program, or say on `tell` at which stage that failed."""
    stage = "session"
    try:
        os.setsid()
        for name in RESET_IN_CHILD:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        stage = "cwd"
        os.chdir(cwd)
        stage = "exec"
        os.execvpe(argv[0], argv, environment)
    except OSError as error:
        os.write(tell, f"{stage} {error.errno}".encode())
    finally:
        os._exit(NOT_STARTED)


def silence_standard_streams() -> None:
    """Let go of the child's streams, so that their readers see the end of the tree's output."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)


def stat_field(pid: int, number: int) -> int:
    """Return a field of the process's stat file, counted from 1; 0 where there is no such file."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[number - 3])
    except OSError:
        return 0


def is_leaving(coordinator: int) -> bool:
    """Say whether the coordinator is gone, or about to be: it is marked before its pipes close."""
    flags = stat_field(coordinator, STAT_FLAGS)
    return os.getppid() != coordinator or bool(flags & PF_EXITING)


def say(status: int, line: str) -> None:
    """Write one line for the coordinator, which may be gone."""
    try:
        os.write(status, line.encode() + b"\n")
    except OSError:
        return


def is_left_alone(control: int) -> bool:
    """Wait until the coordinator kills this process; say whether it is gone instead."""
    try:
        while os.read(control, 1):
            pass
    except OSError:
        return False
    return True


def read_rest(output: int) -> bytes:
    """Return what is left of the child's stdout, without waiting for more."""
    rest = bytearray()
    try:
        os.set_blocking(output, False)
        while len(rest) < REST_BYTES and (piece := os.read(output, 64 * 1024)):
            rest += piece
    except OSError:
        pass
    return bytes(rest)


def write_file(path: bytes, content: bytes) -> None:
    """Put a file where a later coordinator finds it, whole or not at all."""
    unfinished = path + b".unfinished"
    folder = os.path.dirname(path) or b"."
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        folder_descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(folder_descriptor)
        os.close(folder_descriptor)
    except OSError:
        return


class Tree:
    """The child and everything that descends from it."""

    def __init__(
        self, child: int, *, coordinator: int, control: int, wake: int, is_subreaper: bool
    ) -> None:
        self.child = child
        self.coordinator = coordinator
        self.control = control
        self.wake = wake
        self.is_subreaper = is_subreaper
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        self.poll.register(wake, select.POLLIN)
        self.wait_status: int | None = None
        self.reason = ""
        self.ended_by = "exit"
        self.began = time.monotonic()
        self.duration_s = 0.0
        self.is_abandoned = self.is_sweeping = self.is_gone = False
        self.swept = 0
        self.cpu_s = 0.0
        self.max_rss = self.block_reads = self.block_writes = 0
        self.left: tuple[int, ...] = ()

    def supervise(self, interrupt_s: float, grace_s: float) -> None:
        """Wait for the child or for a request to stop, then end all that is left."""
        while not (self.has_child_ended() or self.reason):
            self.wait(None)
        self.ended_by = self.judge()
        if not self.has_child_ended():
            self.send(signal.SIGINT)
            self.wait_until(self.has_child_ended, interrupt_s)
        self.is_sweeping = True
        if not self.is_gone:
            patience = min(grace_s, SWEEP_GRACE_S) if self.has_child_ended() else grace_s
            self.send(signal.SIGTERM)
            self.wait_until(self.has_gone, patience)
        deadline = time.monotonic() + KILL_PATIENCE_S
        while not self.is_gone and time.monotonic() < deadline:
            self.send(signal.SIGKILL)
            self.wait(0.005)
        if not self.is_gone:
            self.left = tuple(self.children())
            self.duration_s = self.duration_s or time.monotonic() - self.began

    def judge(self) -> str:
        """Say who ended the child.

        A child that wrote to a coordinator that is gone fails for that reason alone, so only its
        success counts as its own end then.
        """
        if not self.has_child_ended():
            return self.reason
        if self.wait_status and (self.is_abandoned or is_leaving(self.coordinator)):
            return "lost"
        return "exit"

    def has_child_ended(self) -> bool:
        """Say whether the child itself was reaped."""
        return self.wait_status is not None

    def has_gone(self) -> bool:
        """Say whether nothing of the tree is left."""
        return self.is_gone

    def wait_until(self, is_done: Callable[[], bool], patience: float) -> None:
        """Wait until `is_done`, at most `patience` seconds, less when nobody waits for the end."""
        began = time.monotonic()
        while not is_done():
            allowed = min(patience, ABANDONED_GRACE_S) if self.is_abandoned else patience
            remaining = began + allowed - time.monotonic()
            if remaining <= 0:
                return
            self.wait(remaining)

    def wait(self, seconds: float | None) -> None:
        """Sleep until something happens; take in requests and reap what ended."""
        ready = dict(self.poll.poll(None if seconds is None else max(1, int(seconds * 1000))))
        if self.wake in ready:
            numbers = os.read(self.wake, 4096)
            if any(number != signal.SIGCHLD for number in numbers):
                self.reason = self.reason or "cancelled"
        if self.control in ready:
            request = os.read(self.control, 1)
            self.reason = self.reason or REASONS.get(request, "lost")
            if not request:
                self.is_abandoned = True
                self.poll.unregister(self.control)
        self.reap()

    def reap(self) -> None:
        """Reap all that has ended; ECHILD says that nothing is left."""
        while True:
            try:
                pid, wait_status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self.is_gone = self.is_subreaper or not self.has_group()
                return
            if pid == 0:
                return
            if pid == self.child:
                self.wait_status = wait_status
                self.duration_s = time.monotonic() - self.began
            elif self.is_sweeping:
                self.swept += 1
            self.cpu_s += used.ru_utime + used.ru_stime
            self.max_rss = max(self.max_rss, used.ru_maxrss)
            self.block_reads += used.ru_inblock
            self.block_writes += used.ru_oublock

    def send(self, number: signal.Signals) -> None:
        """Send the signal to the groups of all direct children; stopped ones are continued."""
        for target in set(self.targets()):
            for each in (number, signal.SIGCONT):
                try:
                    os.kill(target, each)
                except OSError:
                    break

    def targets(self) -> Iterator[int]:
        """Yield what to signal: the groups of the direct children, as negative numbers.

        A group is signalled in one step of the kernel, which a process that forks and exits for
        ever cannot outrun.
        """
        if not self.is_subreaper:
            yield -self.child
            return
        own_group = os.getpgrp()
        for pid in self.children():
            try:
                group = os.getpgid(pid)
            except OSError:
                continue
            yield pid if group in {own_group, 0} else -group

    def children(self) -> list[int]:
        """Return the pids of the direct children, as the kernel lists them."""
        me = os.getpid()
        try:
            with open(f"/proc/{me}/task/{me}/children", "rb") as file:
                return [int(pid) for pid in file.read().split()]
        except OSError:
            return [pid for pid in numbered_processes() if stat_field(pid, STAT_PARENT) == me]

    def has_group(self) -> bool:
        """Say whether the child's process group has a member."""
        try:
            os.killpg(self.child, 0)
        except OSError:
            return False
        return True

    def report(self) -> str:
        """Return the last line: how the child ended, what the tree used, what was swept."""
        exit_code = signal_number = "null"
        if self.wait_status is not None and os.WIFSIGNALED(self.wait_status):
            signal_number = str(os.WTERMSIG(self.wait_status))
        elif self.wait_status is not None:
            exit_code = str(os.WEXITSTATUS(self.wait_status))
        max_rss_kb = self.max_rss // 1024 if sys.platform == "darwin" else self.max_rss
        return (
            f'{{"exit_code": {exit_code}, "signal": {signal_number}, '
            f'"ended_by": "{self.ended_by}", "duration_s": {self.duration_s:.6f}, '
            f'"cpu_s": {self.cpu_s:.6f}, "max_rss_kb": {max_rss_kb}, '
            f'"block_reads": {self.block_reads}, "block_writes": {self.block_writes}, '
            f'"swept": {self.swept}, "survivors": {list(self.left)}}}'
        )


def numbered_processes() -> list[int]:
    """Return the pids of all processes that the system shows."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


if __name__ == "__main__":
    main(sys.argv[1:])

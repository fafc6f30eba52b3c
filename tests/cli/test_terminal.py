"""What a person sees on a terminal; a pseudo terminal of 80 columns stands in for it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

from tests.cli.conftest import AGENT
from tests.cli.running import PROGRAM

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(directory: Path, *arguments: str, **env: str) -> tuple[int, str]:
    """Run the program on a terminal; return its exit code and all that was drawn."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    size = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=directory,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**size, "TERM": "xterm-256color", **env},
    ) as running:
        os.close(inner)
        drawn = bytearray()
        while data := _read(outer):
            drawn += data
    os.close(outer)
    return running.returncode, drawn.decode()


def _read(outer: int) -> bytes:
    try:
        return os.read(outer, 65536)
    except OSError:
        return b""


def test_a_run_on_a_terminal_draws_a_board_in_place(planned: Path) -> None:
    code, drawn = on_terminal(planned, "run", "search", "--agent-command", f"sleep 0.3; {AGENT}")

    assert code == 6
    assert drawn.count("\x1b[1A") > 4
    plain = _CONTROL.sub("", drawn)
    assert "4 of 4 done" in plain
    assert "\x1b[32m✓\x1b[0m database" in drawn
    assert "▲ frontend changed outside.txt, outside its files" in plain
    assert drawn.rstrip().endswith("ropewalk merge search --include frontend")
    board = [line for line in re.split(r"[\r\n]+", plain) if line[:1] in set("○●✓▲✗")]
    assert max(map(len, board)) <= 80


def test_a_merge_on_a_terminal_shows_the_domains_and_the_check_that_runs(finished: Path) -> None:
    check = "sleep 1.5"

    _, dry = on_terminal(finished, "merge", "search", "--dry-run")
    code, drawn = on_terminal(finished, "merge", "search", "--check", check)

    plain = _CONTROL.sub("", drawn)
    assert code == 6
    assert "database  00:0" in plain
    assert f"● checking: {check} (0 s)" in plain
    assert f"● checking: {check} (1 s)" in plain
    assert "done · " not in _CONTROL.sub("", dry)


def test_without_colour_glyphs_alone_tell_the_state(planned: Path) -> None:
    code, drawn = on_terminal(planned, "status", NO_COLOR="1")

    assert code == 0
    assert "\x1b" not in drawn
    assert "○ search" in drawn


def test_a_dumb_terminal_gets_plain_lines(planned: Path) -> None:
    code, drawn = on_terminal(planned, "run", "search", "--agent-command", AGENT, TERM="dumb")

    assert code == 6
    assert "\x1b" not in drawn
    assert "✓ database: success" in drawn


def test_a_diff_on_a_terminal_is_coloured_and_harmless(finished: Path) -> None:
    code, drawn = on_terminal(finished, "diff", "search", "frontend")
    _, bare = on_terminal(finished, "diff", "search", NO_COLOR="1")

    assert code == 0
    assert "\x1b[32m+x red\x1b[0m" in drawn
    assert "\x1b[31mred" not in drawn
    assert "+x red" in bare
    assert "\x1b" not in bare


def test_a_log_on_a_terminal_is_harmless(planned: Path) -> None:
    agent = r"printf 'one \033]0;title\007two\n\033[2Jthree\n'; echo >> db/models.py"
    subprocess.run(
        [PROGRAM, "-q", "run", "search", "--domain", "database", "--agent-command", agent],
        cwd=planned,
        check=True,
        capture_output=True,
    )

    _, drawn = on_terminal(planned, "logs", "search", "database")
    _, results = on_terminal(planned, "results", "search")

    assert drawn.replace("\r", "") == "one two\nthree\n"
    assert "\x1b]0;" not in results
    assert "\x1b[2J" not in results

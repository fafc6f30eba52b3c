"""Runs the console blocks of a document and holds what it shows against what really comes out.

A document is markdown. A block fenced as ``console`` is a session: lines after ``$ `` are typed
into a shell, the others are what it answered. A block whose fence says ``file=NAME`` is written to
that file before the next session, one with ``add=NAME`` is put behind its last line. Blocks run in
order, in one folder; ``cd`` lasts.

Compared are the lines of each answer, whatever their order (agents that work at once end in any
order), with object ids, times, durations and paths made equal. A line that is only ``…`` stands for
any number of lines that were left out.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT = "…"
SHOWN_ROOT = "/projects"
_FENCE = re.compile(r"^```(?P<info>\S.*)?$")
_CHANGING = (
    (re.compile(r"\br\d{8}-\d{6}-[0-9a-f]{4}\b"), "RUN"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*"), "TIME"),
    (re.compile(r"\b(?:\d+:)?\d\d:\d\d\b"), "CLOCK"),
    (re.compile(r"\b[0-9]+(?:\.[0-9]+)? ?(?:ms|s|min|h|[KMGT]i?B)\b"), "AMOUNT"),
    (re.compile(r"\b\d+\.\d+ x (?:faster than|the speed of) one\b"), "SPEED one"),
    (re.compile(r"\b[0-9a-f]{7,40}\b"), "OID"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: the words behind the fence, its lines, and the place of these."""

    info: str
    lines: tuple[str, ...]
    first: int

    def write(self, folder: Path) -> None:
        """Write the file that the block holds, if it holds one."""
        found = re.search(r"(?:^|\s)(file|add)=(\S+)", self.info)
        if found is None:
            return
        path = folder / found[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if found[1] == "add" else "w", encoding="utf-8") as opened:
            opened.writelines(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A command line and the lines of its answer."""

    command: str
    answer: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An answer that a document shows and that did not come out."""

    line: int
    command: str
    shown: tuple[str, ...]
    real: tuple[str, ...]

    def __str__(self) -> str:
        shown = "\n".join(f"  shown  {text}" for text in self.shown)
        real = "\n".join(f"  real   {text}" for text in self.real)
        return f"line {self.line}: $ {self.command}\n{shown}\n{real}"


def blocks_of(text: str, *, until: str = "") -> Iterator[Block]:
    """Yield the fenced blocks of a document, those before the line ``until`` if it is given."""
    info: str | None = None
    inside: list[str] = []
    for number, line in enumerate(text.splitlines()):
        fence = _FENCE.match(line)
        if info is None and until and line == until:
            return
        if fence is None:
            inside.append(line)
        elif info is None:
            info, inside = fence["info"] or "", []
        else:
            yield Block(info=info, lines=tuple(inside), first=number - len(inside))
            info = None


def exchanges_of(block: Block) -> tuple[Exchange, ...]:
    """Return the commands of a session, each with the answer that is shown."""
    found: list[tuple[str, list[str]]] = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return tuple(Exchange(command=command, answer=tuple(lines)) for command, lines in found)


@dataclass(slots=True)
class Shell:
    """Runs command lines one after another, as in one terminal.

    Attributes:
        root: where the session starts; shown as ``/projects``.
        cwd: where it is now.
        env: the whole environment.
    """

    root: Path
    cwd: Path
    env: Mapping[str, str]

    def run(self, command: str) -> tuple[str, ...]:
        """Return the lines that a command prints to its terminal."""
        script = f"{command}\nprintf '\\n%s' \"$PWD\" >&9"
        with tempfile.TemporaryFile() as place:
            argv = ["bash", "-c", f"exec 9>&{place.fileno()}\n{script}"]
            ended = subprocess.run(
                argv,
                cwd=self.cwd,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                pass_fds=(place.fileno(),),
            )
            place.seek(0)
            self.cwd = Path(place.read().decode().strip() or self.cwd)
        text = ended.stdout.decode(errors="replace").replace(str(self.root), SHOWN_ROOT)
        return tuple(line.rstrip() for line in text.splitlines())


def open_shell(folder: Path, env: Mapping[str, str]) -> Shell:
    """Return a shell in ``folder`` that finds the programs beside this Python first."""
    root = folder.resolve()
    path = os.pathsep.join((str(Path(sys.executable).parent), env.get("PATH", os.defpath)))
    return Shell(root=root, cwd=root, env={**env, "PATH": path, "COLUMNS": "80"})


def play(text: str, shell: Shell, *, until: str = "") -> Iterator[tuple[Block, list[Exchange]]]:
    """Carry out a document; yield each session with its real answers."""
    for block in blocks_of(text, until=until):
        block.write(shell.cwd)
        if block.info == "console":
            yield (
                block,
                [
                    Exchange(command=shown.command, answer=shell.run(shown.command))
                    for shown in exchanges_of(block)
                ],
            )


def differences(text: str, shell: Shell) -> Iterator[Difference]:
    """Yield every answer of a document that is not what really came out."""
    for block, real in play(text, shell):
        for shown, came in zip(exchanges_of(block), real, strict=True):
            if not is_same(shown.answer, came.answer):
                yield Difference(
                    line=block.first + 1,
                    command=shown.command,
                    shown=shown.answer,
                    real=came.answer,
                )


def is_same(shown: tuple[str, ...], real: tuple[str, ...]) -> bool:
    """Whether an answer is what was shown, but for what changes from run to run."""
    wanted = Counter(plain(line) for line in shown if line != LEFT_OUT)
    found = Counter(plain(line) for line in real)
    return wanted <= found if LEFT_OUT in shown else wanted == found


def plain(line: str) -> str:
    """Return a line without what changes from run to run."""
    for pattern, word in _CHANGING:
        line = pattern.sub(word, line)
    return line.strip()


def recorded(text: str, shell: Shell) -> str:
    """Return the document with the answers that really came out; shortened ones stay."""
    lines = text.splitlines()
    for block, real in reversed(list(play(text, shell))):
        new: list[str] = []
        for shown, came in zip(exchanges_of(block), real, strict=True):
            keeps = LEFT_OUT in shown.answer or is_same(shown.answer, came.answer)
            new += [f"$ {shown.command}", *(shown.answer if keeps else came.answer)]
        lines[block.first : block.first + len(block.lines)] = new
    return "".join(f"{line}\n" for line in lines)


def main() -> int:
    """Write the real answers into the documents that are named."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--start", type=Path, help="a document to carry out first")
    parser.add_argument("--until", default="", help="the line of it to stop at")
    parser.add_argument("documents", type=Path, nargs="+")
    given = parser.parse_args()
    for path in given.documents:
        with tempfile.TemporaryDirectory() as folder:
            shell = open_shell(Path(folder), os.environ)
            if given.start is not None:
                list(play(given.start.read_text(encoding="utf-8"), shell, until=given.until))
            text = recorded(path.read_text(encoding="utf-8"), shell)
            path.write_text(text, encoding="utf-8")
        print(f"recorded {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

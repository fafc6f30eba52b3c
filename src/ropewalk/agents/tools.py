"""The tools of ropewalk's own agents: read, write, edit, glob, grep and run.

File tools are confined to the worktree. ``run`` starts a shell in it, which is not: what a shell
does outside is found out by the same guards as for every other agent. A tool that fails answers
with a sentence; it never raises. Every answer is bounded.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ropewalk.agents.base import MAX_TEXT, AgentEvent, ToolEvent
from ropewalk.agents.confine import confine, read_bytes, read_file, write_file
from ropewalk.agents.search import find_lines, find_paths
from ropewalk.agents.toolspecs import DEFAULT_RUN_S, detail_of, require_arguments
from ropewalk.errors import InvalidInput, RopewalkError
from ropewalk.model.values import JsonObject
from ropewalk.process import Ended, EndedBy, Limits, run, shell_argv

MAX_ANSWER: Final = 32_000
MAX_RUN_S: Final = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """What a tool says; `ok` is False when it could not do what was asked."""

    ok: bool
    text: str


_Tool: TypeAlias = Callable[["Toolbox", JsonObject], ToolAnswer]


class Toolbox:
    """The tools of one agent in one worktree; remembers which files it made and changed."""

    def __init__(
        self, root: Path, *, env: Mapping[str, str], cancel: threading.Event | None = None
    ) -> None:
        self.root = root.resolve()
        self.created: tuple[str, ...] = ()
        self.modified: tuple[str, ...] = ()
        self._env = env
        self._cancel = cancel

    def call(self, name: str, arguments: JsonObject) -> ToolAnswer:
        """Use a tool; wrong names and arguments are answers like any other."""
        try:
            require_arguments(name, arguments)
            return _bounded(_FUNCTIONS[name](self, arguments))
        except RopewalkError as error:
            return ToolAnswer(ok=False, text=error.message)

    def read(self, arguments: JsonObject) -> ToolAnswer:
        """Return numbered lines of a file."""
        lines = read_file(self.root, str(arguments["path"])).splitlines()
        first = max(1, _integer(arguments, "offset", 1))
        limit = max(1, _integer(arguments, "limit", len(lines) or 1))
        shown = lines[first - 1 : first - 1 + limit]
        text = "\n".join(f"{number}\t{line}" for number, line in enumerate(shown, start=first))
        return ToolAnswer(ok=True, text=text or "(no lines)")

    def write(self, arguments: JsonObject) -> ToolAnswer:
        """Write a whole file."""
        path, content = str(arguments["path"]), str(arguments["content"])
        self._remember(path, is_new=write_file(self.root, path, content))
        return ToolAnswer(ok=True, text=f"wrote {path}, {content.count(chr(10))} lines")

    def edit(self, arguments: JsonObject) -> ToolAnswer:
        """Replace one exact passage of a file, or all with `all`."""
        path, old, new = (str(arguments[name]) for name in ("path", "old", "new"))
        try:
            text = read_bytes(self.root, path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"'{path}' is not UTF-8 text; edit it with a program") from error
        count = text.count(old) if old else 0
        if count == 0:
            raise InvalidInput(f"'{path}' does not hold the text to replace")
        if count > 1 and arguments.get("all") is not True:
            raise InvalidInput(f"'{path}' holds the text {count} times; give more of its context")
        write_file(self.root, path, text.replace(old, new))
        self._remember(path, is_new=False)
        return ToolAnswer(ok=True, text=f"replaced {count} in {path}")

    def glob(self, arguments: JsonObject) -> ToolAnswer:
        """List files by pattern."""
        found = find_paths(self.root, str(arguments["pattern"]))
        return ToolAnswer(ok=True, text="\n".join(found) or "(no files)")

    def grep(self, arguments: JsonObject) -> ToolAnswer:
        """Find lines by regular expression."""
        below = confine(self.root, str(arguments.get("path", ".")))
        found = find_lines(self.root, str(arguments["pattern"]), below=below)
        return ToolAnswer(ok=True, text="\n".join(found) or "(no lines)")

    def run(self, arguments: JsonObject) -> ToolAnswer:
        """Run a shell command; ok is whether it ended with exit code 0."""
        seconds = _integer(arguments, "timeout_s", DEFAULT_RUN_S)
        ended = run(
            shell_argv(f"exec 2>&1\n{arguments['command']}"),
            cwd=self.root,
            env=self._env,
            limits=Limits(wall_s=min(max(1.0, seconds), MAX_RUN_S), capture_bytes=MAX_ANSWER // 2),
            cancel=self._cancel,
        )
        return ToolAnswer(ok=_is_good(ended), text=f"{_output(ended)}\n[{_end(ended)}]")

    def _remember(self, path: str, *, is_new: bool) -> None:
        name = str(confine(self.root, path).relative_to(self.root))
        if name in self.created or name in self.modified:
            return
        if is_new:
            self.created = (*self.created, name)
        else:
            self.modified = (*self.modified, name)


_FUNCTIONS: Final[Mapping[str, _Tool]] = {
    "read": Toolbox.read,
    "write": Toolbox.write,
    "edit": Toolbox.edit,
    "glob": Toolbox.glob,
    "grep": Toolbox.grep,
    "run": Toolbox.run,
}


def use_tool(
    tools: Toolbox, name: str, arguments: JsonObject, *, emit: Callable[[AgentEvent], None]
) -> ToolAnswer:
    """Use a tool, and tell before and after what it is about."""
    detail = detail_of(name, arguments)[:MAX_TEXT]
    emit(ToolEvent(kind=name, detail=detail, status="started"))
    answer = tools.call(name, arguments)
    emit(ToolEvent(kind=name, detail=detail, status="ok" if answer.ok else "failed"))
    return answer


def _integer(arguments: JsonObject, name: str, default: int) -> int:
    value = arguments.get(name)
    return value if isinstance(value, int) else default


def _bounded(answer: ToolAnswer) -> ToolAnswer:
    if len(answer.text) <= MAX_ANSWER:
        return answer
    half = MAX_ANSWER // 2
    left_out = len(answer.text) - 2 * half
    middle = f"\n[… {left_out} characters left out …]\n"
    return ToolAnswer(ok=answer.ok, text=answer.text[:half] + middle + answer.text[-half:])


def _is_good(ended: Ended) -> bool:
    return ended.ended_by is EndedBy.EXIT and ended.exit_code == 0


def _end(ended: Ended) -> str:
    if ended.ended_by is not EndedBy.EXIT:
        return f"ended by {ended.ended_by.value} after {ended.duration_s:.1f} s"
    if ended.exit_code is None:
        return f"ended by signal {ended.signal}"
    return f"exit code {ended.exit_code}"


def _output(ended: Ended) -> str:
    text = ended.output.decode("utf-8", errors="replace").rstrip()
    if len(ended.output) < ended.output_bytes:
        text += "\n[…]\n" + "\n".join(ended.tail)
    return text

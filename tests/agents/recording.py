"""Records what the real programs print, for the tests of their adapters.

``python -m tools.loopback .venv/bin/python -m tests.agents.recording KIND [CASE…]`` runs the
program against the model server, one case after another, and writes one file a case to
``recorded/KIND``. The program has to be on PATH. Each line is shortened, and names no place of the
machine. What is printed beside it is what the adapter makes of it.
"""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ropewalk.agents.base import AgentTask, Finish, Launch, ToolEvent
from ropewalk.agents.environment import build_environment
from ropewalk.agents.folder import prepare_folder
from ropewalk.agents.table import adapter_of
from ropewalk.git.command import Identity
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.process import Ended, Limits, run
from tests.model_server import Call, Fault, FaultKind, ModelServer, Say, Scene, Shell, Write
from tests.model_server.scene import Turn

FOLDER = Path(__file__).with_name("recorded")
KEY = "dummy-key-1"
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": False,
    }
)
WORK: tuple[Turn, ...] = (Say("I write it."), Write("a.txt", "hello\n"), Shell("cat a.txt"))
_LONGEST_TEXT, _LONGEST_LIST = 400, 6
_NOISE = ("session.background_tasks_changed", "assistant.tool_call_delta")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run: what the model does, how the agent is configured, and how the run is ended.

    `after` names the case whose session it goes on with; `is_interrupted` ends it while its first
    command runs.
    """

    turns: tuple[Turn, ...] = (*WORK, Say("done"))
    fault: Fault | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    loop: bool = False
    schema: str | None = None
    after: str | None = None
    is_interrupted: bool = False


_ELSEWHERE = {"file_path": "/elsewhere/a.txt", "content": "hello\n"}
OUTSIDE = Call("Write", _ELSEWHERE)
COMMON: Mapping[str, Case] = {
    "ok": Case(),
    "resumed": Case(turns=(Shell("true"), Say("again")), after="ok"),
    "unauthorized": Case(fault=Fault(FaultKind.UNAUTHORIZED)),
    "refusal": Case(fault=Fault(FaultKind.REFUSAL, after=1)),
    "max_tokens": Case(fault=Fault(FaultKind.MAX_TOKENS)),
    "empty": Case(fault=Fault(FaultKind.EMPTY)),
    "empty_after_work": Case(fault=Fault(FaultKind.EMPTY, after=2)),
    "rate_limited_once": Case(fault=Fault(FaultKind.RATE_LIMIT, times=1, retry_after_s=1)),
    "rate_limited": Case(fault=Fault(FaultKind.RATE_LIMIT, retry_after_s=1)),
    "overloaded": Case(fault=Fault(FaultKind.OVERLOADED)),
    "server_error": Case(fault=Fault(FaultKind.SERVER_ERROR)),
    "dropped": Case(fault=Fault(FaultKind.RESET)),
    "malformed_stream": Case(fault=Fault(FaultKind.MALFORMED_SSE)),
    "truncated_tool": Case(fault=Fault(FaultKind.TRUNCATED_TOOL, times=1)),
    "context": Case(fault=Fault(FaultKind.CONTEXT)),
    "credit": Case(fault=Fault(FaultKind.CREDIT)),
    "no_model": Case(fault=Fault(FaultKind.NOT_FOUND)),
    "schema": Case(turns=(), schema=SCHEMA),
    "interrupted": Case(turns=(Shell("(sleep 60; true); echo x"),), is_interrupted=True),
    "no_session": Case(after="none"),
}
_ONE_ERROR = Case(fault=Fault(FaultKind.SERVER_ERROR, times=1))
OWN: Mapping[AgentKind, Mapping[str, Case]] = {
    AgentKind.CLAUDE: {
        "turns": Case(turns=(Shell("true"),), loop=True, settings={"max_turns": 2}),
        "budget": Case(turns=(Shell("true"),), loop=True, settings={"budget_usd": 0.001}),
        "denied": Case(turns=(OUTSIDE, Say("done"))),
    },
    AgentKind.CODEX: {
        "patched": Case(settings={"model": "gpt-5.5"}),
        "denied": Case(settings={"permission": Permission.READ}),
        # To be recorded where no user namespace can be made.
        "no_sandbox": Case(),
    },
    AgentKind.COPILOT: {
        "server_error_once": _ONE_ERROR,
        "denied": Case(settings={"permission": Permission.READ}),
    },
    AgentKind.GEMINI: {
        "server_error_once": _ONE_ERROR,
        "turns": Case(turns=(Shell("true"),), loop=True, settings={"max_turns": 2}),
        "denied": Case(turns=(Call("write_file", _ELSEWHERE), Say("done"))),
    },
    AgentKind.OPENCODE: {
        "server_error_once": _ONE_ERROR,
        "denied": Case(
            turns=(
                Call("write", {"filePath": "/elsewhere/a.txt", "content": "hello\n"}),
                Say("done"),
            )
        ),
    },
    AgentKind.QWEN: {
        "turns": Case(turns=(Shell("true"),), loop=True, settings={"max_turns": 2}),
    },
}


def main(arguments: Sequence[str]) -> int:
    """Record the cases that are named, all of the kind where none is."""
    kind, *names = arguments
    cases = {**COMMON, **OWN[AgentKind(kind)]}
    with tempfile.TemporaryDirectory(prefix="recording-", dir=_outside_temporary()) as root:
        sessions: dict[str, str] = {"none": "91111111-2222-5333-8444-555555555555"}
        for number, name in enumerate(_with_needed(cases, names)):
            recording = Recording(AgentKind(kind), Path(root), number)
            lines, ended, finish = recording.record(cases[name], sessions)
            sessions[name] = finish.session_id or ""
            (FOLDER / kind).mkdir(parents=True, exist_ok=True)
            content = "".join(f"{line}\n" for line in recording.shorten(lines))
            (FOLDER / kind / f"{name}.jsonl").write_text(content)
            sys.stdout.write(f"{name}: {ended.ended_by} {ended.exit_code}")
            sys.stdout.write(f" after {ended.duration_s:.1f} s, survivors {ended.survivors}\n")
            sys.stdout.write(f"    {finish}\n")
    return 0


class Recording:
    """One program at work on one case, below a folder that all cases share."""

    def __init__(self, kind: AgentKind, root: Path, number: int) -> None:
        self.adapter = adapter_of(kind)
        self.kind = kind
        self.root = root
        self.worktree = root / "worktree"
        self.folder = root / f"attempt-{number}"

    def record(self, case: Case, sessions: Mapping[str, str]) -> tuple[list[bytes], Ended, Finish]:
        """Run the program; return the lines that it printed, its end, and what that means."""
        lines: list[bytes] = []
        cancel = threading.Event()

        def take(line: bytes) -> None:
            lines.append(line)
            if case.is_interrupted and any(
                isinstance(event, ToolEvent) for event in self.adapter.parse(line)
            ):
                cancel.set()

        with ModelServer(self.root / "bodies") as server:
            server.add(Scene(KEY, case.turns, case.fault, answer=_answer(case), loop=case.loop))
            task = self._task(case, sessions)
            config = self._config(case, server.url)
            launch = self.adapter.command(task, config)
            prepare_folder(task, launch.files)
            ended = self._run(task, config, launch, take, cancel)
        events = [event for line in lines for event in self.adapter.parse(line)]
        return lines, ended, self.adapter.finish(ended, events)

    def shorten(self, lines: Sequence[bytes]) -> Iterator[str]:
        """Return the lines without places of the machine and without what is long."""
        places = (
            (self.worktree, "/repo"),
            (self.folder, "/attempt"),
            (self.root, "/ground"),
            # A fault may cut a path in two.
            (self.root.parent, "/ground"),
        )
        for line in lines:
            text = line.decode("utf-8", errors="replace")
            if text.startswith(tuple(f'{{"type":"{name}"' for name in _NOISE)):
                continue
            for place, name in places:
                text = text.replace(str(place), name)
                text = text.replace(str(place).replace("/", "-"), name.replace("/", "-"))
            try:
                yield json.dumps(_shorten(json.loads(text)), ensure_ascii=False)
            except ValueError:
                yield text

    def _task(self, case: Case, sessions: Mapping[str, str]) -> AgentTask:
        self.worktree.mkdir(exist_ok=True)
        (self.worktree / "a.txt").unlink(missing_ok=True)
        return AgentTask(
            epic_id="search",
            domain="backend",
            run_id="run1",
            number=1,
            worktree=self.worktree,
            repository=self.root,
            base="a" * 40,
            prompt=f"cd {self.worktree}\nWrite a.txt.\n",
            files=("a.txt",),
            result_path=self.worktree / ".workflow" / "result.json",
            folder=self.folder,
            log=self.folder / "log",
            briefing="",
            identity=Identity(name="Ada", email="ada@example.invalid"),
            session_id=sessions[case.after] if case.after else None,
            state=self.root / "attempt-0",
            schema=case.schema,
        )

    def _config(self, case: Case, url: str) -> AgentConfig:
        config = AgentConfig(kind=self.kind, home=Home.PRIVATE, **_endpoint(self.kind, url))  # type: ignore[arg-type]
        return replace(config, **case.settings)  # type: ignore[arg-type]

    def _run(
        self,
        task: AgentTask,
        config: AgentConfig,
        launch: Launch,
        take: object,
        cancel: threading.Event,
    ) -> Ended:
        return run(
            launch.argv,
            cwd=task.worktree,
            env=build_environment(task, config, launch, home=Home.PRIVATE),
            stdin=launch.stdin,
            limits=Limits(wall_s=180, interrupt_s=launch.interrupt_s, grace_s=launch.grace_s),
            log=task.log,
            on_line=take,  # type: ignore[arg-type]
            cancel=cancel,
        )


def _endpoint(kind: AgentKind, url: str) -> dict[str, object]:
    """Return the configuration that a person would write to use a server of his own."""
    match kind:
        case AgentKind.CLAUDE:
            env = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY}
            return {"env": env, "model": "claude-sonnet-5"}
        case AgentKind.CODEX:
            provider = (
                f'model_providers.own={{name="own",base_url="{url}/v1",wire_api="responses",'
                'env_key="OWN_KEY",request_max_retries=1,stream_max_retries=1}'
            )
            args = ("-c", 'model_provider="own"', "-c", provider)
            return {"env": {"OWN_KEY": KEY}, "args": args, "model": "model-1"}
        case AgentKind.GEMINI:
            env = {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": KEY}
            return {"env": env, "model": "gemini-2.5-pro"}
        case AgentKind.OPENCODE:
            env = {"ANTHROPIC_BASE_URL": f"{url}/v1", "ANTHROPIC_API_KEY": KEY}
            env["OPENCODE_DISABLE_MODELS_FETCH"] = "1"
            return {"env": env, "model": "anthropic/claude-sonnet-4-5"}
        case AgentKind.COPILOT:
            env = {"COPILOT_PROVIDER_BASE_URL": url, "COPILOT_PROVIDER_API_KEY": KEY}
            env |= {"COPILOT_PROVIDER_TYPE": "anthropic", "COPILOT_OFFLINE": "true"}
            return {"env": env, "model": "claude-sonnet-4-5"}
        case _:
            env = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": KEY}
            return {"env": env, "model": "model-1"}


def _answer(case: Case) -> str | None:
    return '{"name": "search"}' if case.schema else None


def _with_needed(cases: Mapping[str, Case], names: Sequence[str]) -> Sequence[str]:
    """Return the cases in order, with those before them that their sessions come from."""
    wanted = set(names or cases)
    needed = {cases[name].after for name in wanted}
    return [name for name in cases if name in wanted | needed]


def _outside_temporary() -> Path | None:
    """Return where programs that distrust the folder for temporary files may work."""
    place = os.environ.get("RECORDING_ROOT")
    return Path(place) if place else None


def _shorten(value: object) -> object:
    match value:
        case str() if len(value) > _LONGEST_TEXT:
            return value[:_LONGEST_TEXT] + "…"
        case list() if all(isinstance(one, str) for one in value):
            return value[:_LONGEST_LIST]
        case list():
            return [_shorten(one) for one in value]
        case dict():
            return {name: _shorten(one) for name, one in value.items()}
        case _:
            return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

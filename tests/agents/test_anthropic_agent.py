"""The built-in agent as the program that the runner starts, against a server on loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.agents.anthropic import AnthropicAdapter
from ropewalk.agents.base import AgentTask
from ropewalk.agents.runner import AttemptReport, read_claim, run_attempt
from ropewalk.errors import Interrupted, InvalidInput
from ropewalk.model.config import AgentConfig, AgentKind, Home, Permission
from ropewalk.model.event import Event
from ropewalk.model.result import AgentClaim, Outcome
from tests.agents.conftest import Journal
from tests.agents.leftovers import left_behind
from tests.harness import Epic
from tests.model_server import ModelServer, Say, Scene, Shell, Write
from tests.process.trees import wait_until

KEY = "dummy-key-1"
Attempt = Callable[..., AttemptReport]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ModelServer]:
    with ModelServer(tmp_path / "server") as server:
        yield server


@pytest.fixture
def agent(server: ModelServer) -> AgentConfig:
    return AgentConfig(
        kind=AgentKind.ANTHROPIC,
        model="some-model",
        env={"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url},
        args=("--retry-delay", "0.05"),
        home=Home.PRIVATE,
    )


def run(task: AgentTask, config: AgentConfig, journal: Journal) -> AttemptReport:
    return run_attempt(task, config, emit=journal, cancel=threading.Event())


def configure(repository: Path, server: ModelServer) -> None:
    (repository / "ropewalk.toml").write_text(
        '[run]\nagent = "built-in"\n[checks]\ncommands = ["test -e web/extra.js"]\n'
        '[agents.built-in]\nkind = "anthropic"\nmodel = "some-model"\nhome = "private"\n'
        f'env = {{ ANTHROPIC_API_KEY = "{KEY}", ANTHROPIC_BASE_URL = "{server.url}" }}\n'
    )


def test_it_works_accounts_for_its_work_and_keeps_the_key_to_itself(
    server: ModelServer, task: AgentTask, agent: AgentConfig, journal: Journal
) -> None:
    scene = Scene(
        key=KEY,
        turns=(Write("api/new.py", "A = 1\n"), Shell("env; ls -a ~"), Say("api/new.py is there")),
    )
    stage = server.add(scene)

    report = run(task, agent, journal)

    assert (report.outcome, report.exit_code) == (Outcome.OK, 0)
    assert (report.answer, report.model) == ("api/new.py is there", "some-model")
    assert report.usage.input_tokens == 300
    assert report.usage.cost_usd is None
    claim = read_claim(task.worktree, task.result_path)
    assert isinstance(claim, AgentClaim)
    assert (claim.status, claim.summary) == ("success", "api/new.py is there")
    assert claim.files_created == ("api/new.py",)
    kept = [path for path in task.repository.rglob("*") if path.is_file()]
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == []
    assert "ROPEWALK_DOMAIN=backend" in json.dumps(stage.requests[-1].body["messages"])
    messages = task.folder / "messages.jsonl"
    assert messages.stat().st_mode & 0o777 == 0o600


def test_an_account_of_the_models_own_is_left_alone(
    server: ModelServer, task: AgentTask, agent: AgentConfig, journal: Journal
) -> None:
    path = str(task.result_path.relative_to(task.worktree))
    account = '{"status": "nothing_to_do", "summary": "it is all there"}'
    server.add(Scene(key=KEY, turns=(Write(path, account), Say("Nothing to do."))))

    report = run(task, agent, journal)

    assert (report.outcome, report.said_nothing_to_do) == (Outcome.NOTHING_TO_DO, True)
    assert task.result_path.read_text() == account


def test_an_interrupted_session_goes_on_where_it_was(
    server: ModelServer, task: AgentTask, agent: AgentConfig, journal: Journal
) -> None:
    turns = (
        Write("first.txt", "1\n"),
        Shell("(trap '' INT TERM; touch begun; sleep 600; true); echo never"),
        Write("second.txt", "2\n"),
        Say("both are there"),
    )
    stage = server.add(Scene(key=KEY, turns=turns))
    cancel = threading.Event()

    def emit(type_: str, data: object, /, *, sync: bool = False) -> None:
        if type_ == "agent_activity" and "running" in str(data):
            wait_until((task.worktree / "begun").exists, patience_s=20.0)
            cancel.set()

    first = run_attempt(task, agent, emit=emit, cancel=cancel)
    survivors = left_behind(task)
    again = replace(
        task,
        number=2,
        session_id=first.session_id,
        state=task.folder,
        folder=task.folder.with_name("agent-backend.2"),
        log=task.log.with_name("agent-backend.2.log"),
        prompt="Go on.\n",
    )
    second = run(again, agent, journal)

    assert (task.worktree / "begun").exists()
    assert (first.outcome, first.survivors, survivors) == (Outcome.CANCELLED, (), [])
    assert "Traceback" not in task.log.read_text()
    assert (second.outcome, second.answer) == (Outcome.OK, "both are there")
    assert second.session_id == first.session_id
    assert (task.worktree / "second.txt").exists()
    sent = stage.requests[2].body["messages"]
    assert isinstance(sent, list)
    assert [message["role"] for message in sent] == ["user", "assistant"] * 2 + ["user"]
    result, prompt = sent[-1]["content"]
    assert (result["is_error"], prompt["text"]) == (True, "Go on.\n")


def test_a_configuration_that_cannot_work_says_what_is_missing(task: AgentTask) -> None:
    adapter = AnthropicAdapter()
    agent = AgentConfig(kind=AgentKind.ANTHROPIC)
    named = replace(agent, model="some-model")

    assert "no model" in adapter.probe(agent, {}).problem
    assert "ANTHROPIC_API_KEY is not set" in adapter.probe(named, {}).problem
    assert adapter.probe(named, {"ANTHROPIC_AUTH_TOKEN": "x"}).usable
    reading = replace(named, permission=Permission.READ)
    assert "no commands" in adapter.probe(reading, {}).allowed
    with pytest.raises(InvalidInput, match="no model"):
        adapter.command(task, agent)


def test_an_option_that_it_does_not_know_ends_it_with_a_sentence(
    task: AgentTask, agent: AgentConfig, journal: Journal
) -> None:
    report = run(task, replace(agent, args=("--loud",)), journal)

    assert (report.outcome, report.exit_code) == (Outcome.ERROR, 2)
    assert "--loud" in report.summary


def test_three_domains_are_worked_on_and_merged(server: ModelServer, repository: Path) -> None:
    for name, path in (("db", "db/extra.py"), ("api", "api/extra.py"), ("web", "web/extra.js")):
        turns = (Write(path, "x = 1\n"), Shell("test -e README.md"), Say(f"{name} is done"))
        server.add(Scene(key=KEY, mentions=f"the domain `{name}`", turns=turns))
    configure(repository, server)
    epic = Epic(repository)
    epic.plan(
        "epic_id: demo\ntitle: Extras\ndomains:\n"
        "- {name: db, files: ['db/**'], new_files: ['db/extra.py']}\n"
        "- {name: api, files: ['api/**'], new_files: ['api/extra.py'], depends_on: [db]}\n"
        "- {name: web, files: ['web/**'], new_files: ['web/extra.js']}\n"
    )

    aggregate = epic.run()
    report = epic.merge()

    assert aggregate.summary.succeeded == 3
    assert epic.result("api").agent.model == "some-model"
    assert epic.result("api").summary == "api is done"
    assert report.status == "landed"
    assert (repository / "web" / "extra.js").read_text() == "x = 1\n"


def test_without_its_key_nothing_is_made(repository: Path) -> None:
    (repository / "ropewalk.toml").write_text(
        '[run]\nagent = "built-in"\n[agents.built-in]\nkind = "anthropic"\nmodel = "some-model"\n'
    )
    epic = Epic(repository)
    epic.plan("epic_id: demo\ntitle: T\ndomains:\n- {name: db, files: ['db/**']}\n")

    with pytest.raises(InvalidInput, match="ANTHROPIC_API_KEY is not set"):
        epic.run()

    assert not (repository / ".worktrees").exists()


def test_resume_goes_on_with_the_same_session(server: ModelServer, repository: Path) -> None:
    turns = (Write("db/a.py", "A = 1\n"), Shell("sleep 600"), Say("db is done"))
    stage = server.add(Scene(key=KEY, turns=turns))
    configure(repository, server)
    epic = Epic(repository)
    epic.plan("epic_id: demo\ntitle: T\ndomains:\n- {name: db, files: ['db/**']}\n")
    cancel = threading.Event()

    def observe(event: Event) -> None:
        if event.type == "agent_activity" and "running" in str(event.data):
            cancel.set()

    with pytest.raises(Interrupted):
        epic.run(observe=observe, cancel=cancel)
    epic.resume()

    attempts = epic.result("db").attempts
    assert [one.outcome for one in attempts] == [Outcome.INTERRUPTED, Outcome.OK]
    sent = str(stage.requests[-1].body["messages"])
    assert "This call was interrupted" in sent
    assert "wrote db/a.py" in sent

"""Planning with a model behind a loopback server, on real trees of more than 200 files."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import anthropic
import pytest

import ropewalk
from ropewalk import api
from ropewalk.engine.answers import CacheUse
from ropewalk.epic.base_tree import BaseTree, read_base
from ropewalk.epic.drafting import Drafted, DraftRequest, draft_plan
from ropewalk.epic.model_call import call_model
from ropewalk.epic.planning_model import model_planner
from ropewalk.errors import InvalidInput
from ropewalk.model.config import PlannerConfig
from ropewalk.model.plan import Mode, Plan
from ropewalk.planner.asking import End
from ropewalk.planner.plan_question import plan_question
from ropewalk.store.schema.documents import read_document
from tests.conftest import run_git
from tests.model_server import Fault, FaultKind, ModelServer, Scene, Stage
from tests.planner.drafts import Fields, domain, draft

FILES_MAX = 500
MODEL = "model-of-the-test"
CONFIG = f'[planner]\nmodel = "{MODEL}"\n[prices."{MODEL}"]\ninput = 3\noutput = 15\n'
SECRET = "canary-key-5f1e"


@dataclass(frozen=True)
class Real:
    """The sources of an installed package: its folder, an epic, and two parts of it."""

    name: str
    source: Path
    epic: str
    first: str
    second: str

    def domains(self) -> tuple[Fields, Fields]:
        return domain("one", self.first), domain("two", self.second, after=["one"])


REAL = (
    Real(
        "pygments",
        Path(str(files("pygments"))),
        "Let formatters and lexers say which version of a language they know",
        "formatters/**",
        "lexers/p*.py",
    ),
    Real(
        "anthropic",
        Path(anthropic.__file__).parent / "types",
        "Give content blocks and tool results a source",
        "*content_block*.py",
        "*tool_result*.py",
    ),
    Real(
        "ropewalk",
        Path(ropewalk.__file__).parent,
        "Let the journal and the reports carry a label",
        "store/journal*.py",
        "report/**",
    ),
)


@dataclass(frozen=True)
class Repository:
    """A real tree, read once."""

    real: Real
    workspace: api.Workspace
    tree: BaseTree


@pytest.fixture(scope="module", params=REAL, ids=lambda real: real.name)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    real: Real = request.param
    root = tmp_path_factory.mktemp(real.name) / "repository"
    for file in sorted(real.source.rglob("*.py"))[:FILES_MAX]:
        target = root / file.relative_to(real.source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    (root / "ropewalk.toml").write_text(CONFIG)
    run_git(root, "init", "--quiet", "--initial-branch=main")
    run_git(root, "add", "--all")
    run_git(root, "commit", "--quiet", "--message=all of it")
    workspace = api.open_workspace(root)
    tree = read_base(workspace, run_git(root, "rev-parse", "HEAD"))
    assert len(tree.paths) > 200
    return Repository(real, workspace, tree)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    with ModelServer(tmp_path_factory.mktemp("server")) as server:
        yield server


def key_of(request: pytest.FixtureRequest) -> str:
    return f"{SECRET}-{abs(hash(request.node.nodeid))}"


def ask(
    made: Repository, server: ModelServer, key: str, *, use: CacheUse = CacheUse.OFF
) -> Drafted:
    env = {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": server.url}
    planner = model_planner(made.workspace.config.planner, env)
    request = DraftRequest(
        epic_text=made.real.epic, plan_id=f"plan-{key}", use=use, tell=lambda _text: None
    )
    return draft_plan(made.workspace, planner, made.tree, request)


def test_a_good_answer_becomes_the_plan_that_is_written(
    made: Repository, server: ModelServer, request: pytest.FixtureRequest
) -> None:
    answer = draft(*made.real.domains())
    stage = server.add(Scene(key=key_of(request), answer=answer))
    before = run_git(made.workspace.layout.top, "status", "--porcelain", "--ignored=no")

    planned = api.plan(
        made.workspace,
        api.PlanRequest(
            epic=api.EpicText(text=made.real.epic),
            epic_id="good",
            planner=api.PlannerKind.MODEL,
            cache=CacheUse.OFF,
        ),
        env={"ANTHROPIC_API_KEY": key_of(request), "ANTHROPIC_BASE_URL": server.url},
    )

    plan = read_document(Plan, planned.path)
    assert plan == planned.plan
    assert (plan.planner, plan.planner_note, plan.merge_order) == ("model", "", ("one", "two"))
    assert plan.description == made.real.epic
    assert all(one.paths for one in plan.domains)
    assert planned.notes.asked is not None
    assert planned.notes.asked.answers == 1
    assert planned.notes.asked.cost_usd == pytest.approx((140 * 3 + 20 * 15) / 1e6)
    (asked,) = stage.requests
    assert asked.body["model"] == MODEL
    assert len(str(asked.body)) < 4 * 25_000
    assert run_git(made.workspace.layout.top, "status", "--porcelain", "--ignored=no") == before
    written = made.workspace.layout.top / ".workflow"
    assert not [p for p in written.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()]


def test_a_plan_whose_domains_overlap_is_valid_and_not_parallel(
    made: Repository, server: ModelServer, request: pytest.FixtureRequest
) -> None:
    answer = draft(domain("one", made.real.first), domain("two", made.real.first))
    server.add(Scene(key=key_of(request), answer=answer))

    planned = api.plan(
        made.workspace,
        api.PlanRequest(
            epic=api.EpicText(text=made.real.epic),
            epic_id="overlapping",
            planner=api.PlannerKind.MODEL,
            cache=CacheUse.OFF,
        ),
        env={"ANTHROPIC_API_KEY": key_of(request), "ANTHROPIC_BASE_URL": server.url},
    )

    assert planned.plan.decision.mode is Mode.SEQUENTIAL
    assert planned.plan.decision.overlap_percent == 100.0
    assert planned.plan.overlaps


@pytest.mark.parametrize(
    ("wrong", "finding"),
    [
        ("cyclic", "in a circle"),
        ("unknown", "'nowhere/**' matches no file"),
        ("commands", "may not hold 'checks'"),
    ],
)
def test_a_plan_that_cannot_be_used_is_put_right_when_it_is_asked_for_again(
    made: Repository,
    server: ModelServer,
    request: pytest.FixtureRequest,
    *,
    wrong: str,
    finding: str,
) -> None:
    one, two = made.real.domains()
    broken = {
        "cyclic": draft({**one, "depends_on": ["two"]}, two),
        "unknown": draft(one, {**two, "files": ["nowhere/**"]}),
        "commands": draft(one, {**two, "checks": ["pytest"]}),
    }[wrong]
    stage = server.add(Scene(key=key_of(request), answer=(broken, draft(one, two))))

    drafted = ask(made, server, key_of(request))

    assert drafted.planner == "model"
    assert [one.name for one in drafted.plan.domains] == ["one", "two"]
    assert drafted.notes.asked is not None
    assert drafted.notes.asked.answers == 2
    assert finding in json.dumps(stage.requests[1].body["messages"])


@pytest.mark.parametrize(
    ("answer", "fault", "why"),
    [
        ("I would begin with the first part.", None, "holds no plan"),
        (draft(domain("one", "nowhere/**")), None, "'nowhere/**' matches no file"),
        (draft(), FaultKind.REFUSAL, "refused"),
        (draft(), FaultKind.MAX_TOKENS, "cut off"),
        (draft(), FaultKind.EMPTY, "holds no plan"),
    ],
    ids=["prose", "unknown paths", "refused", "truncated", "empty"],
)
def test_without_a_usable_answer_the_static_planner_makes_the_plan_and_says_so(
    made: Repository,
    server: ModelServer,
    request: pytest.FixtureRequest,
    *,
    answer: str,
    fault: FaultKind | None,
    why: str,
) -> None:
    scene = Scene(key=key_of(request), answer=answer, fault=Fault(fault) if fault else None)
    stage = server.add(scene)

    drafted = ask(made, server, key_of(request), use=CacheUse.USE)

    assert drafted.planner == "static"
    assert drafted.plan.domains
    assert why in drafted.note
    assert drafted.notes.warnings[0].startswith(f"model '{MODEL}' gave no plan that can be used")
    assert len(stage.requests) == (1 if fault is FaultKind.REFUSAL else 2)
    assert not (made.workspace.layout.cache() / "ac").exists()


@pytest.fixture
def shop(template_repository: Path, tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    shutil.copytree(template_repository, root, symlinks=True)
    (root / "ropewalk.toml").write_text(CONFIG)
    return root


SHOP_ANSWER = draft(domain("database", "db/**"), domain("api", "api/**", after=["database"]))


def plan_shop(
    shop: Path,
    stage: Stage,
    server: ModelServer,
    *,
    use: CacheUse = CacheUse.USE,
    epic: str = "",
    epic_id: str = "shop",
    tell: Callable[[str], None] = lambda _text: None,
) -> api.Planned:
    return api.plan(
        api.open_workspace(shop),
        api.PlanRequest(
            epic=api.EpicText(text=epic or f"Change api/routes.py for {stage.scene.key}"),
            epic_id=epic_id,
            planner=api.PlannerKind.MODEL,
            cache=use,
        ),
        tell=tell,
        env={"ANTHROPIC_API_KEY": stage.scene.key, "ANTHROPIC_BASE_URL": server.url},
    )


@pytest.mark.parametrize(
    ("fault", "code", "hint"),
    [
        (FaultKind.UNAUTHORIZED, "auth", "ANTHROPIC_API_KEY"),
        (FaultKind.FORBIDDEN, "auth", "ANTHROPIC_API_KEY"),
        (FaultKind.NOT_FOUND, "model_rejected", "[planner]"),
    ],
)
def test_what_a_person_has_to_put_right_is_an_error_and_nothing_is_planned(
    shop: Path, server: ModelServer, fault: FaultKind, code: str, hint: str
) -> None:
    stage = server.add(Scene(key=f"{SECRET}-{fault}", answer=SHOP_ANSWER, fault=Fault(fault)))

    with pytest.raises(InvalidInput) as caught:
        plan_shop(shop, stage, server)

    assert (caught.value.code, caught.value.exit_code) == (code, 2)
    assert hint in caught.value.hint
    assert len(stage.requests) == 1
    assert not (shop / ".workflow/outputs/shop").exists()


@pytest.mark.parametrize(
    "fault", [FaultKind.SERVER_ERROR, FaultKind.OVERLOADED, FaultKind.RESET, FaultKind.BAD_JSON]
)
def test_a_provider_that_does_not_answer_is_asked_a_few_times_and_then_given_up(
    server: ModelServer, fault: FaultKind
) -> None:
    stage = server.add(Scene(key=f"down-{fault}", answer=SHOP_ANSWER, fault=Fault(fault)))
    env = {"ANTHROPIC_API_KEY": stage.scene.key, "ANTHROPIC_BASE_URL": server.url}

    answer = call_model(MODEL, plan_question("Search", "", briefings=()), env, first_pause_s=0.01)

    assert answer.end is End.FAILED
    assert "it did not answer" in answer.problem
    assert 1 < len(stage.requests) < 6


def test_a_provider_that_recovers_is_not_given_up(server: ModelServer) -> None:
    fault = Fault(FaultKind.OVERLOADED, times=1)
    stage = server.add(Scene(key="recovers", answer=SHOP_ANSWER, fault=fault))
    env = {"ANTHROPIC_API_KEY": "recovers", "ANTHROPIC_BASE_URL": server.url}

    answer = call_model(MODEL, plan_question("Search", "", briefings=()), env, first_pause_s=0.01)

    assert (answer.end, answer.text) == (End.WHOLE, SHOP_ANSWER)
    assert len(stage.requests) == 2


@pytest.mark.parametrize(
    ("model", "env", "code"),
    [
        (None, {"ANTHROPIC_API_KEY": "x"}, "no_model"),
        (MODEL, {}, "no_key"),
        (MODEL, {"ANTHROPIC_API_KEY": ""}, "no_key"),
    ],
)
def test_a_planner_that_is_not_configured_is_an_error_before_anything(
    model: str | None, env: dict[str, str], code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        model_planner(PlannerConfig(model=model), env)

    assert caught.value.code == code


def test_the_same_epic_is_answered_from_the_cache_until_that_is_not_wanted(
    shop: Path, server: ModelServer
) -> None:
    stage = server.add(Scene(key="cached", answer=SHOP_ANSWER))
    epic = "Change api/routes.py"

    first = plan_shop(shop, stage, server, epic=epic).notes.asked
    second = plan_shop(shop, stage, server, epic=epic).notes.asked
    assert first is not None
    assert second is not None
    assert (len(stage.requests), second.answers, second.saved_tokens) == (1, 0, 160)
    assert (second.hits, second.lookups - first.lookups) == (1, 1)
    plan_shop(shop, stage, server, epic=epic, use=CacheUse.REFRESH)
    plan_shop(shop, stage, server, epic=epic, use=CacheUse.OFF)
    assert len(stage.requests) == 3
    plan_shop(shop, stage, server, epic=f"{epic} and db/models.py")
    assert len(stage.requests) == 4


def test_who_asks_the_same_at_once_says_that_it_waits_and_takes_the_answer(
    shop: Path, server: ModelServer
) -> None:
    stage = server.add(Scene(key="twice", answer=SHOP_ANSWER))
    told: list[str] = []
    is_waiting = threading.Event()

    def second_told(text: str) -> None:
        told.append(text)
        is_waiting.set()

    second = threading.Thread(
        target=lambda: plan_shop(shop, stage, server, epic_id="second", tell=second_told)
    )

    def first_told(_text: str) -> None:
        second.start()
        assert is_waiting.wait(60)

    plan_shop(shop, stage, server, tell=first_told)
    second.join(60)

    assert told == ["waiting for the answer to the same question"]
    assert len(stage.requests) == 1


def test_an_answer_that_failed_is_not_kept(shop: Path, server: ModelServer) -> None:
    wrong = draft(domain("one", "nowhere/**"))
    stage = server.add(Scene(key="unkept", answer=(wrong, wrong, SHOP_ANSWER)))

    assert plan_shop(shop, stage, server).plan.planner == "static"
    assert plan_shop(shop, stage, server).plan.planner == "model"
    assert len(stage.requests) == 3

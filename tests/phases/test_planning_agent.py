"""Planning with an agent: read-only, in a worktree of its own, watched like any other."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.engine.answers import CacheUse
from ropewalk.errors import InvalidInput
from ropewalk.git.worktree import add_worktree
from ropewalk.model.plan import Plan
from ropewalk.store.schema.documents import read_document
from tests.cli.running import program
from tests.conftest import RunGit, run_git
from tests.harness import Epic
from tests.model_server import ModelServer, Say, Scene
from tests.planner.drafts import domain, draft
from tests.process.trees import is_live, wait_until
from tests.stories.shell import ARGV

ANSWER = draft(domain("database", "db/**"), domain("api", "api/**", after=["database"]))
ANALYSIS = ".workflow/outputs/shop/parallel_analysis.json"
EPIC = "Change api/routes.py so that people can search"


@pytest.fixture
def shop(template_repository: Path, tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    shutil.copytree(template_repository, root, symlinks=True)
    run_git(root, "update-index", "-q", "--refresh")
    (root.parent / "answer.json").write_text(ANSWER)
    return root


def config(shell: str) -> str:
    return f"[planner]\nagent = 'one'\n[agents.one]\nkind = 'command'\nshell = '''{shell}'''\n"


def plan_with(
    shop: Path, shell: str, *, use: CacheUse = CacheUse.OFF, extra: str = ""
) -> api.Planned:
    (shop / "ropewalk.toml").write_text(config(shell) + extra)
    request = api.PlanRequest(
        epic=api.EpicText(text=EPIC), epic_id="shop", planner=api.PlannerKind.AGENT, cache=use
    )
    return api.plan(api.open_workspace(shop), request)


def test_an_agent_answers_from_a_worktree_of_its_own_which_is_gone_afterwards(
    shop: Path, git: RunGit
) -> None:
    said = shop.parent / "said"

    planned = plan_with(
        shop,
        f"pwd > {said}; git status --short >> {said}; grep -c Schema >> {said}; "
        f"echo 'Here it is:'; echo '```json'; cat {shop.parent}/answer.json; echo '```'",
    )

    plan = read_document(Plan, planned.path)
    assert (plan.planner, plan.planner_note, plan.merge_order) == ("agent", "", ("database", "api"))
    assert said.read_text().splitlines() == [str(shop / ".worktrees/shop/_planning"), "1"]
    assert git(shop, "worktree", "list", "--porcelain").count("worktree ") == 1
    assert not (shop / ".worktrees/shop").exists()
    assert git(shop, "status", "--short") == "?? ropewalk.toml"


def test_what_an_agent_writes_into_its_worktree_is_put_into_the_trash(shop: Path) -> None:
    planned = plan_with(
        shop, f"echo x > made.txt; echo y >> README.md; cat {shop.parent}/answer.json"
    )

    assert planned.plan.planner == "agent"
    assert not (shop / ".worktrees/shop").exists()
    assert [path.read_text() for path in shop.glob(".workflow/trash/*/*/made.txt")] == ["x\n"]
    assert (shop / "README.md").read_text().endswith("work on.\n")


@pytest.mark.parametrize(
    ("shell", "why", "answers"),
    [
        ("echo 'I would begin with the database.'", "holds no plan", 2),
        ("cat >/dev/null; exit 3", "it did not answer: nonzero exit", 1),
        ("echo x > $ROPEWALK_REPOSITORY/made.txt; cat ../../../../answer.json", "outside its", 1),
        ("sleep 30", "it did not answer: timeout", 1),
    ],
    ids=["prose", "failed", "outside", "too long"],
)
def test_without_a_usable_answer_the_static_planner_makes_the_plan_and_says_so(
    shop: Path, shell: str, why: str, answers: int
) -> None:
    limit = "timeout_s = 0.5\n" if "sleep" in shell else ""

    planned = plan_with(shop, shell, extra=limit)

    (shop / "made.txt").unlink(missing_ok=True)
    assert planned.plan.planner == "static"
    assert why in planned.plan.planner_note
    assert planned.notes.warnings[0].startswith("agent 'one' gave no plan that can be used: ")
    assert planned.notes.asked is not None
    assert planned.notes.asked.answers == answers


def test_an_agent_that_is_put_right_is_told_what_was_wrong(shop: Path) -> None:
    wrong = draft(domain("database", "nowhere/**"))
    (shop.parent / "wrong.json").write_text(wrong)

    planned = plan_with(
        shop,
        f"if grep -q nowhere; then cat {shop.parent}/answer.json; "
        f"else cat {shop.parent}/wrong.json; fi",
    )

    assert planned.plan.planner == "agent"
    assert planned.notes.asked is not None
    assert planned.notes.asked.answers == 2


def test_the_answer_of_an_agent_is_kept_as_long_as_the_tree_is_the_same(
    shop: Path, git: RunGit
) -> None:
    counted = f"echo x >> {shop.parent}/count; cat {shop.parent}/answer.json"

    for _ in range(2):
        plan_with(shop, counted, use=CacheUse.USE)
    assert (shop.parent / "count").read_text() == "x\n"
    with (shop / "README.md").open("a") as file:
        file.write("more\n")
    git(shop, "commit", "--quiet", "--all", "--message=more")
    plan_with(shop, counted, use=CacheUse.USE)

    assert (shop.parent / "count").read_text() == "x\nx\n"


def test_secrets_of_an_agent_are_in_nothing_that_planning_leaves(shop: Path) -> None:
    extra = "env = { API_KEY = 'canary-7d2a' }\n"

    planned = plan_with(shop, f"echo $API_KEY; cat {shop.parent}/answer.json", extra=extra)

    assert planned.plan.planner == "agent"
    left = [path for path in (shop / ".workflow").rglob("*") if path.is_file()]
    assert not [path for path in left if b"canary-7d2a" in path.read_bytes()]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_agent"),
        (
            "[run]\nagent = 'one'\n[agents.one]\nkind = 'command'\nargv = ['no-such-program']",
            "agent_unusable",
        ),
    ],
)
def test_an_agent_that_is_not_there_is_an_error_before_anything(
    repository: Path, text: str, code: str
) -> None:
    (repository / "ropewalk.toml").write_text(text)
    request = api.PlanRequest(
        epic=api.EpicText(text=EPIC), epic_id="shop", planner=api.PlannerKind.AGENT
    )

    with pytest.raises(InvalidInput) as caught:
        api.plan(api.open_workspace(repository), request)

    assert caught.value.code == code
    assert not (repository / ".worktrees").exists()
    assert not (repository / ".workflow/outputs").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_planning_that_is_stopped_leaves_no_agent_and_can_be_done_again(
    shop: Path, number: signal.Signals
) -> None:
    pid_file = shop.parent / f"pid-{number}"
    (shop / "ropewalk.toml").write_text(config(f"echo $$ > {pid_file}; sleep 60"))
    coordinator = subprocess.Popen(
        [*ARGV, "-C", str(shop), "plan", EPIC, "--id", "shop", "--planner", "agent", "--no-cache"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert wait_until(lambda: pid_file.is_file() and pid_file.stat().st_size > 0, patience_s=20)
    agent = int(pid_file.read_text())
    began = Path(f"/proc/{agent}/stat").read_text().rpartition(")")[2].split()[19]

    coordinator.send_signal(number)

    assert coordinator.wait(10) in {130, -number}
    assert wait_until(lambda: not is_live(agent, began), patience_s=20)
    assert (shop / ".worktrees/shop/_planning").exists() is (number is signal.SIGKILL)
    planned = plan_with(shop, f"cat {shop.parent}/answer.json")
    assert planned.plan.planner == "agent"
    assert not (shop / ".worktrees/shop").exists()


def test_what_a_planning_left_that_was_killed_is_gone_with_the_next_plan_or_run(
    epic: Epic, git: RunGit
) -> None:
    def leave() -> Path:
        path = epic.worktree("_planning")
        add_worktree(epic.workspace.place, path, head, reason="ropewalk demo/_planning")
        (path / "made.txt").write_text("x")
        return path

    head = git(epic.repository, "rev-parse", "HEAD")
    left = leave()
    epic.plan("epic_id: demo\ndomains: [{name: api, files: [api/**], command: echo x > api/x.py}]")
    assert not left.exists()
    leave()

    epic.run()

    assert not left.exists()
    assert git(epic.repository, "worktree", "list", "--porcelain").count("worktree ") == 2
    assert len(list(epic.repository.glob(".workflow/trash/*/*/made.txt"))) == 2


def test_the_built_in_agent_plans_with_the_key_of_the_environment_which_nothing_keeps(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "ropewalk.toml").write_text(
        "[planner]\nagent = 'own'\n[agents.own]\nkind = 'anthropic'\nmodel = 'm-1'\n"
    )
    words = ("plan", EPIC, "--id", "shop", "--planner", "agent")

    with ModelServer(tmp_path / "server") as server:
        server.add(Scene(key="canary-51f0", turns=(Say("canary-51f0"),), answer=ANSWER))
        env = {"ANTHROPIC_API_KEY": "canary-51f0", "ANTHROPIC_BASE_URL": server.url}
        shown = program(repository, *words, **env)

    assert shown.code == 0
    assert read_document(Plan, repository / ANALYSIS).planner == "agent"
    left = [path for path in (repository / ".workflow").rglob("*") if path.is_file()]
    assert left
    assert not [path for path in left if b"canary-51f0" in path.read_bytes()]

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ropewalk.checks.exact import ExactTrees
from ropewalk.engine.cache import Cache
from ropewalk.errors import Interrupted, WorktreeError
from ropewalk.git.repository import find_place
from ropewalk.model.config import WorktreeConfig
from ropewalk.store.paths import Layout
from tests.conftest import run_git

EPIC = "add-auth"


@contextmanager
def trees(
    repository: Path,
    *,
    worktree: WorktreeConfig | None = None,
    timeout_s: float = 20.0,
    cached: bool = False,
) -> Iterator[ExactTrees]:
    place = find_place(repository)
    layout = Layout(
        top=place.top, common_dir=place.common_dir, worktree_root=place.top / ".worktrees"
    )
    cache = Cache(layout.cache(), 1 << 20) if cached else None
    with ExactTrees(
        place,
        layout,
        EPIC,
        worktree=worktree or WorktreeConfig(),
        timeout_s=timeout_s,
        cache=cache,
    ) as made:
        yield made


@pytest.fixture
def log(tmp_path: Path) -> Callable[[int], Path]:
    return lambda number: tmp_path / "logs" / f"check.{number}.log"


@pytest.fixture
def head(repository: Path) -> str:
    return run_git(repository, "rev-parse", "HEAD")


def test_commands_run_in_order_on_the_files_of_the_commit(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    (repository / "README.md").write_text("dirty\n", encoding="utf-8")

    with trees(repository) as checks:
        verdict = checks.run(head, ["echo made > out; cat README.md", "cat out"], log=log)

    assert verdict.passed
    assert not verdict.cached
    assert verdict.tree == run_git(repository, "rev-parse", "HEAD^{tree}")
    assert [run.exit_code for run in verdict.runs] == [0, 0]
    assert log(0).read_text(encoding="utf-8").startswith("# Shop")
    assert log(1).read_text(encoding="utf-8") == "made\n"
    assert verdict.runs[0].log == str(log(0))


def test_the_first_failure_ends_the_call(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    with trees(repository) as checks:
        verdict = checks.run(head, ["true", "exit 3", "true"], log=log)

    assert not verdict.passed
    assert [run.exit_code for run in verdict.runs] == [0, 3]


def test_what_a_check_leaves_is_gone_for_the_next_one(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    (repository / ".git/info").mkdir(exist_ok=True)
    (repository / ".git/info/exclude").write_text("*.ignored\n", encoding="utf-8")
    litter = "echo x > left; echo x > left.ignored; echo x >> README.md; rm web/app.js; mkdir empty"
    with trees(repository) as checks:
        checks.run(head, [litter], log=log)

        verdict = checks.run(
            head,
            [
                "! test -e left && ! test -e left.ignored && ! test -e empty",
                'test -e web/app.js && git diff --quiet HEAD && test -z "$(git status --short)"',
            ],
            log=log,
        )

    assert verdict.passed, [log(0).read_text(encoding="utf-8")]


def test_the_worktree_stands_at_the_commit_that_is_checked(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    run_git(repository, "commit", "--quiet", "--allow-empty", "--message=next")
    second = run_git(repository, "rev-parse", "HEAD")
    with trees(repository) as checks:
        checks.run(second, ["true"], log=log)

        verdict = checks.run(head, [f'test "$(git rev-parse HEAD)" = {head}'], log=log)

    assert verdict.passed


def test_nothing_is_left_at_the_end(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    with trees(repository) as checks:
        checks.run(head, ["echo x > left; mkdir -p a/b; git init -q nested"], log=log)

    assert list((repository / ".worktrees" / EPIC).iterdir()) == []
    assert len(run_git(repository, "worktree", "list").splitlines()) == 1


def test_a_worktree_that_a_killed_coordinator_left_is_taken_over(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    path = repository / ".worktrees" / EPIC / "_check-1"
    reason = f"ropewalk {EPIC}/_check-1"
    run_git(
        repository,
        *("worktree", "add", "--quiet", "--detach", "--lock", "--reason", reason, str(path)),
    )
    (path / "left").write_text("x\n", encoding="utf-8")

    with trees(repository) as checks:
        verdict = checks.run(head, ["! test -e left"], log=log)

    assert verdict.passed
    assert not path.exists()


@pytest.mark.parametrize("left", ["HEAD", "index", "everything"])
def test_a_worktree_that_a_killed_git_had_half_made_is_made_again(
    repository: Path, head: str, log: Callable[[int], Path], left: str
) -> None:
    path = repository / ".worktrees" / EPIC / "_check-1"
    reason = f"ropewalk {EPIC}/_check-1"
    run_git(
        repository, "worktree", "add", "-q", "--detach", "--lock", "--reason", reason, str(path)
    )
    admin = repository / ".git" / "worktrees" / "_check-1"
    if left == "everything":
        shutil.rmtree(admin)
        for name in path.iterdir():
            if name.name != ".git":
                shutil.rmtree(name) if name.is_dir() else name.unlink()
    else:
        (admin / left).unlink()

    with trees(repository) as checks:
        verdict = checks.run(head, ["test -s README.md"], log=log)

    assert verdict.passed
    assert not path.exists()


def test_a_folder_of_somebody_else_is_neither_used_nor_deleted(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    path = repository / ".worktrees" / EPIC / "_check-1"
    path.mkdir(parents=True)
    (path / "mine").write_text("x\n", encoding="utf-8")

    with trees(repository) as checks, pytest.raises(WorktreeError, match="is in the way"):
        checks.run(head, ["true"], log=log)

    assert (path / "mine").exists()


def test_calls_at_the_same_time_have_worktrees_of_their_own(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    command = "! test -e mine && echo x > mine && sleep 0.3"
    with trees(repository) as checks, ThreadPoolExecutor(3) as pool:
        verdicts = list(
            pool.map(lambda _: checks.run(head, [command], log=log, use_cache=False), range(3))
        )

    assert all(verdict.passed for verdict in verdicts)


def test_a_passed_verdict_is_remembered_by_tree(
    repository: Path, head: str, log: Callable[[int], Path], tmp_path: Path
) -> None:
    count = tmp_path / "count"
    command = f"echo run >> {count}"
    run_git(repository, "commit", "--quiet", "--allow-empty", "--message=same tree")
    same_tree = run_git(repository, "rev-parse", "HEAD")
    with trees(repository, cached=True) as checks:
        first = checks.run(head, [command], log=log)

        second = checks.run(same_tree, [command], log=log)

    assert (first.cached, second.cached) == (False, True)
    assert second.passed
    assert second.runs[0].command == command
    assert count.read_text(encoding="utf-8") == "run\n"


def test_failures_other_commands_and_other_worktrees_are_not_remembered(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    with trees(repository, cached=True) as checks:
        failed = [checks.run(head, ["false"], log=log).cached for _ in range(2)]
        checks.run(head, ["true"], log=log)
        longer = checks.run(head, ["true", "true"], log=log)
        fresh = checks.run(head, ["true"], log=log, use_cache=False)
    with trees(repository, cached=True, worktree=WorktreeConfig(setup=("true",))) as checks:
        other = checks.run(head, ["true"], log=log)

    assert failed == [False, False]
    assert not longer.cached
    assert not fresh.cached
    assert not other.cached


def test_a_command_that_takes_too_long_has_no_exit_code(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    with trees(repository, timeout_s=0.3) as checks:
        verdict = checks.run(head, ["sleep 30"], log=log)

    assert not verdict.passed
    assert verdict.runs[0].exit_code is None


def test_a_signal_is_an_exit_code_as_in_a_shell(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    with trees(repository) as checks:
        verdict = checks.run(head, ["kill -KILL $$"], log=log)

    assert verdict.runs[0].exit_code == 137


def test_cancelling_ends_the_running_check(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    began = time.monotonic()

    with trees(repository) as checks, pytest.raises(Interrupted):
        checks.run(head, ["sleep 60"], log=log, cancel=cancel)

    assert time.monotonic() - began < 20


def test_what_the_configuration_brings_is_there_in_every_run(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    (repository / ".git/info").mkdir(exist_ok=True)
    (repository / ".git/info/exclude").write_text(".env\n", encoding="utf-8")
    (repository / ".env").write_text("SECRET=1\n", encoding="utf-8")
    config = WorktreeConfig(include=(".env",), setup=("echo ready > ready.txt",))
    with trees(repository, worktree=config) as checks:
        checks.run(head, ["echo changed > .env; rm ready.txt"], log=log)

        verdict = checks.run(head, ["grep -q SECRET .env", "test -e ready.txt"], log=log)

    assert verdict.passed
    assert (repository / ".env").read_text(encoding="utf-8") == "SECRET=1\n"


def test_no_command_is_a_passed_verdict_without_a_worktree(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    with trees(repository) as checks:
        verdict = checks.run(head, [], log=log)

    assert verdict.passed
    assert not (repository / ".worktrees").exists()


def test_secrets_of_the_coordinator_are_not_passed_on(
    repository: Path, head: str, log: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_TOKEN", "secret")

    with trees(repository) as checks:
        verdict = checks.run(head, ["! env | grep -q CANARY"], log=log)

    assert verdict.passed


def test_a_set_up_that_is_stopped_ends_the_checks_and_its_worktree_is_used_again(
    repository: Path, head: str, log: Callable[[int], Path], tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    setup = f"test -e {begun} || {{ touch {begun}; sleep 60; }}"
    cancel = threading.Event()

    def stop() -> None:
        while not begun.exists():
            time.sleep(0.01)
        cancel.set()

    with (
        trees(repository, worktree=WorktreeConfig(setup=(setup,))) as made,
        ThreadPoolExecutor() as pool,
    ):
        stopping = pool.submit(stop)
        with pytest.raises(Interrupted, match="was stopped"):
            made.run(head, ["true"], log=log, cancel=cancel)
        stopping.result()
        verdict = made.run(head, ["pwd"], log=log)

        assert verdict.passed
        assert log(0).read_text().strip().endswith("/_check-1")
    assert not (repository / ".worktrees" / EPIC / "_check-1").exists()


def test_a_verdict_is_forgotten_when_a_file_that_is_brought_in_by_name_changes(
    repository: Path, head: str, log: Callable[[int], Path]
) -> None:
    (repository / ".git/info/exclude").write_text(".env\n/.worktrees/\n")
    config = WorktreeConfig(include=(".env",))

    def check(mode: str) -> tuple[bool, bool]:
        (repository / ".env").write_text(mode)
        with trees(repository, cached=True, worktree=config) as checks:
            verdict = checks.run(head, ["grep -q good .env"], log=log)
        return verdict.passed, verdict.cached

    assert [check(mode) for mode in ("good", "good", "bad")] == [
        (True, False),
        (True, True),
        (False, False),
    ]

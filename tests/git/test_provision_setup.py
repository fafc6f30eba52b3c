"""A set-up command runs once for the same lock files, and in every worktree where it has to."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ropewalk.git.provision import Provisioned, provision
from ropewalk.git.provision_environment import worktree_environment
from ropewalk.git.provision_results import SetupResults
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import snapshot
from ropewalk.git.worktree import add_worktree
from ropewalk.model.config import WorktreeConfig
from ropewalk.process import base_environment
from tests.conftest import RunGit

IGNORED = "node_modules/\n.venv/\n*.made\n/.worktrees/\n"
INSTALL = (
    "mkdir -p node_modules/.bin && cp package-lock.json node_modules/a.js "
    "&& ln -s ../a.js node_modules/.bin/a"
)


class Project:
    """A repository with a lock file, whose set-up leaves a mark each time that it runs."""

    def __init__(self, place: Place, repository: Path, git: RunGit) -> None:
        self.place, self.repository, self._git = place, repository, git
        self._count = 0
        self.marks = repository.parent / "marks"
        self.commit({".gitignore": IGNORED, "package-lock.json": "one\n"})

    @property
    def runs(self) -> int:
        return len(self.marks.read_text().splitlines()) if self.marks.exists() else 0

    def commit(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.repository / name).parent.mkdir(parents=True, exist_ok=True)
            (self.repository / name).write_text(text)
        self._git(self.repository, "add", "--all")
        self._git(self.repository, "commit", "-qm", "project")

    def worktree(self) -> Path:
        self._count += 1
        path = self.repository / ".worktrees" / "shop" / f"d{self._count}"
        head = self._git(self.repository, "rev-parse", "HEAD")
        add_worktree(self.place, path, head, reason="ropewalk shop")
        return path

    def set_up(self, worktree: Path, *commands: str) -> Provisioned:
        marked = tuple(f"echo run >> {self.marks}; {command}" for command in commands)
        env = base_environment() | worktree_environment(self.place, worktree, ports=0)
        log = worktree.parent.parent / "logs" / f"{worktree.name}.log"
        return provision(self.place, worktree, WorktreeConfig(setup=marked), env=env, log=log)


@pytest.fixture
def project(place: Place, repository: Path, git: RunGit) -> Project:
    return Project(place, repository, git)


def test_what_a_command_made_is_copied_for_the_same_lock_file(project: Project) -> None:
    first, second = project.worktree(), project.worktree()

    made = project.set_up(first, INSTALL)
    copied = project.set_up(second, INSTALL)
    (first / "node_modules" / "a.js").write_text("changed by an agent\n")

    assert project.runs == 1
    assert made == copied == Provisioned(brought=("node_modules",))
    assert (second / "node_modules" / "a.js").read_text() == "one\n"
    assert (second / "node_modules" / ".bin" / "a").readlink() == Path("../a.js")
    assert not snapshot(project.place, second).is_dirty
    log = project.repository / ".worktrees" / "logs" / "d2.log"
    assert "not run: what it made for the same lock files" in log.read_text()


def test_worktrees_that_are_made_at_once_wait_for_the_first(project: Project) -> None:
    worktrees = [project.worktree() for _ in range(4)]

    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: project.set_up(each, f"sleep 0.3; {INSTALL}"), worktrees))

    assert project.runs == 1
    assert all((each / "node_modules" / "a.js").is_file() for each in worktrees)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package-lock.json", "two\n"),
        ("web/package-lock.json", "another\n"),
        ("package.json", "{}\n"),
        (".nvmrc", "24\n"),
    ],
)
def test_another_lock_file_or_one_beside_it_is_another_set_up(
    project: Project, name: str, text: str
) -> None:
    project.set_up(project.worktree(), INSTALL)
    project.commit({name: text})
    worktree = project.worktree()

    project.set_up(worktree, INSTALL)

    assert project.runs == 2
    expected = text if name == "package-lock.json" else "one\n"
    assert (worktree / "node_modules" / "a.js").read_text() == expected


@pytest.mark.parametrize(
    "command",
    [
        "mkdir node_modules && pwd > node_modules/where",
        'mkdir node_modules && ln -s "$PWD/package-lock.json" node_modules/lock',
        "mkdir node_modules && git init -q node_modules/dep",
        "mkdir node_modules && echo more >> README.md",
        "true",
        "echo db > $ROPEWALK_DATABASE.made",
        "docker compose version || echo up > up.made",
    ],
    ids=["path", "link", "repository", "tracked", "nothing", "variable", "compose"],
)
def test_a_result_that_belongs_to_one_worktree_is_made_in_each(
    project: Project, command: str
) -> None:
    for _ in range(2):
        project.set_up(project.worktree(), command)

    assert project.runs == 2


def test_without_a_lock_file_a_command_runs_in_each(project: Project, git: RunGit) -> None:
    git(project.repository, "rm", "-q", "package-lock.json")
    git(project.repository, "commit", "-qm", "no lock")

    for _ in range(2):
        project.set_up(project.worktree(), "mkdir node_modules && echo 1 > node_modules/a")

    assert project.runs == 2


def test_what_a_makefile_says_matters_to_those_commands_alone_that_use_it(
    project: Project,
) -> None:
    project.commit({"Makefile": "serve:\n\tserve --port $$ROPEWALK_PORT\ndeps:\n\t" + INSTALL})

    for _ in range(2):
        project.set_up(project.worktree(), INSTALL)
    by_itself = project.runs
    for _ in range(2):
        project.set_up(project.worktree(), "make deps")

    assert (by_itself, project.runs) == (1, 3)


def test_a_script_that_asks_in_which_worktree_it_is_runs_in_each(project: Project) -> None:
    project.commit({"scripts/setup.sh": 'echo 1 > "$ROPEWALK_DATABASE.made"\n'})

    for _ in range(2):
        project.set_up(project.worktree(), "sh scripts/setup.sh")

    assert project.runs == 2


def test_a_command_that_fails_is_tried_again_and_nothing_of_it_is_kept(
    project: Project, tmp_path: Path
) -> None:
    command = f"mkdir node_modules; echo half > node_modules/a; test -e {tmp_path}/ready"
    with pytest.raises(Exception, match="exit code 1"):
        project.set_up(project.worktree(), command)
    (tmp_path / "ready").touch()

    project.set_up(project.worktree(), command)
    project.set_up(project.worktree(), command)

    assert project.runs == 2


def test_a_copy_that_was_damaged_is_not_used(project: Project) -> None:
    project.set_up(project.worktree(), INSTALL)
    kept = next((project.place.common_dir / "ropewalk" / "setup").glob("*/files/node_modules"))
    kept.rename(kept.with_name("gone"))
    worktree = project.worktree()

    project.set_up(worktree, INSTALL)

    assert project.runs == 2
    assert (worktree / "node_modules" / "a.js").read_text() == "one\n"


def test_a_result_that_is_taken_away_while_it_is_copied_is_copied_whole_or_not_at_all(
    project: Project,
) -> None:
    source, target = project.worktree(), project.worktree()
    (source / "a").write_text("first")
    (source / "b").write_bytes(bytes(8 << 20))
    (source / "c").mkdir()
    (source / "c" / "d").write_text("last")
    results = SetupResults(project.place.common_dir, "key")
    results.keep(source, ["a", "b", "c"], why_not="")

    def take_away() -> None:
        while not (target / "a").exists():
            time.sleep(0.001)
        results.folder.rename(results.folder.with_name(".gone.tmp"))
        (results.folder / "files" / "c").mkdir(parents=True)

    with ThreadPoolExecutor() as pool:
        taking = pool.submit(take_away)
        is_copied = results.copy_into(target)
        (target / "a").touch()
        taking.result()

    assert (target / "c" / "d").is_file() is is_copied


def test_a_few_results_are_kept_and_what_a_kill_left_goes_at_last(project: Project) -> None:
    folder = project.place.common_dir / "ropewalk" / "setup"
    left, begun = folder / ".killed.tmp", folder / ".begun.tmp"
    for each in (left, begun):
        (each / "files").mkdir(parents=True)
    os.utime(left, (0, 0))
    worktree = project.worktree()

    for number in range(8):
        results = SetupResults(project.place.common_dir, f"key{number}")
        results.keep(worktree, ["README.md"], why_not="")
        os.utime(results.folder, (number + 1, number + 1))
    SetupResults(project.place.common_dir, "last").keep(worktree, [], why_not="nothing")

    kept = sorted(each.name for each in folder.iterdir())
    assert kept == [".begun.tmp", "key3", "key4", "key5", "key6", "key7", "last"]


def test_a_real_virtual_environment_is_made_in_each_and_its_neighbour_is_copied(
    project: Project,
) -> None:
    project.commit({"requirements.txt": "# nothing from outside\n"})
    venv = f"{sys.executable} -m venv --without-pip .venv && echo ok > .venv/done"
    first, second = project.worktree(), project.worktree()

    for each in (first, second):
        project.set_up(each, venv, INSTALL)

    assert project.runs == 3
    for each in (first, second):
        asked = [f"{each}/.venv/bin/python", "-c", "import sys; print(sys.prefix)"]
        prefix = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        assert prefix.strip() == str(each / ".venv")
        assert (each / "node_modules" / "a.js").is_file()


def test_waiting_for_another_set_up_can_be_stopped(project: Project) -> None:
    first, second = project.worktree(), project.worktree()
    cancel = threading.Event()
    command = (
        f"touch {project.marks}.begun; while ! test -e {project.marks}.end; do sleep 0.05; done"
    )
    config = WorktreeConfig(setup=(command,))

    def start(worktree: Path) -> Callable[[], object]:
        return lambda: provision(
            project.place, worktree, config, env=base_environment(), cancel=cancel
        )

    with ThreadPoolExecutor() as pool:
        running = [pool.submit(start(each)) for each in (first, second)]
        while not Path(f"{project.marks}.begun").exists():
            time.sleep(0.01)
        cancel.set()
        ended = [future.exception(timeout=20) for future in running]

    assert [type(error).__name__ for error in ended] == ["Interrupted", "Interrupted"]

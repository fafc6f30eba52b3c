"""The demo takes a real application from plan to landing, with scripted agents."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from ropewalk.agents.turns import UseTool, load_turns
from ropewalk.cli.demo.files import read_files, read_recording
from ropewalk.cli.demo.repository import (
    RECORDING,
    choose_folder,
    make_repository,
    warn_of_neighbours,
)
from ropewalk.cli.demo.story import Stage
from ropewalk.cli.session import Session
from ropewalk.errors import InvalidInput, RopewalkError
from ropewalk.model.merge import MergedDomainStatus, MergeReport, MergeStatus
from ropewalk.model.result import DomainResult, DomainStatus, Outcome
from ropewalk.store.schema.documents import load, read_document
from tests.conftest import RunGit, run_git

DOMAINS = ("database", "backend", "frontend")
OUTPUTS = ".workflow/outputs/authentication"


@dataclass(frozen=True, kw_only=True)
class Played:
    """A demo that was played to its end."""

    folder: Path
    exit_code: int
    stdout: str
    stderr: str

    def result(self, domain: str) -> DomainResult:
        return read_document(DomainResult, self.folder / OUTPUTS / f"{domain}_results.json")


def ropewalk(
    cwd: Path, *arguments: str, temporary: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ropewalk", *arguments],
        cwd=cwd,
        env=os.environ | {"TMPDIR": str(temporary or cwd)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo in a folder without a repository; played once for all workers that look at it."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if is_worker else base) / "demo"
    place.mkdir(exist_ok=True)
    told = place / "told.json"
    with FileLock(place / "lock"):
        if not told.exists():
            ended = ropewalk(place, "demo", "--pace", "0.05")
            told.write_text(json.dumps([ended.returncode, ended.stdout, ended.stderr]))
    exit_code, stdout, stderr = json.loads(told.read_text())
    return Played(folder=place / "ropewalk-demo", exit_code=exit_code, stdout=stdout, stderr=stderr)


def test_the_demo_does_what_it_tells(played: Played) -> None:
    assert played.exit_code == 0, played.stdout + played.stderr
    assert "They are scripted" in played.stdout
    for command in (
        "$ ropewalk plan --from docs/epics/authentication.yaml",
        "$ ropewalk run authentication",
        "$ ropewalk merge authentication --dry-run",
        "$ ropewalk merge authentication --resolve off --on-conflict park",
        "$ ropewalk merge authentication --resolve off --on-conflict stop",
        "$ ropewalk merge authentication --continue",
    ):
        assert f"{command}\n" in played.stdout


def test_all_three_domains_are_on_main_and_the_tests_of_the_application_pass_there(
    played: Played,
) -> None:
    report = read_document(MergeReport, played.folder / OUTPUTS / "phase1c_merge_results.json")
    checked = subprocess.run(
        ["./check", "-v"], cwd=played.folder, capture_output=True, text=True, check=False
    )

    assert report.status is MergeStatus.LANDED
    assert run_git(played.folder, "rev-parse", "main") == report.target.result
    assert run_git(played.folder, "status", "--porcelain") == ""
    assert checked.returncode == 0, checked.stderr
    for test in (
        "test_notes_are_for_those_who_logged_in",
        "test_sessions_go_with_their_user",
        "test_no_foreign_page_can_frame_it",
    ):
        assert f"{test} " in checked.stderr


def test_the_agent_that_failed_was_tried_again(played: Played) -> None:
    attempts = [attempt.outcome for attempt in played.result("backend").attempts]

    assert attempts == [Outcome.ERROR, Outcome.OK]
    assert "backend: attempt 1 ended with error" in played.stdout
    assert {played.result(name).status for name in DOMAINS} == {DomainStatus.SUCCESS}


def test_the_conflict_is_shown_with_both_domains_its_kind_and_its_lines(played: Played) -> None:
    assert '"paths": [{"path": "api/responses.py", "kind": "content"}]' in played.stdout
    assert '"with_domains": ["backend"]' in played.stdout
    assert '{"name": "frontend", "status": "parked",' in played.stdout
    assert "10  <<<<<<< main" in played.stdout
    assert ">>>>>>> frontend" in played.stdout


def test_what_was_resolved_by_hand_is_the_one_resolution(played: Played) -> None:
    report = read_document(MergeReport, played.folder / OUTPUTS / "phase1c_merge_results.json")

    by = {domain.name: domain.resolution.by for domain in report.domains if domain.resolution}
    assert by == {"frontend": "person"}


def test_no_process_of_the_demo_is_left(played: Played) -> None:
    assert [
        process.pid
        for process in psutil.process_iter()
        if process.pid != os.getpid() and works_below(process, played.folder)
    ] == []


def works_below(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False


def test_with_json_stdout_is_the_report_of_the_merge_and_a_repository_is_left_alone(
    repository: Path, git: RunGit, tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()

    ended = ropewalk(repository, "demo", "--json", "--pace", "0", temporary=tmp_path / "temporary")

    report = load(MergeReport, ended.stdout.encode(), name="stdout")
    assert (ended.returncode, report.status) == (0, MergeStatus.LANDED)
    assert {domain.status for domain in report.domains} == {
        MergedDomainStatus.RESOLVED,
        MergedDomainStatus.NOTHING_TO_MERGE,
    }
    assert f"It is not in the repository {repository}," in ended.stderr
    assert git(repository, "status", "--porcelain", "--ignored") == ""
    assert [path.name for path in (tmp_path / "temporary").glob("ropewalk-demo-*/check")]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("mine")

    ended = ropewalk(tmp_path, "--json", "demo", "--into", "mine")

    assert ended.returncode == 2
    assert "is there already" in json.loads(ended.stdout)["error"]["message"]
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["note.txt"]


def test_an_empty_folder_is_taken_and_the_next_free_name_where_none_is_given(
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "ropewalk-demo").mkdir()

    assert choose_folder(tmp_path, Path("empty")) == tmp_path / "empty"
    assert choose_folder(tmp_path, None) == tmp_path / "ropewalk-demo-2"


def test_a_folder_inside_another_repository_is_said_to_be_there(
    repository: Path, tmp_path: Path
) -> None:
    assert choose_folder(repository, Path("mine")) == repository / "mine"
    assert str(repository) in warn_of_neighbours(repository / "mine", None)[0]
    assert str(repository) in warn_of_neighbours(tmp_path / "alone", repository)[0]
    assert warn_of_neighbours(tmp_path / "alone", None) == ()


def test_a_folder_that_cannot_be_written_is_an_error_of_the_person(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, not a folder")

    with pytest.raises(InvalidInput, match="cannot be written"):
        make_repository(tmp_path / "file" / "below", pace_s=0.0)


def test_a_step_that_ends_otherwise_than_told_ends_the_demo_with_one(tmp_path: Path) -> None:
    make_repository(tmp_path / "demo", pace_s=0.0)
    stage = Stage(session=Session(quiet=True), folder=tmp_path / "demo")

    with pytest.raises(RopewalkError, match="ended with exit code 0, not 3") as wrong_code:
        stage.type("plan", "--from", "docs/epics/authentication.yaml", expected=3)
    with pytest.raises(RopewalkError, match="'merge' failed") as failed:
        stage.type("merge", "authentication", expected=0)

    assert {raised.value.exit_code for raised in (wrong_code, failed)} == {1}
    assert {raised.value.code for raised in (wrong_code, failed)} == {"demo"}


def test_the_application_is_sound_before_the_epic(tmp_path: Path) -> None:
    make_repository(tmp_path / "demo", pace_s=0.0)

    checked = subprocess.run(
        ["./check"], cwd=tmp_path / "demo", capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr
    assert run_git(tmp_path / "demo", "status", "--porcelain") == ""


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_recording_can_be_played_and_writes_each_file_that_was_kept_for_it(
    tmp_path: Path, domain: str
) -> None:
    make_repository(tmp_path / "demo", pace_s=0.0)

    turns = load_turns(tmp_path / "demo" / RECORDING, domain)

    written = {
        str(turn.arguments["path"]): turn.arguments["content"]
        for turn in turns
        if isinstance(turn, UseTool) and turn.tool == "write"
    }
    assert written == read_files("feature", domain)
    assert len(turns) == len(read_recording()[domain])


def test_ctrl_c_keeps_everything_and_says_how_to_go_on(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "ropewalk", "demo", "--into", "here", "--pace", "1"]
    with subprocess.Popen(
        argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stderr is not None
        assert any("frontend: demo starts" in line for line in demo.stderr)
        demo.send_signal(signal.SIGINT)
        told = demo.stderr.read()
        exit_code = demo.wait(60)

    assert exit_code == 130
    assert f"hint: cd {tmp_path / 'here'} && ropewalk resume authentication" in told
    assert not [each for each in psutil.process_iter() if works_below(each, tmp_path)]

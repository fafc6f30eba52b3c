import os
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import GitError, GitKilled, GitTooOld, ProgramNotFound
from ropewalk.git.command import (
    GitContext,
    Identity,
    build_argv,
    build_environment,
    find_git,
    require_git,
    run,
    start,
)
from ropewalk.git.repository import Place, find_place
from tests.conftest import RunGit


def write_script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def test_leaked_variables_do_not_redirect_a_call(
    repository: Path, tmp_path: Path, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", str(other))
    names = git(repository, "rev-parse", "--local-env-vars").split()
    names += ["GIT_NAMESPACE", "GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND"]
    for name in names:
        monkeypatch.setenv(name, str(other / ".git"))

    output = run(GitContext(directory=repository), "rev-parse", "--show-toplevel")

    assert output.text == str(repository)


def test_control_a_leaked_git_dir_redirects_a_bare_call(
    repository: Path, tmp_path: Path, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))

    assert git(repository, "rev-parse", "--absolute-git-dir") != str(repository / ".git")


def test_only_named_variables_reach_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    monkeypatch.setenv("GIT_TRACE", "1")

    environment = build_environment(GitContext(directory=repository), {"EXTRA": "given"})

    assert "SECRET_TOKEN" not in environment
    assert "GIT_TRACE" not in environment
    assert environment["EXTRA"] == "given"
    assert environment["GIT_CONFIG_GLOBAL"] == os.devnull


def test_an_isolated_context_sees_no_configuration_of_the_person(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "gitconfig"
    written.write_text("[user]\n\tname = Somebody\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(written))
    plain = GitContext(directory=repository)

    seen = run(plain, "config", "user.name", allowed=(0, 1)).text
    unseen = run(replace(plain, isolated=True), "config", "user.name", allowed=(0, 1)).text

    assert (seen, unseen) == ("Somebody", "")


def test_the_pinned_configuration_wins_over_the_repository_and_over_settings(
    repository: Path, git: RunGit
) -> None:
    git(repository, "config", "merge.renormalize", "true")
    context = GitContext(directory=repository, settings=("merge.renormalize=true", "my.key=1"))

    assert run(context, "config", "merge.renormalize").text == "false"
    assert run(context, "config", "my.key").text == "1"


def test_every_directory_of_a_context_reaches_git_as_an_absolute_path(tmp_path: Path) -> None:
    context = GitContext(
        directory=tmp_path,
        git_dir=tmp_path / "g",
        work_tree=tmp_path / "w",
        common_dir=tmp_path / "c",
        index=tmp_path / "i",
        objects=tmp_path / "o",
        alternates=(tmp_path / "plain", tmp_path / 'with:"colon'),
    )

    environment = build_environment(context)

    assert environment["GIT_DIR"] == f"{tmp_path}/g"
    assert environment["GIT_WORK_TREE"] == f"{tmp_path}/w"
    assert environment["GIT_COMMON_DIR"] == f"{tmp_path}/c"
    assert environment["GIT_INDEX_FILE"] == f"{tmp_path}/i"
    assert environment["GIT_OBJECT_DIRECTORY"] == f"{tmp_path}/o"
    assert (
        environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"]
        == f'{tmp_path}/plain:"{tmp_path}/with:\\"colon"'
    )


def test_objects_are_found_in_an_alternate_whose_path_holds_a_colon(
    repository: Path, tmp_path: Path, git: RunGit
) -> None:
    odd = tmp_path / 'a:b"c'
    shutil.copytree(repository / ".git" / "objects", odd)
    git(tmp_path, "init", "-q", "empty")
    head = git(repository, "rev-parse", "HEAD")
    context = GitContext(directory=tmp_path / "empty", alternates=(odd,))

    assert run(context, "cat-file", "-t", head).text == "commit"


def test_identities_and_dates_are_in_the_commit(place: Place, signed: GitContext) -> None:
    committer = Identity(name="Bot", email="bot@example.invalid", date="1700000001 +0000")
    context = replace(signed, committer=committer)

    commit = run(context, "commit-tree", "-m", "x", "HEAD^{tree}").text
    text = run(context, "cat-file", "commit", commit).text

    assert "author Ada <ada@example.invalid> 1700000000 +0000" in text
    assert "committer Bot <bot@example.invalid> 1700000001 +0000" in text


def test_an_identity_without_a_date_leaves_the_date_to_git() -> None:
    context = GitContext(directory=Path("/"), author=Identity(name="A", email="a@b.invalid"))

    assert "GIT_AUTHOR_DATE" not in build_environment(context)


def test_a_failure_holds_the_words_of_git(repository: Path) -> None:
    with pytest.raises(GitError, match=r"^git cat-file: fatal: Not a valid object name nothing$"):
        run(GitContext(directory=repository), "cat-file", "-t", "nothing")


def test_a_failure_without_words_names_the_exit_code(repository: Path) -> None:
    with pytest.raises(GitError, match="git config: exit code 1"):
        run(GitContext(directory=repository), "config", "--get", "no.such")


def test_an_allowed_exit_code_is_an_answer(repository: Path) -> None:
    output = run(GitContext(directory=repository), "config", "--get", "no.such", allowed=(0, 1))

    assert (output.code, output.stdout) == (1, b"")


def test_stdin_and_stdout_are_bytes(repository: Path) -> None:
    content = bytes(range(256)) * 4096
    context = GitContext(directory=repository)

    oid = run(context, "hash-object", "-w", "--stdin", stdin=content).text

    assert run(context, "cat-file", "blob", oid).stdout == content


def test_names_are_literal_and_never_patterns(repository: Path, git: RunGit) -> None:
    odd = repository / ":(exclude)README.md"
    odd.write_text("odd", encoding="utf-8")

    run(GitContext(directory=repository), "add", "--", odd.name)

    assert git(repository, "diff", "--cached", "--name-only") == odd.name


def test_the_deadline_kills_git_and_all_it_started(repository: Path, fake_git: Path) -> None:
    pid_file = repository / "pid"
    write_script(fake_git, f"sleep 60 & echo $! > '{pid_file}'; wait")

    begun = time.monotonic()
    with pytest.raises(GitError, match="did not end within") as caught:
        run(GitContext(directory=repository), "status", timeout_s=0.3)

    assert caught.value.code == "git_timeout"
    assert time.monotonic() - begun < 5
    assert is_gone(int(pid_file.read_text(encoding="utf-8")))


def is_gone(pid: int) -> bool:
    for _attempt in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        except OSError:
            return True
        if state.split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_lock_that_another_git_holds_for_a_moment_is_waited_for(
    repository: Path, git: RunGit
) -> None:
    lock = repository / ".git" / "index.lock"
    lock.touch()
    timer = threading.Timer(0.3, lock.unlink)
    timer.start()

    run(GitContext(directory=repository), "rm", "-q", "--cached", "README.md")
    timer.join()

    assert git(repository, "diff", "--cached", "--name-only") == "README.md"


def test_a_lock_that_stays_is_an_error_and_stays(repository: Path) -> None:
    lock = repository / ".git" / "index.lock"
    lock.touch()

    with pytest.raises(GitError) as caught:
        run(GitContext(directory=repository), "rm", "-q", "--cached", "README.md")

    assert caught.value.code == "git_locked"
    assert str(lock) in caught.value.message
    assert lock.exists()


def test_a_refused_old_value_is_not_tried_again(repository: Path, fake_git: Path) -> None:
    calls = repository / "calls"
    write_script(
        fake_git,
        f"echo x >> '{calls}'; echo \"fatal: cannot lock ref 'r': is at a but expected b\" >&2;"
        " exit 128",
    )

    with pytest.raises(GitError):
        run(GitContext(directory=repository), "update-ref", "r", "b")

    assert calls.read_text(encoding="utf-8") == "x\n"


def test_a_half_made_worktree_of_another_process_is_waited_for(
    repository: Path, fake_git: Path
) -> None:
    real = shutil.which("git", path=os.environ["PATH"].split(os.pathsep, 1)[1])
    once = repository / "once"
    write_script(
        fake_git,
        f"if [ ! -e '{once}' ]; then : > '{once}';"
        " echo 'fatal: failed to read .git/worktrees/w/commondir: Success' >&2; exit 128; fi;"
        f' exec {real} "$@"',
    )

    assert (
        run(GitContext(directory=repository), "rev-parse", "--is-bare-repository").text == "false"
    )


def test_a_missing_directory_is_an_error_and_no_other_repository_answers(
    repository: Path, tmp_path: Path
) -> None:
    with pytest.raises(GitError, match="cannot change to"):
        run(GitContext(directory=tmp_path / "gone"), "rev-parse", "HEAD")


def test_an_argument_that_no_program_can_take_is_an_error(repository: Path) -> None:
    with pytest.raises(GitError, match="could not be started"):
        run(GitContext(directory=repository), "rev-parse", "a\0b")


def test_git_runs_in_a_session_of_its_own(repository: Path, fake_git: Path) -> None:
    write_script(fake_git, "cut -d' ' -f6 /proc/$$/stat; echo $$")

    session, pid = run(GitContext(directory=repository), "status").text.split()

    assert session == pid


def test_hooks_run_only_when_they_are_asked_for(repository: Path, git: RunGit) -> None:
    marker = repository / "marker"
    hook = repository / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    write_script(hook, f"cat > /dev/null; touch '{marker}'")
    context = GitContext(directory=repository)
    head = git(repository, "rev-parse", "HEAD")

    run(context, "update-ref", "refs/x/silent", head)
    was_silent = not marker.exists()
    run(replace(context, hooks=True), "update-ref", "refs/x/loud", head)

    assert was_silent
    assert marker.exists()


def test_replace_refs_are_not_followed(repository: Path, signed: GitContext, git: RunGit) -> None:
    head = git(repository, "rev-parse", "HEAD")
    fake = run(signed, "commit-tree", "-m", "fake", f"{head}^{{tree}}").text
    git(repository, "replace", head, fake)

    text = run(GitContext(directory=repository), "cat-file", "commit", head).text

    assert "Open the shop" in text
    assert "fake" in git(repository, "cat-file", "commit", head)


def test_a_git_that_is_too_old_is_named_with_what_is_needed(fake_git: Path) -> None:
    write_script(fake_git, "echo git version 2.34.1")

    with pytest.raises(GitTooOld) as caught:
        require_git()

    assert caught.value.message == "git 2.34.1 is too old"
    assert caught.value.hint == "install git 2.38.0 or newer"


def test_a_version_with_a_vendor_suffix_is_understood(fake_git: Path) -> None:
    write_script(fake_git, "echo 'git version 2.50 (Vendor Git-1)'")

    assert require_git() == (2, 50, 0)


def test_a_program_that_is_no_git_is_an_error(fake_git: Path) -> None:
    write_script(fake_git, "echo hello")

    with pytest.raises(GitError, match="does not say its version"):
        require_git()


def test_without_git_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProgramNotFound, match="git is not on PATH"):
        find_place(tmp_path)


def test_a_relative_entry_of_path_is_not_looked_at(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_script(repository / "git", "echo planted")
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(repository)

    assert find_git() != "./git"
    assert Path(find_git()).is_absolute()


def test_the_argument_list_names_program_and_directory(tmp_path: Path) -> None:
    argv = build_argv(GitContext(directory=tmp_path), ("status",))

    assert argv[:3] == (find_git(), "-C", str(tmp_path))
    assert argv[-1] == "status"


def test_a_started_command_is_talked_to_through_its_pipes(repository: Path, git: RunGit) -> None:
    head = git(repository, "rev-parse", "HEAD")

    with start(GitContext(directory=repository), "cat-file", "--batch-check") as process:
        out, _err = process.communicate(f"{head}\n".encode(), timeout=10)

    assert out.decode().startswith(f"{head} commit ")
    assert process.returncode == 0


def test_a_git_killed_by_a_signal_is_an_error(repository: Path, fake_git: Path) -> None:
    write_script(fake_git, "kill -KILL $$")

    with pytest.raises(GitKilled, match=f"by signal {int(signal.SIGKILL)}"):
        run(GitContext(directory=repository), "status")

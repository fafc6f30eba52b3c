import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext, Identity, run
from ropewalk.git.objects import (
    commit_content,
    commit_tree,
    read_commits,
    tree_of,
    write_commit,
)
from ropewalk.git.own import own_context, quarantined
from ropewalk.git.repository import Place, read_filters
from ropewalk.git.signing import (
    clean_identity,
    read_signing,
    sign_commit,
    without_signature,
)
from tests.conftest import RunGit
from tests.git.conftest import PERSON


def make_key(folder: Path) -> Path:
    key = folder / "key"
    argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", str(key))
    subprocess.run(argv, check=True)
    return key


def ask_for_ssh_signatures(git: RunGit, top: Path, key: Path) -> None:
    git(top, "config", "commit.gpgSign", "true")
    git(top, "config", "gpg.format", "ssh")
    git(top, "config", "user.signingKey", str(key))
    allowed = key.with_name("allowed")
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    allowed.write_text(f"{PERSON.email} {public}", encoding="utf-8")
    git(top, "config", "gpg.ssh.allowedSignersFile", str(allowed))


def ours(place: Place) -> GitContext:
    return replace(own_context(place), author=PERSON, committer=PERSON)


def test_commits_are_signed_as_the_person_has_it_and_differ_in_the_signature_only(
    place: Place, tmp_path: Path, git: RunGit
) -> None:
    ask_for_ssh_signatures(git, place.top, make_key(tmp_path))
    head = git(place.top, "rev-parse", "HEAD")
    tree = tree_of(place.context, head)
    signing = read_signing(place)
    assert signing is not None

    signed = sign_commit(ours(place), signing, tree, parents=[head], message="Signed\n\nBody\n")

    git(place.top, "verify-commit", signed)
    content = read_commits(place.context, [signed])[signed]
    plain = commit_content(ours(place), tree, parents=[head], message="Signed\n\nBody\n")
    assert without_signature(content) == plain
    assert without_signature(plain) == plain


def test_nothing_is_signed_where_nobody_asked_for_it(place: Place, git: RunGit) -> None:
    assert read_signing(place) is None

    git(place.top, "config", "commit.gpgSign", "false")

    assert read_signing(place) is None


def test_a_key_that_is_not_there_is_named(place: Place, tmp_path: Path, git: RunGit) -> None:
    missing = tmp_path / "no-such-key"
    git(place.top, "config", "commit.gpgSign", "true")
    git(place.top, "config", "gpg.format", "ssh")
    git(place.top, "config", "user.signingKey", str(missing))
    signing = read_signing(place)
    assert signing is not None

    tree = tree_of(place.context, "HEAD")

    with pytest.raises(GitError) as caught:
        sign_commit(ours(place), signing, tree, parents=(), message="x\n")

    assert caught.value.code == "signing"
    assert str(missing) in caught.value.message
    assert "commit.gpgSign" in caught.value.hint


def test_a_program_that_signs_runs_only_when_it_was_trusted(
    place: Place, tmp_path: Path, git: RunGit
) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "signer"
    program.write_text(f'#!/bin/sh\ntouch "{ran}"\nexec ssh-keygen "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    ask_for_ssh_signatures(git, place.top, make_key(tmp_path))
    git(place.top, "config", "gpg.ssh.program", str(program))
    tree = tree_of(place.context, "HEAD")
    signing = read_signing(place)
    assert signing is not None

    sign_commit(ours(place), signing, tree, parents=(), message="x\n")
    ran_unasked = ran.exists()
    trusted = ours(replace(place, filters=read_filters(place)))
    sign_commit(trusted, signing, tree, parents=(), message="x\n")

    assert not ran_unasked
    assert ran.exists()


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("name", ["Ada", " .Ada, Countess.", "Zo\u00eb <x>", "a"])
def test_a_commit_written_without_git_is_the_one_that_git_writes(
    tmp_path: Path, git: RunGit, object_format: str, name: str
) -> None:
    git(tmp_path, "init", "-q", f"--object-format={object_format}", "new")
    git(tmp_path / "new", "commit", "-q", "--allow-empty", "-m", "first")
    head = git(tmp_path / "new", "rev-parse", "HEAD")
    tree = git(tmp_path / "new", "rev-parse", "HEAD^{tree}")
    bare = GitContext(directory=tmp_path / "new", git_dir=tmp_path / "new" / ".git")
    who = Identity(name=name, email="ada@example.invalid", date="1700000000 +0000")
    message = "Subject\n\nB\u00f6dy \udcff\ufdd0\U0001ffff\n"
    by_git = commit_tree(
        replace(bare, author=who, committer=who), tree, parents=[head], message=message
    )

    clean = clean_identity(bare, who)
    with quarantined(replace(bare, author=clean, committer=clean)) as apart:
        by_us = write_commit(apart, tree, parents=[head], message=message)
        again = write_commit(apart, tree, parents=[head], message=message)
        kind = run(apart, "cat-file", "-t", by_us).text

    assert by_us == again == by_git
    assert kind == "commit"


def test_a_name_of_which_git_leaves_nothing_is_refused(place: Place) -> None:
    with pytest.raises(GitError) as caught:
        clean_identity(place.context, Identity(name="...", email="x@example.invalid"))

    assert caught.value.code == "identity"
    assert "'...'" in caught.value.message.replace(" <x@example.invalid>", "")


def test_commits_are_never_written_without_git_outside_a_quarantine(signed: GitContext) -> None:
    with pytest.raises(ValueError, match="quarantine"):
        write_commit(signed, "1" * 40, parents=(), message="x\n")

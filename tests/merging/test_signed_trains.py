import subprocess
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.objects import read_commits, tree_of
from ropewalk.git.signing import without_signature
from ropewalk.merging.values import Clash, Proposal
from ropewalk.model.merge import Resolution, ResolvedBy
from tests.conftest import run_git
from tests.merging.epics import EPIC, Epic, entry, statuses


@pytest.fixture
def signing(epic: Epic, tmp_path: Path) -> Epic:
    """The epic of a person who signs commits with an SSH key."""
    key = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", str(key)], check=True
    )
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ropewalk@example.invalid {public}", encoding="utf-8")
    for name, value in (
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(allowed)),
    ):
        run_git(epic.root, "config", name, value)
    return epic


def use_ecdsa(epic: Epic, tmp_path: Path) -> None:
    """Sign with a kind of key whose signature is another one each time."""
    key = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(key)], check=True)
    run_git(epic.root, "config", "user.signingKey", str(key))


def take_theirs(clash: Clash) -> Proposal:
    """Resolve a conflict by taking the side of the domain whole."""
    return Proposal(
        tree=tree_of(clash.context, clash.theirs),
        resolution=Resolution(
            by=ResolvedBy.CANDIDATE, candidates_tried=1, verified_by=(), edited_outside=()
        ),
    )


def test_every_commit_of_a_train_is_signed_where_the_person_signs(signing: Epic) -> None:
    signing.domain("api", {"api/auth.py": "AUTH = 1\n"})
    signing.domain("web", {"web/login.html": "<form></form>\n"})

    report = signing.merge()

    assert report.status == "landed"
    for step in report.domains:
        run_git(signing.root, "verify-commit", str(step.commit))


def test_a_signed_train_differs_from_the_plain_one_in_nothing_but_signatures(
    signing: Epic,
) -> None:
    signing.domain("api", {"api/auth.py": "AUTH = 1\n"})

    signed = signing.merge(land=False)
    run_git(signing.root, "config", "commit.gpgSign", "false")
    plain = signing.merge(land=False)

    oids = [str(entry(report, "api").commit) for report in (signed, plain)]
    contents = read_commits(signing.place.context, oids)
    assert without_signature(contents[oids[0]]) == contents[oids[1]]


def test_signed_steps_are_taken_again_and_so_are_the_resolutions_on_top_of_them(
    signing: Epic, tmp_path: Path
) -> None:
    use_ecdsa(signing, tmp_path)
    signing.domain("a", {"a.txt": "a\n"})
    signing.domain("b", {"docs/notes.txt": "one\n"})
    signing.domain("c", {"docs/notes.txt": "two\n"})
    asked: list[str] = []

    def resolver(clash: Clash) -> Proposal:
        asked.append(clash.domain)
        return take_theirs(clash)

    first = signing.merge(land=False, resolver=resolver)
    again = signing.merge(land=False, resolver=resolver)

    assert statuses(first) == {"a": "merged", "b": "merged", "c": "resolved"}
    assert [step.commit for step in again.domains] == [step.commit for step in first.domains]
    assert asked == ["c"]


def test_a_key_that_does_not_work_stops_the_merge_before_anything_was_done(
    signing: Epic, tmp_path: Path
) -> None:
    missing = tmp_path / "no-such-key"
    signing.domain("api", {"api/auth.py": "AUTH = 1\n"})
    run_git(signing.root, "config", "user.signingKey", str(missing))
    refs, objects = signing.refs(), run_git(signing.root, "count-objects", "-v")

    with pytest.raises(GitError) as caught:
        signing.merge()

    assert caught.value.code == "signing"
    assert str(missing) in caught.value.message
    assert signing.refs() == refs
    assert run_git(signing.root, "count-objects", "-v") == objects
    assert signing.tip() == signing.base


def test_what_a_report_says_of_a_conflict_is_there_after_the_garbage_was_collected(
    epic: Epic,
) -> None:
    epic.domain("a", {"docs/guide.md": "# Mine\n"})
    epic.domain("b", {"docs/guide.md": "# Yours\n"})

    report = epic.merge()
    run_git(epic.root, "gc", "--quiet", "--prune=now")

    conflict = entry(report, "b").conflict
    assert conflict is not None
    assert "<<<<<<<" in run_git(epic.root, "show", f"{conflict.preview_tree}:docs/guide.md")
    for stage in conflict.paths[0].stages:
        run_git(epic.root, "cat-file", "-e", stage.oid)
    pinned = run_git(epic.root, "rev-parse", f"refs/ropewalk/{EPIC}/preview/b^{{tree}}")
    assert pinned == conflict.preview_tree

"""Rows 59 to 70: a bad result file never stops a run, never blocks, and never makes a success.

Every agent does the same good work and leaves another bad account of it. With ``result: optional``
the domain succeeds, because git says so, and the account is a mismatch; with ``result: required``
it is failed: missing or invalid.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus, OverallStatus, Reason
from tests.harness import Epic
from tests.stories.bad_input import WORDS

GIBIBYTE = 1 << 30


@dataclass(frozen=True)
class Account:
    """What is written to ``$R``: by the shell, or these bytes; and what the mismatch says."""

    row: int
    says: str
    shell: str = ""
    data: bytes | None = None


def text(value: object) -> bytes:
    return json.dumps(value).encode()


REFUSED = {
    "missing": Account(59, WORDS["no_result"], "true"),
    "empty": Account(60, "empty", ": > $R"),
    "blank": Account(60, "empty", data=b" \n"),
    "truncated": Account(60, "result file: ", data=b'{"status": "succ'),
    "gibibyte": Account(61, "too_large", f"truncate -s {GIBIBYTE} $R"),
    "pipe": Account(62, "not_regular", "mkfifo $R"),
    "folder": Account(62, "not_regular", "mkdir $R"),
    "device": Account(62, "symlink", "ln -s /dev/zero $R"),
    "link": Account(63, "symlink", "ln -s /etc/passwd $R"),
    "linked-parent": Account(
        63, "symlink", "cd $(dirname $R)/..; rm -r accounts; ln -s $AWAY accounts; echo {} > $R"
    ),
    "hard-link": Account(63, "hard_link", "echo {} > $R; ln $R $R.2"),
    "number-as-text": Account(64, "result file: ", data=text({"status": 1})),
    "flag-as-list": Account(64, "result file: ", data=text({"files_created": True})),
    "no-object": Account(64, "not a JSON object", data=b'["success"]'),
    "status-twice": Account(65, "status", data=b'{"status": "failed", "status": "success"}'),
    "not-a-number": Account(66, "result file: ", data=b'{"status": "success", "x": NaN}'),
    "many-digits": Account(66, "result file: ", data=b'{"x": ' + b"9" * 5_000 + b"}"),
    "deep": Account(66, "result file: ", data=b'{"x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "byte-order-mark": Account(66, "result file: ", data=b"\xef\xbb\xbf{}"),
    "utf-16": Account(66, "result file: ", data='{"status": "success"}'.encode("utf-16")),
}  # fmt: skip
TAKEN = {
    "lone-surrogate": Account(66, "", data=b'{"summary": "\\ud800"}'),
    "escapes": Account(67, "", data=b'{"summary": "\\u001b]0;x\\u0007\\u0000\\u202e done"}'),
    "claims-more": Account(
        68, "claims to have created other.py", data=text({"files_created": ["other.py"]})
    ),
    "of-another": Account(69, "claims to be domain 'missing'", data=text({"domain": "missing"})),
    "changed-later": Account(70, "", data=text({"summary": "first"})),
}
REQUIRED = ("missing", "truncated", "pipe", "linked-parent", "status-twice")
MISSING = {"missing": Reason.MISSING_RESULT}


def plan_accounts(epic: Epic, folder: Path, wanted: Mapping[str, Account]) -> None:
    """Plan a domain for each account, and for some another one that requires a good one."""
    domains = []
    for name, account in wanted.items():
        away = folder / "away" / name
        away.mkdir(parents=True)
        (folder / name).write_bytes(account.data or b"")
        write = account.shell or f"cp {folder / name} $R"
        for policy in ("optional", "required") if name in REQUIRED else ("optional",):
            domain = name if policy == "optional" else f"{name}.must"
            command = (
                f'echo done > {domain}.txt; R="$ROPEWALK_RESULT" AWAY={away}; '
                f'mkdir -p "$(dirname "$R")"; {write}'
            )
            new = [f"{domain}.txt"]
            domains.append({"name": domain, "new_files": new, "command": command, "result": policy})
    epic.plan(json.dumps({"epic_id": "accounts", "domains": domains, "validation": ["true"]}))


@pytest.mark.timeout(180)
def test_no_account_of_an_agent_stops_the_run_or_counts_for_more_than_git(
    epic: Epic, tmp_path: Path
) -> None:
    plan_accounts(epic, tmp_path / "accounts", {**REFUSED, **TAKEN})

    document = epic.run(api.RunRequest(mode=Mode.PARALLEL, jobs=8))

    assert document.status is OverallStatus.PARTIAL
    results = {name: epic.result(name) for name in (*REFUSED, *TAKEN)}
    assert {result.status for result in results.values()} == {DomainStatus.SUCCESS}
    told = {name: result.mismatches for name, result in results.items()}
    expected = {name: account.says for name, account in {**REFUSED, **TAKEN}.items()}
    assert not {name for name, says in expected.items() if says not in "".join(told[name])}
    assert {name: r.claimed for name, r in results.items() if name in REFUSED and r.claimed} == {}
    reasons = {name: epic.result(f"{name}.must").reason for name in REQUIRED}
    assert reasons == {**dict.fromkeys(REQUIRED, Reason.INVALID_RESULT), **MISSING}
    claimed = results["escapes"].claimed["summary"]
    assert isinstance(claimed, str)
    assert claimed.endswith(" done")
    assert not set("\x1b\x00\x07\u202e") & set(claimed + results["escapes"].summary)


def test_what_was_taken_in_is_not_read_again(epic: Epic, tmp_path: Path) -> None:
    wanted = {"changed-later": TAKEN["changed-later"]}
    plan_accounts(epic, tmp_path / "accounts", wanted)
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    kept = epic.result("changed-later")
    outputs = epic.worktree("changed-later") / ".workflow" / "outputs" / "accounts"

    (outputs / "changed-later_results.json").write_text('{"summary": "second"}')

    assert epic.result("changed-later") == kept
    assert kept.claimed["summary"] == "first"

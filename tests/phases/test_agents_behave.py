"""Every way in which an agent can behave, with the status and reason that it gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ropewalk.model.result import DomainStatus, Outcome, Reason
from ropewalk.process import find_identity, is_alive
from tests.harness import Epic

S, P, F = DomainStatus.SUCCESS, DomainStatus.PARTIAL, DomainStatus.FAILED
CLAIM = 'mkdir -p "$(dirname "$ROPEWALK_RESULT")"; '
WORK = "echo new > $D/a.txt; "
DAEMON = "(setsid sh -c 'echo $$ > $PIDS/daemon; exec sleep 300' &); sleep 0.3; "
CONFIG = """
[agents.hasty]
kind = "command"
shell = 'sh -c "$(cat "$JOBS/$ROPEWALK_DOMAIN")"'
env = { JOBS = "@JOBS@" }
timeout_s = 1.0
[agents.watched]
kind = "command"
shell = 'sh -c "$(cat "$JOBS/$ROPEWALK_DOMAIN")"'
env = { JOBS = "@JOBS@" }
idle_timeout_s = 1.0
"""


@dataclass(frozen=True)
class Case:
    command: str
    status: DomainStatus
    reason: Reason | None
    outcome: Outcome = Outcome.OK
    extra: Mapping[str, object] = field(default_factory=dict)


CASES = {
    "work-left-uncommitted": Case(WORK, S, None),
    "work-committed": Case(WORK + "git add $D; git commit -qm mine", S, None),
    "commits-and-leaves-more": Case(
        WORK + "git add $D; git commit -qm mine; echo more > $D/a.txt", S, None
    ),
    "nothing-done": Case("true", F, Reason.NO_CHANGES),
    "says-nothing-to-do": Case(
        CLAIM + """echo '{"status": "nothing_to_do"}' > "$ROPEWALK_RESULT\"""",
        S,
        Reason.NO_CHANGES,
        Outcome.NOTHING_TO_DO,
    ),
    "exit-one-with-work": Case(
        WORK + "exit 1", P, Reason.FAILED_WITH_WORK, Outcome.NONZERO_EXIT
    ),
    "exit-one-with-passing-check": Case(
        WORK + "exit 1", S, None, Outcome.NONZERO_EXIT, {"checks": ["test -s $D/a.txt"]}
    ),
    "exit-three-with-nothing": Case("exit 3", F, Reason.AGENT_FAILED, Outcome.NONZERO_EXIT),
    "check-fails": Case(
        WORK, P, Reason.CHECK_FAILED, extra={"checks": ["grep -q absent $D/a.txt"]}
    ),
    "writes-outside-its-files": Case(
        WORK + "echo more > elsewhere.txt", P, Reason.OUT_OF_SCOPE
    ),
    "required-result-missing": Case(
        WORK, F, Reason.MISSING_RESULT, extra={"result": "required"}
    ),
    "required-result-broken": Case(
        WORK + CLAIM + """echo '{"status": ' > "$ROPEWALK_RESULT\"""",
        F,
        Reason.INVALID_RESULT,
        extra={"result": "required"},
    ),
    "result-broken": Case(WORK + CLAIM + """echo '[1,' > "$ROPEWALK_RESULT\"""", S, None),
    "result-huge": Case(
        WORK + CLAIM + 'head -c 3000000 /dev/zero > "$ROPEWALK_RESULT"', S, None
    ),
    "result-fifo": Case(WORK + CLAIM + 'mkfifo "$ROPEWALK_RESULT"', S, None),
    "result-link": Case(WORK + CLAIM + 'ln -s /etc/passwd "$ROPEWALK_RESULT"', S, None),
    "result-lies": Case(
        CLAIM + """echo '{"status": "success", "files_created": ["x.py"]}' > "$ROPEWALK_RESULT\"""",
        F,
        Reason.NO_CHANGES,
    ),
    "result-says-twice": Case(
        WORK + CLAIM + """echo '{"status": "failed", "status": "success"}' > "$ROPEWALK_RESULT\"""",
        S,
        None,
    ),
    "floods-stdout": Case(WORK + "head -c 30000000 /dev/urandom", S, None),
    "leaves-a-daemon": Case(WORK + DAEMON, S, None),
    "hangs": Case(WORK + "sleep 300", P, Reason.TIMEOUT, Outcome.TIMEOUT, {"agent": "hasty"}),
    "hangs-with-nothing": Case("sleep 300", F, Reason.TIMEOUT, Outcome.TIMEOUT, {"agent": "hasty"}),
    "says-nothing-for-long": Case(
        WORK + "sleep 300", P, Reason.IDLE, Outcome.IDLE, {"agent": "watched"}
    ),
    "ignores-term": Case(
        "trap '' TERM INT; " + WORK + "while :; do sleep 0.2; done",
        P,
        Reason.TIMEOUT,
        Outcome.TIMEOUT,
        {"agent": "hasty"},
    ),
    "is-killed": Case(WORK + "kill -9 $$", P, Reason.FAILED_WITH_WORK, Outcome.CRASHED),
    "leaves-a-lock-of-git": Case(WORK + 'touch "$(git rev-parse --git-dir)/index.lock"', S, None),
    "is-killed-with-nothing": Case("kill -9 $$", F, Reason.CRASHED, Outcome.CRASHED),
}  # fmt: skip


def test_each_behaviour_has_the_status_reason_and_outcome_that_git_and_the_checks_give_it(
    epic: Epic, tmp_path: Path
) -> None:
    jobs, pids = tmp_path / "jobs", tmp_path / "pids"
    pids.mkdir()
    plan_cases(epic, jobs, pids)

    epic.run()

    assert {name: verdict_on(epic, name) for name in CASES} == {
        name: (case.status, case.reason, case.outcome) for name, case in CASES.items()
    }
    daemon = find_identity(int((pids / "daemon").read_text()))
    assert daemon is None or not is_alive(daemon)


def test_what_an_agent_claims_is_compared_with_git(epic: Epic, tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    plan_cases(epic, jobs, tmp_path, only=("result-lies", "result-huge", "work-committed"))

    epic.run()

    lies = epic.result("result-lies")
    assert "claims to have created x.py, git does not" in lies.mismatches
    assert "claims success, but nothing was changed" in lies.mismatches
    assert epic.result("result-huge").mismatches == ("result file: too_large",)
    assert epic.result("work-committed").placeholder


def verdict_on(epic: Epic, name: str) -> tuple[DomainStatus, Reason | None, Outcome]:
    result = epic.result(name)
    return result.status, result.reason, result.attempts[-1].outcome


def plan_cases(epic: Epic, jobs: Path, pids: Path, *, only: tuple[str, ...] = tuple(CASES)) -> None:
    jobs.mkdir()
    (epic.repository / "ropewalk.toml").write_text(CONFIG.replace("@JOBS@", str(jobs)))
    domains = []
    for name in only:
        case = CASES[name]
        script = f"export D={name} PIDS={pids}; mkdir -p $D; {case.command}"
        (jobs / name).write_text(script)
        extra = {
            key: [str(text).replace("$D", name) for text in value]
            if isinstance(value, list)
            else value
            for key, value in case.extra.items()
        }
        own = {} if "agent" in extra else {"command": script}
        domains.append({"name": name, "new_files": [f"{name}/a.txt"], **own, **extra})
    epic.plan(json.dumps({"epic_id": "behaviour", "domains": domains}))

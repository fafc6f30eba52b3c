"""A recorded run as a list of events, for everything that watches."""

from collections.abc import Iterable, Sequence

from ropewalk.model.event import Event
from ropewalk.model.values import JsonObject

RUN_ID = "r20250102-030405-7c1e"
SECOND = 1_000_000_000


def make(recorded: Iterable[tuple[float, str, JsonObject, str | None]]) -> tuple[Event, ...]:
    """Make events of (seconds, type, data, step)."""
    return tuple(
        Event(
            seq=number,
            prev_hash="0" * 64,
            at="2025-01-02T03:04:05.000Z",
            mono_ns=int(seconds * SECOND),
            run_id=RUN_ID,
            step=step,
            attempt=None,
            type=type_,
            data=data,
        )
        for number, (seconds, type_, data, step) in enumerate(recorded, start=1)
    )


def _domain(name: str, **data: object) -> dict[str, object]:
    return {"domain": name, **data}


def _usage(tokens: int, cost: float) -> JsonObject:
    return {
        "state": "succeeded",
        "outputs": {"usage": {"input_tokens": tokens, "output_tokens": 0, "cost_usd": cost}},
    }


RUN: Sequence[tuple[float, str, JsonObject, str | None]] = (
    (
        0,
        "run_started",
        {
            "epic_id": "search",
            "plan_hash": "h",
            "base": "b" * 40,
            "target": "refs/heads/main",
            "domains": ["database", "backend", "frontend", "tests"],
            "mode": "parallel",
            "mode_reason": "",
            "agent": "claude",
        },
        None,
    ),
    (0, "requested", {"verb": "run"}, None),
    (0.1, "attempt_started", {"kind": "prepare", "number": 1}, "prepare:1"),
    (0.5, "worktree_created", _domain("database", path="/w/database", base="b"), None),
    (0.5, "worktree_created", _domain("backend", path="/w/backend", base="b"), None),
    (0.6, "attempt_finished", {"state": "succeeded", "outputs": {}}, "prepare:1"),
    (0.7, "work_started", {"mode": "parallel"}, None),
    (1, "agent_starting", _domain("database", number=1, agent="claude"), "work:database:1"),
    (1, "agent_starting", _domain("backend", number=1, agent="claude"), "work:backend:1"),
    (1, "agent_starting", _domain("frontend", number=1, agent="claude"), "work:frontend:1"),
    (2, "agent_activity", _domain("backend", text="editing api/search.py"), "work:backend:1"),
    (3, "agent_activity", _domain("backend", text="running: pytest"), "work:backend:1"),
    (
        4,
        "agent_ended",
        _domain("frontend", outcome="crashed", exit_code=3, duration_s=3.0, log="l"),
        "work:frontend:1",
    ),
    (4, "retry_scheduled", {"due_at": "x", "number": 2}, "work:frontend:1"),
    (
        193,
        "agent_ended",
        _domain("database", outcome="ok", exit_code=0, duration_s=192.0, log="l"),
        "work:database:1",
    ),
    (193, "attempt_finished", _usage(400_000, 1.5), "work:database:1"),
    (
        194,
        "domain_collected",
        _domain(
            "database",
            status="success",
            reason=None,
            head="c" * 40,
            branch="refs/heads/ropewalk/search/database",
            files_changed=3,
            insertions=118,
            deletions=4,
            outside=[],
            checks_passed=True,
        ),
        "collect:database:1",
    ),
    (
        195,
        "domain_collected",
        _domain(
            "tests",
            status="partial",
            reason="out_of_scope",
            files_changed=1,
            insertions=1,
            deletions=0,
            outside=["api/types.py"],
            checks_passed=None,
        ),
        "collect:tests:1",
    ),
)

MERGE: Sequence[tuple[float, str, JsonObject, str | None]] = (
    (200, "requested", {"verb": "merge"}, None),
    (200, "attempt_started", {"kind": "train", "number": 1}, "train:2"),
    (200, "merge_started", {"target": "refs/heads/main", "base": "b"}, None),
    (201, "domain_merged", _domain("database", status="merged", commit="d"), None),
    (201, "domain_merged", _domain("tests", status="conflict", commit=None), None),
    (201, "conflict_opened", _domain("tests", path="/w/_resolve"), None),
    (202, "attempt_started", {"kind": "check", "number": 1}, "check:2"),
    (203, "checks_finished", {"prefix": ["database"], "passed": True}, None),
    (203, "checks_finished", {"prefix": ["database", "tests"], "passed": False}, None),
    (204, "land_refused", {"ref": "refs/heads/main", "reason": "main moved"}, None),
    (205, "landed", {"ref": "refs/heads/main", "old": "b" * 40, "new": "d" * 40}, None),
    (206, "worktree_removed", _domain("database", trash="refs/x"), None),
    (206, "worktree_kept", _domain("tests", reason="in use"), None),
    (207, "undone", {"ref": "refs/heads/main", "old": "d" * 40, "new": "b" * 40}, None),
    (208, "worktree_restored", _domain("database"), None),
    (209, "validated", {"status": "failed", "commit": "d"}, None),
    (210, "recovered", {"notes": ["attempt 1 of backend was cut short"]}, None),
    (211, "mode_changed", {"mode": "sequential", "reason": "no worktree"}, None),
    (212, "outside_change", _domain("backend", changes=["ref main"], certain=True), None),
    (213, "outside_change", _domain("backend", changes=["index"], certain=False), None),
    (214, "aggregated", {"status": "partial", "succeeded": 1, "partial": 1, "failed": 0}, None),
)

"""Runs one attempt of any agent, from an empty folder to a report.

Invariants: the agent sees only the environment that is built for it; when `run_attempt` returns,
nothing that it started is left, or `AttemptReport.survivors` names it; no secret that ropewalk gave
to the agent is in the events, in the report, in the finished log or in the agent's own account.
While the agent works its log is unmasked and readable by its owner alone: it is masked, in one
step, when the agent has ended. A coordinator that is killed before that leaves it so until
`recover_attempt` is called for the attempt.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ropewalk.agents.base import (
    NO_USAGE,
    RETRYABLE,
    Adapter,
    AgentTask,
    FinalEvent,
    Finish,
    Launch,
)
from ropewalk.agents.environment import attempt_mark, build_environment, secrets_of
from ropewalk.agents.folder import REPORT_NAME, prepare_folder
from ropewalk.agents.listener import EmitActivity, Listener, Stop
from ropewalk.agents.redact import Redactor
from ropewalk.agents.starts import started_to_json
from ropewalk.agents.table import require_adapter
from ropewalk.errors import ProgramNotFound
from ropewalk.model.config import AgentConfig
from ropewalk.model.result import AgentClaim, Outcome, TokenUsage
from ropewalk.process import (
    DEFAULT_LIMITS,
    Ended,
    EndedBy,
    Limits,
    Started,
    Usage,
    read_report,
    run,
)
from ropewalk.store.files import Refusal, read_limited, read_untrusted, write_atomic
from ropewalk.store.schema.claims import parse_claim

MAX_CLAIM_BYTES: Final = 1024 * 1024
_LOG_ROOM: Final = 1024 * 1024
_NOTHING_TO_DO: Final = frozenset(("nothing_to_do", "no_changes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReport:
    """How an attempt ended.

    `summary`, `answer` and `said_nothing_to_do` are the agent's own word. `tail` are the last lines
    that it printed. `swept` counts processes that it left behind and that were ended, `survivors`
    are those that could not be. `process` is what the whole tree of processes used.
    """

    outcome: Outcome
    exit_code: int | None
    duration_s: float
    log: Path
    usage: TokenUsage = NO_USAGE
    session_id: str | None = None
    version: str | None = None
    model: str | None = None
    summary: str = ""
    said_nothing_to_do: bool = False
    retryable: bool = False
    tail: tuple[str, ...] = ()
    swept: int = 0
    survivors: tuple[int, ...] = ()
    process: Usage | None = None
    answer: str = ""


def run_attempt(
    task: AgentTask,
    config: AgentConfig,
    *,
    emit: EmitActivity,
    cancel: threading.Event,
    limits: Limits | None = None,
) -> AttemptReport:
    """Run an agent on its task and wait until its whole tree of processes is gone.

    A program that is missing is an outcome like any other failure of an agent.

    Args:
        task: who works where, on what.
        config: the agent.
        emit: gets ``agent_started`` (synced) and ``agent_activity`` events.
        cancel: ends the agent when set.
        limits: sizes of log and tail, and patience with an agent that is to end, in place of the
            adapter's; deadlines always come from the configuration.

    Raises:
        InvalidInput: the configuration lacks something, or its kind is not available.
        StorageError: the disk refused the attempt's files.
        WorktreeError: the worktree is not fit for an attempt.
    """
    adapter = require_adapter(config.kind)
    launch = adapter.command(task, config)
    env = build_environment(task, config, launch, home=config.home or adapter.default_home)
    redactor = Redactor(secrets_of(task, config, launch))
    stop = Stop(cancel)
    prepare_folder(task, launch.files)
    listener = Listener(
        adapter, redactor, tell=_teller(task, emit), stop=stop, budget_usd=config.budget_usd
    )
    try:
        ended = run(
            launch.argv,
            cwd=task.worktree,
            env=env,
            stdin=launch.stdin,
            limits=_limits(config, launch, limits),
            log=task.log,
            report=task.folder / REPORT_NAME,
            on_line=listener.take,
            on_start=_start_noter(task, emit),
            cancel=stop,
        )
    except ProgramNotFound as error:
        return _not_started(task, error)
    finally:
        _mask(task, redactor)
    finish = _finish(adapter, listener, ended, redactor)
    if stop.outcome is not None and ended.ended_by is EndedBy.CANCELLED:
        finish = replace(finish, outcome=stop.outcome, retryable=stop.outcome in RETRYABLE)
    return _report(task, ended, _with_claim(finish, task), redactor)


def recover_attempt(task: AgentTask, config: AgentConfig) -> AttemptReport | None:
    """Return the report of an attempt whose coordinator was killed, None when it was cut short.

    What the attempt left is masked now in either case. The log of an agent that had ended by itself
    may lack its last lines, so that here an orderly exit counts even without a last word.

    Raises:
        InvalidInput: the configuration's kind is not available, or the log is no plain file.
        StorageError: the disk refused.
    """
    adapter = require_adapter(config.kind)
    redactor = Redactor(secrets_of(task, config, adapter.command(task, config)))
    _mask(task, redactor)
    ended = read_report(task.folder / REPORT_NAME)
    if ended is None or ended.ended_by is EndedBy.LOST:
        return None
    lines = _read_log(task.log).splitlines()
    listener = Listener(adapter, redactor, tell=_tell_nobody, stop=Stop(threading.Event()))
    for line in lines:
        listener.take(line)
    last = lines[-DEFAULT_LIMITS.tail_lines :]
    ended = replace(ended, tail=tuple(line.decode("utf-8", errors="replace") for line in last))
    finish = _finish(adapter, listener, ended, redactor)
    has_final = any(isinstance(event, FinalEvent) for event in listener.events)
    if ended.exit_code == 0 and finish.outcome is Outcome.CRASHED and not has_final:
        finish = replace(finish, outcome=Outcome.OK, retryable=False)
    return _report(task, ended, _with_claim(finish, task), redactor)


def read_claim(worktree: Path, result_path: Path) -> AgentClaim | str:
    """Return the agent's own account, or why there is none: ``missing``, or what is wrong with it.

    Args:
        worktree: the agent's worktree.
        result_path: where the account may be, inside the worktree.
    """
    relative = str(result_path.relative_to(worktree))
    content = read_untrusted(worktree, relative, MAX_CLAIM_BYTES)
    return content.reason if isinstance(content, Refusal) else parse_claim(content)


def _teller(task: AgentTask, emit: EmitActivity) -> Callable[[str], None]:
    def tell(activity: str) -> None:
        emit("agent_activity", {"domain": task.domain, "text": activity})

    return tell


def _start_noter(task: AgentTask, emit: EmitActivity) -> Callable[[Started], None]:
    def note(started: Started) -> None:
        data = {
            "domain": task.domain,
            "number": task.number,
            "started": started_to_json(started),
            "mark": attempt_mark(task),
        }
        emit("agent_started", data, sync=True)

    return note


def _limits(config: AgentConfig, launch: Launch, given: Limits | None) -> Limits:
    limits = given or Limits(interrupt_s=launch.interrupt_s, grace_s=launch.grace_s)
    return replace(limits, wall_s=config.timeout_s, idle_s=config.idle_timeout_s)


def _finish(adapter: Adapter, listener: Listener, ended: Ended, redactor: Redactor) -> Finish:
    masked = replace(ended, tail=redactor.redact_tail(ended.tail), output=b"")
    return adapter.finish(masked, listener.events)


def _with_claim(finish: Finish, task: AgentTask) -> Finish:
    """Add what the result file says about there being nothing to do."""
    if finish.outcome is not Outcome.OK:
        return finish
    claim = read_claim(task.worktree, task.result_path)
    status = claim.status if isinstance(claim, AgentClaim) else None
    if status is None or status.casefold() not in _NOTHING_TO_DO:
        return finish
    return replace(finish, outcome=Outcome.NOTHING_TO_DO, said_nothing_to_do=True)


def _report(task: AgentTask, ended: Ended, finish: Finish, redactor: Redactor) -> AttemptReport:
    return AttemptReport(
        outcome=finish.outcome,
        exit_code=ended.exit_code,
        duration_s=ended.duration_s,
        log=task.log,
        usage=finish.usage,
        session_id=finish.session_id,
        version=finish.version,
        model=finish.model,
        summary=redactor.redact_text(finish.summary),
        said_nothing_to_do=finish.said_nothing_to_do,
        retryable=finish.retryable,
        tail=redactor.redact_tail(ended.tail),
        swept=ended.swept,
        survivors=ended.survivors,
        process=ended.usage,
        answer=redactor.redact_text(finish.answer),
    )


def _not_started(task: AgentTask, error: ProgramNotFound) -> AttemptReport:
    tail = tuple(part for part in (error.message, error.hint) if part)
    return AttemptReport(
        outcome=Outcome.ERROR,
        exit_code=None,
        duration_s=0.0,
        log=task.log,
        summary=error.message,
        tail=tail,
    )


def _read_log(log: Path) -> bytes:
    return read_limited(log, DEFAULT_LIMITS.log_bytes + _LOG_ROOM) if log.exists() else b""


def _mask(task: AgentTask, redactor: Redactor) -> None:
    """Mask secrets in what the agent leaves to be read: its log and its own account."""
    if not redactor.is_needed:
        return
    log = _read_log(task.log)
    masked = redactor.redact_log(log)
    if masked != log:
        write_atomic(task.log, masked, mode=0o600)
    relative = str(task.result_path.relative_to(task.worktree))
    account = read_untrusted(task.worktree, relative, MAX_CLAIM_BYTES)
    if not isinstance(account, Refusal) and redactor.redact(account) != account:
        write_atomic(task.result_path, redactor.redact(account))


def _tell_nobody(_activity: str) -> None:
    pass

"""Runs one attempt of any agent, from an empty folder to a report.

Invariants: the agent sees only the environment that is built for it; when `run_attempt` returns,
nothing that it started is left, or `AttemptReport.survivors` names it; no secret that ropewalk gave
to the agent is in the events, in the report, in the finished log or in the agent's own account.
While the agent works its log is unmasked and readable by its owner alone: it is masked, in one
step, when the agent has ended. A coordinator that is killed before that leaves it so until
`recover_attempt` is called for the attempt.
"""

import threading
from collections.abc import Callable, Mapping
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
    SessionEvent,
)
from ropewalk.agents.environment import attempt_mark, build_environment, secrets_of
from ropewalk.agents.folder import REPORT_NAME, REST_NAME, prepare_folder
from ropewalk.agents.listener import EmitActivity, Listener, Stop
from ropewalk.agents.starts import started_to_json
from ropewalk.agents.table import adapter_of
from ropewalk.agents.transcript import Transcript
from ropewalk.agents.watch import Terms, Together, Watch, terms_alone
from ropewalk.errors import ProgramNotFound
from ropewalk.model.config import AgentConfig
from ropewalk.model.result import AgentClaim, Outcome, TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.process import (
    DEFAULT_LIMITS,
    Ended,
    EndedBy,
    Limits,
    Started,
    Usage,
    read_report,
    read_rest,
    run,
)
from ropewalk.store.files import Refusal, read_limited, read_untrusted, write_atomic
from ropewalk.store.redact import Redactor
from ropewalk.store.schema.claims import parse_claim

MAX_CLAIM_BYTES: Final = 1024 * 1024
_LOG_ROOM: Final = 1024 * 1024
_NOTHING_TO_DO: Final = frozenset(("nothing_to_do", "no_changes"))
_LOST: Final = Ended(
    exit_code=None,
    signal=None,
    ended_by=EndedBy.LOST,
    duration_s=0.0,
    usage=None,
    tail=(),
    output=b"",
    output_bytes=0,
    truncated=False,
    swept=0,
)


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
    together: Together | None = None,
    terms: Terms | None = None,
) -> AttemptReport:
    """Run an agent on its task and wait until its whole tree of processes is gone.

    A program that is missing is an outcome like any other failure of an agent.

    Args:
        task: who works where, on what.
        config: the agent.
        emit: gets ``agent_started`` and ``agent_session`` (both synced), ``agent_activity``,
            ``agent_usage``, ``agent_waiting`` and ``rate_limited`` events.
        cancel: ends the agent when set.
        limits: sizes of log and tail, and patience with an agent that is to end, in place of the
            adapter's; deadlines always come from the configuration.
        together: what it shares with agents that are at work now; None: it is alone.
        terms: what it may spend, and at which prices; None: as its own configuration says.

    Raises:
        InvalidInput: the configuration lacks something.
        StorageError: the disk refused the attempt's files.
        WorktreeError: the worktree is not fit for an attempt.
    """
    adapter = adapter_of(config.kind)
    launch = adapter.command(task, config)
    env = build_environment(task, config, launch, home=config.home or adapter.default_home)
    redactor = Redactor(secrets_of(task, config, launch))
    stop = Stop(cancel)
    terms = terms or terms_alone(config)
    watch = Watch(terms, together or Together(), emit=_named(task, emit), stop=stop)
    prepare_folder(task, launch.files)
    transcript = Transcript(task, config.kind)
    seen = transcript.beside(watch.take)
    told = _teller(task, emit)
    before = task.used_before
    listener = Listener(adapter, redactor, tell=told, stop=stop, watch=seen, used_before=before)
    listener.take_event(SessionEvent(session_id=launch.session_id))
    limits = _limits(config, launch, limits)
    note = _start_noter(task, emit)
    try:
        with watch.starting(launch.start_up_s):
            ended = _run(
                task, launch, env, limits=limits, listener=listener, on_start=note, cancel=stop
            )
    except ProgramNotFound as error:
        return _not_started(task, error)
    finally:
        _mask(task, redactor)
    finish = _with_reason(_finish(adapter, listener, ended, redactor), ended, stop)
    watch.note_end(finish.outcome)
    report = _report(task, ended, _with_claim(_priced(finish, terms), task), redactor)
    transcript.end(report.outcome, report.usage, report.duration_s)
    return report


def _with_reason(finish: Finish, ended: Ended, stop: Stop) -> Finish:
    """Return how an agent ended: for the reason that it gave to be ended, where that ended it."""
    if stop.outcome is None or ended.ended_by is not EndedBy.CANCELLED:
        return finish
    return replace(finish, outcome=stop.outcome, retryable=stop.outcome in RETRYABLE)


def _run(
    task: AgentTask,
    launch: Launch,
    env: Mapping[str, str],
    *,
    limits: Limits,
    listener: Listener,
    on_start: Callable[[Started], None],
    cancel: threading.Event,
) -> Ended:
    return run(
        launch.argv,
        cwd=task.worktree,
        env=env,
        stdin=launch.stdin,
        limits=limits,
        log=task.log,
        report=task.folder / REPORT_NAME,
        on_line=listener.take,
        on_start=on_start,
        cancel=cancel,
    )


def recover_attempt(
    task: AgentTask, config: AgentConfig, *, terms: Terms | None = None
) -> AttemptReport:
    """Return the report of an attempt whose coordinator was killed.

    The outcome of one that was cut short is ``interrupted``; its report holds what it had told
    until then. What the attempt left is masked now in either case, and the end of its output is
    added to the log where the coordinator had not come to read it. An agent that always says a last
    word and has not counts as cut short, however orderly its exit: nobody knows whether it had
    finished.

    Raises:
        InvalidInput: the configuration lacks something, or the log is no plain file.
        StorageError: the disk refused.
    """
    adapter = adapter_of(config.kind)
    launch = adapter.command(task, config)
    redactor = Redactor(secrets_of(task, config, launch))
    _complete_log(task, redactor)
    _mask(task, redactor)
    ended = read_report(task.folder / REPORT_NAME) or _LOST
    lines = _read_log(task.log).splitlines()
    transcript = Transcript(task, config.kind, is_live=False)
    listener = Listener(
        adapter,
        redactor,
        tell=_tell_nobody,
        stop=Stop(threading.Event()),
        watch=transcript.take,
        used_before=task.used_before,
    )
    listener.take_event(SessionEvent(session_id=launch.session_id))
    for line in lines:
        listener.take(line)
    last = lines[-DEFAULT_LIMITS.tail_lines :]
    ended = replace(ended, tail=tuple(line.decode("utf-8", errors="replace") for line in last))
    finish = _priced(_finish(adapter, listener, ended, redactor), terms or terms_alone(config))
    has_final = any(isinstance(event, FinalEvent) for event in listener.events)
    is_unsaid = ended.exit_code == 0 and finish.outcome is Outcome.CRASHED and not has_final
    if ended.ended_by is EndedBy.LOST or is_unsaid:
        finish = replace(finish, outcome=Outcome.INTERRUPTED, retryable=False)
        ended = replace(ended, exit_code=None)
    report = _report(task, ended, _with_claim(finish, task), redactor)
    transcript.end(report.outcome, report.usage, report.duration_s)
    return report


def read_claim(worktree: Path, result_path: Path) -> AgentClaim | str:
    """Return the agent's own account, or why there is none: ``missing``, or what is wrong with it.

    Args:
        worktree: the agent's worktree.
        result_path: where the account may be, inside the worktree.
    """
    relative = str(result_path.relative_to(worktree))
    content = read_untrusted(worktree, relative, MAX_CLAIM_BYTES)
    return content.reason if isinstance(content, Refusal) else parse_claim(content)


def _named(task: AgentTask, emit: EmitActivity) -> EmitActivity:
    def tell(type_: str, data: JsonObject, /, *, sync: bool = False) -> None:
        emit(type_, {"domain": task.domain, "number": task.number, **data}, sync=sync)

    return tell


def _priced(finish: Finish, terms: Terms) -> Finish:
    return replace(finish, usage=terms.priced(finish.usage, finish.model))


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


def _complete_log(task: AgentTask, redactor: Redactor) -> None:
    """Add to a log what a killed coordinator had not read; once, however often this is called."""
    rest = redactor.redact(read_rest(task.folder / REPORT_NAME))
    log = _read_log(task.log)
    if rest and not log.endswith(rest):
        write_atomic(task.log, redactor.redact_log(log + rest), mode=0o600)
    # It is not masked, and the log holds it now.
    (task.folder / REST_NAME).unlink(missing_ok=True)


def _mask(task: AgentTask, redactor: Redactor) -> None:
    """Mask secrets in what the agent leaves to be read: its log and its own account."""
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

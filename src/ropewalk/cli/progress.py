"""What an observer of a run knows: the state of the run, and what a person should notice. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ropewalk.cli import words
from ropewalk.cli.alerts import alert_of
from ropewalk.cli.resolving_lines import doing_text
from ropewalk.model.event import Event
from ropewalk.model.values import JsonObject
from ropewalk.report.domain_state import DomainState
from ropewalk.report.state import RunState, apply

_MOST_ALERTS = 6
# What is true until it is over is shown as the state of the run, not as what happened.
_STANDING = ("clash_found", "outside_found")
PHASES: Mapping[str, str] = {
    "prepare": "making the worktrees",
    "aggregate": "adding up",
    "train": "merging",
    "check": "checking the merged tree",
    "land": "finishing the merge",
    "validate": "validating the merged tree",
    "postmortem": "looking back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A run as it is watched.

    Attributes:
        run: the fold over its events.
        began_ns: when what is watched was asked for, by the monotonic clock.
        now_ns: when the last event happened.
        doing: the phases that run now, besides agents at work.
        since: when a command or an agent of such a phase began, by the monotonic clock.
        checks: whether the checks of a domain passed, where it has any.
        merged: what became of a domain in the train.
        retries: what is known of an attempt that is to come.
        alerts: what a person should notice, oldest first.
        tokens: used so far; None: nobody told.
        cost_usd: spent so far; None: nobody told.
    """

    run: RunState = field(default_factory=RunState)
    began_ns: int | None = None
    now_ns: int = 0
    doing: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, int] = field(default_factory=dict)
    checks: Mapping[str, bool] = field(default_factory=dict)
    merged: Mapping[str, str] = field(default_factory=dict)
    retries: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()
    tokens: int | None = None
    cost_usd: float | None = None

    @property
    def domains(self) -> tuple[DomainState, ...]:
        """The domains in the order of the plan."""
        return tuple(self.run.domains.values())


def advance(progress: Progress, event: Event) -> Progress:
    """Return what is known after one more event."""
    before = replace(progress, run=apply(progress.run, event), now_ns=event.mono_ns)
    step = _STEPS.get(event.type)
    after = step(before, event) if step is not None else before
    alert = alert_of(event) if event.type not in _STANDING else None
    if alert is None or alert in after.alerts:
        return after
    return replace(after, alerts=(*after.alerts, alert)[-_MOST_ALERTS:])


def step_domain(step: str | None) -> str:
    """Return the domain in a step id such as ``work:api:1``; empty for a step without one."""
    parts = (step or "").split(":")
    return parts[1] if len(parts) > 2 else ""  # noqa: PLR2004 - kind, domain, round


def _requested(progress: Progress, event: Event) -> Progress:
    return replace(progress, began_ns=event.mono_ns, doing={}, since={}, alerts=())


def _attempt_started(progress: Progress, event: Event) -> Progress:
    kind = str(event.data.get("kind", ""))
    if kind not in PHASES or event.step is None:
        return progress
    return replace(progress, doing={**progress.doing, event.step: PHASES[kind]})


def _attempt_finished(progress: Progress, event: Event) -> Progress:
    doing = {step: text for step, text in progress.doing.items() if step != event.step}
    outputs = event.data.get("outputs")
    usage = outputs.get("usage") if isinstance(outputs, Mapping) else None
    since = {step: at for step, at in progress.since.items() if step != event.step}
    after = replace(progress, doing=doing, since=since)
    return _add_usage(after, usage) if isinstance(usage, Mapping) else after


def _add_usage(progress: Progress, usage: Mapping[str, object]) -> Progress:
    used = [usage.get(key) for key in ("input_tokens", "output_tokens")]
    known = [value for value in used if isinstance(value, int)]
    cost = usage.get("cost_usd")
    return replace(
        progress,
        tokens=(progress.tokens or 0) + sum(known) if known else progress.tokens,
        cost_usd=(progress.cost_usd or 0.0) + cost
        if isinstance(cost, int | float)
        else progress.cost_usd,
    )


def _agent_starting(progress: Progress, event: Event) -> Progress:
    name = event.data.get("domain")
    retries = {domain: text for domain, text in progress.retries.items() if domain != name}
    return replace(progress, retries=retries)


def _retry_scheduled(progress: Progress, event: Event) -> Progress:
    domain = step_domain(event.step)
    if not domain:
        return progress
    return replace(progress, retries={**progress.retries, domain: "another attempt soon"})


def _collected(progress: Progress, event: Event) -> Progress:
    passed = event.data.get("checks_passed")
    if not isinstance(passed, bool):
        return progress
    return replace(progress, checks={**progress.checks, str(event.data["domain"]): passed})


def _merge_started(progress: Progress, _event: Event) -> Progress:
    return replace(progress, merged={})


def _domain_merged(progress: Progress, event: Event) -> Progress:
    name, status = str(event.data.get("domain", "")), str(event.data.get("status", ""))
    return replace(progress, merged={**progress.merged, name: status})


def _check_started(progress: Progress, event: Event) -> Progress:
    if "domain" in event.data:
        return progress
    text = f"checking: {words.plain(event.data.get('command', ''))}"
    return _doing(progress, event, text, since_ns=event.mono_ns)


def _checks_finished(progress: Progress, event: Event) -> Progress:
    return _doing(progress, event, PHASES["check"])


def _resolving(progress: Progress, event: Event) -> Progress:
    return _doing(progress, event, doing_text(event))


def _conflict_resolved(progress: Progress, event: Event) -> Progress:
    return _doing(progress, event, PHASES["train"])


def _mend_starting(progress: Progress, event: Event) -> Progress:
    return _doing(progress, event, mending_text(event.data), since_ns=event.mono_ns)


def _doing(progress: Progress, event: Event, text: str, *, since_ns: int | None = None) -> Progress:
    """Say what the step of an event does now, and since when, where that is worth a clock."""
    step = event.step
    if step is None or step not in progress.doing:
        return progress
    others = {name: at for name, at in progress.since.items() if name != step}
    since = others if since_ns is None else {**others, step: since_ns}
    return replace(progress, doing={**progress.doing, step: text}, since=since)


def mending_text(data: JsonObject) -> str:
    """Return what an agent does that puts a merge right."""
    agent, about = (words.plain(data.get(key, "")) for key in ("agent", "about"))
    number = data.get("number", 1)
    return f"{agent} works on {about}" + (f", attempt {number}" if number != 1 else "")


_STEPS = {
    "requested": _requested,
    "attempt_started": _attempt_started,
    "attempt_finished": _attempt_finished,
    "agent_starting": _agent_starting,
    "retry_scheduled": _retry_scheduled,
    "domain_collected": _collected,
    "merge_started": _merge_started,
    "domain_merged": _domain_merged,
    "check_started": _check_started,
    "checks_finished": _checks_finished,
    "mend_starting": _mend_starting,
    "resolving": _resolving,
    "candidate_tried": _resolving,
    "conflict_resolved": _conflict_resolved,
}

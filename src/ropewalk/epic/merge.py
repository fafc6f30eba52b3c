"""Phase 1C: the train is built, checked on its exact tree, landed, and what was merged cleaned up.

Each step hands its result to the next as JSON through the journal, so that a run that was killed
goes on with the very commits that it had built and checked.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ropewalk.engine.executor import Control
from ropewalk.engine.history import History
from ropewalk.epic.context import EpicContext, interrupted, stopped
from ropewalk.epic.options import merge_defaults
from ropewalk.epic.resolving import with_ladder
from ropewalk.epic.tidy import Note, remove_worktrees_of
from ropewalk.epic.withhold import cleared_tree
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, WrongPhase
from ropewalk.git.objects import tree_of
from ropewalk.git.own import own_context
from ropewalk.git.refs import read_ref
from ropewalk.git.snapshot import snapshot
from ropewalk.merging.merge import build, dry_run, land_train, validate
from ropewalk.merging.select import select
from ropewalk.merging.values import Checked, MergeInput, MergeOptions, MergeTools, Train
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.merge import MergedDomainStatus, MergeReport, OnConflict, Resolve
from ropewalk.model.plan import Plan
from ropewalk.model.result import DomainResult, DomainStatus
from ropewalk.model.validation import ValidationReport
from ropewalk.model.values import JsonObject
from ropewalk.store.schema.documents import dump, from_json, read_document, to_json, write_document

_IN = frozenset(
    (
        MergedDomainStatus.MERGED,
        MergedDomainStatus.RESOLVED,
        MergedDomainStatus.NOTHING_TO_MERGE,
    )
)


def run_train(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Build the train from what succeeded."""
    if stopped(control, context):
        return interrupted(spec)
    options = from_json(MergeOptions, spec.payload)
    target, commit = target_of(context.workspace, context.plan, options)
    given = merge_input(context, options, target=target, commit=commit)
    tools = with_ladder(
        merge_tools(context, spec, control), given, context=context, spec=spec, control=control
    )
    train = build(given, tools)
    return _done(spec, {"target": target, "commit": commit, "train": to_json(train)})


def run_check(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Run the checks on the exact tree of the train."""
    if stopped(control, context):
        return interrupted(spec)
    before = _outputs(spec, "train")
    train = from_json(Train, _object(before, "train"))
    given = _given(context, spec, before)
    tools = with_ladder(
        merge_tools(context, spec, control), given, context=context, spec=spec, control=control
    )
    checked = validate(given, train, tools)
    if stopped(control, context):
        return interrupted(spec)
    outputs = {**before, "checked": to_json(checked)}
    return _done(spec, outputs)


def run_land(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Move the target to the train, or say why not; then take down what has landed."""
    if stopped(control, context):
        return interrupted(spec)
    before = _outputs(spec, "checked")
    checked = from_json(Checked, _object(before, "checked"))
    given = _given(context, spec, before)
    report = land_train(given, checked, merge_tools(context, spec, control))
    write_report(context, control.emit, report)
    if report.target.landed:
        _note_validated(context, before)
        finish_landed(context, control, report)
    return _done(spec, {"status": report.status.value})


def write_report(context: EpicContext, note: Note, report: MergeReport) -> Path:
    """Write the report of a merge and journal its digest; return where it lies."""
    path = context.workspace.layout.merge_results(context.epic_id)
    # A kill in between leaves the old file or the new one, and the journal knows both.
    note("merge_writing", {"digest": hashlib.sha256(dump(report)).hexdigest()}, sync=True)
    write_document(path, report)
    note("merge_written", {"digest": digest_of(path)}, sync=True)
    return path


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _note_validated(context: EpicContext, before: JsonObject) -> None:
    """Say in the validation of this round that what it validated has landed."""
    path = context.workspace.layout.validation_results(context.epic_id)
    if "validated" in before and path.is_file():
        write_document(path, replace(read_document(ValidationReport, path), landed=True))


def finish_landed(context: EpicContext, control: Control, report: MergeReport) -> None:
    """Note what has landed and remove the worktrees of the merged domains, saved first."""
    landed = names_in(report)
    commits = {domain.name: domain.commit for domain in report.domains}
    for name in landed:
        data = {"domain": name, "commit": commits[name]}
        control.emit("domain_landed", data, sync=name == landed[-1])
    remove_worktrees_of(context, control.emit, landed)


def _require_one_will(options: MergeOptions) -> None:
    both = sorted(set(options.include) & set(options.skip))
    if both:
        raise InvalidInput(
            f"domain '{both[0]}' is both included and skipped",
            hint="leave out --include or --skip for it",
        )


def _require_agent_asked(workspace: Workspace, options: MergeOptions) -> None:
    if options.on_conflict is not OnConflict.AGENT or options.resolve is Resolve.VERIFY:
        return
    is_configured = workspace.config.merge.resolve is not Resolve.VERIFY
    raise InvalidInput(
        f"--on-conflict agent does nothing about a conflict with --resolve {options.resolve}",
        hint="say --resolve verify" if is_configured else "leave --resolve out",
    )


def names_in(report: MergeReport) -> tuple[str, ...]:
    """Return the domains whose work is in the train of a merge, in order."""
    return tuple(domain.name for domain in report.domains if domain.status in _IN)


def preview(context: EpicContext, options: MergeOptions, control: Control) -> MergeReport:
    """Return what a merge would do; nothing is written."""
    target, commit = target_of(context.workspace, context.plan, options)
    given = merge_input(context, options, target=target, commit=commit)
    return dry_run(given, merge_tools(context, None, control))


def require_options(context: EpicContext, options: MergeOptions) -> None:
    """Raise InvalidInput where options of a merge name something that cannot be."""
    if not all(map(str.strip, options.checks)):
        raise InvalidInput(
            "the command of --check is empty, and would pass always",
            hint="leave it out, or: --check 'make test'",
        )
    if not options.proceed:
        _require_agent_asked(context.workspace, options)
    target, commit = target_of(context.workspace, context.plan, options)
    select(merge_input(context, options, target=target, commit=commit))


def continued(history: History, epic_id: str, options: MergeOptions) -> MergeOptions:
    """Return the options of the merge that stopped at a conflict, to go on with.

    Raises:
        WrongPhase: nothing was merged before.
    """
    before = options_before(history)
    if before is None:
        raise WrongPhase(
            f"no merge of '{epic_id}' is waiting",
            hint=f"ropewalk merge {epic_id} --on-conflict stop",
        )
    return replace(before, proceed=True, land=options.land and before.land)


def options_before(history: History) -> MergeOptions | None:
    """Return what was asked for when the last train was begun; None when there was none."""
    trains = [step for step in history.graph.steps if step.kind == "train"]
    return from_json(MergeOptions, trains[-1].payload) if trains else None


def target_of(workspace: Workspace, plan: Plan, options: MergeOptions) -> tuple[str, str]:
    """Return the full name of the branch to land on, and where it stands now.

    Raises:
        InvalidInput: there is no such branch, or HEAD was detached and none was named.
    """
    _require_one_will(options)
    name = options.into or plan.target
    if name is None:
        raise InvalidInput(
            "no branch was checked out when the epic was planned",
            hint=f"name one: ropewalk merge {plan.epic_id} --into main",
        )
    ref = name if name.startswith("refs/") else f"refs/heads/{name}"
    if ref.startswith("refs/heads/ropewalk/") or not ref.startswith("refs/heads/"):
        raise InvalidInput(
            f"'{name}' is not a branch to land on",
            hint=f"name one of yours: ropewalk merge {plan.epic_id} --into main",
        )
    commit = read_ref(workspace.place.context, ref)
    if commit is None:
        raise InvalidInput(
            f"there is no branch '{ref.removeprefix('refs/heads/')}' to land on",
            hint=f"make it, or name another: ropewalk merge {plan.epic_id} --into main",
        )
    return ref, commit


def merge_input(
    context: EpicContext, options: MergeOptions, *, target: str, commit: str
) -> MergeInput:
    """Return everything that decides the commits of the train.

    Raises:
        WrongPhase: the file of a result was changed after it was written.
    """
    planned = datetime.fromisoformat(context.plan.created_at)
    domains = context.live.state.domains.values()
    landed = tuple(one.name for one in domains if one.merged is not None)
    return MergeInput(
        epic_id=context.epic_id,
        run_id=context.run_id,
        plan=context.plan,
        results=_collected(context),
        target=target,
        target_commit=commit,
        date=int(planned.timestamp()),
        options=options,
        defaults=merge_defaults(context.workspace),
        landed=landed,
        configured_checks=context.workspace.config.checks.commands,
    )


def _collected(context: EpicContext) -> tuple[DomainResult, ...]:
    """Return the results as the journal knows them; their files lie where agents can write.

    Raises:
        WrongPhase: a file says something else.
    """
    results = context.results()
    for result in results:
        known = context.domain_state(result.domain)
        if (result.status.value, result.head) != (known.status, known.head):
            raise WrongPhase(
                f"the results file of '{result.domain}' is not what was found when it was written",
                hint=f"ropewalk collect {context.epic_id} {result.domain}",
            )
    return results


def merge_tools(context: EpicContext, spec: AttemptSpec | None, control: Control) -> MergeTools:
    """Return what the merge works with."""
    layout = context.workspace.layout
    number = spec.step.rsplit(":", 1)[-1] if spec else "0"
    return MergeTools(
        place=context.workspace.place,
        layout=layout,
        note=control.emit,
        checks=context.checks,
        identity=context.identity(),
        log=lambda name: layout.log(context.run_id, f"merge:{number}:{name}", 1),
        cancel=control.cancelled,
    )


def require_results(context: EpicContext) -> None:
    """Raise WrongPhase unless at least one domain was collected."""
    if not context.results():
        raise WrongPhase(
            f"'{context.epic_id}' has no results yet", hint=f"ropewalk run {context.epic_id}"
        )


def require_collected(context: EpicContext, results: Sequence[DomainResult]) -> None:
    """Raise WrongPhase when a worktree holds work that was not taken in."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        collected = pool.map(lambda result: _is_collected(context, result), results)
        for result, is_collected in zip(results, collected, strict=True):
            if not is_collected:
                raise WrongPhase(
                    f"the worktree of '{result.domain}' holds changes that were not collected",
                    hint=f"ropewalk collect {context.epic_id} {result.domain}",
                )


def _is_collected(context: EpicContext, result: DomainResult) -> bool:
    state = context.domain_state(result.domain)
    worktree = context.worktree(result.domain)
    is_last = context.live.state.last_collected == result.domain
    is_shared = context.live.state.mode == "sequential"
    if (is_shared and not is_last) or result.head is None or state.removed is not None:
        return True
    if result.status is DomainStatus.FAILED or not worktree.is_dir():
        return True
    place = context.workspace.place
    seen = snapshot(place, worktree, exclude=(*state.brought, ".workflow/outputs"))
    taken = tree_of(own_context(place), result.head)
    if seen.tree == taken or not state.brought:
        return seen.tree == taken
    base = state.base or context.plan.base.commit
    return cleared_tree(place, seen.tree, base=base, brought=state.brought) == taken


def _given(context: EpicContext, spec: AttemptSpec, before: JsonObject) -> MergeInput:
    options = from_json(MergeOptions, {k: v for k, v in spec.payload.items() if k != "on_train"})
    return merge_input(context, options, target=str(before["target"]), commit=str(before["commit"]))


def _outputs(spec: AttemptSpec, key: str) -> JsonObject:
    return next(outputs for outputs in reversed(list(spec.needs.values())) if key in outputs)


def _object(outputs: JsonObject, key: str) -> JsonObject:
    value = outputs[key]
    if not isinstance(value, Mapping):
        raise TypeError(key)
    return value


def _done(spec: AttemptSpec, outputs: JsonObject) -> AttemptResult:
    return AttemptResult(attempt_id=spec.attempt_id, state=StepState.SUCCEEDED, outputs=outputs)

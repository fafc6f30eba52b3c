"""The steps of a merge, each of which can be run again after a kill with the same result.

`merge` runs them in a row. A caller that journals between the steps calls `build`, `validate` and
`land_train` itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ropewalk.git.objects import is_ancestor
from ropewalk.git.refs import read_ref, resolve_commit
from ropewalk.merging import hooks
from ropewalk.merging.fix_bench import open_failure, take_fix
from ropewalk.merging.forgetting import forget_unlanded
from ropewalk.merging.landing import Landing, land, why_not_landable
from ropewalk.merging.lay import nobody
from ropewalk.merging.matrix import NOTHING
from ropewalk.merging.outset import outset
from ropewalk.merging.report import NOT_RUN, merge_report, why_nothing
from ropewalk.merging.resolution import known_or_asked
from ropewalk.merging.train import Built, build_train, pin
from ropewalk.merging.undo import train_refs, undo_building
from ropewalk.merging.validate import commands_for, validate_train
from ropewalk.merging.values import Checked, MergeInput, MergeTools, Train
from ropewalk.merging.workbench import close_conflict, close_skipped, open_conflict, take_resolution
from ropewalk.model.config import Hooks
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
    OnConflict,
)

_REBUILDS = 3
NO_RESOLVER = "no agent for conflicts is configured"


def merge(given: MergeInput, tools: MergeTools) -> MergeReport:
    """Do what the options ask for, from the heads of the domains to the target branch.

    Raises:
        InvalidInput: an option names a domain that cannot be used.
        WrongPhase: ``proceed`` without an open conflict, or with one that no longer fits.
        ConflictWaiting: ``proceed`` while the open conflict is not resolved yet.
        Interrupted: the merge was cancelled.
        GitError: git failed in a way that says nothing about the domains.
    """
    if given.options.abort:
        return abort(given, tools)
    if given.options.dry_run:
        return dry_run(given, tools)
    train = build(given, tools)
    return land_train(given, validate(given, train, tools), tools)


def build(given: MergeInput, tools: MergeTools, *, left_out: Sequence[MergedDomain] = ()) -> Train:
    """Build the train and pin it.

    With ``proceed`` what a person resolved or mended is taken in first; with ``stop`` the first
    conflict is opened for one.

    Args:
        given: what decides the train.
        tools: the repository, the journal, who signs.
        left_out: domains that are not to take part, besides those that the options leave out.

    Raises:
        InvalidInput: an option names a domain that cannot be used.
        WrongPhase: ``proceed`` without an open conflict, or with one that no longer fits.
        ConflictWaiting: ``proceed`` while the open conflict is not resolved yet.
        GitError: git failed in a way that says nothing about the domains.
    """
    close_skipped(given, tools)
    if given.options.proceed:
        # The conflict is at a person: nothing else is set to work on it meanwhile.
        waiting = _lay_down(given, replace(tools, resolver=None), left_out=left_out).train
        if not take_fix(given, tools, waiting):
            take_resolution(given, tools, waiting)
    train = _built(given, tools, left_out=left_out)
    if given.options.on_conflict is OnConflict.STOP:
        open_conflict(given, tools, train)
    return train


def _built(given: MergeInput, tools: MergeTools, *, left_out: Sequence[MergedDomain]) -> Train:
    tools.note(
        "merge_started",
        {"target": given.target, "base": given.target_commit, "run_id": given.run_id},
    )
    built = _lay_down(given, tools, left_out=left_out)
    train = built.train
    _pin(given, tools, train, present=built.refs)
    for entry in train.domains:
        data = {"domain": entry.name, "status": str(entry.status), "commit": entry.commit}
        tools.note("domain_merged", data)
    return train


def _pin(
    given: MergeInput, tools: MergeTools, train: Train, *, present: Mapping[str, str] | None = None
) -> None:
    tools.note("train_pinning", {"refs": train_refs(tools.place, given.epic_id)}, sync=True)
    pin(given, tools, train, present=present)
    tools.note("train_pinned", {"refs": train_refs(tools.place, given.epic_id)})


def validate(given: MergeInput, train: Train, tools: MergeTools) -> Checked:
    """Check the train as it was built, also where a conflict keeps it from landing.

    With ``stop`` the first failure is opened for a person, unless a conflict is open.
    """
    checked = validate_train(
        given, train, tools, rebuild=lambda ejected: _built(given, tools, left_out=ejected)
    )
    if checked.validation.fixes:
        _pin(given, tools, checked.train)
    if given.options.on_conflict is OnConflict.STOP and not train.conflicting:
        open_failure(given, tools, checked)
    return checked


def land_train(given: MergeInput, checked: Checked, tools: MergeTools) -> MergeReport:
    """Land the checked train, or say why it does not land.

    Where the target went forward meanwhile, the train is built on its new place and checked again,
    a few times; a verdict on an equal tree is taken from before.
    """
    status, reason = _decide(given, checked)
    for left in reversed(range(_REBUILDS + 1)):
        if status is not None:
            break
        landing = _land(given, checked, tools)
        if landing.landed or not (left and _is_movable(given, checked, landing, tools)):
            status = MergeStatus.LANDED if landing.landed else MergeStatus.LAND_REFUSED
            reason = landing.reason
            break
        given = replace(given, target_commit=resolve_commit(tools.place.context, given.target))
        checked = validate(given, _built(given, tools, left_out=()), tools)
        status, reason = _decide(given, checked)
    assert status is not None, "the last try decides"  # noqa: S101
    tools.note("merge_finished", {"status": str(status), "reason": reason}, sync=True)
    return merge_report(given, checked, status, reason=reason)


def _land(given: MergeInput, checked: Checked, tools: MergeTools) -> Landing:
    return land(
        tools.place,
        ref=given.target,
        old=given.target_commit,
        new=checked.train.result,
        note=tools.note,
        hooks=given.options.hooks is Hooks.RUN,
        bench=tools.layout.worktree(given.epic_id, hooks.NAME),
    )


def _is_movable(given: MergeInput, checked: Checked, landing: Landing, tools: MergeTools) -> bool:
    """Whether a train that was refused can be built again: the target only went forward.

    A train with a repair on top is not: the repair was made for what stood there.
    """
    now = read_ref(tools.place.context, given.target)
    has_repair = checked.train.result != checked.train.steps[-1].commit
    if not landing.has_moved or now is None or has_repair:
        return False
    return is_ancestor(tools.place.context, given.target_commit, now)


def dry_run(given: MergeInput, tools: MergeTools) -> MergeReport:
    """Say what a merge would do; writes nothing at all, and runs no check."""
    with outset(given, tools, is_trial=True) as at:
        train = _explained(given, tools, build_train(given, tools, at, resolve=nobody).train)
        commands = commands_for(given, [step.name for step in train.steps])
        validation = replace(NOT_RUN, method="not run: dry run", commands=commands)
        checked = Checked(train=train, validation=validation, problem=None)
        status, reason = _decide(given, checked)
        if status is None:
            why = why_not_landable(
                tools.place,
                ref=given.target,
                old=given.target_commit,
                new=train.result,
                context=at.context,
            )
            status = MergeStatus.BUILT
            reason = "dry run" if why is None else f"dry run; would be refused: {why}"
    return merge_report(given, checked, status, reason=reason)


def abort(given: MergeInput, tools: MergeTools) -> MergeReport:
    """Take back what was built and not landed, an open conflict included; everything is kept."""
    close_conflict(tools.place, tools.layout, epic_id=given.epic_id, run_id=given.run_id)
    forget_unlanded(tools.place, given.epic_id, target=given.target_commit)
    undo_building(tools.place, given.epic_id, note=tools.note)
    checked = Checked(train=_empty(given), validation=NOT_RUN, problem=None)
    tools.note("merge_finished", {"status": str(MergeStatus.ABORTED), "reason": None}, sync=True)
    return merge_report(given, checked, MergeStatus.ABORTED, reason="taken back before landing")


def _lay_down(
    given: MergeInput, tools: MergeTools, *, left_out: Sequence[MergedDomain] = ()
) -> Built:
    with outset(given, tools, left_out=left_out) as at:
        built = build_train(given, tools, at, resolve=known_or_asked(given, tools))
    return replace(built, train=_explained(given, tools, built.train))


def _explained(given: MergeInput, tools: MergeTools, train: Train) -> Train:
    """Say at each conflict that an agent was asked for and there is none."""
    if given.options.on_conflict is not OnConflict.AGENT or tools.resolver is not None:
        return train
    domains = tuple(
        replace(entry, reason=f"{entry.reason}; {NO_RESOLVER}")
        if entry.status is MergedDomainStatus.CONFLICT
        else entry
        for entry in train.domains
    )
    return replace(train, domains=domains)


def _decide(given: MergeInput, checked: Checked) -> tuple[MergeStatus | None, str | None]:
    """Return how the merge ends when it does not come to landing; None: it does."""
    train = checked.train
    if train.conflicting:
        names = ", ".join(entry.name for entry in train.conflicting)
        return MergeStatus.CONFLICT, f"{names} cannot be merged as it is"
    if checked.problem is not None:
        return MergeStatus.VALIDATION_FAILED, checked.problem
    if not train.steps:
        return MergeStatus.BUILT, why_nothing(given, train)
    if not given.options.land:
        return MergeStatus.BUILT, "landing was not asked for"
    if not checked.validation.commands and not given.options.unchecked:
        return MergeStatus.LAND_REFUSED, "no check is configured, and --unchecked was not given"
    return None, None


def _empty(given: MergeInput) -> Train:
    """Return the train without any domain, as it stands after an abort."""
    skipped = tuple(
        MergedDomain(
            name=domain.name,
            status=MergedDomainStatus.SKIPPED,
            reason="the merge was aborted",
            depends_on=domain.depends_on,
        )
        for domain in given.plan.domains
    )
    return Train(
        base=given.target_commit,
        result=given.target_commit,
        order=given.plan.merge_order,
        order_reason="not merged",
        domains=skipped,
        matrix=NOTHING,
    )

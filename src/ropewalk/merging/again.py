"""A merge as it is typed again, with everything that decides its outcome. Pure."""

import shlex

from ropewalk.merging.values import MergeInput, MergeOptions
from ropewalk.model.merge import OnConflict, Resolve

STOPPING = "--on-conflict stop"
BY_HAND = f"--resolve off {STOPPING}"


def merge_again(given: MergeInput) -> str:
    """Return the command of the same merge."""
    options, usual = given.options, given.defaults
    is_usual = options.on_conflict is usual.on_conflict
    return _typed(given) if is_usual else merge_with(given, options.on_conflict)


def merge_with(given: MergeInput, way: OnConflict) -> str:
    """Return the command of the same merge, with another answer to a conflict; it comes last."""
    return f"{_typed(given)} --on-conflict {way}"


def merge_by_hand(given: MergeInput) -> str:
    """Return the command that opens the first conflict of the same merge for a person."""
    return f"{_typed(given, is_by_hand=True)} {BY_HAND}"


def merge_typed(
    epic_id: str, options: MergeOptions, usual: MergeOptions, *, is_by_hand: bool = False
) -> str:
    """Return the command of a merge with ``options``, whatever a conflict does to the rest.

    Args:
        epic_id: what is merged.
        options: what was asked for.
        usual: the options of a person who types none.
        is_by_hand: whether resolutions are to be said by the caller.
    """
    words = ["ropewalk", "merge", epic_id]
    for flag, values in (
        ("--include", options.include),
        ("--skip", options.skip),
        ("--check", options.checks),
        ("--into", (options.into,) if options.into else ()),
    ):
        words += [word for value in values for word in (flag, value)]
    words += ["--squash"] if options.squash and not usual.squash else []
    words += ["--window", str(options.window)] if options.window != usual.window else []
    words += ["--unchecked"] if options.unchecked else []
    words += ["--no-land"] if not options.land else []
    # Said also where the configuration says it: who pastes the line sees that nothing is tried.
    if not is_by_hand and {options.resolve, usual.resolve} != {Resolve.VERIFY}:
        words += ["--resolve", options.resolve.value]
    return shlex.join(words)


def _typed(given: MergeInput, *, is_by_hand: bool = False) -> str:
    return merge_typed(given.epic_id, given.options, given.defaults, is_by_hand=is_by_hand)

"""Resolutions that are used no more: those of a merge given up or begun anew.

Nothing is lost by it: each stays as a commit below ``trash``. Only the recording for conflicts to
come is taken away with it, because it would bring back at once what the person did not want.
"""

from contextlib import suppress

from ropewalk.errors import RopewalkError
from ropewalk.git.objects import commit_parents, is_ancestor
from ropewalk.git.refs import epic_ref, list_refs
from ropewalk.git.repository import Place
from ropewalk.merging.attributes import merging_context
from ropewalk.merging.resolution import clash_between, put_record
from ropewalk.merging.resolve.rerere import forget


def forget_unlanded(place: Place, epic_id: str, *, target: str) -> tuple[str, ...]:
    """Use no recorded resolution of an epic any more whose domain is not in ``target``.

    Args:
        place: the repository.
        epic_id: whose resolutions.
        target: the commit that the branch to land on stands at.

    Returns:
        The domains whose resolution was put away.

    Raises:
        RefMoved: somebody recorded one meanwhile.
    """
    prefix = f"{epic_ref(epic_id, 'resolved')}/"
    names = []
    for ref, commit in list_refs(place.context, prefix.rstrip("/")).items():
        ours, theirs = commit_parents(place.context, commit)
        if not is_ancestor(place.context, theirs, target):
            # The recording first: killed in between, the record is still there to begin again by.
            _forget_recording(place, (ours, theirs), target)
            put_record(place.context, epic_id, ref.removeprefix(prefix), None)
            names.append(ref.removeprefix(prefix))
    return tuple(names)


def _forget_recording(place: Place, sides: tuple[str, str], target: str) -> None:
    ours, theirs = sides
    # What can no longer be merged as it was is not found again by a recording either.
    with (
        suppress(RopewalkError, OSError),
        merging_context(place, target, is_trial=True) as context,
    ):
        forget(place, clash_between(context, "", ours=ours, theirs=theirs))

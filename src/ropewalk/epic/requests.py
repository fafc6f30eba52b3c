"""Requests that are no rounds of steps: landing, undoing, aborting, cleaning.

What was asked is journalled before anything is done, and that it is finished after all of it; so a
coordinator that is killed in between leaves a request that ``resume`` carries out to its end.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ropewalk.epic.life import Coordinator
from ropewalk.errors import GitKilled, Interrupted, RopewalkError
from ropewalk.model.values import JsonObject


@contextmanager
def requested(coordinator: Coordinator, request: JsonObject) -> Iterator[None]:
    """Journal a request around what carries it out; one that is open already is gone on with.

    Another one that is open, such as a run that was stopped, stays as it is.

    Raises:
        GitKilled: git was ended from outside; the request stays open.
    """
    emit, context = coordinator.journal.emit, coordinator.context
    known = context.live.state.request
    if known and known.get("verb") != request["verb"]:
        yield
        return
    if not known:
        emit("requested", request, sync=True)
    try:
        yield
    except GitKilled as error:
        error.hint = f"ropewalk resume {context.epic_id}"
        raise
    except Interrupted:
        raise
    except RopewalkError:
        emit("request_finished", {"state": "idle"}, sync=True)
        raise
    emit("request_finished", {"state": "idle"}, sync=True)

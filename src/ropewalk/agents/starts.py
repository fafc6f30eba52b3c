"""Who runs for an attempt, as its ``agent_started`` event carries it, and read back from there."""

from collections.abc import Mapping
from dataclasses import asdict

from ropewalk.model.values import JsonObject
from ropewalk.process import ProcessIdentity, Started


def started_to_json(started: Started) -> JsonObject:
    """Return the identities of a running attempt as an event carries them."""
    return asdict(started)


def started_from_json(data: JsonObject) -> Started:
    """Return what `started_to_json` wrote.

    Raises:
        ValueError: the data is something else.
    """
    try:
        return Started(supervisor=_identity(data["supervisor"]), child=_identity(data["child"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"no identity of processes: {data!r}") from error


def _identity(data: object) -> ProcessIdentity:
    if not isinstance(data, Mapping):
        raise TypeError(data)
    pid, start_time, boot_id = data["pid"], data["start_time"], data["boot_id"]
    if not (isinstance(pid, int) and isinstance(start_time, int) and isinstance(boot_id, str)):
        raise TypeError(data)
    return ProcessIdentity(pid=pid, start_time=start_time, boot_id=boot_id)

"""What a session of the Agent Client Protocol is to be like, as requests that make it so.

Agents offer modes and models in two ways, as options of a session or by calls of their own; the
options are newer and win. Ids of modes are each agent's own: those known here go with a permission.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ropewalk.agents.fields import Fields, below, objects_at, text_at
from ropewalk.errors import InvalidInput
from ropewalk.model.config import Permission
from ropewalk.model.values import JsonObject

# By the last part of an id, since some are addresses.
_MODES: Final[Mapping[Permission, Sequence[str]]] = {
    Permission.READ: ("plan", "read-only"),
    Permission.FULL: ("bypassPermissions", "yolo", "full-access"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a session is to be like; None leaves it to the agent.

    ``mode`` is an id of the agent's own, ``login`` the id of one of its ways to log in,
    ``session_id`` an earlier session to go on with, which has cost ``used_usd`` by now.
    """

    worktree: Path
    permission: Permission
    mode: str | None = None
    model: str | None = None
    login: str | None = None
    session_id: str | None = None
    used_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A request that sets something; `params` lack the session, `what` says it to people."""

    method: str
    params: JsonObject
    what: str


def wanted_settings(wish: Wish, begun: Fields) -> tuple[Setting, ...]:
    """Return what has to be set in a session that has begun.

    Args:
        wish: what it is to be like.
        begun: the agent's answer to its beginning, which tells what can be set.

    Raises:
        InvalidInput: the agent does not offer what is wished for.
    """
    mode = wish.mode or _mode_for(wish.permission, begun)
    settings = [] if mode is None else [_mode(mode, begun)]
    return (*settings, *([] if wish.model is None else [_model(wish.model, begun)]))


def _mode_for(permission: Permission, begun: Fields) -> str | None:
    """Return the mode that goes with a permission, None for the one that the agent begins in."""
    offered = tuple(_modes(begun))
    wanted = _MODES.get(permission, ())
    found = next((mode for name in wanted for mode in offered if _last_part(mode) == name), None)
    if found is None and permission is Permission.READ:
        known = ", ".join(offered) or "none"
        raise InvalidInput(
            "the agent offers no mode in which it only reads",
            hint=f"name one: args = ['--mode', 'ID']; its modes are {known}",
        )
    return found


def _modes(begun: Fields) -> Iterator[str]:
    option = _option(begun, "mode")
    for one in objects_at(option or {}, "options"):
        yield text_at(one, "value")
    if option is None:
        for one in objects_at(below(begun, "modes"), "availableModes"):
            yield text_at(one, "id")


def _mode(mode: str, begun: Fields) -> Setting:
    option = _option(begun, "mode")
    if option is not None:
        return _by_option(option, mode, f"the mode '{mode}'")
    return Setting(method="session/set_mode", params={"modeId": mode}, what=f"the mode '{mode}'")


def _model(model: str, begun: Fields) -> Setting:
    option = _option(begun, "model")
    if option is not None:
        return _by_option(option, model, f"the model '{model}'")
    if not below(begun, "models"):
        raise InvalidInput(
            f"the agent offers no choice of a model, '{model}' is configured",
            hint="remove model, and choose it by options of the agent itself: argv",
        )
    return Setting(
        method="session/set_model", params={"modelId": model}, what=f"the model '{model}'"
    )


def _option(begun: Fields, category: str) -> Fields | None:
    options = objects_at(begun, "configOptions")
    return next((one for one in options if one.get("category") == category), None)


def _by_option(option: Fields, value: str, what: str) -> Setting:
    params = {"configId": option.get("id"), "value": value}
    return Setting(method="session/set_config_option", params=params, what=what)


def _last_part(mode: str) -> str:
    return mode.rpartition("#")[2]

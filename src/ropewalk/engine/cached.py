"""A runner that uses a result again instead of making it.

Failures are never stored, nor are results that added steps or stopped at a gate. When the cache
cannot be written, the result stands all the same and the journal says so.
"""

from collections.abc import Callable
from typing import TypeAlias

from ropewalk.engine.cache import Cache
from ropewalk.engine.cache_keys import cache_key
from ropewalk.engine.executor import Control, Runner
from ropewalk.errors import InvalidInput, StorageError
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.values import JsonObject

ComponentsOf: TypeAlias = Callable[[AttemptSpec], JsonObject | None]


def with_cache(
    runner: Runner,
    cache: Cache,
    *,
    components_of: ComponentsOf,
    max_age_s: float | None = None,
    refresh: bool = False,
) -> Runner:
    """Wrap a runner so that an equal attempt that succeeded before is not made again.

    Args:
        runner: makes the result when there is none.
        cache: where results are kept.
        components_of: everything that the result of an attempt depends on, by name; None: this
            attempt has an effect, or for another reason must always be made.
        max_age_s: results that are older are made again.
        refresh: make everything again, and store it.
    """

    def run(spec: AttemptSpec, control: Control) -> AttemptResult:
        components = components_of(spec)
        if components is None:
            return runner(spec, control)
        key = cache_key(components)
        with cache.single_flight(key, cancel=control.cancelled):
            value = None if refresh else cache.get(key, max_age_s=max_age_s)
            outputs = value.get("outputs") if value is not None else None
            if isinstance(outputs, dict):
                control.emit("cache_hit", {"key": key})
                return AttemptResult(
                    attempt_id=spec.attempt_id, state=StepState.CACHED, outputs=outputs
                )
            result = runner(spec, control)
            if result.state is StepState.SUCCEEDED and not result.grown:
                _store(cache, control, key=key, components=components, outputs=result.outputs)
            return result

    return run


def _store(
    cache: Cache, control: Control, *, key: str, components: JsonObject, outputs: JsonObject
) -> None:
    try:
        cache.put(key, {"outputs": outputs}, components=components)
    except (StorageError, InvalidInput) as error:
        control.emit("cache_failed", {"key": key, "message": str(error)})

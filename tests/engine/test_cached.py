from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.engine.cache import Cache
from ropewalk.engine.cached import with_cache
from ropewalk.engine.executor import Runner
from ropewalk.model.graph import AttemptSpec, StepState
from ropewalk.model.values import JsonObject
from tests.engine.recorder import Play, Player, Recorder, graph_of, play, step

GRAPH = graph_of(step("a"))


def by_step(spec: AttemptSpec) -> JsonObject | None:
    return {"step": spec.step, "model": "m1"}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", 1 << 30)


def wrap(
    player: Player,
    cache: Cache,
    components_of: Callable[[AttemptSpec], JsonObject | None] = by_step,
) -> Runner:
    return with_cache(player, cache, components_of=components_of)


def test_what_succeeded_before_is_not_made_again(cache: Cache) -> None:
    player = Player()
    recorder = Recorder()
    first = play(GRAPH, wrap(player, cache))

    second = play(GRAPH, wrap(player, cache), recorder=recorder)

    assert player.started == ["a"]
    assert first.states["a"] is StepState.SUCCEEDED
    assert second.states["a"] is StepState.CACHED
    assert second.results["a"].outputs == first.results["a"].outputs
    assert recorder.steps("cache_hit") == ["a"]


@pytest.mark.parametrize(
    "end",
    [
        Play(state=StepState.FAILED),
        Play(state=StepState.CANCELLED),
        Play(state=StepState.SKIPPED),
        Play(state=StepState.WAITING),
        Play(grown=(step("x"),)),
    ],
)
def test_what_did_not_plainly_succeed_is_never_stored(cache: Cache, end: Play) -> None:
    player = Player(plays={"a": [end, Play()]})

    play(GRAPH, wrap(player, cache))
    play(GRAPH, wrap(player, cache))

    assert player.started.count("a") == 2


def test_another_model_is_another_result(cache: Cache) -> None:
    player = Player()
    play(GRAPH, wrap(player, cache))

    play(GRAPH, wrap(player, cache, lambda spec: {"step": spec.step, "model": "m2"}))

    assert player.started == ["a", "a"]


def test_an_effect_is_always_made(cache: Cache) -> None:
    player = Player()
    for _ in range(2):
        play(GRAPH, wrap(player, cache, lambda _: None))

    assert player.started == ["a", "a"]
    assert cache.stats().misses == 0


def test_a_refresh_makes_everything_again_and_stores_it(cache: Cache) -> None:
    player = Player()
    play(GRAPH, wrap(player, cache))

    play(GRAPH, with_cache(player, cache, components_of=by_step, refresh=True))
    play(GRAPH, wrap(player, cache))

    assert player.started == ["a", "a"]


def test_what_is_too_old_is_made_again(cache: Cache) -> None:
    player = Player()
    play(GRAPH, wrap(player, cache))

    play(GRAPH, with_cache(player, cache, components_of=by_step, max_age_s=-1.0))

    assert player.started == ["a", "a"]


def test_a_result_stands_when_it_cannot_be_stored(tmp_path: Path) -> None:
    recorder = Recorder()
    root = tmp_path / "cache"
    root.mkdir()
    (root / "ac").write_text("a file where a folder should be")

    outcome = play(GRAPH, wrap(Player(), Cache(root, 1 << 30)), recorder=recorder)

    assert outcome.states["a"] is StepState.SUCCEEDED
    assert recorder.steps("cache_failed") == ["a"]

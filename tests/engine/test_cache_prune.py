import os
from pathlib import Path

from ropewalk.engine.cache import Cache, CacheStats
from tests.engine.caches import LARGE, files, store, truncate


class Ticking:
    """A clock that goes on by a second each time somebody looks."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE, now=Ticking())
    keys = [store(cache, name, {"of": name, "text": name * 1000}) for name in "abcd"]
    cache.get(keys[0])
    whole = cache.stats().bytes

    removed = cache.prune(max_bytes=whole // 2)

    assert removed == 2
    assert [cache.get(key) is not None for key in keys] == [True, False, False, True]
    assert cache.stats().bytes <= whole // 2
    assert len(files(tmp_path, "cas")) == 2


def test_the_limit_of_the_cache_is_the_one_that_was_given(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 1)
    store(cache, "one")

    assert cache.prune() == 1
    assert cache.stats() == CacheStats(entries=0, bytes=0, hits=0, misses=0)


def test_kept_keys_stay_whatever_the_limit(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    first, second = store(cache, "one"), store(cache, "two")

    assert cache.prune(max_bytes=0, keep={first}) == 1
    assert cache.get(first) is not None
    assert cache.get(second) is None


def test_what_is_too_old_goes_even_if_it_fits(tmp_path: Path) -> None:
    old = store(Cache(tmp_path, LARGE, now=lambda: 1000.0), "one")
    cache = Cache(tmp_path, LARGE, now=lambda: 2000.0)
    new = store(cache, "two")

    assert cache.prune(older_than_s=500.0) == 1
    assert cache.components(old) is None
    assert cache.components(new) is not None


def test_a_value_of_two_entries_goes_with_the_last_of_them(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE, now=Ticking())
    first = store(cache, "one", {"same": True})
    second = store(cache, "two", {"same": True})
    assert len(files(tmp_path, "cas")) == 1

    cache.prune(max_bytes=0, keep={second})
    assert cache.get(second) == {"same": True}
    assert cache.get(first) is None

    cache.prune(max_bytes=0)
    assert files(tmp_path, "cas") == []


def test_pruning_sweeps_what_nobody_refers_to(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    key = store(cache, "one")
    with cache.single_flight(key):
        pass
    orphan = tmp_path / "cas" / "00" / ("0" * 64)
    stray = tmp_path / "ac" / "00" / ".0123.tmp"
    young = tmp_path / "ac" / "00" / ".4567.tmp"
    for path in (orphan, stray, young):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    os.utime(stray, (0, 0))

    assert cache.prune() == 0

    assert not orphan.exists()
    assert not stray.exists()
    assert young.exists()
    assert files(tmp_path, "locks") == []
    assert cache.get(key) is not None


def test_a_lock_that_is_held_is_not_swept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    key = store(cache, "one")

    with cache.single_flight(key):
        Cache(tmp_path, LARGE).prune()

        assert len(files(tmp_path, "locks")) == 1


def test_broken_entries_are_counted_and_pruned(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    store(cache, "one")
    truncate(files(tmp_path, "ac")[0])

    assert cache.stats().entries == 1
    assert cache.prune(max_bytes=0) == 1
    assert cache.stats().bytes == 0

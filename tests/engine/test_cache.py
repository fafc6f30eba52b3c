import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropewalk.engine.cache import Cache, CacheStats, cache_key
from ropewalk.errors import Interrupted, InvalidInput, StorageError
from ropewalk.model.values import JsonObject

LARGE = 1 << 30
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def store(cache: Cache, name: str, value: JsonObject | None = None) -> str:
    components = {"name": name}
    key = cache_key(components)
    cache.put(key, {"of": name} if value is None else value, components=components)
    return key


def files(root: Path, below: str) -> list[Path]:
    return sorted(path for path in (root / below).rglob("*") if path.is_file())


def test_names_and_values_of_components_do_not_run_into_each_other() -> None:
    keys = {
        cache_key({"prompt": "ab", "context": "c"}),
        cache_key({"prompt": "a", "context": "bc"}),
        cache_key({"promptab": "c"}),
        cache_key({"prompt": "ab", "context": "c", "model": "m1"}),
        cache_key({"prompt": "ab", "context": "c", "model": "m2"}),
        cache_key({"prompt": ["ab", "c"]}),
        cache_key({"prompt": ["a", "bc"]}),
        cache_key({"prompt": None}),
        cache_key({"prompt": "null"}),
        cache_key({"prompt": 1}),
        cache_key({"prompt": True}),
        cache_key({}),
    }

    assert len(keys) == 12


def test_the_order_of_components_and_the_kind_of_container_do_not_matter() -> None:
    assert cache_key({"a": 1, "b": (1, 2)}) == cache_key({"b": [1, 2], "a": 1})
    assert cache_key(MappingProxyType({"a": {"b": 1}})) == cache_key(
        {"a": MappingProxyType({"b": 1})}
    )


@pytest.mark.parametrize(
    "bad",
    [
        {1: "a"},
        {"a": {2: "b"}},
        {"a": [{None: 1}]},
        {"a": float("nan")},
        {"a": {1, 2}},
        {"a": b"x"},
    ],
)
def test_what_json_cannot_tell_apart_is_no_component(bad: JsonObject) -> None:
    with pytest.raises(InvalidInput, match="cannot be cached"):
        cache_key(bad)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.dictionaries(st.text(), JSON, max_size=4))
def test_equal_keys_mean_equal_components(first: JsonObject, second: JsonObject) -> None:
    assert (cache_key(first) == cache_key(second)) == (repr_of(first) == repr_of(second))


def repr_of(value: object) -> object:
    """Tell apart what Python calls equal: 1, 1.0 and True, 0.0 and -0.0."""
    if isinstance(value, dict):
        return sorted((name, repr_of(item)) for name, item in value.items())
    return [repr_of(item) for item in value] if isinstance(value, list) else repr(value)


def test_a_value_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    value = {"text": "a\ud800b\0\n", "list": [1, 2.5, None, True], "deep": {"a": {}}}
    cache = Cache(tmp_path / "cache", LARGE)

    key = store(cache, "one", value)

    assert cache.get(key) == value
    assert cache.components(key) == {"name": "one"}
    assert [path.name for path in files(tmp_path / "cache", "ac")] == [f"{key}.json"]
    assert files(tmp_path / "cache", "ac")[0].parent.name == key[:2]


def test_what_was_never_stored_is_a_miss_and_writes_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", LARGE)

    assert cache.get("0" * 64) is None
    assert cache.components("0" * 64) is None
    assert cache.prune() == 0
    assert not (tmp_path / "cache").exists()


def test_hits_and_misses_are_counted(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    key = store(cache, "one")
    assert cache.stats().hit_rate is None
    for _ in range(8):
        cache.get(key)
    for _ in range(5):
        cache.get("0" * 64)

    stats = cache.stats()

    assert (stats.hits, stats.misses, stats.entries) == (8, 5, 1)
    assert stats.hit_rate is not None
    assert round(stats.hit_rate * 100, 1) == 61.5
    assert stats.bytes == sum(
        path.stat().st_size for path in files(tmp_path, "ac") + files(tmp_path, "cas")
    )


@pytest.mark.parametrize(
    "key", ["", "abc", "../" * 20 + "0000", "G" * 64, "0" * 63 + "\n", "A" * 64]
)
def test_a_key_cannot_lead_out_of_the_folder(tmp_path: Path, key: str) -> None:
    cache = Cache(tmp_path, LARGE)

    with pytest.raises(InvalidInput, match="is not a cache key"):
        cache.get(key)
    with pytest.raises(InvalidInput, match="is not a cache key"), cache.single_flight(key):
        pass


def test_a_result_is_not_stored_under_a_key_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="other components"):
        Cache(tmp_path, LARGE).put("0" * 64, {}, components={"name": "one"})


def test_a_value_that_is_not_json_is_refused(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)

    with pytest.raises(InvalidInput, match="cannot be cached"):
        store(cache, "one", {"a": object()})
    assert files(tmp_path, "ac") == []


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def nest(path: Path) -> None:
    path.write_bytes(b"[" * 100_000)


def other_type(path: Path) -> None:
    path.write_bytes(b"[]")


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


BREAKS = [truncate, flip, empty, nest, other_type, make_pipe]


@pytest.mark.parametrize("below", ["ac", "cas"])
@pytest.mark.parametrize("damage", BREAKS)
def test_what_is_broken_is_a_miss_and_removed(
    tmp_path: Path, damage: Callable[[Path], None], below: str
) -> None:
    cache = Cache(tmp_path, LARGE)
    key = store(cache, "one", {"text": "x" * 40})
    damage(files(tmp_path, below)[0])

    assert cache.get(key) is None
    assert files(tmp_path, "ac") == []

    store(cache, "one")
    assert cache.get(key) == {"of": "one"}


def test_an_entry_without_its_value_is_a_miss_and_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    key = store(cache, "one")
    files(tmp_path, "cas")[0].unlink()

    assert cache.get(key) is None
    assert files(tmp_path, "ac") == []


def test_a_value_that_is_no_object_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    key = store(cache, "one")
    digest = hashlib.sha256(b"[]").hexdigest()
    old = files(tmp_path, "cas")[0].name
    (tmp_path / "cas" / digest[:2]).mkdir(exist_ok=True)
    (tmp_path / "cas" / digest[:2] / digest).write_bytes(b"[]")
    entry = files(tmp_path, "ac")[0]
    entry.write_text(entry.read_text().replace(old, digest))

    assert cache.get(key) is None
    assert files(tmp_path, "ac") == []


def test_broken_entries_are_counted_and_pruned(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    store(cache, "one")
    truncate(files(tmp_path, "ac")[0])

    assert cache.stats().entries == 1
    assert cache.prune(max_bytes=0) == 1
    assert cache.stats().bytes == 0


def test_an_entry_moved_to_another_key_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    store(cache, "one")
    other = cache_key({"name": "two"})
    (tmp_path / "ac" / other[:2]).mkdir(exist_ok=True)
    shutil.copy(files(tmp_path, "ac")[0], tmp_path / "ac" / other[:2] / f"{other}.json")

    assert cache.get(other) is None


def test_an_entry_that_leads_elsewhere_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    key = store(cache, "one")
    path = files(tmp_path, "ac")[0]
    digest = files(tmp_path, "cas")[0].name
    path.write_text(path.read_text().replace(digest, "../../../elsewhere"))

    assert cache.get(key) is None


@pytest.mark.parametrize("later", [0.0, 10.0])
def test_a_result_that_is_young_enough_is_used(tmp_path: Path, later: float) -> None:
    key = store(Cache(tmp_path, LARGE, now=lambda: 1000.0), "one")

    assert Cache(tmp_path, LARGE, now=lambda: 1000.0 + later).get(key, max_age_s=10.0)


@pytest.mark.parametrize("later", [11.0, -1.0])
def test_a_result_that_is_too_old_or_from_the_future_is_not(tmp_path: Path, later: float) -> None:
    key = store(Cache(tmp_path, LARGE, now=lambda: 1000.0), "one")
    cache = Cache(tmp_path, LARGE, now=lambda: 1000.0 + later)

    assert cache.get(key, max_age_s=10.0) is None
    assert cache.get(key) == {"of": "one"}


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


def test_a_result_is_made_once_by_many_threads(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    components = {"name": "one"}
    key = cache_key(components)
    made: list[int] = []

    def make(number: int) -> None:
        with cache.single_flight(key):
            if cache.get(key) is None:
                made.append(number)
                cache.put(key, {"by": number}, components=components)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(made) == 1
    assert cache.get(key) == {"by": made[0]}


PROGRAM = """
import sys, time
from pathlib import Path
from ropewalk.engine.cache import Cache, cache_key
root, log = Path(sys.argv[1]), Path(sys.argv[2])
cache, components = Cache(root, 1 << 30), {"name": "one"}
key = cache_key(components)
with cache.single_flight(key):
    if cache.get(key) is None:
        with log.open("a") as file:
            file.write("made\\n")
        time.sleep(0.2)
        cache.put(key, {"made": True}, components=components)
"""


def test_a_result_is_made_once_by_several_processes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    argv = [sys.executable, "-c", PROGRAM, str(tmp_path / "cache"), str(log)]

    started = [subprocess.Popen(argv) for _ in range(3)]

    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert log.read_text() == "made\n"


def test_waiting_for_another_run_can_be_cancelled(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    cancel = threading.Event()
    key = cache_key({"name": "one"})
    said: list[str] = []

    def wait() -> None:
        try:
            with cache.single_flight(key, cancel=cancel):
                said.append("entered")
        except Interrupted as error:
            said.append(error.code)

    with cache.single_flight(key):
        thread = threading.Thread(target=wait)
        thread.start()
        cancel.set()
        thread.join(10)

    assert said == ["interrupted"]


def test_a_folder_that_cannot_be_used_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(StorageError):
        store(Cache(tmp_path / "cache", LARGE), "one")


def test_a_lock_that_is_a_link_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StorageError, match="cannot lock"):
        store(Cache(tmp_path, LARGE), "one")

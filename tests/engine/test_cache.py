import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.engine.cache import Cache, cache_key
from ropewalk.errors import InvalidInput, StorageError
from tests.engine.caches import LARGE, files, store, truncate


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


def test_a_folder_that_cannot_be_used_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(StorageError):
        store(Cache(tmp_path / "cache", LARGE), "one")


def test_a_lock_that_is_a_link_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StorageError, match="cannot lock"):
        store(Cache(tmp_path, LARGE), "one")

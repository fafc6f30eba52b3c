"""Shorthands for caches."""

from pathlib import Path

from ropewalk.engine.cache import Cache, cache_key
from ropewalk.model.values import JsonObject

LARGE = 1 << 30


def store(cache: Cache, name: str, value: JsonObject | None = None) -> str:
    components = {"name": name}
    key = cache_key(components)
    cache.put(key, {"of": name} if value is None else value, components=components)
    return key


def files(root: Path, below: str) -> list[Path]:
    return sorted(path for path in (root / below).rglob("*") if path.is_file())


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])

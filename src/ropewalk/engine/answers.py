"""Answers of models that may be used again, and how often that happened.

For read-only steps only: what an answer is kept under is everything that it depends on, by name. An
answer that cannot be used is never kept. Each look-up is one line of a file beside the cache, so
that the hit rate and the tokens saved are those of the whole repository and not of one process.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from ropewalk.engine.cache import Cache
from ropewalk.engine.cache_keys import cache_key
from ropewalk.errors import InvalidInput, StorageError
from ropewalk.model.result import TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.store.files import append_line, read_limited
from ropewalk.store.schema.documents import from_json, to_json

_LOOKUPS: Final = "lookups.jsonl"
_LOOKUPS_LIMIT: Final = 16 << 20
NO_USAGE: Final = TokenUsage()


class CacheUse(StrEnum):
    """Whether answers from before count: yes; no, but new ones are kept; no, and none is kept."""

    USE = "use"
    REFRESH = "refresh"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer, and what it took when it was made."""

    text: str
    usage: TokenUsage = NO_USAGE

    @property
    def tokens(self) -> int | None:
        """All tokens that are known of; None when none were counted."""
        usage = self.usage
        counts = (usage.input_tokens, usage.output_tokens)
        known = (*counts, usage.cache_read_tokens, usage.cache_write_tokens)
        return sum(filter(None, known)) if any(one is not None for one in known) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """How often an answer was looked for and found, and how many tokens that saved."""

    hits: int = 0
    misses: int = 0
    tokens_saved: int = 0

    @property
    def hit_rate(self) -> float | None:
        """Hits per look-up; None when there was none."""
        looked = self.hits + self.misses
        return self.hits / looked if looked else None


class AnswerCache:
    """Answers by what they depend on.

    Args:
        cache: where they are kept.
        root: the folder of the cache, beside which look-ups are counted.
        max_age_s: older answers do not count.
        use: whether answers from before count at all.
    """

    def __init__(
        self, cache: Cache, root: Path, *, max_age_s: float, use: CacheUse = CacheUse.USE
    ) -> None:
        self._cache = cache
        self._lookups = root / _LOOKUPS
        self._max_age_s = max_age_s
        self._use = use

    def only_one(
        self,
        components: JsonObject,
        *,
        cancel: threading.Event | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> AbstractContextManager[None]:
        """Be the only one, in all processes, who asks this; look for an answer inside.

        ``told`` is called before a wait for somebody who asks the same.

        Raises:
            Interrupted: `cancel` was set while waiting.
            StorageError: the lock cannot be made.
        """
        if self._use is CacheUse.OFF:
            return nullcontext()
        return self._cache.single_flight(cache_key(components), cancel=cancel, told=told)

    def find(
        self, components: JsonObject, *, is_usable: Callable[[str], bool]
    ) -> KeptAnswer | None:
        """Return the answer that was kept; None when there is none that is young and usable."""
        if self._use is not CacheUse.USE:
            return None
        kept = _read(self._cache.get(cache_key(components), max_age_s=self._max_age_s))
        found = kept if kept is not None and is_usable(kept.text) else None
        line = {"hit": found is not None, "tokens": (found.tokens if found else None) or 0}
        with suppress(StorageError):
            append_line(self._lookups, json.dumps(line).encode())
        return found

    def keep(self, components: JsonObject, answer: KeptAnswer) -> None:
        """Keep an answer that was used, and bring the cache down to its size.

        Raises:
            StorageError: the disk refused.
        """
        if self._use is CacheUse.OFF:
            return
        value = {"text": answer.text, "usage": to_json(answer.usage)}
        key = cache_key(components)
        self._cache.put(key, value, components=components)
        self._cache.prune(keep=(key,))

    def lookups(self) -> Lookups:
        """Return what was looked for in this repository so far; torn lines do not count."""
        try:
            lines = read_limited(self._lookups, _LOOKUPS_LIMIT).splitlines()
        except (InvalidInput, StorageError):
            return Lookups()
        found = tuple(_parse(lines))
        return Lookups(
            hits=sum(is_hit for is_hit, _ in found),
            misses=sum(not is_hit for is_hit, _ in found),
            tokens_saved=sum(tokens for _, tokens in found),
        )


def _read(value: JsonObject | None) -> KeptAnswer | None:
    if value is None:
        return None
    text, usage = value.get("text"), value.get("usage")
    if not isinstance(text, str) or not isinstance(usage, dict):
        return None
    with suppress(InvalidInput):
        return KeptAnswer(text=text, usage=from_json(TokenUsage, usage))
    return None


def _parse(lines: Iterable[bytes]) -> Iterator[tuple[bool, int]]:
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            entry = json.loads(line)
            yield bool(entry["hit"]), int(entry["tokens"])

"""Follows what the attempts of a domain leave to be read, one by one, until the run rests."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ropewalk import api
from ropewalk.agents.transcript import transcript_path

_PAUSE_S = 0.1
_LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """One attempt, and its text as it comes: whole lines, and the rest when nothing more comes."""

    log: api.LogFile
    texts: Iterator[str]


def attempts(
    workspace: api.Workspace,
    run_id: str,
    first: api.LogFile,
    rests: threading.Event,
    *,
    raw: bool,
) -> Iterator[Tail]:
    """Yield an attempt and those that follow it; take the texts of each before the next.

    Args:
        workspace: where the run is.
        run_id: the run.
        first: a log of it; one that belongs to no domain has nothing that follows.
        rests: set when nobody works on the run any more.
        raw: whether what the agent printed is wanted, not the story made of it.
    """
    known: api.LogFile | None = first
    while known is not None:
        following = _Following(workspace, run_id, known, rests, raw=raw)
        yield Tail(log=known, texts=following.texts())
        known = following.next_one


class _Following:
    """One attempt that is followed; knows at its end which one came after it."""

    def __init__(
        self,
        workspace: api.Workspace,
        run_id: str,
        log: api.LogFile,
        rests: threading.Event,
        *,
        raw: bool,
    ) -> None:
        self.next_one: api.LogFile | None = None
        self._workspace = workspace
        self._run_id = run_id
        self._log = log
        self._rests = rests
        self._raw = raw
        self._looked_at = 0.0

    def texts(self) -> Iterator[str]:
        """Yield what is written, until the run rests or a later attempt has begun."""
        rest, offset = b"", 0
        while True:
            is_last = self._rests.is_set()
            self.next_one = self._find_later(at_once=is_last)
            data = _read_from(self._path(), offset)
            offset += len(data)
            whole, newline, rest = (rest + data).rpartition(b"\n")
            ends = is_last or self.next_one is not None
            text = whole + newline + (rest if ends else b"")
            if text:
                yield text.decode("utf-8", "replace")
            if ends:
                return
            self._rests.wait(_PAUSE_S)

    def _path(self) -> Path:
        """Return the file to follow: the transcript is there before the log has anything in it."""
        log = Path(self._log.path)
        story = transcript_path(log)
        return log if self._raw or not story.is_file() else story

    def _find_later(self, *, at_once: bool) -> api.LogFile | None:
        now = time.monotonic()
        if self._log.domain is None or (not at_once and now - self._looked_at < _LOOK_AGAIN_S):
            return None
        self._looked_at = now
        wanted = (self._log.domain, (self._log.attempt or 0) + 1)
        logs = api.find_logs(self._workspace, self._run_id).logs
        return next((each for each in logs if (each.domain, each.attempt) == wanted), None)


def _read_from(path: Path, offset: int) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read()

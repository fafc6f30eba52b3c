"""The watch over domains that get into each other's way while their agents are at work.

A thread of its own looks again and again; it rests for most of the time, so that it costs agents
little, and whatever goes wrong in it stops the looking and nothing else. What is new is journalled
once: a clash that was found or is gone, the first work outside a domain's files, and every notice
to an agent, before it is given. All of it is folded from the journal: a resumed run tells nothing
twice.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final, Self

from ropewalk.agents.notices import NOTICES, ClashNotice, append_notice, clash_line
from ropewalk.epic import clash_news
from ropewalk.epic.clash_news import Untold
from ropewalk.epic.conflicts import Pace, look
from ropewalk.epic.context import Live
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import RopewalkError
from ropewalk.merging.live import Lookout
from ropewalk.model.config import OnClash
from ropewalk.model.conflict import LiveConflicts, LivePair
from ropewalk.model.event import Emit
from ropewalk.model.plan import Plan
from ropewalk.model.values import JsonObject
from ropewalk.store.schema.documents import to_json

_PATIENCE: Final = 3


class ClashWatch:
    """Looks while at least one agent is at work; a context manager.

    Args:
        workspace: the repository, with the content filters that are trusted.
        plan: whose domains are looked at.
        run_id: the run, in whose folder the notices of its agents lie.
        live: the state of the run as it grows.
        emit: appends to the journal.
        pace: how long to rest at first.
    """

    def __init__(
        self,
        workspace: Workspace,
        plan: Plan,
        run_id: str,
        *,
        live: Live,
        emit: Emit,
        pace: Pace | None = None,
    ) -> None:
        self._workspace = workspace
        self._plan = plan
        self._run_id = run_id
        self._live = live
        self._emit = emit
        self._pace = pace or Pace()
        self._lookout = Lookout(workspace.place, plan.epic_id, base=plan.base.commit)
        self._lock = threading.Lock()
        self._agents = 0
        self._busy = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._looks = 0
        self._seen: LiveConflicts | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the watch; a look that is under way is given up."""
        with self._lock:
            self._closing.set()
            self._busy.set()
        if self._thread is not None:
            self._thread.join()

    @contextmanager
    def during(self) -> Iterator[None]:
        """Look as long as this context lasts; several may overlap."""
        with self._lock:
            self._agents += 1
            self._busy.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="clashes", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._agents -= 1
                if not self._agents and not self._closing.is_set():
                    self._busy.clear()

    def look(self) -> bool:
        """Look once, journal what is new and tell the agents; return whether anything changed.

        Raises:
            RopewalkError: it could not be looked at, or not be journalled.
        """
        state = self._live.state
        seen = look(self._lookout, self._workspace, self._plan, state, is_over=self._is_over)
        if seen is None:
            return False
        self._looks += 1
        for path in clash_news.strayed(state, seen):
            self._note("outside_found", to_json(path))
        for pair in clash_news.gone(state.clashes, seen):
            self._note("clash_gone", to_json(pair))
        for pair in clash_news.found(state.clashes, seen):
            self._note("clash_found", {**to_json(pair), "told": self._who_is_told(pair)})
        if self._tells:
            for news in clash_news.untold(self._live.state, seen):
                self._tell(news)
        before, self._seen = self._seen, replace(seen, at="")
        return before != self._seen

    @property
    def _tells(self) -> bool:
        return self._workspace.config.merge.on_clash is OnClash.TELL

    def _note(self, type_: str, data: JsonObject) -> None:
        self._emit(type_, {**data, "look": self._looks}, sync=True)

    def _who_is_told(self, pair: LivePair) -> list[str]:
        if not self._tells:
            return []
        return list(clash_news.at_work(self._live.state, (pair.a, pair.b)))

    def _tell(self, news: Untold) -> None:
        """Give a notice; when the line in the journal is there, it counts as given."""
        layout = self._workspace.layout
        folder = layout.attempt(self._run_id, f"work:{news.domain}", news.number)
        goals = {domain.name: domain.description for domain in self._plan.domains}
        notice = ClashNotice(
            other=news.other,
            goal=goals.get(news.other, ""),
            paths=news.paths,
            is_branch=news.other not in goals,
        )
        self._note(
            "clash_told",
            {
                "domain": news.domain,
                "number": news.number,
                "other": news.other,
                "paths": list(news.names),
            },
        )
        append_notice(folder / NOTICES, clash_line(notice))

    def _is_over(self) -> bool:
        return self._closing.is_set() or (self._thread is not None and not self._busy.is_set())

    def _watch(self) -> None:
        pace, failures = self._pace, 0
        while not self._closing.wait(pace.rest_s):
            self._busy.wait()
            began = time.monotonic()
            changed = False
            try:
                changed = not self._is_over() and self.look()
                failures = 0
            except Exception as error:  # noqa: BLE001 - agents work on with nobody watching them
                failures += 1
                if failures == _PATIENCE:
                    self._note_failure(error)
            pace = pace.after(time.monotonic() - began, changed=changed)

    def _note_failure(self, error: Exception) -> None:
        is_known = isinstance(error, RopewalkError)
        text = str(error) if is_known else f"{type(error).__name__}: {error}"
        with suppress(RopewalkError):
            self._emit("clash_watch_failed", {"reason": text})

"""Watches what an agent must not touch: the user's checkout, refs, configuration, hooks.

A fingerprint is taken before the first agent starts and whenever one starts or ends. What changed
in between is attributed to the domains that were at work then:

* a worktree's own ``.git`` file or admin folder: the domain that lives in it; when that one is not
  at work and others are, it is reported of those, for nobody knows which of them it was;
* a ref that the reflog says was moved by an agent (its committer carries the domain's mark): that
  domain; a ref moved by another committer is the person's own work and nobody's fault; a new tag,
  of which git keeps no reflog, is laid to whoever made its commit, and where that was no agent and
  several were at work it is only reported, because people and their editors fetch tags;
* anything else: the domains at work, when there was only one, or, for a file of the user's
  checkout, those whose own files it is among. Where several were at work and nothing tells them
  apart, all of them for refs, configuration, hooks and the like; for a file of the user's checkout
  it is only reported, because people edit their own checkout while agents work.

The last fingerprint is kept on disk, so that a change made while no coordinator was alive is seen.
Agents that start or end while a fingerprint is taken share the next one, which begins after all of
them asked: the watch over many agents costs no more looks than there is time for.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ropewalk.errors import InvalidInput, StorageError
from ropewalk.git.command import run as git
from ropewalk.git.fingerprint import Fingerprint, OutsideChange, compare, take
from ropewalk.git.repository import Place
from ropewalk.store.schema.documents import read_document, write_document


class Report(Protocol):
    """Told what a domain changed outside its worktree, and whether it is certain that it did."""

    def __call__(self, domain: str, changes: Sequence[str], /, *, certain: bool) -> None:
        """Take note of it."""
        ...


_PERSON_MOVES = frozenset({"ref", "head", "stash"})


@dataclass(slots=True, kw_only=True, eq=False)
class _Asked:
    """An agent that waits for a look because it starts or ended."""

    domain: str
    starts: bool
    is_served: bool = False


class Guard:
    """The watch over one run; safe to use from threads.

    Args:
        place: the repository.
        file: where the last fingerprint is kept.
        worktrees: the worktree of each domain.
        claims: tells whether a path of the checkout is among the files of a domain.
        mark: the text that the committer of a domain's agent carries.
        report: told what was found.
    """

    def __init__(
        self,
        place: Place,
        file: Path,
        *,
        worktrees: Callable[[], Mapping[str, Path]],
        claims: Callable[[str, str], bool],
        mark: Callable[[str], str],
        report: Report,
    ) -> None:
        self._place = place
        self._file = file
        self._worktrees = worktrees
        self._claims = claims
        self._mark = mark
        self._report = report
        self._lock = threading.Lock()
        self._at_work: set[str] = set()
        self._asked: list[_Asked] = []
        self._last = self._read()

    def started(self, domain: str) -> None:
        """Look before the agent of ``domain`` starts, and count it as at work."""
        self._serve(_Asked(domain=domain, starts=True))

    def ended(self, domain: str) -> None:
        """Look after the agent of ``domain`` ended."""
        self._serve(_Asked(domain=domain, starts=False))

    def accept(self) -> None:
        """Take the present for granted: a person looked, or our own verb changed something."""
        with self._lock:
            self._keep(take(self._place, list(self._worktrees().values())))

    def _serve(self, asked: _Asked) -> None:
        """Return after a look that began after this call; whoever waits meanwhile shares it."""
        self._asked.append(asked)
        with self._lock:
            if asked.is_served:
                return
            served = tuple(self._asked)
            self._at_work |= {one.domain for one in served if not one.starts}
            try:
                self._look()
            except BaseException:
                self._asked.remove(asked)
                raise
            self._at_work -= {one.domain for one in served if not one.starts}
            self._at_work |= {one.domain for one in served if one.starts}
            for one in served:
                one.is_served = True
            del self._asked[: len(served)]

    def _look(self) -> None:
        now = take(self._place, list(self._worktrees().values()))
        changes = compare(self._last, now) if self._last is not None else ()
        for domain, found in self._attribute(changes).items():
            certain = [text for text, sure in found if sure]
            hints = [text for text, sure in found if not sure]
            if certain:
                self._report(domain, certain, certain=True)
            if hints:
                self._report(domain, hints, certain=False)
        self._keep(now)

    def _keep(self, now: Fingerprint) -> None:
        if now != self._last:
            write_document(self._file, now)
        self._last = now

    def _read(self) -> Fingerprint | None:
        try:
            return read_document(Fingerprint, self._file) if self._file.is_file() else None
        except (InvalidInput, StorageError):
            return None

    def _attribute(self, changes: Sequence[OutsideChange]) -> dict[str, list[tuple[str, bool]]]:
        found: dict[str, list[tuple[str, bool]]] = {}
        for change in changes:
            certain, possible = self._suspects(change)
            for domain in certain or possible:
                found.setdefault(domain, []).append((_describe(change), bool(certain)))
        return found

    def _suspects(self, change: OutsideChange) -> tuple[list[str], list[str]]:
        at_work = sorted(self._at_work)
        if change.worktree is not None:
            owners = [n for n, path in self._worktrees().items() if path == change.worktree]
            living_there = [name for name in owners if name in self._at_work]
            if living_there or not at_work:
                return living_there or owners, []
            return [], at_work
        if change.kind in _PERSON_MOVES and change.new is not None:
            return self._by_reflog(change, at_work)
        if change.kind in ("checkout", "index"):
            own = [name for name in at_work if self._claims(name, change.name)]
            if not own and len(at_work) > 1:
                return [], at_work
            return own or at_work, []
        return at_work, []

    def _by_reflog(self, change: OutsideChange, at_work: list[str]) -> tuple[list[str], list[str]]:
        ref = "refs/stash" if change.kind == "stash" else change.name
        out = git(
            self._place.context,
            "log", "-g", "-1", "--format=%gn", "--end-of-options", ref, "--",
            allowed=(0, 128),
        )  # fmt: skip
        committer = out.text if out.code == 0 else ""
        if committer:
            return [name for name in at_work if self._mark(name) in committer], []
        if change.old is None and change.name.startswith("refs/tags/"):
            return self._by_commit(change, at_work)
        return at_work, []

    def _by_commit(self, change: OutsideChange, at_work: list[str]) -> tuple[list[str], list[str]]:
        out = git(
            self._place.context,
            "log", "-1", "--format=%cn", "--end-of-options", change.name, "--",
            allowed=(0, 128),
        )  # fmt: skip
        makers = [name for name in at_work if self._mark(name) in out.text]
        if makers or len(at_work) == 1:
            return makers or at_work, []
        return [], at_work


def _describe(change: OutsideChange) -> str:
    return f"{change.kind} {change.name}: was {change.old or 'absent'}, is {change.new or 'absent'}"

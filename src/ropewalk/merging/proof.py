"""The proof that a resolution holds: on its exact tree, by looking and by running commands.

A tree counts when it has no conflict marker that a side did not have, what could be parsed before
still can, what a side added is there or it is known why not, nothing is found wrong with it that
the sides did not have, and the commands pass: those of every domain in it, those of the plan and
the configured ones. The commands of single domains run first, because they tell soonest; then all
of them as they are run on the finished train, which need not run again where it is the same tree.
Whether they look at what was in conflict shows where git's markers are left in it: they must fail.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain

from ropewalk.git.objects import commit_tree, read_blob
from ropewalk.git.trees import changed_paths
from ropewalk.merging.findings import Side, findings, marked_paths
from ropewalk.merging.resolution import dated
from ropewalk.merging.resolve.files import LIMIT, ConflictedFile, conflicted_files, left_marked
from ropewalk.merging.resolve.keep import dropped
from ropewalk.merging.resolve.parse import why_unparsable
from ropewalk.merging.resolve.values import Offered, Refused
from ropewalk.merging.resolve.words import left_out
from ropewalk.merging.validate import commands_for
from ropewalk.merging.values import Clash, MergeInput, MergeTools
from ropewalk.model.merge import ResolvedBy

# How `dropped` ends a sentence for which it knows no reason.
_UNEXPLAINED = "is not there"
_MARKERS = (b"<<<<<<< ", b"||||||| ", b">>>>>>> ")


def prover(given: MergeInput, tools: MergeTools) -> Callable[[Clash], "TreeProof"]:
    """Return the function that begins the proof of the trees for a conflict."""
    return lambda clash: TreeProof(given, tools, clash)


class TreeProof:
    """Judges the trees that are offered for one conflict; see the module.

    Args:
        given: what is merged, and the commands.
        tools: where checks run, who signs the commits that are checked.
        clash: the conflict; its objects are in the repository itself, where checks run.
    """

    def __init__(self, given: MergeInput, tools: MergeTools, clash: Clash) -> None:
        self._given = given
        self._tools = tools
        self._clash = clash
        self._names = (*clash.before, clash.domain)

    @property
    def commands(self) -> tuple[str, ...]:
        """What a tree must pass, in the order of the configuration."""
        return commands_for(self._given, self._names)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files in conflict, as far as both sides have them as text."""
        return tuple(file.path for file in self._files)

    def look(self, offered: Offered) -> tuple[Offered, Refused | None]:
        """Judge without running anything; what a side added and is gone is noted in the offer."""
        contents = {
            file.path: read_blob(self._clash.context, offered.tree, file.path, limit=LIMIT)
            for file in self._files
        }
        gone = tuple(self._dropped(contents))
        seen = replace(offered, dropped=tuple(dict.fromkeys((*offered.dropped, *gone))))
        reasons = chain(
            self._marked(offered, contents),
            self._unparsable(contents),
            self._unexplained(offered.by, gone),
            self._found(offered),
        )
        reason = next(reasons, None)
        return seen, Refused(reason=reason) if reason is not None else None

    def check(self, offered: Offered, *, number: int, cancel: threading.Event) -> Refused | None:
        """Run the commands on exactly that tree: those of each domain, then all, as at the end.

        Raises:
            Interrupted: ``cancel`` was set.
        """
        name = f"candidate-{self._clash.domain}-{number}"
        return self._run_all(offered.tree, name=name, cancel=cancel)

    def sees(self, offered: Offered, path: str, *, number: int, cancel: threading.Event) -> bool:
        """Run the commands on that tree with one file as git marked it; True when one fails.

        Raises:
            Interrupted: ``cancel`` was set.
        """
        file = self._files[self.paths.index(path)]
        tree = left_marked(self._clash, offered.tree, file)
        name = f"marked-{self._clash.domain}-{number}-{self.paths.index(path)}"
        return self._run_all(tree, name=name, cancel=cancel) is not None

    def find_doubt(self, refused: Refused) -> str | None:
        """Say that what one tree failed is failed by both sides alone too, where it is so.

        That may be because it fails whatever is merged, or because it needs what both sides made.
        """
        commands = next((each for each in self._apart() if refused.command in each), ())
        if not commands:
            return None
        sides = {"the train so far": self._clash.ours, "its own head": self._clash.theirs}
        reason = ""
        for number, commit in enumerate(sides.values()):
            name = f"baseline-{self._clash.domain}-{number}"
            failed = self._run(commit, commands, name=name, cancel=self._tools.cancel)
            if failed is None:
                return None
            reason = failed.reason
        return f"{reason} on {' and on '.join(sides)} too"

    def _run_all(self, tree: str, *, name: str, cancel: threading.Event) -> Refused | None:
        commit = self._commit(tree)
        for place, commands in enumerate((*self._own(), self.commands)):
            failed = self._run(commit, commands, name=f"{name}-{place}", cancel=cancel)
            if failed is not None:
                return failed
        return None

    def _run(
        self, commit: str, commands: Sequence[str], *, name: str, cancel: threading.Event
    ) -> Refused | None:
        verdict = self._tools.checks.run(
            commit,
            commands,
            log=lambda place: self._tools.log(f"{name}-{place}"),
            cancel=cancel,
        )
        broken = next((run for run in verdict.runs if not run.has_passed), None)
        if broken is None:
            return None
        return Refused(reason=f"'{broken.command}' fails", log=broken.log, command=broken.command)

    def _own(self) -> list[tuple[str, ...]]:
        """Return the commands of each domain, this one's and then the quickest first."""
        domains = [self._given.plan.domain(name) for name in reversed(self._names)]
        own = dict.fromkeys(domain.checks for domain in domains if domain.checks)
        return sorted(own, key=lambda commands: sum(map(self._seconds, commands)))

    def _apart(self) -> Iterator[tuple[str, ...]]:
        """Yield the commands of each domain, and those of nobody."""
        own = self._own()
        yield from own
        of_domains = set(chain.from_iterable(own))
        yield tuple(command for command in self.commands if command not in of_domains)

    def _seconds(self, command: str) -> float:
        """Return how long a check took when the work of its domain was collected, if it did."""
        runs = (run for result in self._given.results for run in result.checks)
        return next((run.duration_s for run in runs if run.command == command), 0.0)

    def _commit(self, tree: str) -> str:
        clash = self._clash
        return commit_tree(
            dated(clash.context, self._tools.identity, self._given.date),
            tree,
            parents=(clash.ours, clash.theirs),
            message=f"What could resolve '{clash.domain}' in {self._given.epic_id}\n",
        )

    @cached_property
    def _files(self) -> tuple[ConflictedFile, ...]:
        return conflicted_files(self._clash)

    @cached_property
    def _marked_before(self) -> set[str]:
        sides = (self._clash.ours, self._clash.theirs)
        return set().union(*(marked_paths(self._clash.context, side) for side in sides))

    @cached_property
    def _sides(self) -> tuple[Side, ...]:
        heads = {result.domain: result.head for result in self._given.results}
        base = self._given.plan.base.commit
        return tuple(
            Side(head=head, paths=changed_paths(self._clash.context, base, head))
            for head in (heads.get(name) for name in self._names)
            if head is not None
        )

    def _marked(self, offered: Offered, contents: Mapping[str, bytes | None]) -> Iterator[str]:
        for file in self._files:
            known = {*file.versions.ours.splitlines(), *file.versions.theirs.splitlines()}
            lines = (contents[file.path] or b"").splitlines()
            if any(line.startswith(_MARKERS) and line not in known for line in lines):
                yield f"conflict markers are left in {file.path}"
        marked = marked_paths(self._clash.context, self._commit(offered.tree))
        for path in sorted(marked - self._marked_before):
            yield f"conflict markers are left in {path}"

    def _unparsable(self, contents: Mapping[str, bytes | None]) -> Iterator[str]:
        for file in self._files:
            content = contents[file.path]
            sides = (file.versions.ours, file.versions.theirs)
            if content is None or any(why_unparsable(file.path, side) for side in sides):
                continue
            why = why_unparsable(file.path, content)
            if why is not None:
                yield f"{file.path} does not parse: {why}"

    def _dropped(self, contents: Mapping[str, bytes | None]) -> Iterator[str]:
        for file in self._files:
            content = contents[file.path]
            if content is None:
                yield f"{file.path} {_UNEXPLAINED}"
                continue
            for sentence in dropped(file.versions, content):
                yield left_out(file.path, sentence, domain=self._clash.domain)

    def _unexplained(self, by: ResolvedBy, gone: Sequence[str]) -> Iterator[str]:
        """Find what was left out without a reason; a person's recording needs none."""
        if by is not ResolvedBy.RERERE:
            yield from (sentence for sentence in gone if sentence.endswith(_UNEXPLAINED))

    def _found(self, offered: Offered) -> Iterator[str]:
        yield from findings(
            self._clash.context,
            self._commit(offered.tree),
            base=self._given.target_commit,
            sides=self._sides,
        )

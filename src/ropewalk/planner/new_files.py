"""Where the files go that an epic wants and the tree does not have."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from ropewalk.errors import InvalidInput
from ropewalk.planner.corpus import Corpus
from ropewalk.planner.grouping import Group
from ropewalk.planner.kinds import Kind, kind_of, migration_folder
from ropewalk.planner.mentioned import NewFile
from ropewalk.store.schema.names import check_pattern


def place_new_files(
    new_files: Iterable[NewFile], groups: Sequence[Group], corpus: Corpus, paths: Sequence[str]
) -> Mapping[str, tuple[str, ...]]:
    """Return for each domain the new files that belong to it; a domain may be a new one.

    Args:
        new_files: what the epic names.
        groups: the domains there are.
        corpus: the tree.
        paths: all paths of the tree.
    """
    return _add_migrations(_place(_usable(new_files, paths), groups), groups, corpus)


def _usable(new_files: Iterable[NewFile], paths: Sequence[str]) -> Iterator[NewFile]:
    """Yield what can be made: not there yet, and not a place that no plan may name."""
    existing = set(paths)
    for new in new_files:
        with suppress(InvalidInput):
            if check_pattern(new.path) not in existing:
                yield new


def _place(new_files: Iterable[NewFile], groups: Sequence[Group]) -> Mapping[str, tuple[str, ...]]:
    """Give each new file to the section that names it, else to the domain of its neighbours."""
    placed: defaultdict[str, list[str]] = defaultdict(list)
    for new in new_files:
        name = new.domain or _nearest(new.path, groups)
        path = new.path if "/" in new.path else _in_main_folder(new.path, name, groups)
        if path not in placed[name]:
            placed[name].append(path)
    return {name: tuple(found) for name, found in placed.items()}


def _add_migrations(
    news: Mapping[str, tuple[str, ...]], groups: Sequence[Group], corpus: Corpus
) -> Mapping[str, tuple[str, ...]]:
    """Let the domain of the database add migrations where the tree has a folder of them."""
    folders = sorted(filter(None, map(migration_folder, corpus.facts)))
    added = dict(news)
    for group in groups:
        own = (*group.paths, *added.get(group.name, ()))
        if group.kind is Kind.DATABASE and folders:
            near = max(folders, key=lambda folder: (_shared(folder, own), -len(folder)))
            if not any(path.startswith(f"{near}/") for path in own):
                added[group.name] = (*added.get(group.name, ()), f"{near}/**")
    return added


def _shared(folder: str, paths: Sequence[str]) -> int:
    """Return how many leading characters a folder shares with the closest of some paths."""
    return max(len(posixpath.commonprefix((folder, path))) for path in paths)


def _nearest(path: str, groups: Sequence[Group]) -> str:
    """Return the domain with most files in the same folder, else that of the same kind."""
    kind = kind_of(path)
    folder = path.rpartition("/")[0]
    if not groups:
        return kind.value
    near = max(
        groups,
        key=lambda group: (
            sum(other.rpartition("/")[0] == folder for other in group.paths) if folder else 0,
            group.kind is kind,
            len(group.paths),
            group.name,
        ),
    )
    has_neighbour = folder and any(other.startswith(f"{folder}/") for other in near.paths)
    return near.name if has_neighbour or near.kind is kind else kind.value


def _in_main_folder(name: str, domain: str, groups: Sequence[Group]) -> str:
    """Put a file that was named without a folder where most files of its sort are."""
    ending = name.rpartition(".")[2]
    folders = [
        path.rpartition("/")[0]
        for group in groups
        if group.name == domain
        for path in group.paths
        if path.endswith(f".{ending}")
    ]
    best = max(sorted(set(folders)), key=folders.count, default="")
    return f"{best}/{name}" if best else name

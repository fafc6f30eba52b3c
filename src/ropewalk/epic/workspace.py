"""A repository that ropewalk works on: where it is, where things lie, how it is configured."""

from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.agents.program import with_places
from ropewalk.git.command import Identity, require_git
from ropewalk.git.repository import Place, current_identity, find_place
from ropewalk.model.config import Config
from ropewalk.store.files import ensure_excludes
from ropewalk.store.paths import Layout
from ropewalk.store.schema.config_file import load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The place, its layout and its configuration; found once, never changed."""

    place: Place
    layout: Layout
    config: Config

    def identity(self) -> Identity:
        """Return who signs the commits that ropewalk makes.

        Raises:
            GitError: neither ropewalk.toml nor git knows a name and an address.
        """
        author = self.config.author
        if author.name and author.email:
            return Identity(name=author.name, email=author.email)
        known = current_identity(self.place)
        return Identity(name=author.name or known.name, email=author.email or known.email)

    def relative(self, path: Path) -> str:
        """Return ``path`` as it is written from the top of the repository."""
        return path.relative_to(self.layout.top).as_posix()

    def prepare_folders(self) -> None:
        """Hide ropewalk's own folders from git, in the repository's private exclude file."""
        ensure_excludes(self.place.common_dir, self.layout.excludes)


def open_workspace(directory: Path) -> Workspace:
    """Find the repository around ``directory`` and read its configuration.

    Files that agents are made of are looked for in the repository, wherever in it a person stands.

    Raises:
        GitTooOld: git cannot do what is needed.
        RepositoryError: there is no repository here that ropewalk can work on.
        InvalidInput: ropewalk.toml cannot be used.
    """
    require_git()
    place = find_place(directory)
    config = load_config(place.top / "ropewalk.toml")
    agents = {name: with_places(agent, place.top) for name, agent in config.agents.items()}
    root = config.run.worktree_root
    layout = Layout(
        top=place.top,
        common_dir=place.common_dir,
        worktree_root=(place.top / root).resolve() if root else place.top / ".worktrees",
    )
    return Workspace(place=place, layout=layout, config=replace(config, agents=agents))

"""When two set-up commands are taken to give the same result: a key of what they go by. Reads only.

The key names the commands so far, the content of lock files and of what stands beside them, the
files that the command line names, the tools on PATH and the kind of machine. Where the command may
do more than install what lock files name, such as build, it names the whole tree: what was made of
other sources is not used again. There is no key, so that the command runs in every worktree,
without a lock file, and where the command or a file that it may run says something that differs
between worktrees.
"""

import hashlib
import json
import os
import platform
import re
import shlex
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import tree_of
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import read_head
from ropewalk.git.trees import list_tree
from ropewalk.store.patterns import Patterns

_VERSION: Final = 2
LOCK_FILES: Final = Patterns(
    (
        "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock",
        "bun.lockb", "deno.lock", "requirements*.txt", "requirements*.lock", "poetry.lock",
        "uv.lock", "pdm.lock", "pylock*.toml", "Pipfile.lock", "conda-lock.yml", "pixi.lock",
        "Cargo.lock", "go.sum", "Gemfile.lock", "composer.lock", "mix.lock", "pubspec.lock",
        "Podfile.lock", "Package.resolved", "packages.lock.json", "gradle.lockfile", "flake.lock",
    )
)  # fmt: skip
_BESIDE: Final = Patterns(
    (
        "package.json", "pnpm-workspace.yaml", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs",
        "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "Cargo.toml", "go.mod", "Gemfile",
        "composer.json", "mix.exs", ".nvmrc", ".node-version", ".python-version", ".tool-versions",
    )
)  # fmt: skip
# What a command goes by when one of these words is in it.
_RUNNERS: Final[Mapping[str, Patterns]] = {
    "make": Patterns(("Makefile", "makefile", "GNUmakefile", "*.mk")),
    "gmake": Patterns(("Makefile", "makefile", "GNUmakefile", "*.mk")),
    "just": Patterns(("justfile", "Justfile", ".justfile", "*.just")),
    "task": Patterns(("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml")),
    "nox": Patterns(("noxfile.py",)),
    "tox": Patterns(("tox.ini",)),
    "mise": Patterns(("mise.toml", ".mise.toml")),
}
_SCRIPTS: Final = Patterns(
    ("*.sh", "/bin/", "/script/", "/scripts/", "/tools/", "/.husky/", "/.envrc")
)
# What these words of a tool bring comes from elsewhere, by its lock file; by any other word it may
# read the sources, and make something else of them.
_INSTALLS: Final[Mapping[str, frozenset[str]]] = {
    "npm": frozenset(("ci", "install", "i", "clean-install")),
    "pnpm": frozenset(("install", "i", "fetch")),
    "yarn": frozenset(("", "install")),
    "bun": frozenset(("install",)),
    "pip": frozenset(("install",)),
    "pip3": frozenset(("install",)),
    "uv": frozenset(("sync",)),
    "poetry": frozenset(("install",)),
    "pdm": frozenset(("install", "sync")),
    "pipenv": frozenset(("install", "sync")),
    "pixi": frozenset(("install",)),
    "cargo": frozenset(("fetch",)),
    "go": frozenset(("mod",)),
    "bundle": frozenset(("", "install")),
    "mix": frozenset(("deps.get",)),
    "dotnet": frozenset(("restore",)),
}
# With one of these an installer runs what the repository says, which may read any of its files.
_OWN_STEPS: Final = r'"(pre|post)?(install|prepare|prepublish|pack)"[[:space:]]*:'
_SHELL: Final = re.compile(r"[;&|<>$`()\n]")
# What differs between worktrees, or acts beyond the files.
_PERSONAL: Final = ("ROPEWALK_", "COMPOSE_PROJECT_NAME", "docker compose", "docker-compose")
_MOST_FILES: Final = 2000
_TOOLS: Final = ("node", "python3")


def setup_key(
    place: Place, worktree: Path, commands: Sequence[str], *, env: Mapping[str, str]
) -> str | None:
    """Return the key of the last command's result, None where it is to run in every worktree.

    Args:
        place: the repository.
        worktree: a fresh one; its HEAD says what is in it.
        commands: the last one, and those before it.
        env: what they see; its PATH says where the tools are.
    """
    own, head = own_context(place), read_head(place, worktree)
    if head is None:
        return None
    oids = {entry.path: entry.oid for entry in list_tree(own, head)}
    locks = LOCK_FILES.select(oids)
    if not locks:
        return None
    told_by = _told_by(commands, oids)
    is_install = _only_installs(commands) and not _has_own_steps(own, head, oids)
    scripts = () if is_install else _SCRIPTS.select(oids)
    if _is_personal(own, head, commands, sorted({*told_by, *scripts})):
        return None
    components = {
        "version": _VERSION,
        "commands": list(commands),
        "tree": None if is_install else tree_of(own, head),
        "files": {path: oids[path] for path in sorted({*locks, *told_by})},
        "tools": list(_tools(commands, env.get("PATH", ""))),
        "machine": [platform.system(), platform.machine()],
    }
    text = json.dumps(components, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _told_by(commands: Sequence[str], oids: Mapping[str, str]) -> set[str]:
    """Return the files that the commands name or go by."""
    words = [str(PurePosixPath(word)) for word in _words(commands)]
    runners = (_RUNNERS[word] for word in words if word in _RUNNERS)
    found = {path for patterns in runners for path in patterns.select(oids)}
    return {*found, *_BESIDE.select(oids), *(word for word in words if word in oids)}


def _only_installs(commands: Sequence[str]) -> bool:
    """Whether all that the commands make follows from lock files and what stands beside them."""
    return all(_is_install(step) for command in commands for step in command.split("&&"))


def _has_own_steps(own: GitContext, head: str, paths: Collection[str]) -> bool:
    packages = [path for path in paths if PurePosixPath(path).name == "package.json"]
    if not packages or len(packages) > _MOST_FILES:
        return bool(packages)
    options = ("-qIE", "-e", _OWN_STEPS)
    return run(own, "grep", *options, head, "--", *packages, allowed=(0, 1)).code == 0


def _is_install(step: str) -> bool:
    words = step.split()
    if not words or _SHELL.search(step):
        return False
    if words[0] == "cd":
        return True
    action, *rest = (*(word for word in words[1:] if not word.startswith("-")), "")
    has_sources = any(word.startswith((".", "/")) for word in rest)
    return action in _INSTALLS.get(words[0], ()) and not has_sources


def _words(commands: Sequence[str]) -> Iterator[str]:
    for command in commands:
        try:
            yield from shlex.split(command, comments=False)
        except ValueError:
            yield from command.split()


def _is_personal(own: GitContext, head: str, commands: Sequence[str], paths: Sequence[str]) -> bool:
    if any(word in command for word in _PERSONAL for command in commands):
        return True
    if not paths:
        return False
    if len(paths) > _MOST_FILES:
        return True
    words = [option for word in _PERSONAL for option in ("-e", word)]
    return run(own, "grep", "-qIF", *words, head, "--", *paths, allowed=(0, 1)).code == 0


def _tools(commands: Sequence[str], path: str) -> Iterator[str]:
    """Yield which programs would run: another version of a tool makes other things."""
    firsts = {words[0] for command in commands if (words := command.split())}
    for name in sorted({*_TOOLS, *firsts}):
        found = shutil.which(name, path=path) if "/" not in name else None
        if found is not None:
            real = Path(os.path.realpath(found))
            facts = real.stat()
            yield f"{name} {real} {facts.st_size} {facts.st_mtime_ns}"

"""Starts git; nothing else in the package does.

Invariants: git is named by its absolute path and told by ``-C`` where to work; its environment is
built from an allow-list, so that no inherited ``GIT_*`` can point it at another repository;
the configuration that could run programs or change answers is pinned; stdin and stdout are bytes;
every call has a session of its own and a deadline at which its whole group is killed. A lock that
another git holds for a moment is waited for, a few times.
"""

import functools
import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ropewalk.errors import GitError, GitKilled, GitTooOld, ProgramNotFound
from ropewalk.process import communicate
from ropewalk.process.identity import find_row

OLDEST_GIT: Final = (2, 38, 0)
COORDINATOR: Final = "ROPEWALK_COORDINATOR"
_RETRY_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
_KEPT: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "XDG_CONFIG_HOME"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM"),
)
_SET: Final = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_EDITOR": "true",
    "GIT_LITERAL_PATHSPECS": "1",
}
_ISOLATED: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
}
_PINNED: Final = (
    "gc.auto=0",
    "maintenance.auto=false",
    "core.fsmonitor=false",
    "core.fsync=committed,reference",
    "core.quotePath=false",
    "core.pager=cat",
    "color.ui=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "log.showSignature=false",
    "submodule.recurse=false",
    "diff.renames=true",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "diff.algorithm=default",
    "i18n.commitEncoding=utf-8",
    "i18n.logOutputEncoding=utf-8",
    "merge.default=text",
    "merge.renames=true",
    "merge.directoryRenames=conflict",
    "merge.conflictStyle=zdiff3",
    "merge.renormalize=false",
    "merge.verifySignatures=false",
    "advice.detachedHead=false",
    "advice.addEmbeddedRepo=false",
    "advice.submoduleMergeConflict=false",
)
_PINNED_ISOLATED: Final = (
    f"core.attributesFile={os.devnull}",
    f"core.excludesFile={os.devnull}",
)
# Only what passes by itself: a refused old value or a lock that cannot be made stays an error.
_PASSING: Final = re.compile(
    r"Unable to create '[^\n]*\.lock': File exists"
    r"|could not lock config file [^\n]*: File exists"
    r"|failed to read [^\n]*commondir"
)
_DIED: Final = re.compile(r"\bdied of signal (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a commit is from; ``date`` is git's raw form, ``<seconds> +0000``, None for now."""

    name: str
    email: str
    date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitContext:
    """What one call of git sees; change it with ``dataclasses.replace``.

    Attributes:
        directory: where git starts (``-C``).
        git_dir: explicit git directory; None lets git look for one from ``directory``.
        work_tree: explicit work tree.
        common_dir: explicit common directory, for the admin directory of a worktree.
        index: explicit index file.
        objects: explicit object directory, which takes new objects.
        alternates: further object directories, read only.
        author: author of new commits; None for git's own configuration.
        committer: committer of new commits; None for git's own configuration.
        hooks: whether the repository's hooks run.
        isolated: whether the person's and the system's configuration is unseen.
        settings: ``key=value`` pairs of configuration that are set for the call.
    """

    directory: Path
    git_dir: Path | None = None
    work_tree: Path | None = None
    common_dir: Path | None = None
    index: Path | None = None
    objects: Path | None = None
    alternates: tuple[Path, ...] = ()
    author: Identity | None = None
    committer: Identity | None = None
    hooks: bool = False
    isolated: bool = False
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GitOutput:
    """How a call of git ended."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """Stdout without surrounding white space; bytes that are no UTF-8 as lone surrogates."""
        return os.fsdecode(self.stdout).strip()


def run(
    context: GitContext,
    *arguments: str,
    stdin: bytes = b"",
    timeout_s: float = 120.0,
    allowed: Collection[int] = (0,),
    env: Mapping[str, str] | None = None,
) -> GitOutput:
    """Run one git command to its end.

    Args:
        context: repository, work tree, index and identities that the command sees.
        arguments: the command and its arguments; values that come from outside are full object
            ids or stand behind ``--end-of-options``.
        stdin: what the command reads.
        timeout_s: seconds until the command and all of its group are killed.
        allowed: exit codes that are answers.
        env: variables that are set last.

    Raises:
        GitKilled: a signal from outside ended git.
        GitError: another exit code, or the deadline passed (code ``git_timeout``), or a lock that
            did not go away (code ``git_locked``).
        ProgramNotFound: there is no git.
    """
    argv = build_argv(context, arguments)
    environment = build_environment(context, env)
    output = _run_once(argv, environment, stdin=stdin, timeout_s=timeout_s)
    for pause in _RETRY_PAUSES_S:
        if output.code == 0 or not _PASSING.search(output.stderr):
            break
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
        output = _run_once(argv, environment, stdin=stdin, timeout_s=timeout_s)
    if output.code not in allowed:
        raise _failure(arguments, output)
    return output


def start(
    context: GitContext, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a git command that is talked to through its three pipes; the caller ends it.

    Raises:
        ProgramNotFound: there is no git.
    """
    return _spawn(build_argv(context, arguments), build_environment(context, env), has_stdin=True)


def require_git() -> tuple[int, int, int]:
    """Return the version of git.

    Raises:
        GitTooOld: it is older than the oldest that works.
        ProgramNotFound: there is no git.
    """
    found = _version_of(find_git())
    if found < OLDEST_GIT:
        needed, have = (".".join(map(str, version)) for version in (OLDEST_GIT, found))
        raise GitTooOld(f"git {have} is too old", hint=f"install git {needed} or newer")
    return found


def find_git() -> str:
    """Return the absolute path of git; relative entries of PATH are not looked at.

    Raises:
        ProgramNotFound: there is no git.
    """
    return _find_git(os.environ.get("PATH", os.defpath))


@functools.cache
def _find_git(path: str) -> str:
    entries = [entry for entry in path.split(os.pathsep) if Path(entry).is_absolute()]
    found = shutil.which("git", path=os.pathsep.join(entries))
    if found is None:
        raise ProgramNotFound("git is not on PATH", hint="install git 2.38 or newer")
    return found


def build_argv(context: GitContext, arguments: Collection[str]) -> tuple[str, ...]:
    """Return the full argument list: program, directory, pinned configuration, command."""
    pins = list(_PINNED)
    if not context.hooks:
        pins.append(f"core.hooksPath={os.devnull}")
    if context.isolated:
        pins.extend(_PINNED_ISOLATED)
    if context.alternates:
        # A quarantine is thrown away; what leaves it is written once more, and safely.
        pins.append("core.fsync=none")
    # The pins come last: the last value of a key counts.
    options = (option for pin in (*context.settings, *pins) for option in ("-c", pin))
    return (find_git(), "-C", str(context.directory.absolute()), *options, *arguments)


def build_environment(
    context: GitContext, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the whole environment of a call; nothing is inherited that is not named here."""
    places = {
        "GIT_DIR": context.git_dir,
        "GIT_WORK_TREE": context.work_tree,
        "GIT_COMMON_DIR": context.common_dir,
        "GIT_INDEX_FILE": context.index,
        "GIT_OBJECT_DIRECTORY": context.objects,
    }
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _SET
    environment[COORDINATOR] = coordinator_mark()
    if context.isolated:
        environment |= _ISOLATED
    environment |= {name: str(path.absolute()) for name, path in places.items() if path}
    if context.alternates:
        environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(
            _quote_alternate(path) for path in context.alternates
        )
    for role, identity in (("AUTHOR", context.author), ("COMMITTER", context.committer)):
        if identity is not None:
            environment |= _identity_variables(role, identity)
    return environment | dict(extra or {})


def coordinator_mark() -> str:
    """Return what every git process of this process carries in its environment."""
    return _mark_of(os.getpid())


@functools.cache
def _mark_of(pid: int) -> str:
    row = find_row(pid)
    return f"{pid}.{row.start_time if row is not None else 0}"


def _identity_variables(role: str, identity: Identity) -> dict[str, str]:
    variables = {f"GIT_{role}_NAME": identity.name, f"GIT_{role}_EMAIL": identity.email}
    if identity.date is not None:
        variables[f"GIT_{role}_DATE"] = identity.date
    return variables


def _quote_alternate(path: Path) -> str:
    """Quote a path that holds the separator, as git reads it in this one variable."""
    text = str(path.absolute())
    if os.pathsep not in text and not text.startswith('"'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _run_once(
    argv: tuple[str, ...], environment: Mapping[str, str], *, stdin: bytes, timeout_s: float
) -> GitOutput:
    process = _spawn(argv, environment, has_stdin=bool(stdin))
    out, err, is_late = communicate(process, stdin=stdin, deadline_s=timeout_s, limit=None)
    if is_late:
        raise GitError(
            f"git {_command_name(argv)} did not end within {timeout_s:g} s and was stopped",
            code="git_timeout",
        )
    return GitOutput(
        code=process.returncode, stdout=out, stderr=err.decode(errors="backslashreplace")
    )


def _spawn(
    argv: tuple[str, ...], environment: Mapping[str, str], *, has_stdin: bool
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            # The directory of this process may be gone; git goes where -C says.
            cwd="/",
            env=environment,
            stdin=subprocess.PIPE if has_stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise GitError(f"git {_command_name(argv)} could not be started: {error}") from error


def _failure(arguments: tuple[str, ...], output: GitOutput) -> GitError:
    signal = _signal_of(output)
    if signal is not None:
        command = f"git {_command_name(arguments)}"
        return GitKilled(f"{command} was ended from outside by signal {signal}")
    lines = [line.strip() for line in output.stderr.splitlines() if line.strip()]
    pointed = [line for line in lines if line.startswith(("fatal:", "error:"))]
    words = next(iter(pointed or lines), f"exit code {output.code}")
    message = f"git {_command_name(arguments)}: {words}"
    if _PASSING.search(output.stderr):
        return GitError(
            message,
            code="git_locked",
            hint="wait for the other git to end; remove the lock only when none is running",
        )
    return GitError(message)


def _signal_of(output: GitOutput) -> int | None:
    """Return the signal that ended git, or one of the git processes that it had started."""
    if output.code < 0:
        return -output.code
    found = _DIED.search(output.stderr)
    return int(found[1]) if found is not None else None


def _command_name(arguments: Collection[str]) -> str:
    """Return the git command in an argument list, with or without the options before it."""
    words = iter(arguments)
    for word in words:
        if word in {"-C", "-c"}:
            next(words, None)
        elif not word.startswith(("-", "/")):
            return word
    return "command"


@functools.cache
def _version_of(program: str) -> tuple[int, int, int]:
    argv = (program, "version")
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _SET
    output = _run_once(argv, environment, stdin=b"", timeout_s=20.0)
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", output.text)
    if output.code != 0 or found is None:
        raise GitError(f"{program} does not say its version")
    major, minor, patch = found.groups(default="0")
    return int(major), int(minor), int(patch)

"""GitPython with every call of git going through `ropewalk.git.command`.

It is opened on the coordinator's own bare git directory only, never on a person's repository, and
one `Repository` serves one thread. Use it to read commits, trees, messages and blame.
"""

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import git
from git.exc import GitCommandError

from ropewalk.errors import GitError, RepositoryError
from ropewalk.git.command import GitContext, run, start

_ANY_CODE: Final = range(-64, 256)


class Git(git.Git):
    """GitPython's command object, which starts nothing by itself."""

    __slots__ = ("_context",)

    def __init__(self, working_dir: object = None, *, context: GitContext) -> None:
        # The directory that GitPython would start in is not used: the context names its own.
        super().__init__(str(context.directory) if working_dir is None else str(working_dir))
        self._context = context

    def execute(  # type: ignore[override]  # the documented point of extension, with fewer options
        self,
        command: Sequence[str],
        istream: object = None,
        *,
        with_extended_output: bool = False,
        with_exceptions: bool = True,
        as_process: bool = False,
        stdout_as_string: bool = True,
        strip_newline_in_stdout: bool = True,
        env: Mapping[str, str] | None = None,
        **options: object,
    ) -> "str | bytes | tuple[int, str | bytes, str] | git.Git.AutoInterrupt":
        """Run one command; the options of GitPython that would change how it is started do nothing.

        Raises:
            GitCommandError: git failed, as GitPython's own callers expect.
            GitError: git did not end in time, or the caller wants to feed it or divert its output.
        """
        arguments = tuple(command[1:])
        if as_process:
            return self.AutoInterrupt(start(self._context, *arguments, env=env), command)
        if istream is not None or options.get("output_stream") is not None:
            raise GitError(f"git {arguments[0]}: streams are for processes only")
        output = run(self._context, *arguments, env=env, allowed=_ANY_CODE)
        if with_exceptions and output.code != 0:
            raise GitCommandError(list(command), output.code, output.stderr, output.stdout)
        raw = output.stdout.removesuffix(b"\n") if strip_newline_in_stdout else output.stdout
        out = raw.decode(errors="surrogateescape") if stdout_as_string else raw
        return (output.code, out, output.stderr) if with_extended_output else out


class Repository(git.Repo):
    """GitPython's repository on an explicit context."""

    def __init__(self, context: GitContext) -> None:
        self.GitCommandWrapperType = functools.partial(Git, context=context)  # type: ignore[assignment]
        super().__init__(context.git_dir, expand_vars=False)


@contextlib.contextmanager
def open_repository(context: GitContext) -> Iterator[Repository]:
    """Open the own bare git directory for reading; every process it started ends with the block.

    Args:
        context: from `ropewalk.git.own.own_context`, perhaps with a quarantine.

    Raises:
        RepositoryError: the context is not one of the own git directory.
        GitError: GitPython could not open it.
    """
    if not context.isolated or context.git_dir is None:
        raise RepositoryError("GitPython is opened on the own git directory of ropewalk only")
    try:
        repository = Repository(context)
    except (git.exc.GitError, OSError) as error:
        raise GitError(f"'{context.git_dir}' cannot be opened: {error}") from error
    with repository:
        yield repository

"""Every error that ropewalk raises on purpose.

An error says what is wrong in the user's own names and, as ``hint``, what to type next. Each class
has the exit code that the command line returns and a ``code``, the stable word that programs read.

    RopewalkError                1  failed
    ├── InvalidInput             2  a plan, an option, a file or a name cannot be used
    │   ├── PlanChanged          2  the plan on disk is not the one that was hashed
    │   ├── NotPlanned           2  no plan with this id
    │   └── WrongPhase           2  the epic is not at the point where this verb makes sense
    ├── ConflictWaiting          3  a conflict waits for a decision
    ├── ChecksFailed             4  a check failed on the merged tree
    ├── LandingRefused           5  the target moved, or landing would overwrite something
    ├── Busy                     8  another coordinator holds the lock
    ├── Paused                   9  an approval, or an effect whose fate is unknown
    ├── Interrupted            130  the person pressed Ctrl-C
    ├── ProgramNotFound          1  a program that was to be started is not there
    ├── StorageError             1  a state file is damaged, or the disk refused
    ├── WorktreeError            1  a worktree could not be made, verified or removed
    └── GitError                 1  git failed, with its own words
        ├── RepositoryError      2  this is not a repository that ropewalk can work on
        ├── GitTooOld            1  git is older than the oldest version that works
        ├── GitKilled            1  git was ended from outside; what it had done is not known
        └── RefMoved             5  a ref did not have the expected old value
"""


class RopewalkError(Exception):
    """Something that ropewalk cannot go on from, said for a person.

    Args:
        message: what is wrong, in the user's own names; one line, no full stop.
        hint: the next command or change; empty when there is none.
        code: the stable word for programs; the class's own unless given.
        where: file and place, such as ``plan.yaml:14:19``; empty when there is none.
    """

    exit_code = 1
    default_code = "failed"

    def __init__(self, message: str, *, hint: str = "", code: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.where = where

    def __str__(self) -> str:
        return f"{self.message} ({self.where})" if self.where else self.message


class InvalidInput(RopewalkError):
    """A plan, option, file or name cannot be used; nothing was changed."""

    exit_code = 2
    default_code = "invalid_input"


class PlanChanged(InvalidInput):
    """The plan on disk is not the one that was hashed."""

    default_code = "plan_hash"


class NotPlanned(InvalidInput):
    """There is no plan with this id."""

    default_code = "not_planned"


class WrongPhase(InvalidInput):
    """The epic is not at the point where this verb makes sense."""

    default_code = "wrong_phase"


class ConflictWaiting(RopewalkError):
    """A conflict waits for a decision."""

    exit_code = 3
    default_code = "conflict"


class ChecksFailed(RopewalkError):
    """A check failed on the merged tree."""

    exit_code = 4
    default_code = "validation_failed"


class LandingRefused(RopewalkError):
    """The target moved, or landing would overwrite something."""

    exit_code = 5
    default_code = "land_refused"


class Busy(RopewalkError):
    """Another coordinator holds the lock."""

    exit_code = 8
    default_code = "busy"


class Paused(RopewalkError):
    """Work stopped at a gate, or at an effect whose fate is unknown."""

    exit_code = 9
    default_code = "paused"


class Interrupted(RopewalkError):
    """The person pressed Ctrl-C; everything made so far is kept."""

    exit_code = 130
    default_code = "interrupted"


class ProgramNotFound(RopewalkError):
    """A program that was to be started is not there."""

    default_code = "program_not_found"


class StorageError(RopewalkError):
    """A state file is damaged, or the disk refused to take one."""

    default_code = "storage"


class WorktreeError(RopewalkError):
    """A worktree could not be made, verified or removed."""

    default_code = "worktree"


class GitError(RopewalkError):
    """Git failed; the message holds git's own words."""

    default_code = "git"


class RepositoryError(GitError):
    """This is not a repository that ropewalk can work on."""

    exit_code = 2
    default_code = "repository"


class GitKilled(GitError):
    """Git was ended from outside, by a signal; how far it had come is not known."""

    default_code = "git_killed"


class GitTooOld(GitError):
    """Git is older than the oldest version that works."""

    default_code = "git_too_old"


class RefMoved(GitError):
    """A ref did not have the expected old value; nothing was written."""

    exit_code = 5
    default_code = "ref_moved"

"""What every verb is told: where to work and how to talk.

The place is text, because pathlib alone would be a tenth of the time in which help is shown.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The global options.

    Attributes:
        directory: where to look for the repository.
        as_json: stdout holds one JSON document and nothing else.
        quiet: no narration.
        verbose: more narration, and tracebacks of our own errors.
        yes: do what would otherwise only be shown.
    """

    directory: str = field(default_factory=os.getcwd)
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    yes: bool = False


pass_session = click.make_pass_decorator(Session, ensure=True)


def with_flags(command: F) -> F:
    """Let a command take the flags that are valid before and after the verb."""
    for name, short, text in reversed(_FLAGS):
        names = (f"-{short}", f"--{name}") if short else (f"--{name}",)
        command = click.option(
            *names, is_flag=True, expose_value=False, callback=_remember, help=text
        )(command)
    return command


def peek(arguments: Sequence[str]) -> Session:
    """Guess the global options from raw arguments, for errors that come before parsing is done."""
    own = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    shorts = "".join(word[1:] for word in own if word[:1] == "-" and set(word[1:]) <= set("qv"))
    place = os.getcwd()  # noqa: PTH109 - see the module
    if "-C" in own[:-1]:
        place = os.path.join(place, own[own.index("-C") + 1])  # noqa: PTH118
    return Session(
        directory=place,
        as_json="--json" in own,
        quiet="q" in shorts or "--quiet" in own,
        verbose="v" in shorts or "--verbose" in own,
    )


_FLAGS = (
    ("json", "", "Print one JSON document and nothing else."),
    ("quiet", "q", "Say nothing but the answer."),
    ("verbose", "v", "Say more; show tracebacks."),
    ("yes", "", "Do it, where a dry run is the default."),
)


def _remember(context: click.Context, option: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if not value:
        return
    session = context.ensure_object(Session)
    match option.name:
        case "json":
            context.obj = replace(session, as_json=True)
        case "quiet":
            context.obj = replace(session, quiet=True)
        case "verbose":
            context.obj = replace(session, verbose=True)
        case _:
            context.obj = replace(session, yes=True)

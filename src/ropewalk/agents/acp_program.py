"""Drives an agent over the Agent Client Protocol: ``acp_program [OPTIONS] -- PROGRAM [ARGUMENTS]``.

It reads the prompt from standard input and prints one JSON line per event. When it is interrupted
it tells the agent to stop, which ends the agent's tools more surely than a signal does, and waits
for that within a deadline. Exit code 0 after a good last word, 1 after a bad one, 2 when the agent
cannot begin, 130 when interrupted.
"""

import argparse
import contextlib
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ropewalk.agents.acp_events import Listener
from ropewalk.agents.acp_session import Session
from ropewalk.agents.acp_settings import Wish
from ropewalk.agents.acp_wire import Wire
from ropewalk.agents.base import MAX_TEXT, FinalEvent
from ropewalk.agents.child_main import INTERRUPTED, Parser, print_event, run_with_prompt
from ropewalk.errors import InvalidInput, RopewalkError
from ropewalk.model.config import Permission
from ropewalk.model.result import Outcome
from ropewalk.process import Talk

CANCEL_S: Final = 4.0


def main(arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, prompt: str) -> int:
    """Let the agent work on a prompt; return the exit code."""
    try:
        final = _work(_parse_arguments(arguments), env=env, cwd=cwd, prompt=prompt)
    except InvalidInput as error:
        hint = f"; {error.hint}" if error.hint else ""
        print_event(FinalEvent(outcome=Outcome.ERROR, summary=f"{error}{hint}"[:MAX_TEXT]))
        return 2
    except RopewalkError as error:
        print_event(FinalEvent(outcome=Outcome.CRASHED, summary=str(error)[:MAX_TEXT]))
        return 1
    except KeyboardInterrupt:
        print_event(FinalEvent(outcome=Outcome.CANCELLED, summary="interrupted"))
        return INTERRUPTED
    print_event(final)
    return 0 if final.outcome is Outcome.OK else 1


def _work(
    options: argparse.Namespace, *, env: Mapping[str, str], cwd: Path, prompt: str
) -> FinalEvent:
    wish = Wish(
        worktree=cwd,
        permission=Permission(options.permission),
        mode=options.mode,
        model=options.model,
        login=options.login,
        session_id=options.session,
        used_usd=options.used_usd,
    )
    listener = Listener(cwd, wish.permission, emit=print_event)
    with Talk(options.command, cwd=cwd, env=env) as talk:
        session = Session(Wire(talk, listener), listener, wish, emit=print_event)
        try:
            return session.work(prompt)
        except KeyboardInterrupt:
            with contextlib.suppress(RopewalkError):
                session.cancel(timeout_s=CANCEL_S)
            raise


def _parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="acp", description="Let an agent work on the prompt on standard input.")
    parser.add_argument("--permission", choices=[one.value for one in Permission], default="edit")
    parser.add_argument("--mode", help="id of the agent's mode to work in")
    parser.add_argument("--model", help="id of the model to use")
    parser.add_argument("--login", help="id of the agent's way to log in")
    parser.add_argument("--session", help="session to go on with")
    parser.add_argument("--used-usd", type=float, default=0.0, help="what the session cost before")
    parser.add_argument("command", nargs="+", help="program that speaks the protocol")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run_with_prompt(main))

"""The built-in agent: ``python -m ropewalk.agents.anthropic_program --model MODEL``.

It reads its prompt from standard input, works in the current directory, and prints one JSON line
per event. Exit code 0 after a good last word, 1 after a bad one, 2 when it cannot begin, 130 when
interrupted. At the end it writes its account to the file that ``$ROPEWALK_RESULT`` names, unless
the model has done so. The credentials of the API are not in the environment of its tools.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import ropewalk
from ropewalk.agents.anthropic_loop import MAX_TOKENS, MAX_TURNS, Bench, run_loop
from ropewalk.agents.anthropic_patience import Patience
from ropewalk.agents.base import FinalEvent, SessionEvent, TextEvent, TroubleEvent
from ropewalk.agents.child_main import INTERRUPTED, Parser, print_event, run_with_prompt
from ropewalk.agents.confine import write_file
from ropewalk.agents.conversation import Conversation
from ropewalk.agents.notices import NoticeReader
from ropewalk.agents.tools import Toolbox
from ropewalk.agents.toolspecs import READING, TOOLS
from ropewalk.errors import InvalidInput, RopewalkError
from ropewalk.model.config import Permission
from ropewalk.model.result import Outcome
from ropewalk.model.values import JsonObject
from ropewalk.store.files import read_limited
from ropewalk.store.redact import Redactor, find_secrets
from ropewalk.store.secret_files import find_file_secrets

MAX_SCHEMA_BYTES: Final = 1024 * 1024
CREDENTIALS: Final = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
_STATUSES: Final = {Outcome.OK: "success", Outcome.LIMIT: "partial"}


def main(arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, prompt: str) -> int:
    """Work on a prompt as an agent of its own; return the exit code."""
    try:
        final = _work(_parse_arguments(arguments), env=env, cwd=cwd, prompt=prompt)
    except RopewalkError as error:
        print_event(FinalEvent(outcome=Outcome.ERROR, summary=str(error)))
        return 2
    except KeyboardInterrupt:
        print_event(FinalEvent(outcome=Outcome.CANCELLED, summary="interrupted"))
        return INTERRUPTED
    print_event(final)
    return 0 if final.outcome is Outcome.OK else 1


def _work(
    options: argparse.Namespace, *, env: Mapping[str, str], cwd: Path, prompt: str
) -> FinalEvent:
    # The client of the API takes longer to load than all else, and an interrupt meanwhile counts.
    from ropewalk.agents import anthropic_model  # noqa: PLC0415

    schema = _read_schema(options.schema)
    in_files = find_file_secrets(Path(env.get("ROPEWALK_REPOSITORY", cwd)))
    secrets = (*find_secrets(_some(env, options.passed), env), *in_files)
    conversation = _open_conversation(options, Redactor(secrets))
    version = f"{ropewalk.__version__} (anthropic {anthropic_model.SDK_VERSION})"
    session = SessionEvent(session_id=conversation.session_id, version=version, model=options.model)
    print_event(session)
    conversation.say(prompt)
    notices = env.get("ROPEWALK_NOTICES")
    bench = Bench(
        model=anthropic_model.AnthropicModel(env, read_timeout_s=options.read_timeout),
        model_name=options.model,
        tools=Toolbox(cwd, env=_tool_environment(env, passed=options.passed)),
        offered=tuple(one for one in TOOLS if options.permission != "read" or one.name in READING),
        emit=print_event,
        notices=NoticeReader(Path(notices) if notices else None),
        patience=Patience(first_s=options.retry_delay),
        schema=None if schema is None else anthropic_model.strict_schema(schema),
        max_turns=options.max_turns,
        max_tokens=options.max_tokens,
    )
    final = run_loop(bench, conversation)
    result = env.get("ROPEWALK_RESULT")
    if result and options.permission != "read":
        _write_account(Path(result), final, bench.tools)
    return final


def _open_conversation(options: argparse.Namespace, redactor: Redactor) -> Conversation:
    if options.session:
        known = Conversation.resume(options.messages, options.session, redactor)
        if known is not None:
            return known
        print_event(TextEvent(text="the earlier session is not there; this is a new one"))
    return Conversation.start(options.messages, redactor)


def _read_schema(path: Path | None) -> JsonObject | None:
    if path is None:
        return None
    try:
        schema = json.loads(read_limited(path, MAX_SCHEMA_BYTES))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is not JSON") from error
    if not isinstance(schema, dict):
        raise InvalidInput(f"{path} is not a JSON Schema")
    return schema


def _some(env: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: env[name] for name in names if name in env}


def _tool_environment(env: Mapping[str, str], *, passed: Sequence[str]) -> dict[str, str]:
    """Return the environment of commands: the API's credentials only where a person passes them."""
    hidden = set(CREDENTIALS) - set(passed)
    return {name: value for name, value in env.items() if name not in hidden}


def _write_account(path: Path, final: FinalEvent, tools: Toolbox) -> None:
    if path.exists():
        return
    account = {
        "status": _STATUSES.get(final.outcome, "failed"),
        "summary": final.summary,
        "files_created": tools.created,
        "files_modified": tools.modified,
        "notes": "put together from the model's last words and the calls of its tools",
    }
    text = json.dumps(account, indent=2) + "\n"
    try:
        write_file(tools.root, str(path.parent.resolve() / path.name), text)
    except InvalidInput as error:
        print_event(TroubleEvent(text=f"no account was written: {error.message}"))


def _parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="anthropic", description="Work on the prompt on standard input.")
    parser.add_argument("--model", required=True, help="model to ask")
    parser.add_argument("--messages", type=Path, required=True, help="file of the conversation")
    parser.add_argument("--session", help="conversation to go on with")
    parser.add_argument("--schema", type=Path, help="file: JSON Schema of the last answer")
    parser.add_argument("--permission", choices=[one.value for one in Permission], default="edit")
    parser.add_argument("--passed", action="append", default=[], help="variable a person passes")
    parser.add_argument(
        "--max-turns", type=int, default=MAX_TURNS, help="requests that may go well"
    )
    parser.add_argument("--max-tokens", type=int, default=MAX_TOKENS, help="tokens of one answer")
    parser.add_argument("--read-timeout", type=float, default=180.0, help="seconds of silence")
    parser.add_argument("--retry-delay", type=float, default=1.0, help="seconds, doubled each time")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(run_with_prompt(main))

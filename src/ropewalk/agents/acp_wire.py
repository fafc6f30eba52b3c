"""The wire of the Agent Client Protocol: JSON-RPC 2.0, one message a line, in both directions.

Invariants: every request of the program gets an answer, an error where nobody knows the method;
messages that are none are passed over; nothing is waited for without a deadline or the program's
own end. Version 1 of the protocol; we offer it neither files nor terminals, it works on the
worktree by itself.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ropewalk.agents.base import MAX_TEXT
from ropewalk.agents.fields import Fields, below, read_object, text_at
from ropewalk.errors import RopewalkError
from ropewalk.model.values import JsonObject
from ropewalk.process import Talk

AUTH_REQUIRED: Final = -32000
_UNKNOWN_METHOD: Final = -32601
_MAX_DATA: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The program answered a request with an error."""

    code: int
    text: str


class Client(Protocol):
    """Whoever the program talks to while it works."""

    def update(self, update: Fields) -> None:
        """Take what the program says about its work."""
        ...

    def permit(self, request: Fields) -> JsonObject:
        """Answer a request for permission."""
        ...


class Wire:
    """One connection to a program.

    Args:
        talk: the program.
        client: takes what it says and asks on its own.
    """

    def __init__(self, talk: Talk, client: Client) -> None:
        self._talk = talk
        self._client = client
        self._count = 0

    def ask(self, method: str, params: JsonObject, *, timeout_s: float | None) -> Fields | Refusal:
        """Send a request and return its answer; what comes before it goes to the client.

        Raises:
            RopewalkError: the program has ended, or did not answer in time.
        """
        number = self.begin(method, params)
        return self.wait(number, method, timeout_s=timeout_s)

    def begin(self, method: str, params: JsonObject) -> int:
        """Send a request; return its number for `wait`.

        Raises:
            RopewalkError: the program has ended.
        """
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        return self._count

    def wait(self, number: int, method: str, *, timeout_s: float | None) -> Fields | Refusal:
        """Return the answer to a request, see `ask`.

        Raises:
            RopewalkError: the program has ended, or did not answer in time.
        """
        ends_at = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            patience = None if ends_at is None else max(0.0, ends_at - time.monotonic())
            line = self._talk.receive(patience)
            if line is None:
                text = f"the agent did not answer '{method}' within {timeout_s:.0f} s"
                raise RopewalkError(text, code="talk_ended")
            message = read_object(line)
            if "method" in message:
                self._take(message)
            elif message.get("id") == number:
                return _answer(message)

    def tell(self, method: str, params: JsonObject) -> None:
        """Send a notification.

        Raises:
            RopewalkError: the program has ended.
        """
        self._send({"method": method, "params": params})

    def _take(self, message: Fields) -> None:
        method, params = text_at(message, "method"), below(message, "params")
        if "id" not in message:
            if method == "session/update":
                self._client.update(below(params, "update"))
            return
        if method == "session/request_permission":
            self._send({"id": message["id"], "result": self._client.permit(params)})
            return
        error = {"code": _UNKNOWN_METHOD, "message": f"'{method}' is not offered"}
        self._send({"id": message["id"], "error": error})

    def _send(self, message: JsonObject) -> None:
        self._talk.send(json.dumps({"jsonrpc": "2.0", **message}).encode())


def _answer(message: Fields) -> Fields | Refusal:
    error = below(message, "error")
    if not error:
        return below(message, "result")
    code = error.get("code")
    text = text_at(error, "message") or "an error without words"
    return Refusal(
        code=code if isinstance(code, int) else 0,
        text=f"{text}{_data(error.get('data'))}"[:MAX_TEXT],
    )


def _data(data: object) -> str:
    """Return the further words of an error."""
    if isinstance(data, Mapping):
        data = data.get("details") or data.get("message") or json.dumps(data)
    return f": {data[:_MAX_DATA]}" if isinstance(data, str) and data else ""

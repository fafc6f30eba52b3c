"""What a program does with each protocol, as plain as can be: asks, reads, calls tools, asks again.

For tests of the server itself, and for those that need some client without a program.
"""

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ropewalk.agents.fields import Fields
from ropewalk.model.values import JsonObject

SCHEMAS: Final[Mapping[str, JsonObject]] = {
    "write": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
        "required": ["path", "content"],
    },
    "run": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it came over the connection."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Fields:
        """The body as an object."""
        found: Fields = json.loads(self.body)
        return found

    @property
    def events(self) -> tuple[Fields, ...]:
        """The data of every event of a stream but the closing word of one protocol."""
        lines = [line for line in self.body.decode().splitlines() if line.startswith("data: ")]
        data = [line.removeprefix("data: ") for line in lines]
        return tuple(json.loads(one) for one in data if one != "[DONE]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an answer says: arguments as text, the way they came; `stop` in the protocol's word."""

    text: str = ""
    id: str = ""
    name: str = ""
    arguments: str = ""
    stop: str = ""
    input_tokens: int = 0


def post(
    url: str, path: str, body: JsonObject, *, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send a request and read all of its answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("POST", path, json.dumps(body), dict(headers or {}))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=named, body=response.read())
    finally:
        connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one protocol is spoken by a program.

    `body` makes one of the prompt and the earlier calls with their results; `stream_path` is
    where streams are asked for, where that is not said in the body.
    """

    name: str
    key_header: str
    path: str
    body: Callable[[str, Sequence[Heard]], JsonObject]
    hear: Callable[[Fields], Heard]
    hear_events: Callable[[Sequence[Fields]], Heard]
    stream_path: str = ""

    def ask(
        self, url: str, key: str, prompt: str, earlier: Sequence[Heard] = (), *, stream: bool
    ) -> Answer:
        """Send one request."""
        return self.send(url, key, self.body(prompt, earlier), stream=stream)

    def send(self, url: str, key: str, body: JsonObject, *, stream: bool = False) -> Answer:
        """Send a body, made to ask for a stream where that is wanted."""
        bearer = "Bearer " if self.key_header == "authorization" else ""
        headers = {self.key_header: bearer + key}
        if not stream:
            return post(url, self.path, body, headers=headers)
        if self.stream_path:
            return post(url, self.stream_path, body, headers=headers)
        return post(url, self.path, {**body, "stream": True}, headers=headers)

    def heard(self, answer: Answer) -> Heard:
        """Return what an answer says, streamed or not."""
        if answer.headers["content-type"] == "text/event-stream":
            return self.hear_events(answer.events)
        return self.hear(answer.json)

    def play(self, url: str, key: str, prompt: str, *, stream: bool) -> tuple[Heard, ...]:
        """Go on until no tool is called any more."""
        heard: list[Heard] = []
        for _ in range(10):
            heard.append(self.heard(self.ask(url, key, prompt, heard, stream=stream)))
            if not heard[-1].name:
                break
        return tuple(heard)

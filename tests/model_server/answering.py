"""From a request to the delivery of its answer.

Nothing here knows about connections: a `Delivery` says everything that is to go over one.
"""

import dataclasses
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from ropewalk.model.values import JsonObject
from tests.model_server.exchange import Conversation
from tests.model_server.faults import Delivery, is_problem, problem_of, spoil
from tests.model_server.scene import FaultKind, Request
from tests.model_server.stage import Stage
from tests.model_server.wires import Route, Wire, find_route, list_models, wire_of

_PREFIX: Final = re.compile(r"/run/(?P<key>[^/]+)(?P<rest>/.*)")
_KEY_HEADERS: Final = ("x-api-key", "authorization", "x-goog-api-key", "api-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came: the path with its query, headers by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Desk:
    """Holds the stages of a server and answers for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._stages: list[Stage] = []
        self._strange: list[Asked] = []
        self._count = 0

    @property
    def strange(self) -> tuple[Asked, ...]:
        """Requests that belonged to no scene, or whose path leads nowhere."""
        with self._lock:
            return tuple(self._strange)

    def add(self, stage: Stage) -> None:
        """Answer for a stage too; of several that fit a request the newest is taken."""
        with self._lock:
            self._stages.insert(0, stage)

    def answer(self, asked: Asked) -> Delivery:
        """Return what goes out; every request that asks for words is kept as a file."""
        prefixed = _PREFIX.fullmatch(asked.path)
        path = prefixed["rest"] if prefixed else asked.path
        keys = {*([prefixed["key"]] if prefixed else []), *_keys(asked)}
        plain = urlsplit(path).path
        if asked.method == "HEAD":
            return Delivery(pieces=())
        if asked.method == "GET" and plain.endswith("/models"):
            return _json(list_models(plain, asked.headers))
        route = find_route(plain) if asked.method == "POST" else None
        if route is None:
            return self._refuse(asked, wire_of(plain, asked.headers), FaultKind.NOT_FOUND)
        body = _object(asked.body)
        conversation = route.wire.read(body, path)
        if route.counts:
            return _json(route.wire.count(len(conversation.text) // 4))
        stage = self._find(keys, conversation)
        if stage is None:
            return self._refuse(asked, route.wire, FaultKind.UNAUTHORIZED)
        self._keep(route.protocol, asked.body)
        return _play(stage, route, conversation, path=path, asked=asked, body=body)

    def _find(self, keys: set[str], conversation: Conversation) -> Stage | None:
        with self._lock:
            known = [stage for stage in self._stages if stage.scene.key in keys]
        named = [stage for stage in known if stage.scene.mentions]
        fitting = [stage for stage in named if stage.scene.mentions in conversation.text]
        plain = [stage for stage in known if not stage.scene.mentions]
        asides = [stage for stage in named if not stage.is_main(conversation)]
        return next(iter((*fitting, *plain, *asides)), None)

    def _refuse(self, asked: Asked, wire: Wire, kind: FaultKind) -> Delivery:
        with self._lock:
            self._strange.append(asked)
        return _problem(wire, kind, retry_after_s=None)

    def _keep(self, protocol: str, body: bytes) -> None:
        with self._lock:
            self._count += 1
            number = self._count
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{number:04}-{protocol}.json").write_bytes(body)


def _play(
    stage: Stage,
    route: Route,
    conversation: Conversation,
    *,
    path: str,
    asked: Asked,
    body: JsonObject,
) -> Delivery:
    is_main = stage.is_main(conversation)
    fault = stage.admit(
        Request(
            path=path,
            protocol=route.protocol,
            body=body,
            headers=asked.headers,
            at=time.monotonic(),
            is_main=is_main,
            faulted=False,
        )
    )
    wire, delay_s = route.wire, stage.scene.delay_s
    if fault is not None and is_problem(fault.kind):
        failed = _problem(wire, fault.kind, retry_after_s=fault.retry_after_s)
        return dataclasses.replace(failed, delay_s=delay_s)
    kind = None if fault is None else fault.kind
    reply = stage.reply(conversation, kind, is_main=is_main)
    if conversation.streams:
        good = Delivery(
            pieces=wire.stream(reply, conversation.model),
            content_type="text/event-stream",
            streams=True,
        )
    else:
        good = _json(wire.whole(reply, conversation.model))
    return dataclasses.replace(spoil(good, kind, wire.stream_error), delay_s=delay_s)


def _problem(wire: Wire, kind: FaultKind, *, retry_after_s: float | None) -> Delivery:
    body = _json(wire.error(kind, retry_after_s))
    waiting = {} if retry_after_s is None else {"retry-after": f"{retry_after_s:g}"}
    return dataclasses.replace(body, status=problem_of(kind).status, headers=waiting)


def _json(body: JsonObject) -> Delivery:
    return Delivery(pieces=(json.dumps(body).encode(),))


def _keys(asked: Asked) -> Iterator[str]:
    for name in _KEY_HEADERS:
        yield asked.headers.get(name, "").removeprefix("Bearer ")
    yield from parse_qs(urlsplit(asked.path).query).get("key", [])


def _object(body: bytes) -> JsonObject:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

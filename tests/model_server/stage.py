"""A scene that is being played: what was asked, and what is answered to that.

The position in a scene is found in each request: the tool calls of this very stage whose results it
holds. So a request that is sent again gets the same answer, and a session that goes on goes on.
"""

import dataclasses
import json
import secrets
import threading
from collections.abc import Sequence
from typing import Final

from ropewalk.agents.fields import below
from ropewalk.model.values import JsonObject
from tests.model_server.exchange import Conversation, Reply, Stop, ToolCall
from tests.model_server.faults import alter
from tests.model_server.scene import Call, Fault, FaultKind, Request, Say, Scene, Shell, Turn, Write
from tests.model_server.tools import (
    call_for,
    example_of,
    find_answerer,
    find_folder,
    works,
)

_LAST_WORD: Final = "done"


class Stage:
    """A scene on a server; what it remembers may be read while programs are being answered."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._acts, self._last_word = _acts_of(scene.turns)
        self._mark = f"call_{secrets.token_hex(4)}_"
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._failed = ""
        self._answers_given = 0

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order in which they came."""
        with self._lock:
            return tuple(self._requests)

    @property
    def failed(self) -> str:
        """Why a turn could not be put into a call, empty when all could."""
        with self._lock:
            return self._failed

    def is_main(self, conversation: Conversation) -> bool:
        """Whether a request is part of the work; the others ask for titles and the like."""
        if works(conversation):
            return True
        if self.scene.answer is None:
            return False
        if conversation.wanted is not None and find_answerer(conversation) is None:
            return _could_meet(self._next_answer(), conversation.wanted)
        return bool(conversation.offers)

    def admit(self, request: Request) -> Fault | None:
        """Remember a request and return what befalls it."""
        fault = self.scene.fault
        with self._lock:
            befalls = fault is not None and _befalls(fault, request, self._requests)
            self._requests.append(dataclasses.replace(request, faulted=befalls))
        return fault if befalls else None

    def reply(self, conversation: Conversation, fault: FaultKind | None, *, is_main: bool) -> Reply:
        """Return what is said to a request."""
        if is_main:
            reply = self._act(conversation, is_heard=fault is None)
        else:
            wanted = conversation.wanted
            aside = self.scene.aside if wanted is None else json.dumps(example_of(wanted))
            reply = self._say(aside)
        return alter(reply, fault)

    def _act(self, conversation: Conversation, *, is_heard: bool) -> Reply:
        position = self._position(conversation)
        count = len(self._acts)
        index = position % count if self.scene.loop and count else position
        if index >= count:
            return self._end(conversation, beyond=position - count, is_heard=is_heard)
        said, turn = self._acts[index]
        cwd = self.scene.cwd or find_folder(conversation)
        call = call_for(turn, conversation, id_=f"{self._mark}{position}", cwd=cwd)
        if call is None:
            offered = ", ".join(offer.name for offer in conversation.offers)
            return self._fail(f"no tool on offer can do {turn}: {offered}")
        return Reply(text=said, usage=self.scene.usage, call=call, stop=Stop.TOOL)

    def _end(self, conversation: Conversation, *, beyond: int, is_heard: bool) -> Reply:
        if self.scene.answer is None:
            return self._say(self._last_word)
        answer = self._next_answer()
        answerer, fields = find_answerer(conversation), _object(answer)
        if answerer is not None and fields is not None:
            if beyond > 0:
                return self._say(self._last_word)
            id_ = f"{self._mark}{len(self._acts)}"
            call = ToolCall(id=id_, name=answerer.name, arguments=fields)
            return Reply(text="", usage=self.scene.usage, call=call, stop=Stop.TOOL)
        if is_heard:
            with self._lock:
                self._answers_given += 1
        return self._say(answer)

    def _next_answer(self) -> str:
        answer = self.scene.answer
        answers = (answer or "",) if isinstance(answer, str | None) else answer
        with self._lock:
            return answers[min(self._answers_given, len(answers) - 1)]

    def _position(self, conversation: Conversation) -> int:
        numbers = (
            int(id_.removeprefix(self._mark))
            for id_ in conversation.answered
            if id_.startswith(self._mark)
        )
        return max(numbers, default=-1) + 1

    def _say(self, text: str) -> Reply:
        return Reply(text=text, usage=self.scene.usage)

    def _fail(self, reason: str) -> Reply:
        with self._lock:
            self._failed = reason
        return self._say(f"I cannot go on: {reason}")


def _befalls(fault: Fault, request: Request, earlier: Sequence[Request]) -> bool:
    if not (request.is_main or fault.all_requests):
        return False
    counted = [one for one in earlier if one.is_main or fault.all_requests]
    befallen = sum(one.faulted for one in counted)
    is_over = fault.times is not None and befallen >= fault.times
    return not is_over and len(counted) - befallen >= fault.after


def _acts_of(
    turns: Sequence[Turn],
) -> tuple[tuple[tuple[str, Write | Shell | Call], ...], str]:
    """Return each tool call with what is said along with it, and the last word."""
    acts: list[tuple[str, Write | Shell | Call]] = []
    said = ""
    for turn in turns:
        if isinstance(turn, Say):
            said = turn.text
        else:
            acts.append((said, turn))
            said = ""
    return tuple(acts), said or _LAST_WORD


def _could_meet(answer: str, schema: JsonObject) -> bool:
    """Whether an answer is meant for a schema; text that is no object is meant for every one."""
    fields = _object(answer)
    return fields is None or bool(fields.keys() & below(schema, "properties").keys())


def _object(text: str) -> JsonObject | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

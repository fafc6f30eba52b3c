"""One session with an agent that speaks the Agent Client Protocol, from greeting to last word.

Invariants: what the configuration asks for is set or the session does not begin, so that an agent
that is to read only never works in a mode in which it could write; every way out is a last word.
"""

from collections.abc import Callable, Sequence
from typing import Final

import ropewalk
from ropewalk.agents.acp_events import Listener, usage_of_answer
from ropewalk.agents.acp_settings import Setting, Wish, wanted_settings
from ropewalk.agents.acp_wire import AUTH_REQUIRED, Refusal, Wire
from ropewalk.agents.base import (
    MAX_TEXT,
    NO_USAGE,
    AgentEvent,
    FinalEvent,
    SessionEvent,
    TextEvent,
    UsageEvent,
)
from ropewalk.agents.fields import Fields, below, objects_at, text_at
from ropewalk.agents.troubles import judge_words
from ropewalk.errors import InvalidInput
from ropewalk.model.result import Outcome
from ropewalk.model.values import JsonObject

PROTOCOL: Final = 1
_SET_UP_S: Final = 120.0
_OUTCOMES: Final = {
    "end_turn": Outcome.OK,
    "max_tokens": Outcome.LIMIT,
    "max_turn_requests": Outcome.LIMIT,
    "refusal": Outcome.REFUSED,
    "cancelled": Outcome.CANCELLED,
}


class Session:
    """One session over a wire.

    Args:
        wire: the connection.
        listener: takes what the agent says; deaf while an old session is replayed.
        wish: what the session is to be like.
        emit: gets who the agent is.
    """

    def __init__(
        self, wire: Wire, listener: Listener, wish: Wish, *, emit: Callable[[AgentEvent], None]
    ) -> None:
        self._wire = wire
        self._listener = listener
        self._wish = wish
        self._emit = emit
        self._session_id = ""
        self._number = 0

    def work(self, prompt: str) -> FinalEvent:
        """Let the agent work on a prompt until it has ended.

        Raises:
            InvalidInput: the agent does not offer what the configuration asks for.
            RopewalkError: the agent has ended or does not answer.
        """
        refusal = self._open()
        if refusal is not None:
            return _refused(refusal)
        content = [{"type": "text", "text": prompt}]
        params = {"sessionId": self._session_id, "prompt": content}
        self._number = self._wire.begin("session/prompt", params)
        return self._end(self._wire.wait(self._number, "session/prompt", timeout_s=None))

    def cancel(self, *, timeout_s: float) -> None:
        """Tell the agent to stop, and wait until it says that it has.

        Raises:
            RopewalkError: it has ended or does not answer.
        """
        if self._number:
            self._listener.is_cancelled = True
            self._wire.tell("session/cancel", {"sessionId": self._session_id})
            self._wire.wait(self._number, "session/cancel", timeout_s=timeout_s)

    def _open(self) -> Refusal | None:
        """Greet the agent, begin or go on with a session, and set what is wished for."""
        hello = self._ask(
            "initialize",
            {
                "protocolVersion": PROTOCOL,
                "clientCapabilities": {
                    "fs": {"readTextFile": False, "writeTextFile": False},
                    "terminal": False,
                },
                "clientInfo": {"name": "ropewalk", "version": ropewalk.__version__},
            },
        )
        if isinstance(hello, Refusal):
            return hello
        if hello.get("protocolVersion") != PROTOCOL:
            raise InvalidInput(
                f"the agent speaks version {hello.get('protocolVersion')} of the protocol, "
                f"{PROTOCOL} is needed"
            )
        if self._wish.login is not None:
            login = self._ask("authenticate", {"methodId": self._wish.login})
            if isinstance(login, Refusal):
                return login
        begun = self._resume(hello) or self._begin()
        if isinstance(begun, Refusal):
            return _with_logins(begun, hello)
        self._set(wanted_settings(self._wish, begun))
        agent = below(hello, "agentInfo")
        version = f"{text_at(agent, 'name')} {text_at(agent, 'version')}".strip()
        self._emit(
            SessionEvent(
                session_id=self._session_id, version=version or None, model=self._wish.model
            )
        )
        return None

    def _resume(self, hello: Fields) -> Fields | None:
        """Go on with the earlier session where the agent can; None where it cannot."""
        if self._wish.session_id is None:
            return None
        can = below(hello, "agentCapabilities")
        by_resume = "resume" in below(can, "sessionCapabilities")
        if not by_resume and can.get("loadSession") is not True:
            self._emit(TextEvent(text="the agent cannot go on with a session; this is a new one"))
            return None
        self._listener.is_deaf = True
        method = "session/resume" if by_resume else "session/load"
        begun = self._ask(method, {"sessionId": self._wish.session_id, **self._place()})
        self._listener.is_deaf = False
        if isinstance(begun, Refusal):
            self._emit(TextEvent(text=f"the earlier session is not there: {begun.text}"[:MAX_TEXT]))
            return None
        self._session_id = self._wish.session_id
        self._listener.used_usd = self._wish.used_usd
        return {**begun, "sessionId": self._session_id}

    def _begin(self) -> Fields | Refusal:
        begun = self._ask("session/new", self._place())
        if not isinstance(begun, Refusal):
            self._session_id = text_at(begun, "sessionId")
        return begun

    def _set(self, settings: Sequence[Setting]) -> None:
        for setting in settings:
            params = {"sessionId": self._session_id, **setting.params}
            answer = self._ask(setting.method, params)
            if isinstance(answer, Refusal):
                raise InvalidInput(f"the agent did not take {setting.what}: {answer.text}")

    def _place(self) -> JsonObject:
        return {"cwd": str(self._wish.worktree), "mcpServers": []}

    def _ask(self, method: str, params: JsonObject) -> Fields | Refusal:
        return self._wire.ask(method, params, timeout_s=_SET_UP_S)

    def _end(self, answer: Fields | Refusal) -> FinalEvent:
        text = self._listener.last_text
        self._listener.finish()
        if isinstance(answer, Refusal):
            return _refused(answer)
        usage = usage_of_answer(answer)
        if usage != NO_USAGE:
            self._emit(UsageEvent(usage=usage))
        outcome = _OUTCOMES.get(text_at(answer, "stopReason"), Outcome.ERROR)
        if outcome is Outcome.OK and not self._listener.has_worked:
            outcome = Outcome.ERROR
        return FinalEvent(
            outcome=outcome,
            summary=(text or "the agent ended without a word")[:MAX_TEXT],
            answer=text if outcome is Outcome.OK else "",
        )


def _refused(refusal: Refusal) -> FinalEvent:
    is_login = refusal.code == AUTH_REQUIRED
    outcome = Outcome.AUTH if is_login else judge_words(refusal.text) or Outcome.ERROR
    return FinalEvent(outcome=outcome, summary=refusal.text[:MAX_TEXT])


def _with_logins(refusal: Refusal, hello: Fields) -> Refusal:
    """Name the ways to log in that the agent knows, where it asks for one."""
    names = [text_at(method, "id") for method in objects_at(hello, "authMethods")]
    if refusal.code != AUTH_REQUIRED or not names:
        return refusal
    known = ", ".join(names)
    text = f"{refusal.text}; log in, or choose one of {known}: args = ['--login', 'ID']"
    return Refusal(code=refusal.code, text=text)

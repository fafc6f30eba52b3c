"""What a model and the built-in agent have said to each other, kept so that it can go on.

Invariants: every message is on the disk before it is sent or acted upon, its secrets masked there
and nowhere else, since a model that reads a mask would write it back; the first prompt and every
later word to the model survives a compaction, old calls of tools and their answers do not; what a
kill leaves, a torn line or a call without an answer, is repaired when the session is opened again.

The file is JSON lines, readable by its owner alone: first ``{"session": ID}``, then
``{"message": …}`` for one more message or ``{"messages": […]}`` in place of all before it.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ropewalk.agents.compaction import compact
from ropewalk.agents.message_blocks import Block, blocks_of, in_turn, tool_result
from ropewalk.model.values import JsonObject
from ropewalk.store.files import append_line, read_limited, write_atomic
from ropewalk.store.redact import Redactor

MAX_FILE_BYTES: Final = 256 * 1024 * 1024
_INTERRUPTED: Final = "This call was interrupted; what it had done by then is not known."
_CACHED: Final[JsonObject] = {"cache_control": {"type": "ephemeral"}}


class Conversation:
    """The messages of one session.

    Args:
        path: its file, which `start` and `resume` write.
        session_id: its name.
        messages: what has been said so far.
        redactor: masks what is kept.
    """

    def __init__(
        self,
        path: Path,
        session_id: str,
        messages: Sequence[JsonObject],
        *,
        redactor: Redactor,
    ) -> None:
        self.session_id = session_id
        self._path = path
        self._messages = list(messages)
        self._redactor = redactor

    @classmethod
    def start(cls, path: Path, redactor: Redactor) -> "Conversation":
        """Begin a session.

        Raises:
            StorageError: the disk refused.
        """
        new = cls(path, uuid.uuid4().hex, [], redactor=redactor)
        new._rewrite()
        return new

    @classmethod
    def resume(cls, path: Path, session_id: str, redactor: Redactor) -> "Conversation | None":
        """Go on with a session; None when the file is missing or is of another session.

        Raises:
            InvalidInput: the file is no plain file, or too large.
            StorageError: the disk refused.
        """
        lines = _read_lines(path) if path.is_file() else []
        if not lines or lines[0].get("session") != session_id:
            return None
        known = cls(path, session_id, _fold(lines[1:]), redactor=redactor)
        known._rewrite()
        known._answer_open_calls()
        return known

    @property
    def is_ours_to_speak(self) -> bool:
        """Whether something may be said to the model before it is asked again."""
        return not self._messages or self._messages[-1]["role"] == "user"

    def say(self, text: str) -> None:
        """Tell the model something with its next turn."""
        self.add("user", [{"type": "text", "text": text}])

    def add(self, role: str, blocks: Iterable[Block]) -> None:
        """Add a message.

        Raises:
            StorageError: the disk refused.
        """
        message: JsonObject = {"role": role, "content": list(blocks)}
        append_line(self._path, self._encode({"message": message}))
        self._messages.append(message)

    def to_send(self) -> list[JsonObject]:
        """Return the messages as the model takes them: roles in turn, the last word of ours marked.

        The mark asks the provider to keep everything up to it for the next turn.
        """
        messages = in_turn(self._messages)
        for message in reversed(messages):
            blocks = blocks_of(message)
            if message["role"] == "user" and blocks:
                message["content"] = [*blocks[:-1], {**blocks[-1], **_CACHED}]
                break
        return list(messages)

    def compact(self, number: int) -> bool:
        """Drop old turns; False when nothing more can go, see `compaction.compact`.

        Raises:
            StorageError: the disk refused.
        """
        shorter = compact(in_turn(self._messages), number)
        if shorter is None:
            return False
        self._messages = shorter
        self._rewrite()
        return True

    def _answer_open_calls(self) -> None:
        last = self._messages[-1] if self._messages else {}
        calls = [block for block in blocks_of(last) if block.get("type") == "tool_use"]
        if last.get("role") == "assistant" and calls:
            self.add("user", [tool_result(str(one["id"]), _INTERRUPTED, ok=False) for one in calls])

    def _rewrite(self) -> None:
        lines: list[JsonObject] = [{"session": self.session_id}]
        if self._messages:
            lines.append({"messages": self._messages})
        write_atomic(self._path, b"".join(self._encode(line) + b"\n" for line in lines), mode=0o600)

    def _encode(self, line: JsonObject) -> bytes:
        return json.dumps(_mask(line, self._redactor)).encode()


def _mask(value: object, redactor: Redactor) -> object:
    """Return JSON with the secrets in its texts masked."""
    match value:
        case str():
            return redactor.redact_text(value)
        case list() | tuple():
            return [_mask(one, redactor) for one in value]
        case Mapping():
            return {name: _mask(one, redactor) for name, one in value.items()}
        case _:
            return value


def _read_lines(path: Path) -> list[JsonObject]:
    """Return the objects in a file; a line that a crash tore is passed over."""
    found: list[JsonObject] = []
    for line in read_limited(path, MAX_FILE_BYTES).splitlines():
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            continue
        found += [fields] if isinstance(fields, dict) else []
    return found


def _fold(lines: Iterable[JsonObject]) -> list[JsonObject]:
    messages: list[JsonObject] = []
    for line in lines:
        match line:
            case {"message": dict(message)}:
                messages.append(message)
            case {"messages": list(all_)}:
                messages = [one for one in all_ if isinstance(one, dict)]
            case _:
                continue
    return messages

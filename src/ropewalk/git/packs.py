"""Writes packs: the form in which many objects are handed to git at once.

A pack is believed by nobody: `take_in` has git compute every id anew and check every object before
it keeps one. What is small is not compressed, because that would take half as long again as making
it; what is like an object that came before is written as its difference from that one.
"""

import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ropewalk.git.command import GitContext, run
from ropewalk.git.object_id import checksum, object_id

_VERSION: Final = 2
_DIFFERENCE: Final = 6
# As deep as git makes such chains itself.
_DEEPEST: Final = 50
_MANY_BYTES: Final = 4 * 1024 * 1024
_STORED_MAX: Final = 0xFFFF
_COPIED_MAX: Final = 0xFFFF
_INSERTED_MAX: Final = 0x7F
# What an instruction can name.
_FARTHEST: Final = 0xFFFFFFFF


class Kind(IntEnum):
    """The kinds of objects, with their numbers in packs."""

    COMMIT = 1
    TREE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """An object of a pack: where it begins, and how many others must be read before it."""

    oid: str
    content: bytes
    offset: int
    depth: int


class Pack:
    """A pack in the making; an object that is added twice is in it once.

    Args:
        like: any full id of the repository.
    """

    def __init__(self, *, like: str) -> None:
        self._like = like
        self._pieces: list[bytes] = []
        self._size = 12
        self._held: dict[str, tuple[int, int]] = {}

    def add(self, kind: Kind, content: bytes, *, like: Packed | None = None) -> Packed:
        """Add an object and return it; ``like`` is one of this pack and of the same kind."""
        oid = object_id(kind.name.lower(), content, like=self._like)
        known = self._held.get(oid)
        if known is not None:
            return Packed(oid=oid, content=content, offset=known[0], depth=known[1])
        offset, depth = self._size, 0
        change = b""
        if like is not None and like.depth < _DEEPEST and len(like.content) <= _FARTHEST:
            change = _difference(like.content, content)
        if like is not None and change and len(change) < len(content) // 2:
            depth = like.depth + 1
            back = _distance(offset - like.offset)
            self._write(_head(_DIFFERENCE, len(change)), back, _deflated(change))
        else:
            self._write(_head(kind, len(content)), _deflated(content))
        self._held[oid] = (offset, depth)
        return Packed(oid=oid, content=content, offset=offset, depth=depth)

    def content(self) -> bytes:
        """Return the whole pack."""
        count = len(self._held).to_bytes(4, "big")
        whole = b"".join((b"PACK", _VERSION.to_bytes(4, "big"), count, *self._pieces))
        return whole + checksum(whole, like=self._like)

    def _write(self, *pieces: bytes) -> None:
        self._pieces += pieces
        self._size += sum(map(len, pieces))


def take_in(context: GitContext, pack: bytes) -> None:
    """Keep the objects of a pack, each of them checked; all that they name must be there.

    Raises:
        GitError: an object is broken, names one that is missing, or a path that must not exist.
    """
    # To start threads takes longer than they save.
    few = ("--threads=1",) if len(pack) < _MANY_BYTES else ()
    run(context, "index-pack", "--stdin", "--strict", "--fix-thin", *few, stdin=pack)


def _head(kind: int, size: int) -> bytes:
    """Return kind and size of an object: four bits of the size, then seven in each byte."""
    found = bytearray()
    low, size = kind << 4 | size & 0x0F, size >> 4
    while size:
        found.append(low | 0x80)
        low, size = size & 0x7F, size >> 7
    found.append(low)
    return bytes(found)


def _distance(offset: int) -> bytes:
    """Return how far back another object begins, in git's way that has one form for a number."""
    found = bytearray((offset & 0x7F,))
    while offset := offset >> 7:
        offset -= 1
        found.append(offset & 0x7F | 0x80)
    found.reverse()
    return bytes(found)


def _deflated(content: bytes) -> bytes:
    """Return content in zlib's form, not compressed; to call zlib for so little takes longest."""
    size = len(content)
    if size > _STORED_MAX:
        return zlib.compress(content, 1)
    sizes = size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
    return b"\x78\x01\x01%b%b%b" % (sizes, content, zlib.adler32(content).to_bytes(4, "big"))


def _difference(old: bytes, new: bytes) -> bytes:
    """Return instructions that make ``new`` of ``old``: its start, other bytes, its end."""
    start, end = _alike(old, new)
    inserted = new[start : len(new) - end]
    return b"".join(
        (
            _length(len(old)),
            _length(len(new)),
            *_copies(0, start),
            *(
                bytes((len(part),)) + part
                for at in range(0, len(inserted), _INSERTED_MAX)
                if (part := inserted[at : at + _INSERTED_MAX])
            ),
            *_copies(len(old) - end, end),
        )
    )


def _alike(a: bytes, b: bytes) -> tuple[int, int]:
    """Return with how many equal bytes two contents begin, and with how many more they end."""
    size = min(len(a), len(b))
    start = bisect_left(range(size), 1, key=lambda at: a[: at + 1] != b[: at + 1])
    rest = size - start
    end = bisect_left(range(rest), 1, key=lambda at: a[-at - 1 :] != b[-at - 1 :])
    return start, end


def _copies(offset: int, size: int) -> Iterator[bytes]:
    """Yield instructions to take bytes of the old content; a flag for each byte that follows."""
    while size:
        part = min(size, _COPIED_MAX)
        numbers = offset.to_bytes(4, "little") + part.to_bytes(2, "little")
        flags = sum(1 << at for at, number in enumerate(numbers) if number)
        yield bytes((0x80 | flags, *(number for number in numbers if number)))
        offset, size = offset + part, size - part


def _length(size: int) -> bytes:
    found = bytearray()
    while size >> 7:
        found.append(size & 0x7F | 0x80)
        size >>= 7
    found.append(size)
    return bytes(found)

"""How git names an object: by a checksum over its kind, its length and its content."""

import hashlib
from typing import Final

_SHA256_DIGITS: Final = 64


def frame(kind: str, content: bytes) -> bytes:
    """Return what an object is named by, which is also what git keeps of it.

    Args:
        kind: ``blob``, ``tree``, ``commit`` or ``tag``.
        content: of the object.
    """
    return b"%b %d\0%b" % (kind.encode(), len(content), content)


def checksum(data: bytes, *, like: str) -> bytes:
    """Return the checksum of some data by the algorithm that made ``like``, any full id."""
    algorithm = hashlib.sha256 if len(like) == _SHA256_DIGITS else hashlib.sha1
    return algorithm(data).digest()


def object_id(kind: str, content: bytes, *, like: str) -> str:
    """Return the full id of an object in a repository that has an object named ``like``."""
    return checksum(frame(kind, content), like=like).hex()

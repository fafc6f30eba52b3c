"""What a look at changes shows: patches as text, by domain."""

from dataclasses import dataclass

from ropewalk.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SideDiff(Value):
    """The same content against one side of a conflict, in the files that were decided about."""

    side: str
    base: str
    patch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainDiff(Value):
    """The patch of one domain; bytes that are not UTF-8 are kept as lone surrogates.

    ``taken`` is False for what was only suggested; ``sides`` belong to a resolved conflict.
    """

    domain: str
    base: str
    head: str
    patch: str
    notes: tuple[str, ...] = ()
    taken: bool = True
    sides: tuple[SideDiff, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff(Value):
    """The ``diff`` document; with ``resolved``, from git's conflicted tree to what was taken."""

    epic_id: str
    run_id: str | None
    resolved: bool
    diffs: tuple[DomainDiff, ...]
    schema_version: int = 1


def text_of(patch: bytes) -> str:
    """Return a patch as text; bytes that are not UTF-8 are kept as lone surrogates."""
    return patch.decode("utf-8", "surrogateescape")

"""The files of a base that a planner asks for, had with two processes instead of two for each."""

from collections.abc import Callable, Sequence

from ropewalk.git.command import GitContext
from ropewalk.git.objects import blob_sizes, read_blobs
from ropewalk.git.trees import TreeEntry
from ropewalk.planner.scan import READ_BYTES_MAX, READ_TOTAL_MAX, files_to_read

_FILES = frozenset(("100644", "100755"))


def read_ahead(context: GitContext, entries: Sequence[TreeEntry]) -> Callable[[str], bytes | None]:
    """Return what answers with the content of a file of ``entries``.

    It answers None for what is no file, too large for a planner, or beyond what it reads in all.
    """
    oids = {entry.path: entry.oid for entry in entries if entry.mode in _FILES}
    sizes = blob_sizes(context, [oids[path] for path in files_to_read(oids)])
    wanted: list[str] = []
    total = 0
    for path in files_to_read(oids):
        size = sizes.get(oids[path], READ_BYTES_MAX + 1)
        if size <= READ_BYTES_MAX and total < READ_TOTAL_MAX:
            wanted.append(oids[path])
            total += size
    blobs = read_blobs(context, wanted)
    return lambda path: blobs.get(oids.get(path, ""))

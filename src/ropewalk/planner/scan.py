"""Which files of a tree a planner looks at: what people write, nothing generated or borrowed."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from ropewalk.errors import InvalidInput
from ropewalk.planner.sources import NO_FACTS, Facts, read_facts
from ropewalk.store.schema.names import check_pattern

Reader = Callable[[str], bytes | None]

READ_BYTES_MAX = 200_000
READ_FILES_MAX = 4_000
READ_TOTAL_MAX = 48_000_000
_SKIPPED_FOLDERS = frozenset(
    (
        *("node_modules", "vendor", "vendored", "_vendor", "third_party", "thirdparty", "external"),
        *("dist", "build", "out", "target", "coverage", "htmlcov", "site-packages", "__pycache__"),
        *(".git", ".venv", "venv", ".tox", ".nox", ".next", ".nuxt", ".idea", ".workflow"),
        *(".worktrees", "__snapshots__", "generated", "__generated__", "bower_components"),
    )
)
_SKIPPED_NAMES = (
    *("*.lock", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "go.sum"),
    *("*.min.js", "*.min.css", "*.map", "*_pb2.py", "*_pb2_grpc.py", "*.pb.go", "*.generated.*"),
    *("*.snap", "*.svg", "PKG-INFO", "SOURCES.txt", "*.egg-info", "py.typed"),
)
_BINARY = frozenset(
    (
        *("png", "jpg", "jpeg", "gif", "ico", "webp", "bmp", "tiff", "pdf", "psd", "ai"),
        *("woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "wav", "ogg", "webm", "mov", "avi"),
        *("zip", "gz", "bz2", "xz", "tar", "7z", "jar", "whl", "egg", "so", "dll", "dylib", "exe"),
        *("pyc", "pyo", "class", "o", "a", "bin", "dat", "db", "sqlite", "sqlite3", "pkl", "npy"),
        *("parquet", "mo", "pem", "key", "crt", "der", "p12"),
    )
)
_OLD = frozenset(("legacy", "deprecated", "archive", "archived", "attic", "obsolete", "old"))


def is_source(path: str) -> bool:
    """Whether people write this file by hand, as far as its path tells."""
    *folders, name = path.split("/")
    if not path.isprintable() or not _can_be_named(path):
        return False
    if not _SKIPPED_FOLDERS.isdisjoint(folders) or any(f.endswith(".egg-info") for f in folders):
        return False
    if name.rpartition(".")[2].lower() in _BINARY and "." in name:
        return False
    return not any(fnmatchcase(name, pattern) for pattern in _SKIPPED_NAMES)


def _can_be_named(path: str) -> bool:
    """Whether a plan may name this path."""
    try:
        return bool(check_pattern(path))
    except InvalidInput:
        return False


def is_old(path: str) -> bool:
    """Whether the path says that nobody works on this file any more."""
    parts = path.lower().split("/")
    stem = parts[-1].partition(".")[0]
    return not _OLD.isdisjoint(parts[:-1]) or stem.rpartition("_")[2] in _OLD


def files_to_read(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths whose content the static planner asks for, so that they can be had at once.

    At most `READ_FILES_MAX`, the ones nearer to the top first.
    """
    found = sorted(filter(is_source, paths), key=lambda path: (path.count("/"), path))
    return tuple(found[:READ_FILES_MAX])


def scan(paths: Iterable[str], read: Reader) -> Mapping[str, Facts]:
    """Read the files of a tree; every path that people write is a key, read or not."""
    facts = dict.fromkeys(sorted(filter(is_source, paths)), NO_FACTS)
    total = 0
    for path in files_to_read(facts):
        data = read(path) if total < READ_TOTAL_MAX else None
        if data is not None and len(data) <= READ_BYTES_MAX:
            total += len(data)
            facts[path] = read_facts(path, data)
    return facts

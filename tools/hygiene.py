"""Holds what must not be in the repository: addresses, paths of a machine, mocks, a loose lock.

Looks at the files git tracks and at new ones that it does not ignore. Prints one line per finding
and exits 1 when there is one.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOCK = "requirements.lock"
FORBIDDEN_FILES = ("uv.lock", "pylock.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pattern that no line of the files below `folders` may match; no folders: every file."""

    reason: str
    pattern: re.Pattern[str]
    folders: tuple[str, ...] = ()


RULES = (
    Rule(
        reason="address of a package registry",
        pattern=re.compile(
            r"\bpyp[i]\.(?:org|python\.org)|\bpython[h]osted\.org|registry\.npm[j]s|/simpl[e]/",
        ),
    ),
    Rule(
        reason="path in somebody's home",
        pattern=re.compile(r"(?<![\w.~}])/(?:home|User[s])/\w|(?<![\w.])/roo[t]/"),
        folders=(
            *("src/", "tools/", "docs/", "benchmarks/", "tests/agents/recorded/"),
            *("README.md", "Makefile", ".ci/"),
        ),
    ),
    Rule(
        reason="folder for temporary files of the machine that recorded this",
        pattern=re.compile(r"(?<![\w.])/(?:tm[p]|var/tm[p])/"),
        folders=("tests/agents/recorded/",),
    ),
    Rule(
        reason="a mock: use real git, real processes and scripted agents",
        pattern=re.compile(r"unittest[.]mock|from unittest import .*mock|monkeypatch[.]setattr"),
        folders=("tests/",),
    ),
)


def find_in_text(name: str, text: str, *, checkout: str) -> Iterator[str]:
    """Yield one sentence for each line of the file `name` that breaks a rule.

    `checkout` is the absolute path of the repository, which must not be written down anywhere.
    """
    rules = [rule for rule in RULES if not rule.folders or name.startswith(rule.folders)]
    for number, line in enumerate(text.splitlines(), start=1):
        for rule in rules:
            if rule.pattern.search(line):
                yield f"{name}:{number}: {rule.reason}"
        if checkout in line:
            yield f"{name}:{number}: path of this checkout"


def find_in_lock(text: str) -> Iterator[str]:
    """Yield one sentence for each requirement without a hash and for each address."""
    for entry in re.split(r"\n(?=\S)", text.strip()):
        first = entry.splitlines()[0].rstrip(" \\")
        if "==" not in first:
            yield f"{LOCK}: not pinned: {first}"
        if "--hash=sha256:" not in entry:
            yield f"{LOCK}: no hash: {first}"
        if "://" in entry or "--index" in entry or "--find-links" in entry:
            yield f"{LOCK}: an address: {first}"


def list_files(root: Path) -> tuple[str, ...]:
    """Name the files that git tracks or would track, relative to `root`."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=root, check=True, capture_output=True)
    return tuple(sorted(name for name in listed.stdout.decode().split("\0") if name))


def find_all(root: Path) -> Iterator[str]:
    """Yield one sentence for everything below `root` that should not be there."""
    names = list_files(root)
    for name in names:
        if Path(name).name in FORBIDDEN_FILES:
            yield f"{name}: holds addresses; the lock is {LOCK}"
        path = root / name
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        if b"\0" not in content:
            text = content.decode(errors="replace")
            yield from find_in_text(name, text, checkout=str(root))
    if LOCK in names:
        yield from find_in_lock((root / LOCK).read_text())
    else:
        yield f"{LOCK}: missing"


def main() -> int:
    """Check the current directory."""
    findings = list(find_all(Path.cwd()))
    for finding in findings:
        print(finding)
    print(f"hygiene: {len(findings)} findings" if findings else "hygiene: nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

"""Patterns that people and models write, whatever they hold."""

import pytest

from ropewalk.store.patterns import Patterns

PATHS = ("pages/[user-id].tsx", "pages/[user-id]/edit.tsx", "pages/user.tsx", "src/a.py")


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (("pages/[user-id].tsx",), PATHS[:1]),
        (("pages/[user-id]/**", "src/"), (PATHS[1], PATHS[3])),
        (("pages/[s-v]ser.tsx",), PATHS[2:3]),
        (("pages/", "!pages/[user-id]/"), (PATHS[0], PATHS[2])),
        (("!", "\\", "src/\\", "[z-a\\]"), ()),
    ],
)
def test_a_name_with_brackets_or_a_broken_pattern_names_files_and_is_no_crash(
    patterns: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert Patterns(patterns).select(PATHS) == found

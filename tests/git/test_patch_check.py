"""A patch from an agent changes lines of the named files, or it is refused."""

import pytest

from ropewalk.git.patch_check import why_not_applicable
from ropewalk.git.repository import Place

FILES = {"briefings/a.md": b"one\n-- two\nthree\n"}
GOOD = "--- a/briefings/a.md\n+++ b/briefings/a.md\n@@ -1,3 +1,3 @@\n one\n -- two\n-three\n+3\n"
NEW = "--- /dev/null\n+++ b/briefings/b.md\n@@ -0,0 +1 @@\n+new\n"


def check(place: Place, patch: str) -> str:
    return why_not_applicable(place, patch, FILES, below="briefings")


@pytest.mark.parametrize(
    "patch",
    [
        GOOD,
        GOOD.removesuffix("\n"),
        f"diff --git a/briefings/a.md b/briefings/a.md\nindex 1..2 100644\n{GOOD}",
        NEW,
        f"diff --git a/briefings/b.md b/briefings/b.md\nnew file mode 100644\n{NEW}",
        GOOD + NEW,
    ],
    ids=["plain", "no end", "git", "new", "new by git", "two"],
)
def test_lines_of_briefings_may_change(place: Place, patch: str) -> None:
    assert check(place, patch) == ""


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("", "it is no patch"),
        ("I would write more tests.\n", "it is no patch"),
        (GOOD.replace("three", "four"), "it does not apply"),
        (GOOD.replace("briefings/a.md", "briefings/../api.py"), "it changes a/briefings/../api.py"),
        (GOOD.replace("a/briefings/a.md", "/etc/passwd"), "it changes /etc/passwd"),
        (GOOD.replace("briefings/a.md", "briefings/.hidden.md"), "it changes a/briefings/.hidden"),
        (GOOD.replace("briefings/a.md", "briefings/x/a.md"), "it changes a/briefings/x/a.md"),
        (GOOD.replace("briefings/a.md", "briefings/a.sh"), "it changes a/briefings/a.sh"),
        (GOOD + "--- a/api.py\n+++ b/api.py\n@@ -1 +1 @@\n-x\n+y\n", "it changes a/api.py"),
        (
            "diff --git a/briefings/a.md b/api.py\nrename from briefings/a.md\nrename to api.py\n",
            "it changes api.py",
        ),
        (
            "diff --git a/briefings/b.md b/briefings/b.md\nnew file mode 120000\n" + NEW,
            "it does more than change lines: new file mode 120000",
        ),
        (
            "diff --git a/briefings/a.md b/briefings/a.md\nold mode 100644\nnew mode 100755\n",
            "it does more than change lines: old mode",
        ),
        (
            "diff --git a/briefings/a.md b/briefings/a.md\ndeleted file mode 100644\n",
            "it does more than change lines: deleted file",
        ),
        (
            "diff --git a/briefings/a.md b/briefings/a.md\nGIT binary patch\nliteral 0\n",
            "it does more than change lines: GIT binary",
        ),
    ],
)
def test_everything_else_is_refused(place: Place, patch: str, why: str) -> None:
    assert check(place, patch).startswith(why)

"""The main job, by the command line, on a package that was not written for it.

`python -m tools.acceptance_real` downloads the source of a released package (needs the network),
commits it into a fresh repository, writes plans whose commands really change code (a formatter, an
upgrade tool, a generator, a test writer) and goes through plan, run, results, diff, merge, undo,
validate, report, clean and restore; then through a conflict and a failed check. Prints each command
with how it ended; exits 1 when anything is not as expected. Run by hand: it takes minutes.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = "networkx==3.6.1"
LEAST_FILES = 200
BIN = Path(sys.executable).parent
WRITERS = Path(__file__).with_name("real_writers.py")
RUFF = f"{BIN}/ruff"
PYTHON = f"{sys.executable} -B"
PYTEST = f"{PYTHON} -m pytest -q -p no:randomly -p no:cacheprovider"
LAND, CONFLICT, REFUSED_INPUT, IN_PART = 0, 3, 2, 6

Json = Mapping[str, object]


@dataclass(slots=True)
class Trial:
    """A repository, the commands that were typed in it, and what was not as expected."""

    repository: Path
    wrong: list[str] = field(default_factory=list)

    def ropewalk(self, *words: str, expect: int = 0) -> str:
        """Type a command; its output is printed when it does not end as expected."""
        started = time.monotonic()
        command = [f"{BIN}/ropewalk", "-q", *words]
        done = subprocess.run(
            command, cwd=self.repository, capture_output=True, text=True, check=False
        )
        took = time.monotonic() - started
        print(f"$ ropewalk {' '.join(words)}   exit {done.returncode}, {took:.1f} s")
        if done.returncode != expect:
            print(done.stdout, done.stderr)
        self.expect(f"{' '.join(words)} ends with {expect}", done.returncode == expect)
        return done.stdout

    def git(self, *words: str) -> str:
        """Run git in the repository and return what it says."""
        command = ["git", *words]
        done = subprocess.run(
            command, cwd=self.repository, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def document(self, epic: str, name: str) -> Json:
        """Return a document below the outputs of an epic."""
        path = self.repository / ".workflow/outputs" / epic / f"{name}.json"
        read: Json = json.loads(path.read_bytes())
        return read

    def expect(self, what: str, is_so: bool) -> None:  # noqa: FBT001  a statement and its truth
        """Note whether a statement about the repository holds."""
        if not is_so:
            self.wrong.append(what)
            print(f"  WRONG: {what}")

    def plan(self, plan: Json) -> str:
        """Plan by hand and return the id of the epic."""
        path = self.repository.parent / f"{plan['epic_id']}.json"
        path.write_text(json.dumps(plan))
        self.ropewalk("plan", "--from", str(path))
        return str(plan["epic_id"])

    def domains(self, epic: str) -> dict[str, str]:
        """Return the state of each domain, as `status` tells it."""
        status = json.loads(self.ropewalk("status", epic, "--json"))
        [entry] = status["epics"]
        return {domain["name"]: domain["state"] for domain in entry["domains"]}


def modernise() -> Json:
    """Return the plan of the main job: four domains, each with a tool that changes code."""
    formatted = "networkx/readwrite networkx/drawing"
    upgraded = "networkx/generators networkx/classes"
    rules = "--fix --unsafe-fixes --exit-zero --select UP,C4,PIE,RET,SIM --exclude tests"
    find = "from networkx.utils.public_names import find_public; assert find_public('pagerank')"
    recorded = "networkx/generators/tests/test_recorded_classic.py"
    return {
        "epic_id": "modernise",
        "title": "Modernise the package and describe it",
        "domains": [
            {
                "name": "format",
                "description": "Format the readers, the writers and the drawing code.",
                "files": ["networkx/readwrite/**/*.py", "networkx/drawing/**/*.py"],
                "command": f"{RUFF} format --isolated --line-length 100 {formatted}",
                "checks": [
                    f"{RUFF} format --isolated --line-length 100 --check {formatted}",
                    f"{PYTEST} networkx/readwrite",
                ],
                "estimate_minutes": 1,
            },
            {
                "name": "upgrade",
                "description": "Replace old idioms in the generators and the graph classes.",
                "files": ["networkx/generators/*.py", "networkx/classes/*.py"],
                "command": f"{RUFF} check --isolated {rules} {upgraded}",
                "checks": [f"{PYTEST} {upgraded}"],
                "estimate_minutes": 2,
            },
            {
                "name": "index",
                "description": "Generate where each public name is defined.",
                "new_files": [
                    "networkx/utils/public_names.py",
                    "doc/reference/public_names.json",
                ],
                "command": f"{PYTHON} {WRITERS} index",
                "checks": [f'{PYTHON} -c "{find}"'],
                "estimate_minutes": 1,
            },
            {
                "name": "recorded-tests",
                "description": "Write tests that record what the classic generators build.",
                "new_files": [recorded],
                "depends_on": ["upgrade"],
                "command": f"{PYTHON} {WRITERS} tests",
                "checks": [f"{PYTEST} {recorded}"],
                "estimate_minutes": 1,
            },
        ],
        "validation": [
            f"{PYTHON} -m compileall -q networkx",
            f"{PYTEST} networkx/readwrite networkx/generators networkx/classes networkx/utils",
        ],
    }


def clash() -> Json:
    """Return a plan in which two domains change the same lines and a third fails its check."""
    compiles = f"{PYTHON} -m compileall -q networkx/linalg"
    rewrite = f"{RUFF} format --isolated --exclude tests networkx/linalg --line-length"
    answers = "networkx/utils/answers.py"
    holds = "from networkx.utils.answers import ANSWER; assert ANSWER == 42, ANSWER"
    linalg = {"files": ["networkx/linalg/*.py"], "checks": [compiles]}
    return {
        "epic_id": "clash",
        "title": "Two formatters of one package, a list of modules, and a wrong answer",
        "domains": [
            {"name": "narrow", "command": f"{rewrite} 72", **linalg},
            {"name": "wide", "command": f"{rewrite} 110", **linalg},
            {
                "name": "modules",
                "new_files": ["doc/modules.txt"],
                "command": "find networkx -name '*.py' | sort > doc/modules.txt",
                "checks": ["test -s doc/modules.txt"],
            },
            {
                "name": "wrong",
                "new_files": [answers],
                "command": f"printf 'ANSWER = 41\\n' > {answers}",
                "checks": [f'{PYTHON} -c "{holds}"'],
            },
        ],
        "validation": [f"{PYTHON} -m compileall -q networkx"],
    }


def main_job(trial: Trial) -> None:
    """Four domains from plan to landing, back, and landed again; a person's edit stays."""
    epic, base = trial.plan(modernise()), trial.git("rev-parse", "main")
    readme = trial.repository / "README.rst"
    readme.write_text(readme.read_text() + "\nAn edit of the person's own.\n")
    trial.ropewalk("run", epic)
    summary = trial.document(epic, "phase1_parallel_results")["summary"]
    print(f"  {summary}")
    trial.ropewalk("results", epic)
    diff = trial.ropewalk("diff", epic)
    trial.expect("the diff shows the generated module", "public_names.py" in diff)
    trial.expect("main is where it was", trial.git("rev-parse", "main") == base)

    trial.ropewalk("merge", epic, "--dry-run")
    trial.ropewalk("merge", epic, expect=LAND)
    landed = trial.git("rev-parse", "main")
    trial.expect("main has moved", landed != base)
    trial.ropewalk("undo", epic)
    trial.expect("main is back", trial.git("rev-parse", "main") == base)
    expected = dict.fromkeys(trial.domains(epic), "success")
    trial.expect("nothing is merged any more", trial.domains(epic) == expected)
    trial.ropewalk("merge", epic, expect=LAND)
    trial.expect("the same commit landed again", trial.git("rev-parse", "main") == landed)

    trial.ropewalk("validate", epic)
    trial.ropewalk("postmortem", epic)
    trial.ropewalk("report", epic, "--html")
    trial.expect("the edit is kept", trial.git("status", "--porcelain") == "M README.rst")
    worktrees(trial, epic)


def worktrees(trial: Trial, epic: str) -> None:
    """What a landing removed can be brought back, and removed again."""
    trial.expect("the worktrees are gone", _count(trial) == 1)
    trial.ropewalk("restore", epic)
    trial.expect("the worktrees are back", _count(trial) == 1 + len(trial.domains(epic)))
    trial.ropewalk("clean", epic, "--yes")
    trial.expect("the worktrees are gone again", _count(trial) == 1)


def conflict(trial: Trial) -> None:
    """A conflict and a failed check: reported, parked, retried, resolved by hand."""
    epic, base = trial.plan(clash()), trial.git("rev-parse", "main")
    trial.ropewalk("run", epic, "--parallel", expect=IN_PART)
    trial.expect("the wrong answer is seen", trial.domains(epic)["wrong"] == "partial")
    trial.ropewalk("merge", epic, expect=CONFLICT)
    trial.expect("a conflict lands nothing", trial.git("rev-parse", "main") == base)
    trial.ropewalk("merge", epic, "--on-conflict", "park", expect=IN_PART)
    trial.expect("the rest has landed", (trial.repository / "doc/modules.txt").is_file())
    trial.ropewalk("retry", epic, "narrow", expect=REFUSED_INPUT)
    trial.ropewalk("undo", epic)
    trial.expect("nothing is left of it", not (trial.repository / "doc/modules.txt").exists())

    right = "printf 'ANSWER = 42\\n' > networkx/utils/answers.py"
    trial.ropewalk("retry", epic, "wrong", "--agent-command", right)
    trial.ropewalk("merge", epic, "--on-conflict", "stop", expect=CONFLICT)
    bench = trial.repository / ".worktrees" / epic / "_resolve"
    for words in (["checkout", "--theirs", "networkx/linalg"], ["add", "-A"]):
        trial.git("-C", str(bench), *words)
    trial.ropewalk("merge", epic, "--continue", expect=LAND)
    answers = trial.repository / "networkx/utils/answers.py"
    trial.expect("the retried domain has landed", answers.read_text() == "ANSWER = 42\n")
    trial.expect("the edit is kept", trial.git("status", "--porcelain") == "M README.rst")


def make_repository(folder: Path) -> Path:
    """Download the package and commit its files; return the repository."""
    download = ["download", "-q", "--no-binary", ":all:", "--no-deps", "-d", str(folder), SOURCE]
    subprocess.run([sys.executable, "-m", "pip", *download], check=True)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    repository = folder / archive.name.removesuffix(".tar.gz")
    steps: Sequence[Sequence[str]] = (
        ("init", "-q", "-b", "main"),
        ("config", "user.name", "Trial"),
        ("config", "user.email", "trial@example.org"),
        ("add", "-A"),
        ("commit", "-q", "-m", f"{SOURCE} as released"),
    )
    for step in steps:
        subprocess.run(["git", *step], cwd=repository, check=True)
    return repository


def _count(trial: Trial) -> int:
    return len(trial.git("worktree", "list").splitlines())


def main() -> int:
    """Go through it all; the repository stays for a look when something was wrong."""
    folder = Path(tempfile.mkdtemp(prefix="ropewalk-real-"))
    trial = Trial(repository=make_repository(folder))
    files = len(trial.git("ls-files").splitlines())
    print(f"{SOURCE}: {files} files in {trial.repository}, {os.cpu_count()} processors")
    trial.expect(f"it has at least {LEAST_FILES} files", files >= LEAST_FILES)
    scenes: Sequence[Callable[[Trial], None]] = (main_job, conflict)
    for scene in scenes:
        scene(trial)
    if trial.wrong:
        print(f"{len(trial.wrong)} wrong; the repository stays in {trial.repository}")
        return 1
    shutil.rmtree(folder)
    print("all as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())

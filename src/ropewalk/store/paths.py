"""Where every file of ropewalk lives, as a pure function of ids.

Nothing here touches the disk. Each id is one path segment: an id that could climb out of its
folder is refused, so that no caller can build a path outside of the places named here.
"""

from dataclasses import dataclass
from pathlib import Path

from ropewalk.errors import InvalidInput

DEFAULT_WORKTREE_ROOT = Path(".worktrees")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All paths of one repository, absolute.

    Args:
        top: root of the main worktree, or the directory of a bare repository.
        common_dir: the git directory that all worktrees share.
        worktree_root: where worktrees are made; relative ones are taken from ``top``.
    """

    top: Path
    common_dir: Path
    worktree_root: Path = DEFAULT_WORKTREE_ROOT

    def __post_init__(self) -> None:
        top = self.top.absolute()
        object.__setattr__(self, "top", top)
        object.__setattr__(self, "common_dir", self.common_dir.absolute())
        object.__setattr__(self, "worktree_root", top / self.worktree_root)

    def config(self) -> Path:
        """The committed configuration."""
        return self.top / "ropewalk.toml"

    def briefings(self) -> Path:
        """The committed briefings, one per kind of domain."""
        return self.top / "briefings"

    def workflows(self) -> Path:
        """The committed workflows of the user."""
        return self.top / ".workflow" / "workflows"

    def outputs(self, epic_id: str) -> Path:
        """The folder of all documents of an epic."""
        return self.top / ".workflow" / "outputs" / _segment(epic_id)

    def analysis(self, epic_id: str) -> Path:
        """The frozen plan."""
        return self.outputs(epic_id) / "parallel_analysis.json"

    def notes(self, epic_id: str) -> Path:
        """What the planner wants a person to know."""
        return self.outputs(epic_id) / "planning_notes.json"

    def domain_results(self, epic_id: str, domain: str) -> Path:
        """What was verified about one domain."""
        return self.outputs(epic_id) / f"{_segment(domain)}_results.json"

    def aggregate(self, epic_id: str) -> Path:
        """The results of all domains together."""
        return self.outputs(epic_id) / "phase1_parallel_results.json"

    def merge_results(self, epic_id: str) -> Path:
        """The train and whether it landed."""
        return self.outputs(epic_id) / "phase1c_merge_results.json"

    def validation_results(self, epic_id: str) -> Path:
        """The checks of the merged tree."""
        return self.outputs(epic_id) / "phase2_validation_results.json"

    def postmortem(self, epic_id: str) -> Path:
        """The look back, for programs."""
        return self.outputs(epic_id) / "phase3_postmortem.json"

    def postmortem_markdown(self, epic_id: str) -> Path:
        """The look back, for people."""
        return self.outputs(epic_id) / "phase3_postmortem.md"

    def briefing_changes(self, epic_id: str) -> Path:
        """What an agent proposes to change in the briefings, for ``git apply``."""
        return self.outputs(epic_id) / "phase3_briefing_changes.patch"

    def html_report(self, epic_id: str) -> Path:
        """The report as one web page."""
        return self.outputs(epic_id) / "report.html"

    def runs(self) -> Path:
        """The folder of all runs."""
        return self.top / ".workflow" / "runs"

    def run(self, run_id: str) -> Path:
        """The folder of one run."""
        return self.runs() / _segment(run_id)

    def journal(self, run_id: str) -> Path:
        """The only mutable truth about a run."""
        return self.run(run_id) / "journal.jsonl"

    def log(self, run_id: str, step: str, attempt: int) -> Path:
        """What one attempt of a step printed."""
        return self.run(run_id) / "logs" / f"{_step_segment(step)}.{attempt}.log"

    def attempt(self, run_id: str, step: str, attempt: int) -> Path:
        """The private folder of one attempt: prompt, file list, notices."""
        return self.run(run_id) / "attempts" / f"{_step_segment(step)}.{attempt}"

    def homes(self, run_id: str) -> Path:
        """The private HOMEs of agents, each named as the folder of its attempt."""
        return self.common_dir / "ropewalk" / "homes" / run_id

    def cache(self) -> Path:
        """Verdicts and results that may be used again."""
        return self.top / ".workflow" / "cache"

    def history(self) -> Path:
        """One line per finished run."""
        return self.top / ".workflow" / "history.jsonl"

    def trash(self, run_id: str) -> Path:
        """What was moved away for a run and can be restored."""
        return self.top / ".workflow" / "trash" / _segment(run_id)

    def worktree(self, epic_id: str, domain: str) -> Path:
        """The worktree of one domain."""
        return self.worktree_root / _segment(epic_id) / _segment(domain)

    def sequential(self, epic_id: str) -> Path:
        """The one worktree in which all domains of an epic follow each other."""
        return self.worktree(epic_id, "_sequential")

    def metadata_root(self, epic_id: str) -> Path:
        """The folder of the metadata files of an epic."""
        return self.worktree_root / ".metadata" / _segment(epic_id)

    def metadata(self, epic_id: str, domain: str) -> Path:
        """The life of one worktree."""
        return self.metadata_root(epic_id) / f"{_segment(domain)}.json"

    def own_git_dir(self) -> Path:
        """The coordinator's own bare git directory, which agents have no business with."""
        return self.common_dir / "ropewalk" / "bare"

    def locks(self) -> Path:
        """The folder of lock files; inside the git directory, where no cleaning reaches."""
        return self.common_dir / "ropewalk" / "locks"

    @property
    def excludes(self) -> tuple[str, ...]:
        """Lines for git's ``info/exclude``: everything of ours that is not to be committed."""
        generated = ("outputs/", "runs/", "cache/", "trash/", "history.jsonl")
        lines = tuple(f"/.workflow/{name}" for name in generated)
        if not self.worktree_root.is_relative_to(self.top) or self.worktree_root == self.top:
            return lines
        return (*lines, f"/{_literal(self.worktree_root.relative_to(self.top).as_posix())}/")


def _segment(text: str) -> str:
    if text in {"", ".", ".."} or "/" in text or "\0" in text:
        raise InvalidInput(f"{text!r} cannot be part of a path", code="invalid_name")
    return text


def _step_segment(step: str) -> str:
    return _segment(step.replace(":", "-"))


def _literal(path: str) -> str:
    return "".join(f"\\{character}" if character in "*?[\\" else character for character in path)

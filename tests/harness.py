"""An epic driven through the library, for tests of phases, stories and hazards."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ropewalk import api
from ropewalk.model.event import Event
from ropewalk.model.merge import MergedDomain, MergeReport
from ropewalk.model.plan import Plan
from ropewalk.model.result import Aggregate, DomainResult
from ropewalk.model.worktree import WorktreeMetadata
from ropewalk.report.state import RunState
from ropewalk.store.schema.documents import read_document


@dataclass
class Epic:
    """One epic in one repository; `plan` first, then whatever a person would do."""

    repository: Path
    epic_id: str = "demo"
    seen: list[Event] = field(default_factory=list)

    @property
    def workspace(self) -> api.Workspace:
        """The workspace, read afresh, as every verb does."""
        return api.open_workspace(self.repository)

    def plan(self, text: str) -> Plan:
        request = api.PlanRequest(hand_written=text.encode(), source="plan.yaml")
        planned = api.plan(self.workspace, request)
        self.epic_id = planned.plan.epic_id
        return planned.plan

    def run(
        self,
        request: api.RunRequest | None = None,
        *,
        observe: Callable[[Event], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Aggregate:
        answer = api.run(
            self.workspace,
            self.epic_id,
            request or api.RunRequest(),
            observe=self._both(observe),
            cancel=cancel,
        )
        assert isinstance(answer.document, Aggregate)
        return answer.document

    def merge(self, options: api.MergeOptions | None = None) -> MergeReport:
        answer = api.merge(
            self.workspace, self.epic_id, options or api.MergeOptions(), observe=self.seen.append
        )
        assert isinstance(answer.document, MergeReport)
        return answer.document

    def resume(self) -> api.Answer:
        return api.resume(self.workspace, self.epic_id, observe=self.seen.append)

    def result(self, domain: str) -> DomainResult:
        path = self.workspace.layout.domain_results(self.epic_id, domain)
        return read_document(DomainResult, path)

    def merged(self, domain: str) -> MergedDomain:
        path = self.workspace.layout.merge_results(self.epic_id)
        report = read_document(MergeReport, path)
        return next(entry for entry in report.domains if entry.name == domain)

    def metadata(self, domain: str) -> WorktreeMetadata:
        path = self.workspace.layout.metadata(self.epic_id, domain)
        return read_document(WorktreeMetadata, path)

    def worktree(self, domain: str) -> Path:
        return self.workspace.layout.worktree(self.epic_id, domain)

    @property
    def state(self) -> RunState:
        return api.require_run(self.workspace, self.epic_id).state

    def _both(self, observe: Callable[[Event], None] | None) -> Callable[[Event], None]:
        def take(event: Event) -> None:
            self.seen.append(event)
            if observe is not None:
                observe(event)

        return take

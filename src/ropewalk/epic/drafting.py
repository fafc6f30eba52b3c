"""Has an epic drafted by a model or an agent; where that fails, by the static planner, said so.

Whoever is asked must be configured: that is found out before anything else. An answer that was used
is kept in the cache under everything that it depends on, and looked at again like a new one.
"""

import hashlib
import itertools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ropewalk import __version__
from ropewalk.agents.briefings import list_briefings
from ropewalk.agents.prices import cost_of, find_price
from ropewalk.engine.answers import AnswerCache, CacheUse, KeptAnswer
from ropewalk.engine.cache import Cache
from ropewalk.epic.base_tree import BaseTree
from ropewalk.epic.links import require_no_links
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, StorageError
from ropewalk.model.plan import Asked, PlanFile, PlanningNotes
from ropewalk.model.result import TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.planner.asking import Answer, Ask, Question
from ropewalk.planner.drafting import Draft, draft_with
from ropewalk.planner.plan_question import plan_question
from ropewalk.planner.repository_map import CHARACTERS_PER_TOKEN, draw_map
from ropewalk.planner.review import Review, review_answer
from ropewalk.planner.static import description_of, plain_epic, split_corpus
from ropewalk.store.files import write_atomic
from ropewalk.store.redact import Redactor
from ropewalk.store.schema.config_file import cache_bytes
from ropewalk.store.schema.drafted_plan import VERSION

_HOUR_S: Final = 3600.0
_STEP: Final = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Who can be asked for a plan.

    Attributes:
        kind: ``model`` or ``agent``.
        label: who it is, for people.
        made_of: what its answers depend on besides the question, by name.
        asking: lasts as long as questions can be asked; its argument names where traces go.
        redactor: masks secrets in what is kept of questions and answers.
        model: the id of its model, for its price; None where that is not known.
    """

    kind: str
    label: str
    made_of: JsonObject
    asking: Callable[[str], AbstractContextManager[Ask]]
    redactor: Redactor
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A plan, who made it, and why that was not who was asked; else ``note`` is empty."""

    plan: PlanFile
    notes: PlanningNotes
    planner: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What is to be drafted.

    ``plan_id`` names the folder of traces; ``tell`` is told what takes long.
    """

    epic_text: str
    plan_id: str
    use: CacheUse
    tell: Callable[[str], None]
    cancel: threading.Event | None = None


def draft_plan(
    workspace: Workspace, planner: Planner, tree: BaseTree, request: DraftRequest
) -> Drafted:
    """Ask for a plan, or find it in the cache; else split statically.

    Raises:
        InvalidInput: a person has to put something right first; or no planner finds anything.
        Busy: another coordinator works on this epic.
    """
    workspace.prepare_folders()
    briefings = list_briefings(workspace.layout.briefings())
    drawn = draw_map(tree.corpus, request.epic_text, co_change=tree.co_change)
    question = plan_question(plain_epic(request.epic_text), drawn.text, briefings=briefings)
    made_of = _components(planner, question)
    answers = _answers(workspace, request.use)

    def review(text: str) -> Review:
        found = review_answer(text, paths=tree.paths, briefings=briefings)
        return _without_links(found, tree)

    def told() -> None:
        request.tell("waiting for the answer to the same question")

    with answers.only_one(made_of, cancel=request.cancel, told=told):
        kept = answers.find(made_of, is_usable=lambda text: review(text).plan is not None)
        if kept is not None:
            draft = Draft(plan=review(kept.text).plan, text=kept.text)
        else:
            request.tell(f"asking {planner.label} to split the epic ({_size(question)})")
            with planner.asking(request.plan_id) as ask:
                folder = workspace.layout.attempt(request.plan_id, _STEP, 1).parent
                traced = _traced(ask, folder, planner.redactor)
                draft = draft_with(traced, question, review=review)
        warnings = _keep(answers, made_of, draft) if kept is None else ()
    asked = _asked(workspace, planner, draft, kept, answers)
    return _drafted(planner, tree, request, draft, PlanningNotes(asked=asked, warnings=warnings))


def _components(planner: Planner, question: Question) -> JsonObject:
    return {
        "step": "plan an epic",
        "ropewalk": __version__,
        "schema_version": VERSION,
        "schema": _digest(question.schema),
        "planner": planner.made_of,
        "parts": {part.name: _digest(part.text) for part in question.parts},
    }


def _answers(workspace: Workspace, use: CacheUse) -> AnswerCache:
    config, root = workspace.config.cache, workspace.layout.cache()
    cache = Cache(root, max_bytes=cache_bytes(config))
    return AnswerCache(cache, root, max_age_s=config.ttl_hours * _HOUR_S, use=use)


def _without_links(review: Review, tree: BaseTree) -> Review:
    """Refuse a plan whose files lead through symbolic links."""
    if review.plan is None:
        return review
    try:
        require_no_links(review.plan, tree.links, source="answer")
    except InvalidInput as error:
        return Review(plan=None, findings=(error.message,))
    return review


def _traced(ask: Ask, folder: Path, redactor: Redactor) -> Ask:
    """Keep each question and its answer, masked, for their owner alone."""
    numbers = itertools.count(1)

    def traced(question: Question) -> Answer:
        name = f"{_STEP}.{next(numbers)}"
        _write(folder / f"{name}.question.md", redactor.redact_text(question.text))
        said = ask(question)
        answer = replace(
            said,
            text=redactor.redact_text(said.text),
            problem=redactor.redact_text(said.problem),
        )
        _write(folder / f"{name}.answer.txt", answer.text or answer.problem)
        return answer

    return traced


def _write(path: Path, text: str) -> None:
    write_atomic(path, text.encode(errors="replace"), mode=0o600)


def _keep(answers: AnswerCache, made_of: JsonObject, draft: Draft) -> tuple[str, ...]:
    """Keep an answer that is used; return what a person should know of it."""
    if draft.plan is None:
        return ()
    try:
        answers.keep(made_of, KeptAnswer(text=draft.text, usage=draft.usage))
    except StorageError as error:
        return (f"the answer could not be kept for the next time: {error.message}",)
    return ()


def _asked(
    workspace: Workspace,
    planner: Planner,
    draft: Draft,
    kept: KeptAnswer | None,
    answers: AnswerCache,
) -> Asked:
    usage = draft.usage
    price = find_price(workspace.config.prices, planner.model)
    cost = usage.cost_usd
    if cost is None and price is not None and usage != TokenUsage():
        cost = cost_of(usage, price)
    lookups = answers.lookups()
    return Asked(
        by=planner.label,
        answers=draft.answers,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cost_usd=cost,
        saved_tokens=None if kept is None else kept.tokens,
        hits=lookups.hits,
        lookups=lookups.hits + lookups.misses,
        saved_in_all=lookups.tokens_saved,
    )


def _drafted(
    planner: Planner, tree: BaseTree, request: DraftRequest, draft: Draft, notes: PlanningNotes
) -> Drafted:
    """Return the plan that came of asking, or the static planner's with the reason."""
    plain = plain_epic(request.epic_text)
    if draft.plan is not None:
        plan = replace(draft.plan, description=description_of(plain), epic_id=None)
        return Drafted(plan=plan, notes=notes, planner=planner.kind)
    note = f"{planner.label} gave no plan that can be used: {draft.problem}"
    try:
        plan, found = split_corpus(
            request.epic_text,
            tree.corpus,
            paths=tree.own_paths,
            rules=tree.workspace.config.domain,
        )
    except InvalidInput as error:
        message = f"{note}; and the static planner has none: {error.message}"
        raise InvalidInput(message, hint=error.hint, code=error.code) from error
    warning = f"{note}; this is the plan of the static planner"
    found = replace(found, asked=notes.asked, warnings=(warning, *notes.warnings, *found.warnings))
    return Drafted(plan=plan, notes=found, planner="static", note=note)


def _size(question: Question) -> str:
    return f"about {-(-len(question.text) // CHARACTERS_PER_TOKEN):,} tokens"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

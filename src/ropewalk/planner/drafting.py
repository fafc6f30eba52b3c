"""Has a plan drafted by whoever can be asked: a model or an agent, in one and the same way.

The answer is reviewed; where it cannot be used it is asked for once more, with all that is wrong
with it. After that there is no plan, and a sentence that says why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from ropewalk.model.plan import PlanFile
from ropewalk.model.result import TokenUsage
from ropewalk.planner.asking import NO_USAGE, Answer, Ask, End, Question
from ropewalk.planner.plan_question import ask_again
from ropewalk.planner.review import Review

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What came of asking.

    Attributes:
        plan: the plan; None when no answer could be used.
        text: the answer that the plan is from.
        problem: why there is no plan, in words for people.
        answers: how many times was asked.
        usage: what all of it took.
    """

    plan: PlanFile | None
    text: str = ""
    problem: str = ""
    answers: int = 0
    usage: TokenUsage = NO_USAGE


def draft_with(ask: Ask, question: Question, *, review: Callable[[str], Review]) -> Draft:
    """Ask for a plan, once more where the first answer cannot be used.

    Args:
        ask: who is asked.
        question: what is asked.
        review: looks through the text of a whole answer.
    """
    first = ask(question)
    found = _review(first, review)
    if found.plan is not None or first.end in {End.REFUSED, End.FAILED}:
        return _draft(found, first, first.usage, answers=1)
    second = ask(ask_again(question, first, found.findings))
    return _draft(_review(second, review), second, first.usage.plus(second.usage), answers=2)


def _review(answer: Answer, review: Callable[[str], Review]) -> Review:
    match answer.end:
        case End.WHOLE:
            return review(answer.text)
        case End.CUT_OFF | End.REFUSED | End.FAILED:
            return Review(plan=None, findings=(answer.problem,))
        case _:
            assert_never(answer.end)


def _draft(review: Review, answer: Answer, usage: TokenUsage, *, answers: int) -> Draft:
    more = len(review.findings) - _SHOWN
    rest = f" (and {more} more)" if more > 0 else ""
    return Draft(
        plan=review.plan,
        text=answer.text if review.plan is not None else "",
        problem="; ".join(review.findings[:_SHOWN]) + rest,
        answers=answers,
        usage=usage,
    )

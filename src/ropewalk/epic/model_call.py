"""One call of a model of the Messages API: a question as its request, what comes back as an answer.

Imported at call time only, since importing the client of the provider takes long.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from ropewalk.agents import anthropic_model as provider
from ropewalk.agents import model_values as values
from ropewalk.agents.anthropic_patience import Patience, ask_patiently
from ropewalk.agents.base import AgentEvent, usage_of
from ropewalk.errors import InvalidInput
from ropewalk.model.result import TokenUsage
from ropewalk.model.values import JsonObject
from ropewalk.planner.asking import Answer, End, Question

MAX_TOKENS: Final = 16_000
_READ_TIMEOUT_S: Final = 300.0
_CUT_OFF: Final = frozenset(("max_tokens", "model_context_window_exceeded"))
_SHOWN: Final = 300


def call_model(
    model: str, question: Question, env: Mapping[str, str], *, first_pause_s: float
) -> Answer:
    """Ask a model, patiently.

    Raises:
        InvalidInput: the provider refuses the key, the model, or the request as such.
    """
    heard: list[AgentEvent] = []
    said = ask_patiently(
        provider.AnthropicModel(env, read_timeout_s=_READ_TIMEOUT_S),
        _request(model, question),
        patience=Patience(first_s=first_pause_s),
        emit=heard.append,
    )
    usage = usage_of(heard)
    if isinstance(said, values.Trouble):
        return _failed(said, model, usage)
    match said.stop_reason:
        case "refusal":
            problem = "it refused to answer"
            return Answer(text=said.text, end=End.REFUSED, problem=problem, usage=usage)
        case reason if reason in _CUT_OFF:
            problem = "its answer was cut off"
            return Answer(text=said.text, end=End.CUT_OFF, problem=problem, usage=usage)
        case _:
            return Answer(text=said.text, usage=usage)


def _request(model: str, question: Question) -> values.Question:
    first, *rest = question.parts
    schema: JsonObject = json.loads(question.schema)
    return values.Question(
        model=model,
        max_tokens=MAX_TOKENS,
        system=[{"type": "text", "text": first.text}],
        tools=[],
        messages=[{"role": "user", "content": list(_blocks([part.text for part in rest]))}],
        schema=provider.strict_schema(schema),
    )


def _blocks(texts: list[str]) -> Iterator[JsonObject]:
    """Yield what is said; the provider may remember the first two parts, which come again."""
    for number, text in enumerate(texts):
        block = {"type": "text", "text": text}
        yield {**block, "cache_control": {"type": "ephemeral"}} if number < 2 else block  # noqa: PLR2004 - map and epic


def _failed(trouble: values.Trouble, model: str, usage: TokenUsage) -> Answer:
    text = " ".join(trouble.text.split())[:_SHOWN]
    match trouble.kind:
        case values.Kind.DENIED:
            raise InvalidInput(
                f"the key for the model '{model}' is refused: {text}",
                hint="look at ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL, or: --planner static",
                code="auth",
            )
        case values.Kind.REJECTED:
            raise InvalidInput(
                f"the model '{model}' cannot be asked: {text}",
                hint="look at model in [planner] of ropewalk.toml, or: --planner static",
                code="model_rejected",
            )
        case values.Kind.BUSY | values.Kind.BROKEN | values.Kind.SILENT | values.Kind.FULL:
            problem = f"it did not answer ({text})"
            return Answer(text="", end=End.FAILED, problem=problem, usage=usage)
        case _:
            assert_never(trouble.kind)

"""A model of the Messages API is asked for a plan.

What a person has to put right (no key, no model, a key or a model that the provider refuses) is an
error before anything was written; whatever else goes wrong is an answer that says so.
"""

import hashlib
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Final
from urllib.parse import urlsplit

from ropewalk.epic.drafting import Planner
from ropewalk.errors import InvalidInput
from ropewalk.model.config import PlannerConfig
from ropewalk.planner.asking import Answer, Ask, Question
from ropewalk.process import base_environment
from ropewalk.store.redact import Redactor

_ADDRESS: Final = "ANTHROPIC_BASE_URL"
_KEYS: Final = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def model_planner(config: PlannerConfig, env: Mapping[str, str]) -> Planner:
    """Return the model of `[planner] model`.

    Args:
        config: names the model.
        env: holds the key, and maybe the address of the provider.

    Raises:
        InvalidInput: no model is configured, or there is no key for it.
    """
    model = config.model
    if not model:
        raise InvalidInput(
            "no model is configured for planning",
            hint='write model = "…" into [planner] of ropewalk.toml, or: --planner static',
            code="no_model",
        )
    if not any(env.get(name) for name in _KEYS):
        raise InvalidInput(
            f"there is no key for the model '{model}': ANTHROPIC_API_KEY is not set",
            hint="set it in the environment, or: --planner static",
            code="no_key",
        )
    address = env.get(_ADDRESS, "")
    secrets = (*(env.get(name) for name in _KEYS), urlsplit(address).password)
    return Planner(
        kind="model",
        label=f"model '{model}'",
        made_of={"model": model, "address": hashlib.sha256(address.encode()).hexdigest()},
        asking=lambda _plan_id: nullcontext(model_asker(model, env)),
        redactor=Redactor(filter(None, secrets)),
        model=model,
    )


def model_environment() -> dict[str, str]:
    """Return the variables that say how a model is asked."""
    return base_environment((*_KEYS, _ADDRESS))


def model_asker(model: str, env: Mapping[str, str], *, first_pause_s: float = 1.0) -> Ask:
    """Return who asks a model.

    Args:
        model: its id.
        env: holds the key, and maybe the address of the provider.
        first_pause_s: how long to wait before the provider is asked again for what did not come;
            doubled each time.
    """

    def ask(question: Question) -> Answer:
        # The client of the provider takes longer to import than all of the rest.
        from ropewalk.epic.model_call import call_model  # noqa: PLC0415

        return call_model(model, question, env, first_pause_s=first_pause_s)

    return ask

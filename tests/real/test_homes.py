"""A log-in in the user's HOME is what an agent uses and leaves as it was, or what it never sees."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from ropewalk.model.result import DomainStatus, Reason
from tests.model_server import Say, Scene, Write
from tests.real.shop import Shop

KEY: Final = "dummy-log-in-1"


@dataclass(frozen=True, kw_only=True)
class Account:
    """How a person has logged in to an agent.

    Attributes:
        files: below HOME, by name.
        table: settings that say where the provider is.
        without: why an agent fails that does not see them.
    """

    files: Mapping[str, str]
    table: str
    without: Reason = Reason.AUTH


ACCOUNTS: Final[Mapping[str, Account]] = {
    "claude": Account(
        files={
            ".claude/.credentials.json": json.dumps(
                {
                    "claudeAiOauth": {
                        "accessToken": KEY,
                        "refreshToken": "dummy-refresh",
                        "expiresAt": 4102444800000,
                        "scopes": ["user:inference", "user:profile"],
                        "subscriptionType": "max",
                    }
                }
            )
        },
        table='model = "claude-sonnet-5"\nenv = { ANTHROPIC_BASE_URL = "@URL@" }\n',
    ),
    "codex": Account(
        files={".codex/auth.json": json.dumps({"OPENAI_API_KEY": KEY})},
        table="""\
model = "model-1"
args = [
  "-c", 'model_provider="own"',
  "-c", 'model_providers.own.name="own"',
  "-c", 'model_providers.own.base_url="@URL@/v1"',
  "-c", 'model_providers.own.wire_api="responses"',
  "-c", "model_providers.own.requires_openai_auth=true",
  "-c", "model_providers.own.request_max_retries=1",
]
""",
    ),
    "gemini": Account(
        files={
            ".gemini/settings.json": json.dumps(
                {"security": {"auth": {"selectedType": "gemini-api-key"}}}
            ),
            ".gemini/.env": f"GEMINI_API_KEY={KEY}\n",
        },
        table='model = "gemini-2.5-pro"\nenv = { GOOGLE_GEMINI_BASE_URL = "@URL@" }\n',
    ),
    "opencode": Account(
        files={
            ".local/share/opencode/auth.json": json.dumps(
                {"anthropic": {"type": "api", "key": KEY}}
            )
        },
        without=Reason.AGENT_FAILED,  # it says nothing of a missing log-in
        table="""\
model = "anthropic/claude-sonnet-4-5"
[agents.@NAME@.env]
ANTHROPIC_BASE_URL = "@URL@/v1"
OPENCODE_DISABLE_MODELS_FETCH = "1"
""",
    ),
}


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_a_log_in_is_used_and_kept_and_not_seen_with_a_private_home(
    shop: Shop, tmp_path: Path, kind: str
) -> None:
    account, home = ACCOUNTS[kind], tmp_path / "home"
    shop = replace(shop, env={"HOME": str(home)})
    for name, text in account.files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    shop.configure(
        table_of(shop, kind, "logged-in"), table_of(shop, kind, "private", 'home = "private"')
    )
    stages = {name: shop.play(name, scene_of(name)) for name in ("logged-in", "private")}
    shop.plan(
        "homes", [{"name": name, "new_files": [f"{name}/**"], "agent": name} for name in stages]
    )

    run = shop.ropewalk("--json", "run", "homes", "--parallel")

    assert run.code == 6, run.stderr
    own, private = (shop.result("homes", name) for name in stages)
    assert (own.status, own.reason) == (DomainStatus.SUCCESS, None)
    assert (private.status, private.reason) == (DomainStatus.FAILED, account.without)
    assert {name: (home / name).read_text() for name in account.files} == account.files
    assert stages["logged-in"].requests
    assert stages["private"].requests == ()


def table_of(shop: Shop, kind: str, name: str, more: str = "") -> str:
    table = ACCOUNTS[kind].table.replace("@NAME@", name).replace("@URL@", shop.server.url)
    return f'[agents.{name}]\nkind = "{kind}"\ntimeout_s = 60\n{more}\n{table}'


def scene_of(name: str) -> Scene:
    return Scene(key=KEY, turns=(Write(f"{name}/a.txt", "a\n"), Say("done")))

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from ropewalk.agents.base import AgentTask
from ropewalk.agents.runner import AttemptReport, read_claim
from ropewalk.model.result import AgentClaim
from ropewalk.store.redact import Redactor, find_secrets, is_secret_name
from tests.agents.conftest import Journal

SECRET = 'pa/ss"w+rd é&1'


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_every_spelling_of_a_secret_is_masked(spelling: str) -> None:
    masked = Redactor([SECRET]).redact_text(f"before {spelling} after")

    assert masked.startswith("before [redacted]")
    assert masked.endswith(" after")
    assert SECRET[:6] not in masked


@pytest.mark.parametrize("user", ["a", "ab", "abc", "someone"])
def test_a_secret_inside_a_longer_base64_text_is_masked(user: str) -> None:
    secret = "correct-horse-battery"
    header = base64.b64encode(f"{user}:{secret}:tail".encode()).decode()

    masked = Redactor([secret]).redact_text(f"Authorization: Basic {header}")

    assert "[redacted]" in masked
    assert base64.b64encode(secret[3:12].encode()).decode()[:-4] not in masked


def test_the_lines_of_a_secret_of_many_lines_are_masked_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEA\n-----END KEY-----\n"

    masked = Redactor([key]).redact_text("> MIIEvQIBADANBgkqhkiG9w0\n> BAQEFAASCBKcwggSjAgEA\n")

    assert masked == "> [redacted]\n> [redacted]\n"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Redactor(["token", "token-long"]).redact_text("token-long token") == (
        "[redacted] [redacted]"
    )


def test_masking_twice_changes_nothing() -> None:
    redactor = Redactor([SECRET])
    once = redactor.redact(f"x {SECRET} y".encode())

    assert redactor.redact(once) == once


def test_without_secrets_nothing_is_touched() -> None:
    redactor = Redactor([])

    assert redactor.redact(b"\xff") == b"\xff"
    assert redactor.redact_text("\udcff") == "\udcff"
    assert redactor.redact_log(b"x [\xe2\x80\xa6 5 bytes not kept \xe2\x80\xa6]\n") == (
        b"x [\xe2\x80\xa6 5 bytes not kept \xe2\x80\xa6]\n"
    )
    assert redactor.redact_tail(["a", "b"]) == ("a", "b")
    assert redactor.redact_tail([]) == ()


def test_a_secret_cut_in_two_by_bytes_that_were_not_kept_is_masked() -> None:
    log = "ok\nvery-secr\n[… 500 bytes not kept …]\net-value\nend\n".encode()

    masked = Redactor(["very-secret-value"]).redact_log(log)

    assert masked == "ok\n[redacted]\n[… 500 bytes not kept …]\n[redacted]\nend\n".encode()


def test_a_tail_that_begins_within_a_secret_is_masked() -> None:
    assert Redactor(["very-secret-value"]).redact_tail(["cret-value", "end"]) == (
        "[redacted]",
        "end",
    )


@pytest.mark.parametrize("name", ["API_KEY", "GITHUB_TOKEN", "db_password", "MY_SECRET", "AUTH"])
def test_names_that_sound_like_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["PATH", "GIT_AUTHOR_NAME", "LANG"])
def test_names_that_do_not(name: str) -> None:
    assert not is_secret_name(name)


def test_passed_values_are_secret_and_given_ones_when_they_sound_so() -> None:
    passed = {"LONG": "something", "CI": "true", "PIN_KEY": "1234", "TINY_KEY": "123"}
    given = {"MODE": "production", "TOKEN": "abcd", "EMPTY_TOKEN": ""}

    assert find_secrets(passed, given) == ("something", "1234", "abcd")


@pytest.mark.parametrize(
    "command",
    [
        'echo "the key is $CANARY_KEY"',
        'echo "the key is $CANARY_KEY" >&2',
        'printf "%s" "${CANARY_KEY%56789}"; sleep 0.2; printf "56789\\n"',
        'printf "%s" "$CANARY_KEY" | base64',
        'echo "{\\"status\\": \\"$CANARY_KEY\\"}"',
    ],
)
def test_what_an_agent_prints_of_its_secrets_is_masked_everywhere(
    attempt: Callable[..., AttemptReport],
    task: AgentTask,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setenv("CANARY_KEY", "canary-0123456789")

    report = attempt(command, env_pass=("CANARY_KEY",))

    everything = f"{report}{journal.events}{task.log.read_text()}"
    assert report.exit_code == 0
    assert "[redacted]" in task.log.read_text()
    assert "canary" not in everything
    assert "Y2FuYXJ5" not in everything


def test_a_secret_written_out_in_the_configuration_is_masked(
    attempt: Callable[..., AttemptReport], task: AgentTask
) -> None:
    report = attempt('echo "$DB_PASSWORD $MODE"', env={"DB_PASSWORD": "hunter22", "MODE": "quick"})

    assert report.tail == ("[redacted] quick",)
    assert task.log.read_text() == "[redacted] quick\n"


def test_secrets_in_the_environment_files_of_the_project_are_masked(
    attempt: Callable[..., AttemptReport], task: AgentTask
) -> None:
    files = {
        ".env": "API_TOKEN=canary-plain # of the shop\nexport DB_PASSWORD='canary quoted'\n",
        ".env.local": 'KEY="canary-double"\nMODE=canary-mode\nAUTH=basic\n',
        ".env.example": "API_TOKEN=canary-example\n",
        ".envrc": "API_TOKEN=canary-direnv\n",
    }
    for name, text in files.items():
        (task.repository / name).write_text(text)

    report = attempt(f"cd {task.repository}; cat .env*")

    log = task.log.read_text()
    assert report.exit_code == 0
    shown = sorted(re.findall(r"canary[- ]\w+", log))
    assert shown == ["canary-direnv", "canary-example", "canary-mode"]
    assert "AUTH=basic" in log


def test_a_masked_log_stays_its_owners_alone(
    attempt: Callable[..., AttemptReport], task: AgentTask
) -> None:
    attempt('echo "$DB_PASSWORD"', env={"DB_PASSWORD": "hunter22"})

    assert task.log.stat().st_mode & 0o777 == 0o600


def test_a_secret_in_the_agents_own_account_is_masked(
    attempt: Callable[..., AttemptReport], task: AgentTask
) -> None:
    write = """echo '{"status": "success", "summary": "used '$DB_PASSWORD'"}' > $ROPEWALK_RESULT"""

    attempt(write, env={"DB_PASSWORD": "hunter22"})

    claim = read_claim(task.worktree, task.result_path)
    assert isinstance(claim, AgentClaim)
    assert claim.summary == "used [redacted]"


def test_an_account_that_leads_elsewhere_is_not_written_to(
    attempt: Callable[..., AttemptReport], task: AgentTask, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("hunter22")

    attempt(f"ln -s {tmp_path}/outside $ROPEWALK_RESULT", env={"DB_PASSWORD": "hunter22"})

    assert (tmp_path / "outside").read_text() == "hunter22"
    assert task.result_path.is_symlink()


def test_a_log_is_masked_also_when_the_journal_fails(
    attempt: Callable[..., AttemptReport],
    task: AgentTask,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANARY_KEY", "canary-0123456789")
    journal.fails_on = "agent_activity"

    with pytest.raises(OSError, match="journal"):
        attempt('echo "$CANARY_KEY"; sleep 5', env_pass=("CANARY_KEY",))

    assert "canary" not in task.log.read_text()


def test_the_password_in_an_address_is_masked_whoever_it_belongs_to() -> None:
    line = b"origin https://me:canary-0123@example.invalid/shop.git (fetch), http://127.0.0.1:80/@x"

    assert Redactor(()).redact(line) == line.replace(b"canary-0123", b"[redacted]")
    assert Redactor(()).redact_text("no address: a:b@c") == "no address: a:b@c"


def test_a_token_in_the_place_of_a_user_and_a_password_with_signs_are_masked_whole() -> None:
    token = (
        b"https://ghp_canary0123456789abcdef@example.invalid/shop.git, ssh://git@example.invalid/x"
    )
    signs = b"postgres://me:canary@0:1#2@db.invalid/shop"

    assert Redactor(()).redact(token) == token.replace(b"ghp_canary0123456789abcdef", b"[redacted]")
    assert Redactor(()).redact(signs) == b"postgres://me:[redacted]@db.invalid/shop"


def test_an_address_beside_one_of_mail_is_left_as_it_is() -> None:
    line = b'{"url":"http://127.0.0.1:8080","email":"me@example.invalid"}'

    assert Redactor(()).redact(line) == line

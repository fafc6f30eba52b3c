"""Runs a command of the project's own, a check or a set-up, and masks secrets in what it printed.

Such commands are given the project's environment files; their output is kept, shown and sent to
agents. Masked are the values that `secret_files` finds, and the passwords in addresses.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from ropewalk import process
from ropewalk.errors import InvalidInput
from ropewalk.store.files import read_limited, write_atomic
from ropewalk.store.redact import Redactor
from ropewalk.store.secret_files import find_file_secrets

# What the log says besides the output, such as how much of it was not kept.
_LOG_ROOM: Final = 64 * 1024


def run_masked(
    command: str,
    *,
    repository: Path,
    cwd: Path,
    env: Mapping[str, str],
    limits: process.Limits,
    log: Path | None,
    cancel: threading.Event | None,
) -> process.Ended:
    """Run a shell command line; how it ended and its log hold no secret.

    Args:
        command: the command line.
        repository: root of the checkout whose environment files hold the secrets.
        cwd: where it runs.
        env: its whole environment.
        limits: what it may use.
        log: where it prints to.
        cancel: ends it when set.

    Raises:
        StorageError: the disk refused.
    """
    redactor = Redactor(find_file_secrets(repository))
    try:
        ended = process.run(
            process.shell_argv(command), cwd=cwd, env=env, limits=limits, log=log, cancel=cancel
        )
    finally:
        if log is not None:
            _mask(log, redactor, limits)
    return replace(ended, tail=redactor.redact_tail(ended.tail))


def _mask(log: Path, redactor: Redactor, limits: process.Limits) -> None:
    with suppress(InvalidInput):
        data = read_limited(log, limits.log_bytes + _LOG_ROOM)
        masked = redactor.redact_log(data)
        if masked != data:
            write_atomic(log, masked, mode=0o600)

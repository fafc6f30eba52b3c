"""Takes secrets out of what agents print.

A secret is known by its value: it is masked as it stands, and as JSON, URLs, base64 and hexadecimal
digits spell it, also in the middle of a longer text. What an agent disguises in another way is not
found. Values too short to be told from ordinary text are left alone. A password in an address, or a
token in the place of its user, is masked whoever it belongs to.
"""

import base64
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = b"[redacted]"
SHORTEST: Final = 4
SHORTEST_PLAIN: Final = 6
_SHORTEST_LINE: Final = 8
_SECRET_NAME: Final = re.compile(r"TOKEN|KEY|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)", re.IGNORECASE)
_ADDRESS: Final = re.compile(rb"""(://[^/\s:@"'<>]{0,256}:)[^/\s"'<>]{1,4096}(@)""")
# A token in the place of a name: nobody is called so.
_TOKEN: Final = re.compile(rb"(://)[\w.~%+=-]{20,4096}(@)")
_CUT: Final = re.compile(rb"\n?\[\xe2\x80\xa6 \d+ bytes not kept \xe2\x80\xa6\]\n?")


class Redactor:
    """Masks a fixed set of secrets; masking twice changes nothing more."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        self._pattern = re.compile(b"|".join(map(re.escape, self._forms))) if forms else None

    def redact(self, data: bytes) -> bytes:
        """Return the data with every secret in it masked."""
        masked = data if self._pattern is None else self._pattern.sub(MASK, data)
        if b"://" not in masked:
            return masked
        for address in (_ADDRESS, _TOKEN):
            masked = address.sub(rb"\1" + MASK + rb"\2", masked)
        return masked

    def redact_text(self, text: str) -> str:
        """Return the text with every secret in it masked."""
        if self._pattern is None and "://" not in text:
            return text
        data = text.encode("utf-8", errors="surrogatepass")
        return self.redact(data).decode("utf-8", errors="surrogatepass")

    def redact_log(self, data: bytes) -> bytes:
        """Return a log, masked; also where a secret was cut in two by bytes that were not kept."""
        pieces = _CUT.split(data)
        markers = [*_CUT.findall(data), b""]
        masked = [
            self._redact_piece(piece, cut_before=number > 0, cut_after=number < len(pieces) - 1)
            for number, piece in enumerate(pieces)
        ]
        return b"".join(part for pair in zip(masked, markers, strict=True) for part in pair)

    def redact_tail(self, lines: Iterable[str]) -> tuple[str, ...]:
        """Return the last lines of an output, masked; its beginning may be the end of a secret."""
        text = "\n".join(lines).encode("utf-8", errors="surrogatepass")
        masked = self._redact_piece(text, cut_before=True, cut_after=False)
        return tuple(masked.decode("utf-8", errors="replace").split("\n")) if masked else ()

    def _redact_piece(self, piece: bytes, *, cut_before: bool, cut_after: bool) -> bytes:
        masked = self.redact(piece)
        if cut_after:
            length = max((_overlap_end(masked, form) for form in self._forms), default=0)
            masked = masked[: len(masked) - length] + MASK if length else masked
        if cut_before:
            length = max((_overlap_start(masked, form) for form in self._forms), default=0)
            masked = MASK + masked[length:] if length else masked
        return masked


def find_secrets(passed: Mapping[str, str], given: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values to mask.

    Args:
        passed: variables let through from ropewalk's own environment, all of them secret unless
            they are short and do not sound so.
        given: variables from the configuration, secret when their names sound so.
    """
    secrets = [
        value
        for name, value in passed.items()
        if len(value) >= (SHORTEST if is_secret_name(name) else SHORTEST_PLAIN)
    ]
    secrets += [
        value for name, value in given.items() if is_secret_name(name) and len(value) >= SHORTEST
    ]
    return tuple(dict.fromkeys(secrets))


def is_secret_name(name: str) -> bool:
    """Return whether a variable of this name is likely to hold a secret."""
    return _SECRET_NAME.search(name) is not None


def _forms(secret: str) -> Iterator[bytes]:
    """Yield the spellings of a secret that are long enough to be told from ordinary text."""
    raw = os.fsencode(secret)
    plain = (raw, raw.strip(), *_json_forms(secret))
    yield from (form for form in plain if len(form) >= SHORTEST)
    yield from (line for line in raw.split() if b"\n" in raw and len(line) >= _SHORTEST_LINE)
    urls = (quote(raw, safe=""), quote(raw), quote_plus(raw))
    encoded = [form.encode() for url in urls for form in (url, _lower_escapes(url))]
    encoded += [raw.hex().encode(), raw.hex().upper().encode()]
    encoded += [form for offset in range(3) for form in _base64_forms(raw, offset)]
    yield from (form for form in encoded if len(form) >= SHORTEST_PLAIN)


def _json_forms(secret: str) -> Iterator[bytes]:
    for is_ascii in (True, False):
        spelled = json.dumps(secret, ensure_ascii=is_ascii)[1:-1]
        yield spelled.encode("utf-8", errors="surrogateescape")
        yield spelled.replace("/", "\\/").encode("utf-8", errors="surrogateescape")


def _lower_escapes(url: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match.group().lower(), url)


def _base64_forms(raw: bytes, offset: int) -> Iterator[bytes]:
    """Yield the digits that stand for a secret alone when `offset` bytes (mod 3) are before it."""
    first = -(-offset * 8 // 6)
    end = (offset + len(raw)) * 8 // 6
    padded = bytes(offset) + raw
    yield base64.b64encode(padded)[first:end]
    yield base64.urlsafe_b64encode(padded)[first:end]


def _overlap_end(data: bytes, form: bytes) -> int:
    """Return how many bytes at the end of the data are the beginning of a form; 0 for too few."""
    lengths = range(len(form) - 1, SHORTEST - 1, -1)
    return next((length for length in lengths if data.endswith(form[:length])), 0)


def _overlap_start(data: bytes, form: bytes) -> int:
    """Return how many bytes at the start of the data are the end of a form; 0 for too few."""
    lengths = range(len(form) - 1, SHORTEST - 1, -1)
    return next((length for length in lengths if data.startswith(form[-length:])), 0)

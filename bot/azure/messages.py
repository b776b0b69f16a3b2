"""Azure's backend-health messages -> codes.

Pure: text in, `GatewayMessage` out; what no rule matches is `UNRECOGNISED`, never a guess.

Microsoft re-types these texts from edition to edition, so normalised fragments are matched, not
sentences. A message can quote foreign
text (the string that a body lacks), and always at its end: the fragment that stands first decides.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from bot.domain.azure import GatewayMessage
from chainlib import Code

LONGEST = 4000
_APOSTROPHES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4`\uff07", "'")
)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_EMPHASIS = re.compile('[*_"\u201c\u201d\u00ab\u00bb]')
_REWORDED = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\\u0027", "'"),
        (r"\\[rnt]", " "),
        (r"\b(?:can't|can not|cannot|couldn't)", "could not"),
        (r"n't\b", " not"),
        (r"\b(?:was|are|were) not\b", "is not"),
        (r"\b(?:did|do) not\b", "does not"),
        (r"\btime[- ]out\b", "timeout"),
        (r"\bback[- ]end\b", "backend"),
        (r"\btop[- ]most\b", "topmost"),
        (r"\bwell known\b", "well-known"),
        (r"\bproxy-protocol\b", "proxy protocol"),
        (r"\bwhite[- ]list", "whitelist"),
        (r"\ballow[- ]list", "allowlist"),
    )
)
FRAGMENTS: Mapping[Code, str] = {
    Code.HEALTH_UNKNOWN: r"health(?: status)? could not be retrieved",
    Code.DNS_FAILED: r"could not create a probe",
    Code.TCP_FAILED: r"could not connect to (?:the )?(?:backend|server)",
    Code.PROBE_TIMEOUT: r"time taken by (?:the )?backend",
    Code.HTTP_BODY_MISMATCH: r"body of the backends http response|response body does not contain",
    Code.HTTP_STATUS_MISMATCH: r"status code of the backend|received invalid status code",
    Code.NAME_MISMATCH: r"common name(?:[^.]|\.\S){0,200} does not match",
    Code.CERTIFICATE_EXPIRED: r"current date is not within",
    Code.INTERMEDIATE_MISSING: r"intermediate certificate is missing",
    Code.LEAF_MISSING: r"leaf certificate is missing",
    Code.LEAF_NOT_FIRST: r"leaf certificate is not the topmost",
    Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: r"intermediate certificate (?:is )?not signed by any (?:of the )?(?:uploaded )?root",
    Code.INTERMEDIATE_UNKNOWN_CA: r"intermediate certificate (?:is )?not signed by a well-known",
    Code.SERVER_UNKNOWN_CA: r"server certificate(?: used by the backend)? is not signed by a well-known",
    Code.ROOT_MISMATCH: r"root certificate of the server certificate(?:[^.]|\.\S){0,200} does not match",
    Code.VERIFY_FAILED: r"validity of the backend certificate could not be verified|openssl[^.]{0,200}error code",
    Code.PROXY_PROTOCOL_EXPECTED: r"proxy protocol header",
    Code.AUTH_CERTIFICATE_MISMATCH: r"certificate is not (?:whitelist|allowlist)ed",
    Code.CERTIFICATE_INVALID: r"certificate (?:has been|is|was) marked invalid",
    Code.OK: r"^success\.",
}
"""The fragment of each code, for normalised text.

None of them matches another code's message (tested pairwise).
"""
_RULES = tuple((code, re.compile(fragment)) for code, fragment in FRAGMENTS.items())
_STATUSES = r"([0-9]{3}(?: ?[-,] ?[0-9]{3})*)"
_EXPECTED = re.compile(
    rf"expected: ?\{{?{_STATUSES}|{_STATUSES} (?:is|are) the acceptable status code"
)
_RECEIVED = re.compile(
    r"received: ?\{?([0-9]{1,3})\b|invalid status code: ?([0-9]{3})\b|^success\. received "
    r"([0-9]{3})\b"
)
_ERROR_CODE = re.compile(r"error code:? ?\{?([0-9]{1,5})\b")
_WITH_STATUS = (Code.HTTP_STATUS_MISMATCH, Code.OK)


def translate(text: str) -> GatewayMessage:
    """Say which code a message stands for, and which numbers it names."""
    plain = normalised(text)
    code = _code(plain)
    statuses, errors = code in _WITH_STATUS, code is Code.VERIFY_FAILED
    received, error_code = (
        _first(_RECEIVED, plain) if statuses else None,
        _first(_ERROR_CODE, plain) if errors else None,
    )
    expected = _first(_EXPECTED, plain) if statuses else None
    return GatewayMessage(
        code=code,
        text=text,
        expected=expected.replace(" ", "") if expected else None,
        received=int(received) if received else None,
        error_code=int(error_code) if error_code else None,
    )


def normalised(text: str) -> str:
    """One spelling for all editions: lower case, no contractions, quotes, emphasis or line breaks.

    A long text is cut.
    """
    folded = unicodedata.normalize(
        "NFKC", html.unescape(text[:LONGEST]).translate(_APOSTROPHES).translate(_DASHES)
    ).lower()
    visible = "".join(
        character for character in folded if unicodedata.category(character) not in {"Cf", "Cs"}
    )
    spelt = " ".join(_EMPHASIS.sub("", visible).split())
    for pattern, plain in _REWORDED:
        spelt = pattern.sub(plain, spelt)
    return " ".join(spelt.replace("'", "").split())


def explain_message_json(text: str) -> dict[str, Any]:
    """`translate` as the object that `appgw explain-message --json` prints."""
    message = translate(text)
    numbers = {
        "expected": message.expected,
        "received": message.received,
        "error_code": message.error_code,
    }
    return {"code": message.code.value, "numbers": numbers}


def _code(plain: str) -> Code:
    found = [(match.start(), code) for code, pattern in _RULES if (match := pattern.search(plain))]
    return min(found, key=lambda pair: pair[0])[1] if found else Code.UNRECOGNISED


def _first(pattern: re.Pattern[str], plain: str) -> str | None:
    match = pattern.search(plain)
    return next((group for group in match.groups() if group), None) if match else None

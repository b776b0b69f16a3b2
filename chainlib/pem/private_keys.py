"""Whether bytes hold a private key, in any of the forms that people paste or upload by mistake.

The answer is yes or no and never a part of what was found. Where a doubt remains the answer is yes:
a refused file costs a minute,
a key in a chat costs a new certificate.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

from chainlib import der
from chainlib.pem.base64text import decode_base64
from chainlib.pem.disguises import forms

_TEXT_FORMS = re.compile(
    # PEM, OpenSSH, PGP; the dashes may be mangled
    r"(?:BEGIN|END)[\s_]{1,20}(?:[A-Z0-9.#]{1,32}[\s_]{1,20}){0,4}PRIVATE[\s_]{0,20}KEY"
    r"|PuTTY[\s-]{0,3}User[\s-]{0,3}Key[\s-]{0,3}File"
    r"|Private-(?:Lines|MAC|Hash)\s*:"  # the lower half of a PuTTY file
    r"|<(?:InverseQ|DP|DQ)>"  # .NET's RSAKeyValue with its private half
    r"|\bprivateExponent\d?\s*:|\bpriv:\s*(?:[0-9a-f]{2}:){8}"  # what `openssl pkey -text` prints
    r"|\bAGE-SECRET-KEY-1",
    re.IGNORECASE,
)
# A label whose lines were broken within words, once white space and marks of quotes are gone.
_BROKEN_LABEL = re.compile(
    r"-(?:BEGIN|END)[A-Z0-9.#-]{0,64}?" + "-?".join("PRIVATEKEY"), re.IGNORECASE
)
_JWK_KIND = re.compile(r"\bkty\b[\"'\\]{0,4}\s{0,20}[:=]", re.IGNORECASE)
_JWK_SECRET = re.compile(
    r"\b(?:d|k|p|q|dp|dq|qi)\b[\"'\\]{0,4}\s{0,20}[:=]\s{0,20}"
    r"(?:[\"'\\]{1,4}[A-Za-z0-9_-]|[A-Za-z0-9_-]{16})"
)
_QUOTES = dict.fromkeys("\u2018\u2019\u201a\u201b", "'") | dict.fromkeys(
    "\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'
)
_DASHES = dict.fromkeys("\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u2e3a\u2e3b", "-")
_SPELLINGS = str.maketrans(_QUOTES | _DASHES)
_BETWEEN = re.compile(r"[\s>|\"'`*\\,]+")
_LONGEST_EXPANSION = 4
# Base64 of what keys start with, wherever it stands: a SEQUENCE, "openssh-key-v1", "-----BEGIN",
# the mark of a Java key store.
_ENCODED_STARTS = re.compile(
    r"(?=((?:M[A-I][A-Za-z0-9+/_-]|b3BlbnNzaC1rZXktdjE|LS0tLS1CRUdJTi|/u3\+7Q)"
    r"[A-Za-z0-9+/_-]{29}))"
)
_LABEL_STARTS = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/_-]{10,60}")
_HEX_STARTS = re.compile(r"(?=(30(?:[0-7][0-9a-f]|81|82|83)[0-9a-f]{44}))", re.IGNORECASE)
_HEX_SIGNS = re.compile(r"\\x|0x|[\s:,\"'{}]+", re.IGNORECASE)
_LENGTH = rb"(?:[\x10-\x7f]|\x81.|\x82..|\x83...)"
_KEY_STARTS = re.compile(
    rb"\x30" + _LENGTH + rb"(?:"
    rb"\x02\x01\x00\x30[\x02-\x7f]\x06"  # PKCS #8 (RFC 5958)
    # The same with a public key, which a revocation list looks like but for its algorithm.
    rb"|\x02\x01\x01\x30[\x02-\x7f]\x06(?:\x03\x2b\x65|\x07\x2a\x86\x48\xce\x3d\x02"
    rb"|\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01)"
    rb"|\x02\x01\x00\x02(?:[\x20-\x7f]|\x81.|\x82)"  # PKCS #1, and DSA's old form
    rb"|\x02\x01\x01\x04[\x10-\x48]"  # SEC 1 (RFC 5915)
    rb"|\x30" + _LENGTH + rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05"  # PKCS #5, encrypted
    rb"|\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01)"
    rb"|\x02\x01\x03\x30" + _LENGTH + rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"  # PKCS #12
    rb")|openssh-key-v1|\xfe\xed\xfe\xed",
    re.DOTALL,
)
_MOST_STARTS = 2000
# A SEQUENCE header followed by `INTEGER 0` or `INTEGER 1` (PKCS #8, PKCS #1, SEC 1), or by an
# encryption scheme of PKCS #5 or #12.
_DER_STARTS = re.compile(
    rb"(?=\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...)"
    rb"(?:\x02\x01[\x00\x01]|\x30(?:[\x00-\x7f]|\x81.|\x82..)"
    rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05|\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01)))",
    re.DOTALL,
)
_SMALLEST_SECRET = 16
_MOST_CANDIDATES = 300
_PKCS1_TAGS = (der.INTEGER, der.INTEGER, der.INTEGER)


def holds_private_key(text: str) -> bool:
    """Whether a text that people typed, pasted or logged shows a private key, in any disguise.

    The one judge for text. Besides what `in_text` finds: labels in other characters or broken
    within words, PKCS #8, PKCS #1, SEC 1, OpenSSH and PKCS #12 as bare base64 or hex, base64 of a
    PEM file; each also in what `disguises` undoes (HTML, quoted-printable, URL encoding, escapes).

    Args:
        text: at most some 40,000 characters; the time is linear in its length.
    """
    return any(map(shows_key, forms(text)))


def shows_key(form: str) -> bool:
    """Whether one form of a text, in which nothing is left to undo, shows a private key."""
    folded = unicodedata.normalize("NFKC", form)[: _LONGEST_EXPANSION * len(form)]
    spelt = "".join(c for c in folded.translate(_SPELLINGS) if unicodedata.category(c) != "Cf")
    if in_text(spelt):
        return True
    packed = _BETWEEN.sub("", spelt)
    return bool(_BROKEN_LABEL.search(packed)) or _in_base64(packed) or _in_hex(spelt)


def _in_base64(packed: str) -> bool:
    """Whether base64 without white space starts as a key does; too many starts count as one."""
    starts = enumerate(_ENCODED_STARTS.finditer(packed))
    if any(
        count >= _MOST_STARTS or _KEY_STARTS.match(decode_base64(found[1][:32]) or b"")
        for count, found in starts
    ):
        return True
    labels = (found[0] for found in islice(_LABEL_STARTS.finditer(packed), _MOST_STARTS))
    return any(
        in_text((decode_base64(one[: len(one) // 4 * 4]) or b"").decode("latin-1"))
        for one in labels
    )


def _in_hex(spelt: str) -> bool:
    starts = _HEX_STARTS.finditer(_HEX_SIGNS.sub("", spelt))
    return any(
        count >= _MOST_STARTS or _KEY_STARTS.match(bytes.fromhex(found[1]))
        for count, found in enumerate(starts)
    )


def in_text(text: str) -> bool:
    """Whether the text shows a private key as it is written.

    PEM of any label, OpenSSH, PGP, PuTTY, a JWK with its secret member, .NET XML, OpenSSL's text.
    """
    return bool(_TEXT_FORMS.search(text)) or bool(
        _JWK_KIND.search(text) and _JWK_SECRET.search(text)
    )


def in_bytes(data: bytes) -> bool:
    """Whether a DER private key starts anywhere in the bytes.

    PKCS #8 plain or encrypted, PKCS #1, SEC 1.
    """
    view = memoryview(data)
    # Certificates hold next to no such starts; data that is full of them was made to keep this
    # busy.
    candidates = enumerate(match.start() for match in _DER_STARTS.finditer(data))
    return any(count >= _MOST_CANDIDATES or _is_key(view[start:]) for count, start in candidates)


def _is_key(data: memoryview) -> bool:
    inner = der.children(data)
    tags = tuple(child.tag for child in inner)
    if tags[:2] == (der.SEQUENCE, der.OCTET_STRING):
        return len(inner[1].content) >= _SMALLEST_SECRET
    if tags[:2] == (der.INTEGER, der.OCTET_STRING):
        return len(inner[1].content) >= _SMALLEST_SECRET
    if tags[:3] == (der.INTEGER, der.SEQUENCE, der.OCTET_STRING):
        return inner[1].content[:1] == bytes([der.OBJECT_ID])
    return tags[:3] == _PKCS1_TAGS and len(inner[1].content) >= _SMALLEST_SECRET

"""Whether bytes hold a private key, in any of the forms that people paste or upload by mistake.

The answer is yes or no and never a part of what was found. Where a doubt remains the answer is yes:
a refused file costs a minute,
a key in a chat costs a new certificate.
"""

from __future__ import annotations

import re

from chainlib import der

_TEXT_FORMS = re.compile(
    # PEM, OpenSSH, PGP; the dashes may be mangled
    r"(?:BEGIN|END)[\s_]{1,20}(?:[A-Z0-9.#]{1,32}[\s_]{1,20}){0,4}PRIVATE[\s_]{0,20}KEY"
    r"|PuTTY-User-Key-File"
    r"|Private-(?:Lines|MAC|Hash)\s*:"  # the lower half of a PuTTY file
    r"|<(?:InverseQ|DP|DQ)>",  # .NET's RSAKeyValue with its private half
    re.IGNORECASE,
)
_JWK_KIND = re.compile(r"\"kty\"\s*:")
_JWK_SECRET = re.compile(r"\"(?:d|k)\"\s*:\s*\"")
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


def in_text(text: str) -> bool:
    """Whether the text shows a private key.

    PEM of any label, OpenSSH, PGP, PuTTY, a JWK with its secret member, .NET XML.
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

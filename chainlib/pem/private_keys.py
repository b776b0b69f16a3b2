"""Detects private keys in text and bytes, in every form that users paste or upload by mistake.

The result is yes or no and never a part of the key. In doubt it is yes: a refused file costs a
minute, a key in a chat costs a new certificate.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from chainlib import der
from chainlib.pem.base64text import without_separators

_TEXT_FORMS = re.compile(
    # PEM, OpenSSH, PGP; the dashes may be mangled
    r"(?:BEGIN|END)[\s_]{1,20}(?:[A-Z0-9.#]{1,32}[\s_]{1,20}){0,4}PRIVATE[\s_]{0,20}KEY"
    r"|PuTTY[\s-]{0,3}User[\s-]{0,3}Key[\s-]{0,3}File"
    r"|Private-(?:Lines|MAC|Hash)\s*:"  # the lower part of a PuTTY file
    r"|<(?:InverseQ|DP|DQ)>"  # .NET's RSAKeyValue with its private half
    r"|\bprivateExponent\d?\s*:|\bpriv:\s*(?:[0-9a-f]{2}:){8}"  # what `openssl pkey -text` prints
    r"|\bAGE-SECRET-KEY-1",
    re.IGNORECASE,
)
# Each of those forms contains one of these words.
_WORDS_OF_FORMS = ("priv", "putty", "<inverseq>", "<dp>", "<dq>", "age-secret-key-1")
_LIKE_ASCII = "\u0130\u0131\u017f\u212a"  # equal i, s and k once their case is ignored
# A label that is broken across lines, after white space and quote marks were removed.
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
_LONGEST_EXPANSION = 4
_SHORTEST = 24  # characters; no key fits into fewer, only the name of one
_DEEPEST = 5
# An ordinary text is searched about ten times over with everything that it encodes, fifteen at
# most; a text that needs more is hostile and counts as a key. The last limit is for a text of 1
# MiB.
_MAX_EXPANSIONS, _ALWAYS_SEARCHED, _MAX_SEARCHED = 40, 200_000, 20 * 1024 * 1024
_KEY_STORES = re.compile(rb"openssh-key-v1|\xfe\xed\xfe\xed")  # the second is Java's
_LENGTH = rb"(?:[\x10-\x80]|\x81.|\x82..|\x83...)"
# A SEQUENCE that begins with a small INTEGER (PKCS #8, PKCS #1, SEC 1, PKCS #12), or with an
# encryption scheme of PKCS #5 or #12.
_DER_STARTS = re.compile(
    rb"\x30(?=" + _LENGTH + rb"(?:\x02\x01[\x00\x01\x03][\x02\x04\x30]"
    rb"|\x30(?:[\x00-\x80]|\x81.|\x82..)"
    rb"\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05|\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01)))",
    re.DOTALL,
)
# Identifiers of keys alone, and of the contents of PKCS #12. Ed25519's is also that of signatures
# in revocation lists.
_KEY_KINDS = re.compile(
    rb"\x06(?:\x07\x2a\x86\x48\xce(?:\x38\x04\x01|[\x3d\x3e]\x02\x01)"
    rb"|\x09\x2a\x86\x48\x86\xf7\x0d\x01(?:\x01\x01|\x03\x01|\x07[\x01\x02]))"
)
_SMALLEST_SECRET = 16
_MAX_CANDIDATES = 300


def holds_private_key(text: str) -> bool:
    """Whether a text that was typed, pasted or logged contains a private key in any encoding.

    This is the only test for text. Besides what `in_text` finds: labels in other characters or
    broken within words; PKCS #8, PKCS #1, SEC 1, OpenSSH, PKCS #12 and text forms in base64,
    base32, base85, hex, decimal bytes or escapes, compressed or not, nested up to five times; each
    also in the encodings of `text_encodings` (HTML, quoted-printable, URL encoding, escapes).

    Args:
        text: the time is linear in its length, whatever its content.
    """
    if len(text) < _SHORTEST:
        return _shows_key(text)
    from chainlib.pem.nested import words  # noqa: PLC0415 -- as above
    from chainlib.pem.text_encodings import forms  # noqa: PLC0415 -- a third of the patterns, for long texts only

    waiting, seen, searched = [(text, 0)], {text}, 0
    most = min(_MAX_EXPANSIONS * len(text), _MAX_SEARCHED) + _ALWAYS_SEARCHED
    while waiting:
        inner, depth = waiting.pop()
        every = tuple(forms(inner))
        searched += sum(map(len, every))
        if searched > most or any(map(_shows_key, every)):
            return True
        for value in _encoded(every) if depth < _DEEPEST else ():
            if in_bytes(value) or _KEY_STORES.search(value):
                return True
            if (found := words(value)) and found not in seen:
                seen.add(found)
                waiting.append((found, depth + 1))
    return False


def _encoded(every: tuple[str, ...]) -> Iterator[bytes]:
    """What the text encodes as it is, and after all encodings are undone; also decompressed."""
    from chainlib.pem.nested import readings  # noqa: PLC0415 -- as above
    from chainlib.pem.packed import unpacked  # noqa: PLC0415 -- as above

    for form in dict.fromkeys((every[0], every[-1])):
        for value in readings(form):
            yield value
            yield from unpacked(value)


def _shows_key(form: str) -> bool:
    """Whether a fully decoded form of a text contains a private key."""
    spelt = form if form.isascii() else _in_plain_characters(form)
    return in_text(spelt) or bool(_BROKEN_LABEL.search(without_separators(spelt)))


def _in_plain_characters(form: str) -> str:
    folded = unicodedata.normalize("NFKC", form)[: _LONGEST_EXPANSION * len(form)]
    return "".join(c for c in folded.translate(_SPELLINGS) if unicodedata.category(c) != "Cf")


def in_text(text: str) -> bool:
    """Whether the text contains a private key in plain form.

    PEM of any label, OpenSSH, PGP, PuTTY, a JWK with its secret member, .NET XML, OpenSSL's text.
    """
    lowered = text.lower()
    foreign = any(letter in text for letter in _LIKE_ASCII)
    may_show_form = foreign or any(word in lowered for word in _WORDS_OF_FORMS)
    if may_show_form and _TEXT_FORMS.search(text):
        return True
    may_be_jwk = foreign or "kty" in lowered
    return may_be_jwk and bool(_JWK_KIND.search(text) and _JWK_SECRET.search(text))


def in_bytes(data: bytes) -> bool:
    """Whether a private key begins anywhere in the bytes, truncated or not.

    PKCS #8 plain or encrypted, PKCS #1, SEC 1, PKCS #12.
    """
    view = memoryview(data)
    # Certificates contain hardly any such starts; data with many of them is hostile.
    candidates = enumerate(match.start() for match in _DER_STARTS.finditer(data))
    return any(count >= _MAX_CANDIDATES or _is_key(view[start:]) for count, start in candidates)


def _is_key(data: memoryview) -> bool:
    inner = der.children(data, at_most=3)
    if not inner or inner[0].tag == der.SEQUENCE:
        return bool(inner)
    if len(inner) == 1:
        return False
    kind = inner[1].content
    if inner[1].tag == der.SEQUENCE:
        sealed = inner[2:] != () and inner[2].tag == der.OCTET_STRING
        named = kind[:1] == bytes([der.OBJECT_ID])
        return (sealed and named) or _KEY_KINDS.match(kind) is not None
    return inner[1].end - inner[1].start >= _SMALLEST_SECRET

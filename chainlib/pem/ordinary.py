"""Reads files that are only PEM as OpenSSL writes it, which nearly every file is."""

from __future__ import annotations

import re
from typing import Final

from chainlib import der
from chainlib.certificate import Certificate, parse_entry
from chainlib.errors import UnusableFile
from chainlib.pem import private_keys
from chainlib.pem.bag import MAX_CERTIFICATES, CertificateBag
from chainlib.pem.base64text import decode_base64
from chainlib.pem.text import text_of
from chainlib.wording import counted

MAX_BYTES: Final = 1024 * 1024
_BEGIN_LINE, _END_LINE = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_ORDINARY_PEM = re.compile(
    rb"\A(?:\s*" + _BEGIN_LINE + rb"\r?\n(?:[A-Za-z0-9+/=]{1,76}\r?\n)+" + _END_LINE + rb")+\s*"
)
EXAMPLE: Final = "send certificates as PEM (BEGIN CERTIFICATE), DER or PKCS #7"


def from_ordinary_pem(data: bytes) -> CertificateBag | None:
    """The certificates of a file that is only PEM as OpenSSL writes it; `None` for others.

    Nearly every file is. It needs no decoding, and a private key can only be in a block.
    """
    if not _ORDINARY_PEM.fullmatch(data):
        return None
    certificates: list[Certificate] = []
    for block in data.split(_END_LINE)[:-1]:
        content = decode_base64(block.partition(_BEGIN_LINE)[2].decode("ascii"))
        entry = parse_entry(content) if content and der.spans_all(content) else None
        if not isinstance(entry, Certificate) or shows_key(entry.der):
            return None
        certificates.append(entry)
        if len(certificates) > MAX_CERTIFICATES:
            return None
    return CertificateBag(certificates)


def shows_key(content: bytes) -> bool:
    """Whether the content of a block or value contains a private key."""
    return private_keys.in_bytes(content) or private_keys.in_text(text_of(content))


def check_size(data: bytes) -> None:
    """Raise `UnusableFile` for a file that is empty or over the limit."""
    if len(data) > MAX_BYTES:
        raise UnusableFile(
            "the file holds more than 1 MiB, which is the most that is read; send only the "
            "certificates of one chain"
        )
    if not data.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise UnusableFile(f"the file {_without_content(data)}; {EXAMPLE}")


def _without_content(data: bytes) -> str:
    """The sentence for a file without content.

    An interrupted copy leaves a file of zeros with the length of the real one.
    """
    if not data or data.strip(b"\0"):
        return "is empty"
    return f"holds {counted(len(data), 'byte')}, all of them zero"

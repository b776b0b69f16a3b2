"""Reads the certificates of a PKCS #7 bag (CMS SignedData, RFC 5652 section 5.1)."""

from __future__ import annotations

import warnings

from chainlib import der
from chainlib.certificate import Certificate, UnreadableCertificate, parse_entry
from chainlib.errors import UnusableFile
from chainlib.pem.bag import MAX_CERTIFICATES, too_many

_EXPLICIT, _SET = 0xA0, 0x31


def from_pkcs7(data: bytes, *, what: str) -> list[Certificate]:
    """The certificates of a PKCS #7 bag in DER; `what` names it in the sentence of a refusal.

    Raises:
        UnusableFile: damaged, empty, over the limit, or with an unreadable certificate.
    """
    parsed = _parse_pkcs7(data)
    if parsed is None:
        raise UnusableFile(f"{what} is a damaged PKCS #7 bag; export it again, certificates only")
    if not parsed:
        raise UnusableFile(
            f"{what} is a PKCS #7 bag without certificates; export it again with the "
            "certificates included"
        )
    if len(parsed) > MAX_CERTIFICATES:
        raise UnusableFile(too_many(len(parsed)))
    entries = [parse_entry(one) for one in parsed]
    if any(isinstance(entry, UnreadableCertificate) for entry in entries):
        raise UnusableFile(
            f"{what} is a PKCS #7 bag with a certificate that cannot be read; export it again"
        )
    return [entry for entry in entries if isinstance(entry, Certificate)]


def _parse_pkcs7(data: bytes) -> list[bytes] | None:
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7  # noqa: PLC0415 -- it imports all of `email`

    with warnings.catch_warnings():
        # Windows writes bags in BER, and the library warns of that and of odd serial numbers.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return [c.public_bytes(Encoding.DER) for c in pkcs7.load_der_pkcs7_certificates(data)]
        except Exception:  # noqa: BLE001 -- the parser's errors share no base class; the bag is then split here
            return _certificates_of_bag(data)


def _certificates_of_bag(data: bytes) -> list[bytes] | None:
    """The certificates of a SignedData that contains one which the library refuses."""
    content = next((e for e in der.children(data) if e.tag == _EXPLICIT), None)
    fields = der.children(content.content, at_most=6) if content else ()
    held = next((e for e in fields if e.tag == _EXPLICIT), None)
    # The set of signers comes after them; without it, the bag is damaged.
    if content is None or held is None or fields[-1].tag != _SET:
        return None
    return [bytes(e.encoded) for e in der.elements(held.content, at_most=MAX_CERTIFICATES + 1)]

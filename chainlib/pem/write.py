"""Writes certificates as PEM with Unix line ends (RFC 7468 section 5), which every server reads."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from chainlib.certificate import Certificate

_LINE = 64


def dump_bundle(certificates: Iterable[Certificate]) -> str:
    """The certificates as PEM text, in the order given; empty for none."""
    return "".join(_block(certificate.der) for certificate in certificates)


def _block(der: bytes) -> str:
    text = base64.b64encode(der).decode("ascii")
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])

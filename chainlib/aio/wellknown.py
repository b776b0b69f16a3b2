"""Mozilla's CAs from certifi, in place of the gateway's own list of well-known CAs.

Azure does not publish its list, so results based on it say "probably".
"""

from __future__ import annotations

import binascii
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from chainlib.certificate import Certificate
from chainlib.errors import MalformedCertificate
from chainlib.model import TrustAnchors, TrustMode

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----\s([^-]*)-----END CERTIFICATE-----")


@cache
def load_well_known() -> TrustAnchors:
    """Load certifi's roots, once.

    The first call reads a file, so make it outside the event loop.

    Raises:
        MalformedCertificate: certifi's bundle is damaged.
    """
    roots = tuple(map(Certificate.from_bundle, _ders(_bundle().read_bytes())))
    return TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=roots)


def _bundle() -> Path:
    """The path of certifi's roots.

    It is derived from the package's location: certifi's own function imports `importlib.resources`,
    `zipfile` and `tempfile`, a tenth of the time of `appgw check`. Distributions that replace the
    bundle by the system's ship no file there; then that function is called.
    """
    found = find_spec("certifi")
    if found is not None and found.origin is not None:
        beside = Path(found.origin).with_name("cacert.pem")
        if beside.is_file():
            return beside
    import certifi  # noqa: PLC0415 -- slow, and rarely needed

    return Path(certifi.where())


def _ders(bundle: bytes) -> list[bytes]:
    # Not `load_certificates`: the bundle is not hostile, and every start of the program waits for
    # it. Parsing all of its roots, of which few checks need any, takes a thirtieth of a check.
    try:
        found = [binascii.a2b_base64(block) for block in _BLOCK.findall(bundle)]
    except binascii.Error as error:
        raise MalformedCertificate(f"certifi's bundle cannot be read: {error}") from error
    if not found:
        raise MalformedCertificate("certifi's bundle cannot be read: it holds no certificate")
    return found

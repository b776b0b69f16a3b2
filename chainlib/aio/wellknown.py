"""The stand-in for the gateway's own list of well-known CAs: Mozilla's, as certifi ships it.

Azure publishes none, so say "probably".
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from chainlib.certificate import Certificate
from chainlib.errors import MalformedCertificate
from chainlib.model import TrustAnchors, TrustMode


@cache
def load_well_known() -> TrustAnchors:
    """Read certifi's roots, once.

    The first call reads a file, so make it outside of the event loop.

    Raises:
        MalformedCertificate: certifi's bundle is damaged.
    """
    roots = tuple(Certificate.from_bundle(parsed) for parsed in _parse(_bundle().read_bytes()))
    return TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=roots)


def _bundle() -> Path:
    """Where certifi's roots lie.

    Looked for beside the package: its own function imports `importlib.resources`, and with it
    `zipfile` and `tempfile`, a tenth of the time that `appgw check` takes. Distributions that give
    the package the system's roots ship no file there; then it is asked.
    """
    found = find_spec("certifi")
    if found is not None and found.origin is not None:
        beside = Path(found.origin).with_name("cacert.pem")
        if beside.is_file():
            return beside
    import certifi  # noqa: PLC0415 -- slow, and rarely needed

    return Path(certifi.where())


def _parse(bundle: bytes) -> list[x509.Certificate]:
    # Not `load_certificates`: the bundle is no hostile input, and every start of the program waits
    # for it.
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", CryptographyDeprecationWarning
        )  # one root has the serial number zero
        try:
            return x509.load_pem_x509_certificates(bundle)
        except ValueError as error:
            raise MalformedCertificate(f"certifi's bundle cannot be read: {error}") from error

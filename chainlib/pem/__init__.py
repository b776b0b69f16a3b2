"""Reads certificate files (PEM, DER, PKCS #7) and writes PEM bundles.

The input is hostile: it is bounded, and a private key is never repeated. Every refusal is one
`UnusableFile` with one sentence about what was found. Refusals are raised outside `except` blocks,
so that no lower-level error, which may contain the input, is attached to them.
"""

from chainlib.pem.bag import MAX_CERTIFICATES, CertificateBag
from chainlib.pem.private_keys import holds_private_key
from chainlib.pem.read import MAX_BYTES, load_certificates, load_uploaded
from chainlib.pem.write import dump_bundle

__all__ = [
    "MAX_BYTES",
    "MAX_CERTIFICATES",
    "CertificateBag",
    "dump_bundle",
    "holds_private_key",
    "load_certificates",
    "load_uploaded",
]

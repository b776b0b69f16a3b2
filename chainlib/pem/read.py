"""Reads certificate files: any file, and the `data` of an upload to a gateway."""

from __future__ import annotations

from chainlib.errors import UnusableFile
from chainlib.pem.bag import CertificateBag
from chainlib.pem.ordinary import MAX_BYTES, check_size, from_ordinary_pem

__all__ = ["MAX_BYTES", "load_certificates", "load_uploaded"]


def load_certificates(data: bytes) -> CertificateBag:
    """Read every certificate of a file.

    Args:
        data: PEM with any text around, DER, or PKCS #7 in either form; at most 1 MiB and 100
            certificates.

    Returns:
        The certificates in the order of the file; `ordered` is false if a PKCS #7 bag, which has no
        order, was among them.

    Raises:
        PrivateKeyFound: a private key is anywhere in it, in any form.
        UnusableFile: empty, over the limits, damaged, or no certificates.
    """
    check_size(data)
    ordinary = from_ordinary_pem(data)
    if ordinary is not None:
        return ordinary
    from chainlib.pem.unusual import load_unusual  # noqa: PLC0415 -- imports ten modules that few files need

    return load_unusual(data)


def load_uploaded(data: str) -> CertificateBag:
    """Read the `data` member of an uploaded trusted root or authentication certificate.

    It is base64 of the uploaded file.

    Raises:
        PrivateKeyFound, UnusableFile: as in `load_certificates`.
    """
    if not data.strip("\ufeff \t\r\n"):
        raise UnusableFile(
            "the upload is empty; ARM leaves `data` out when the certificate lies in Key Vault"
        )
    encoded = data.encode("utf-8", "replace")
    check_size(encoded)
    return load_certificates(encoded)

"""Rules for settings that name a file; its content is read within limits and never shown."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

MAX_BUNDLE = 64 * 1024 * 1024
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def read(path: Path, limit: int) -> bytes:
    """Read a regular file.

    Raises:
        OSError: it does not exist, is no regular file (reading a pipe or a device may never end),
            or is larger than `limit` bytes.
    """
    if path.exists() and not path.is_file():
        raise OSError(0, "it is not a regular file")
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(0, f"it is larger than {limit // 2**20} MiB")
    return content


def path(example: str) -> Callable[[object], Path]:
    """A rule for the name of a file or folder."""

    def rule(value: object) -> Path:
        if not isinstance(value, str | Path) or not str(value).strip().isprintable():
            raise ValueError(
                "is not a path; write it on one line, in quotes in appgw.yaml, for example "
                f"{example}"
            )
        return Path(str(value).strip())

    return rule


def ca_bundle(value: Path) -> Path:
    """A file with at least one certificate that OpenSSL accepts as a CA."""
    example = "name a PEM file, for example /etc/ssl/contoso.pem"
    content = _read(value, example)
    if _BEGIN not in content:
        raise ValueError(f"holds no certificate in PEM; {example}, with {_BEGIN.decode()}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=value)
    except OSError:
        raise ValueError(
            f"holds a certificate that cannot be read; {example}, with every block as its CA "
            "gave it out"
        ) from None
    return value


def intermediates(value: Path) -> Path:
    """A file with issuer certificates: PEM, or the CCADB's CSV with its column 'PEM Info'.

    A file with a private key is refused.
    """
    example = "name a PEM or CCADB CSV file, for example /etc/appgw/intermediates.pem"
    content = _read(value, example)
    if b"PRIVATE KEY-----" in content:
        raise ValueError(
            "holds a private key; leave only certificates in it, for example those of "
            "/etc/appgw/intermediates.pem"
        )
    if _BEGIN not in content:
        raise ValueError(f"holds no certificate; {example}")
    return value


def _read(value: Path, example: str) -> bytes:
    try:
        return read(value, MAX_BUNDLE)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror}); {example}") from None

"""Parses option values: certificate files, names, instants.

Every error is one sentence with an example.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from chainlib import (
    Certificate,
    CertificateBag,
    GatewayPolicy,
    HttpProbeRule,
    PrivateKeyFound,
    Sku,
    TrustAnchors,
    TrustMode,
    UnusableFile,
    load_certificates,
)
from chainlib.aio import load_well_known
from chainlib.frozen import dataclass

MAX_FILE_BYTES = 1024 * 1024
MAX_TIMEOUT_S = 600.0
_PIPE_PATIENCE_S = 10.0
_CHUNK = 65536


class InputError(Exception):
    """The command line or a file is invalid; the text is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedCertificates:
    """Certificates given as text instead of a file.

    Attributes:
        name: how error messages refer to them.
        text: PEM.
    """

    name: str
    text: str

    def __str__(self) -> str:
        """The name."""
        return self.name


CertificateSource = Path | PastedCertificates


def read_certificates(source: CertificateSource) -> CertificateBag:
    """Read one certificate file (PEM, DER or PKCS #7) or a pasted text.

    Raises `InputError`, which names the source and what was found.
    """
    try:
        data = _read(source) if isinstance(source, Path) else source.text.encode()
        return load_certificates(data)
    except OSError as error:
        raise InputError(
            f"{source} cannot be read: {os.strerror(error.errno) if error.errno else error}."
        ) from None
    except PrivateKeyFound as error:
        raise InputError(f"{source}: {error}") from None
    except UnusableFile as error:
        raise InputError(f"{source}: {error}") from error


def _read(path: Path) -> bytes:
    """Read the file's bytes, at most one more than the limit.

    A pipe without a writer gives an error instead of waiting for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    data = bytearray()
    try:
        while len(data) <= MAX_FILE_BYTES:
            if not select.select([descriptor], [], [], _PIPE_PATIENCE_S)[0]:
                raise InputError(
                    f"{path} is a pipe that gave nothing for {_PIPE_PATIENCE_S:g} seconds; "
                    "write for example --root root.pem."
                )
            chunk = os.read(descriptor, _CHUNK)
            if not chunk:
                break
            data += chunk
    finally:
        os.close(descriptor)
    return bytes(data[: MAX_FILE_BYTES + 1])


def read_all(sources: Sequence[CertificateSource]) -> tuple[Certificate, ...]:
    """Every certificate of several sources in the given order, without repetitions."""
    return tuple(
        dict.fromkeys(
            certificate for source in sources for certificate in read_certificates(source)
        )
    )


def instant(text: str | None) -> datetime:
    """An ISO 8601 instant, UTC unless it carries an offset; `None` is now. Raises `InputError`."""
    if text is None:
        return datetime.now(tz=UTC)
    try:
        # RFC 3339 allows `t` and `z` in lower case
        parsed = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        raise InputError(
            f"--at {text!r} is not an ISO 8601 time; write for example --at 2026-12-01T09:00:00Z."
        ) from None
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise InputError(
            f"--at {text!r} is outside the calendar; write for example --at 2026-12-01T09:00:00Z."
        ) from None


def seconds(timeout: float) -> float:
    """The seconds of `--timeout`; raises `InputError` for too few, too many or no number."""
    if not 0 < timeout <= MAX_TIMEOUT_S:
        raise InputError(
            f"--timeout {timeout:g} is not possible: more than 0 and at most {MAX_TIMEOUT_S:g} "
            "seconds; write for example --timeout 12."
        )
    return timeout


def sku(text: str) -> Sku:
    """`v1` or `v2`; raises `InputError`."""
    try:
        return Sku(text.strip().lower())
    except ValueError:
        raise InputError(f"--sku {text!r} is not known; write --sku v1 or --sku v2.") from None


def anchors(
    roots: Sequence[CertificateSource],
    auth_certificates: Sequence[CertificateSource],
    generation: Sku,
) -> TrustAnchors:
    """The gateway's trust anchors.

    Exact leaf certificates for v1, uploaded roots for v2, or the well-known CAs if nothing was
    given.
    """
    if generation is Sku.V1:
        if roots:
            raise InputError("--root is for v2 gateways; on v1 write --auth-cert leaf.cer instead.")
        return TrustAnchors(
            mode=TrustMode.AUTH_CERTIFICATES, certificates=read_all(auth_certificates)
        )
    if auth_certificates:
        raise InputError(
            "--auth-cert is for v1 gateways; write --sku v1 --auth-cert leaf.cer, or --root "
            "root.cer for v2."
        )
    if roots:
        return TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=read_all(roots))
    return load_well_known()


def policy(
    *,
    trust: TrustAnchors,
    generation: Sku,
    name: str | None,
    live_name: str | None,
    validate_chain: bool,
    validate_name: bool,
    http: HttpProbeRule | None,
) -> GatewayPolicy:
    """The gateway's requirements, from the options."""
    return GatewayPolicy(
        anchors=trust,
        sku=generation,
        validate_chain=validate_chain,
        validate_name=validate_name,
        name=name,
        live_names=(live_name,) if live_name else (),
        public_roots=load_well_known().certificates
        if trust.mode is TrustMode.UPLOADED_ROOTS
        else (),
        http=http,
    )

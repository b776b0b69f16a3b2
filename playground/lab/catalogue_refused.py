"""Recipes for certificates that OpenSSL refuses or doubts, and for a backend without HTTP."""

from __future__ import annotations

from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from chainlib import Code
from playground.lab import pki
from playground.lab.authority import DAY, Authority
from playground.lab.pki import Issued
from playground.lab.recipe import BackendRecipe, World
from playground.lab.servers import TlsBackend, respond_raw
from playground.lab.starts import full, nothing, serve

_SMALL_BITS: Final = 1024


@cache
def _small_key(_authority: object = None) -> rsa.RSAPrivateKey:
    """Cached: an RSA key takes longer than all other keys together."""
    return rsa.generate_private_key(public_exponent=65537, key_size=_SMALL_BITS)


def _limited(authority: Authority, leaf: Issued) -> tuple[Issued, ...]:
    """An upper intermediate that may sign leaves only, with the same name and key."""
    upper = pki.intermediate(
        authority.root,
        authority.upper.certificate.common_names[0],
        key=authority.upper.key,
        path_length=0,
    )
    return leaf, authority.issuing, upper


def _stranger(authority: Authority, leaf: Issued) -> tuple[Issued, ...]:
    """An intermediate with the right name whose key has signed nothing here."""
    issuing = pki.intermediate(
        authority.upper, authority.issuing.certificate.common_names[0], key_ids=False
    )
    return leaf, issuing, authority.upper


def _own_ca(world: World, host: str) -> TlsBackend:
    """A certificate that signed itself and may sign others."""
    now = world.contoso.now
    issued = pki.leaf(
        None,
        host,
        ca=True,
        key_usage=pki.CA_USAGE | pki.LEAF_USAGE,
        not_before=now - 21 * DAY,
        not_after=now + 344 * DAY,
    )
    return TlsBackend(chain=[issued.certificate], key=issued.key)


REFUSED: Final[tuple[BackendRecipe, ...]] = (
    BackendRecipe(
        name="weak-key",
        description="its key is smaller than OpenSSL wants",
        expected=Code.WEAK_CRYPTO,
        start=serve(full, leaf={"key": _small_key}),
    ),
    BackendRecipe(
        name="client-only",
        description="a certificate for clients alone",
        expected=Code.VERIFY_FAILED,
        start=serve(full, leaf={"eku": (ExtendedKeyUsageOID.CLIENT_AUTH,)}),
    ),
    BackendRecipe(
        name="limited-ca",
        description="an intermediate that may not sign other CAs",
        expected=Code.CA_CONSTRAINT_VIOLATED,
        start=serve(_limited),
    ),
    BackendRecipe(
        name="other-key",
        description="an intermediate of the right name that did not sign the certificate",
        expected=Code.SIGNATURE_INVALID,
        start=serve(_stranger, leaf={"key_ids": False}),
    ),
    BackendRecipe(
        name="own-ca",
        description="signed by itself as a CA, and the gateway was given no root",
        expected=Code.SERVER_UNKNOWN_CA,
        start=_own_ca,
        roots=nothing,
    ),
    BackendRecipe(
        name="no-http",
        description="answers the probe with something that is not HTTP",
        expected=Code.HTTP_FAILED,
        start=serve(full, http=respond_raw(b"220 mail.contoso.test ESMTP\r\n")),
    ),
)

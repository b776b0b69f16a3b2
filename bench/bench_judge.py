"""What a judgement costs beside the verifiers it leans on.

The same chain of leaf, intermediate and root.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from bench.figures import Figure, micros
from chainlib import (
    Certificate,
    GatewayPolicy,
    PresentedChain,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    explain,
    judge,
)
from chainlib.openssl import verify_path
from playground.lab import pki

HOST = "backend.contoso.com"


def run() -> Iterator[Figure]:
    """Microseconds for one chain, and ours as a ratio to OpenSSL's verification."""
    root = pki.root()
    issuing = pki.intermediate(root)
    leaf = pki.leaf(issuing, HOST)
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(root.certificate,))
    policy = GatewayPolicy(anchors=anchors, name=HOST)
    tls = TlsSession(version="TLSv1.3", cipher="x")
    chain = PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=(leaf.certificate, issuing.certificate),
        tls=tls,
    )
    store = Store([root.certificate.parsed])

    def pyca() -> object:
        verifier = (
            PolicyBuilder().store(store).time(pki.NOW).build_server_verifier(x509.DNSName(HOST))
        )
        return verifier.verify(leaf.certificate.parsed, [issuing.certificate.parsed])

    openssl = micros(
        lambda: verify_path(leaf.certificate, [issuing.certificate], [root.certificate], at=pki.NOW)
    )
    ours = micros(lambda: explain(judge(chain, policy, at=pki.NOW)))
    yield Figure(
        name="OpenSSL verifies the path (X509_verify_cert, new store)", value=openssl, unit="us"
    )
    yield Figure(name="cryptography's verifier", value=micros(pyca), unit="us")
    yield Figure(name="judge and explain", value=ours, unit="us")
    yield Figure(name="judge and explain, ratio to OpenSSL", value=ours / openssl, unit="x", goal=4)
    yield Figure(
        name="read one certificate with all its facts",
        value=micros(lambda: Certificate.from_der(leaf.certificate.der)),
        unit="us",
    )

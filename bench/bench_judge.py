"""Cost of a verdict compared with the verifiers that it uses, for RSA and ECDSA.

One chain of leaf, intermediate and root. CPU time of this process; ratios between medians of
interleaved rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, cycle

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.verification import PolicyBuilder, Store
from OpenSSL import crypto

from bench.figures import Figure, cpu_micros, medians
from bot.checks.probe import rehearse
from chainlib import (
    Certificate,
    GatewayPolicy,
    HttpProbeRule,
    PresentedChain,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    Verdict,
    explain,
    judge,
)
from chainlib.judge import LISTS
from chainlib.openssl import _verified_undated
from playground.lab import pki
from playground.lab.pki import Issued

HOST = "backend.contoso.com"
_KEYS: dict[str, Callable[[], pki.Key]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "ECDSA": lambda: ec.generate_private_key(ec.SECP256R1()),
}
_RATIO_GOAL, _PER_SECOND_GOAL = 1.5, 2000
ROUNDS, LOOPS = 15, 100
VERIFY, PARSE = "pyOpenSSL verifies, store kept", "pyOpenSSL parses and verifies"
JUDGE, AGAIN = "judge", "judge the same list at another instant"
UNSEEN = "judge a list whose path was never verified"
WHOLE, REHEARSE = "judge and explain from DER", "rehearse a good chain"
_INSTANTS = (pki.NOW + timedelta(seconds=number) for number in count())
# What was judged is remembered by its policy: so many, one after the other, are judged anew.
_POLICIES = 2 * LISTS


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """One chain and its policy."""

    leaf: Issued
    issuing: Issued
    root: Issued

    @property
    def policy(self) -> GatewayPolicy:
        """The root uploaded, the host's name asked for."""
        anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(self.root.certificate,))
        return GatewayPolicy(anchors=anchors, name=HOST)

    def policies(self) -> Iterator[GatewayPolicy]:
        """Policies with the same requirements of the list, too many to be remembered, for ever."""
        paths = (HttpProbeRule(path=f"/{number}") for number in range(_POLICIES))
        return cycle([replace(self.policy, http=rule) for rule in paths])

    @property
    def sent(self) -> tuple[Certificate, ...]:
        """Leaf and intermediate."""
        return self.leaf.certificate, self.issuing.certificate

    def chain(self) -> PresentedChain:
        """As a server sent it."""
        return _presented(self.sent)


def _presented(certificates: tuple[Certificate, ...]) -> PresentedChain:
    return PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=certificates,
        tls=TlsSession(version="TLSv1.3", cipher="x"),
    )


def run() -> Iterator[Figure]:
    """Microseconds for one chain, and ours as ratios to pyOpenSSL's verification."""
    for kind, make_key in _KEYS.items():
        root = pki.root(key=make_key())
        issuing = pki.intermediate(root, key=make_key())
        leaf = pki.leaf(issuing, HOST, key=make_key())
        yield from _figures(kind, _Subject(leaf=leaf, issuing=issuing, root=root))


def _figures(kind: str, subject: _Subject) -> Iterator[Figure]:
    taken = dict(medians(_round(subject) for _ in range(ROUNDS)))
    for name, value in taken.items():
        yield Figure(name=f"{kind}: {name}", value=value, unit="us")
    for name, beside in ((JUDGE, VERIFY), (AGAIN, VERIFY), (UNSEEN, VERIFY), (WHOLE, PARSE)):
        yield Figure(
            name=f"{kind}: {name} / {beside}",
            value=taken[name] / taken[beside],
            unit="x",
            goal=_RATIO_GOAL,
        )
    # The goal is a lower bound; the figure is inverted to time per chain, so that less is better.
    yield Figure(
        name=f"{kind}: {REHEARSE} ({1e6 / taken[REHEARSE]:,.0f} a second)",
        value=taken[REHEARSE],
        unit="us",
        goal=1e6 / _PER_SECOND_GOAL,
    )


def _round(subject: _Subject) -> dict[str, float]:
    """Microseconds of each, one after the other, so that a slow machine slows all of them."""
    policy, chain, policies = subject.policy, subject.chain(), subject.policies()

    def never_verified() -> Verdict:
        _verified_undated.cache_clear()
        return judge(chain, next(policies), at=pki.NOW)

    return {
        name: cpu_micros(work, rounds=1, loops=LOOPS)
        for name, work in (
            (VERIFY, _bare(subject)),
            ("cryptography verifies", _pyca(subject)),
            (JUDGE, lambda: judge(chain, next(policies), at=pki.NOW)),
            (AGAIN, lambda: judge(chain, policy, at=next(_INSTANTS))),
            (UNSEEN, never_verified),
            (PARSE, _parse_and_verify(subject)),
            (WHOLE, lambda: explain(judge(_again(subject), next(policies), at=pki.NOW))),
            (REHEARSE, lambda: rehearse(subject.sent, next(policies), at=pki.NOW)),
        )
    }


def _again(subject: _Subject) -> PresentedChain:
    """The list read once more from its bytes, as from a handshake."""
    return _presented(tuple(Certificate.from_der(one.der) for one in subject.sent))


def _bare(subject: _Subject) -> Callable[[], object]:
    store = _store(subject)
    leaf, issuing = (crypto.X509.from_cryptography(one.parsed) for one in subject.sent)
    return lambda: crypto.X509StoreContext(store, leaf, [issuing]).verify_certificate()


def _parse_and_verify(subject: _Subject) -> Callable[[], object]:
    store = _store(subject)

    def work() -> None:
        leaf, issuing = (
            crypto.load_certificate(crypto.FILETYPE_ASN1, one.der) for one in subject.sent
        )
        crypto.X509StoreContext(store, leaf, [issuing]).verify_certificate()

    return work


def _store(subject: _Subject) -> crypto.X509Store:
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(subject.root.certificate.parsed))
    store.set_time(pki.NOW.replace(tzinfo=None))
    return store


def _pyca(subject: _Subject) -> Callable[[], object]:
    store = Store([subject.root.certificate.parsed])
    leaf, issuing = (one.parsed for one in subject.sent)

    def work() -> object:
        builder = PolicyBuilder().store(store).time(pki.NOW)
        return builder.build_server_verifier(x509.DNSName(HOST)).verify(leaf, [issuing])

    return work

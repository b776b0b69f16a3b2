"""Each way of being wrong, by name, and the exact set of codes that it must give.

No more, no fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from chainlib import (
    Basis,
    Certificate,
    Code,
    GatewayPolicy,
    HandshakeError,
    HandshakeErrorKind,
    HttpFailure,
    HttpFailureKind,
    HttpProbeRule,
    HttpResponse,
    LiveChain,
    PresentedChain,
    Severity,
    Sku,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    UndecodableRoot,
    UnreadableCertificate,
    UploadedRoot,
    explain,
    judge,
)
from playground.lab import pki
from playground.lab.pki import NOW, Issued

NAME = "backend.contoso.com"
OTHER_NAME = "shop.contoso.com"
PAST, FUTURE = NOW - timedelta(days=40), NOW + timedelta(days=40)


@dataclass(frozen=True)
class World:
    """One private CA with two tiers of intermediates, and a stranger."""

    root: Issued = field(default_factory=pki.root)
    stranger: Issued = field(default_factory=lambda: pki.root("Fabrikam Root"))

    def __post_init__(self) -> None:
        """Issue the tiers below the root."""
        upper = pki.intermediate(self.root, "Contoso Policy CA")
        lower = pki.intermediate(upper, "Contoso Issuing CA 3")
        object.__setattr__(self, "upper", upper)
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "leaf", pki.leaf(lower, NAME))
        object.__setattr__(self, "foreign", pki.intermediate(self.stranger, "Fabrikam Issuing CA"))

    upper: Issued = field(init=False)
    lower: Issued = field(init=False)
    leaf: Issued = field(init=False)
    foreign: Issued = field(init=False)


W = World()


def chain(*sent: Issued, **overrides: object) -> PresentedChain:
    """A captured chain in the order given."""
    base = PresentedChain(
        target=Target(host=NAME, server_name=NAME),
        certificates=tuple(s.certificate for s in sent),
        tls=TlsSession(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"),
    )
    return replace(base, **overrides)  # type: ignore[arg-type]


def trusting(*roots: Issued, **overrides: object) -> GatewayPolicy:
    """A v2 setting with these uploaded roots.

    None means the well-known mode with the stranger as its only public CA.
    """
    mode = TrustMode.UPLOADED_ROOTS if roots else TrustMode.WELL_KNOWN
    anchors = roots or (W.stranger,)
    base = GatewayPolicy(
        anchors=TrustAnchors(mode=mode, certificates=tuple(r.certificate for r in anchors)),
        name=NAME,
    )
    return replace(base, **overrides)  # type: ignore[arg-type]


def v1(*certificates: Issued) -> GatewayPolicy:
    """A v1 setting with these authentication certificates."""
    anchors = TrustAnchors(
        mode=TrustMode.AUTH_CERTIFICATES, certificates=tuple(c.certificate for c in certificates)
    )
    return GatewayPolicy(anchors=anchors, sku=Sku.V1, name=NAME)


Scene = Callable[[], tuple[PresentedChain, GatewayPolicy]]
SCENES: dict[str, tuple[Scene, str, set[str]]] = {}


def scene(headline: str, *others: str) -> Callable[[Scene], Scene]:
    """Register a scene under its function's name with its headline and the other codes."""

    def register(build: Scene) -> Scene:
        SCENES[build.__name__] = (build, headline, {headline, *others} - {"OK"})
        return build

    return register


@scene("OK")
def complete() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper), trusting(W.root)


@scene("OK", "CHAIN_EXTRA")
def complete_with_root() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper, W.root), trusting(W.root)


@scene("OK")
def complete_public() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.foreign, NAME), W.foreign), trusting()


@scene("OK")
def issued_directly_by_root() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME)), trusting(W.root)


@scene("INTERMEDIATE_MISSING")
def leaf_only() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf), trusting(W.root)


@scene("INTERMEDIATE_MISSING")
def leaf_only_well_known() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf), trusting()


@scene("INTERMEDIATE_MISSING")
def lower_missing() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.upper), trusting(W.root)


@scene("INTERMEDIATE_MISSING", "CHAIN_EXTRA")
def upper_missing_root_sent() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.root), trusting(W.root)


@scene("INTERMEDIATE_MISSING", "SERVER_UNKNOWN_CA", "CHAIN_EXTRA")
def leaf_and_private_root_well_known() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.root), trusting()


@scene("NO_UPLOADED_ROOT_SIGNS_CHAIN")
def upper_missing() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower), trusting(W.root)


@scene("NO_UPLOADED_ROOT_SIGNS_CHAIN")
def wrong_root_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper), trusting(W.stranger)


@scene("INTERMEDIATE_UNKNOWN_CA")
def private_root_not_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper), trusting()


@scene("SERVER_UNKNOWN_CA", "CHAIN_EXTRA")
def private_root_sent_not_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper, W.root), trusting()


@scene("ROOT_MISMATCH", "CHAIN_EXTRA")
def root_sent_another_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper, W.root), trusting(W.stranger)


@scene("ROOT_NOT_ATTACHED", "ROOT_MISMATCH", "CHAIN_EXTRA")
def root_lies_unattached() -> tuple[PresentedChain, GatewayPolicy]:
    lying = UploadedRoot(name="corp-root-2024", certificate=W.root.certificate)
    return chain(W.leaf, W.lower, W.upper, W.root), trusting(W.stranger, unattached=(lying,))


@scene("INTERMEDIATE_UNKNOWN_CA", "ROOT_NOT_ATTACHED")
def root_lies_unattached_nothing_attached() -> tuple[PresentedChain, GatewayPolicy]:
    lying = UploadedRoot(name="corp-root-2024", certificate=W.root.certificate)
    return chain(W.leaf, W.lower, W.upper), trusting(unattached=(lying,))


@scene("NO_UPLOADED_ROOT_SIGNS_CHAIN")
def root_lies_on_other_gateway() -> tuple[PresentedChain, GatewayPolicy]:
    lying = UploadedRoot(
        name="corp-root-2024",
        certificate=W.root.certificate,
        gateway="other-gw",
        on_other_gateway=True,
    )
    return chain(W.leaf, W.lower, W.upper), trusting(W.stranger, unattached=(lying,))


@scene("UPLOADED_ROOT_UNUSABLE", "NO_UPLOADED_ROOT_SIGNS_CHAIN")
def intermediate_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper), trusting(W.upper)


@scene("UPLOADED_ROOT_UNUSABLE", "NO_UPLOADED_ROOT_SIGNS_CHAIN")
def leaf_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper), trusting(W.leaf)


@scene("UPLOADED_ROOT_UNUSABLE")
def uploaded_intermediate_beside_its_root() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower), trusting(W.root, W.upper)


@scene("UPLOADED_ROOT_UNUSABLE")
def undecodable_upload() -> tuple[PresentedChain, GatewayPolicy]:
    policy = trusting(W.root)
    broken = UndecodableRoot(name="corp-root-2019", reason="not base64")
    return chain(W.leaf, W.lower, W.upper), replace(
        policy, anchors=replace(policy.anchors, undecodable=(broken,))
    )


@scene("UPLOADED_ROOT_UNUSABLE", "CERTIFICATE_EXPIRED")
def uploaded_root_expired() -> tuple[PresentedChain, GatewayPolicy]:
    root = pki.root("Old Root", not_after=PAST)
    return chain(pki.leaf(root, NAME)), trusting(root)


@scene("UPLOADED_ROOT_UNUSABLE", "CA_CONSTRAINT_VIOLATED")
def uploaded_root_is_no_ca() -> tuple[PresentedChain, GatewayPolicy]:
    root = pki.root("Home-made Root", ca=None, key_usage=None)
    return chain(pki.leaf(root, NAME)), trusting(root)


@scene("LEAF_MISSING")
def ca_certificates_only() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.lower, W.upper), trusting(W.root)


@scene("LEAF_MISSING")
def uploaded_root_alone() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.root), trusting(W.root)


@scene("LEAF_MISSING")
def root_alone_in_a_file() -> tuple[PresentedChain, GatewayPolicy]:
    own = pki.root("corp-root", key_usage=None)
    return chain(own, tls=None), trusting(own, name=None)


@scene("OK")
def self_signed_ca_of_one_label_on_the_wire() -> tuple[PresentedChain, GatewayPolicy]:
    own = pki.root("web01", key_usage=None)
    return chain(own), trusting(own, name=None)


@scene("OK")
def self_signed_ca_for_a_host_in_a_file() -> tuple[PresentedChain, GatewayPolicy]:
    own = pki.root("web01.contoso.com", key_usage=None)
    return chain(own, tls=None), trusting(own, name=None)


@scene("LEAF_NOT_FIRST")
def leaf_second() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.lower, W.leaf, W.upper), trusting(W.root)


@scene("LEAF_NOT_FIRST", "CHAIN_OUT_OF_ORDER")
def upside_down() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.upper, W.lower, W.leaf), trusting(W.root)


@scene("LEAF_NOT_FIRST", "CHAIN_EXTRA")
def stranger_before_leaf() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.foreign, W.leaf, W.lower, W.upper), trusting(W.root)


@scene("CHAIN_OUT_OF_ORDER")
def intermediates_swapped() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.upper, W.lower), trusting(W.root)


@scene("CHAIN_OUT_OF_ORDER", "CHAIN_EXTRA")
def root_in_the_middle() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.root, W.lower, W.upper), trusting(W.root)


@scene("OK", "CHAIN_EXTRA")
def duplicate_and_stranger() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.lower, W.foreign, W.upper), trusting(W.root)


@scene("CHAIN_EXTRA")
def stale_extra() -> tuple[PresentedChain, GatewayPolicy]:
    old = pki.intermediate(W.stranger, "Fabrikam Old CA", not_after=PAST)
    return chain(W.leaf, W.lower, W.upper, old), trusting(W.root)


@scene("OK", "CHAIN_EXTRA")
def cross_sign_beside_trusted_root() -> tuple[PresentedChain, GatewayPolicy]:
    cross = pki.intermediate(W.stranger, "Contoso Root G2", key=W.root.key)
    return chain(W.leaf, W.lower, W.upper, cross), trusting(W.root)


@scene("OK")
def cross_sign_is_the_way_to_trust() -> tuple[PresentedChain, GatewayPolicy]:
    cross = pki.intermediate(W.stranger, "Contoso Root G2", key=W.root.key)
    return chain(W.leaf, W.lower, W.upper, cross), trusting(W.stranger)


@scene("ROOT_MISMATCH", "CHAIN_EXTRA")
def root_reissued_with_same_key() -> tuple[PresentedChain, GatewayPolicy]:
    reissued = pki.root("Contoso Root G2", key=W.root.key, not_after=NOW + timedelta(days=900))
    return chain(W.leaf, W.lower, W.upper, reissued), trusting(W.root)


@scene("NO_UPLOADED_ROOT_SIGNS_CHAIN")
def same_name_other_key() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf, W.lower, W.upper), trusting(pki.root("Contoso Root G2"))


@scene("SIGNATURE_INVALID")
def same_name_other_key_without_key_ids() -> tuple[PresentedChain, GatewayPolicy]:
    real, twin = pki.root("Plain Root", key_ids=False), pki.root("Plain Root", key_ids=False)
    return chain(pki.leaf(real, NAME, key_ids=False)), trusting(twin)


@scene("SELF_SIGNED_NOT_CA")
def self_signed() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(None, NAME)), trusting()


@scene("SELF_SIGNED_NOT_CA", "UPLOADED_ROOT_UNUSABLE")
def self_signed_and_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    own = pki.leaf(None, NAME)
    return chain(own), trusting(own)


@scene("OK")
def self_signed_ca_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    own = pki.leaf(None, NAME, ca=True, key_usage=None)
    return chain(own), trusting(own)


@scene("SERVER_UNKNOWN_CA")
def self_signed_ca_not_uploaded() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(None, NAME, ca=True, key_usage=None)), trusting()


@scene("VERIFY_FAILED")
def self_signed_ca_that_may_only_sign() -> tuple[PresentedChain, GatewayPolicy]:
    own = pki.leaf(None, NAME, ca=True, key_usage=pki.CA_USAGE)
    return chain(own), trusting(own)


@scene("VERIFY_FAILED")
def client_only_leaf() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME, eku=(pki.ExtendedKeyUsageOID.CLIENT_AUTH,))), trusting(
        W.root
    )


@scene("INTERMEDIATE_MISSING", "VERIFY_FAILED")
def client_only_leaf_without_intermediate() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.lower, NAME, eku=(pki.ExtendedKeyUsageOID.CLIENT_AUTH,))), trusting(
        W.root
    )


@scene("CA_CONSTRAINT_VIOLATED")
def intermediate_is_no_ca() -> tuple[PresentedChain, GatewayPolicy]:
    fake = pki.intermediate(W.root, "Not A CA", ca=False, key_usage=None)
    return chain(pki.leaf(fake, NAME), fake), trusting(W.root)


@scene("CA_CONSTRAINT_VIOLATED")
def path_too_long() -> tuple[PresentedChain, GatewayPolicy]:
    short = pki.intermediate(W.root, "Short CA", path_length=0)
    below = pki.intermediate(short, "Below CA")
    return chain(pki.leaf(below, NAME), below, short), trusting(W.root)


@scene("CERTIFICATE_EXPIRED")
def leaf_expired() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(
        pki.leaf(W.root, NAME, not_before=NOW - timedelta(days=400), not_after=PAST)
    ), trusting(W.root)


@scene("CERTIFICATE_EXPIRED")
def intermediate_expired() -> tuple[PresentedChain, GatewayPolicy]:
    old = pki.intermediate(W.root, "Old CA", not_after=PAST)
    return chain(pki.leaf(old, NAME), old), trusting(W.root)


@scene("CERTIFICATE_NOT_YET_VALID")
def leaf_not_yet_valid() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME, not_before=FUTURE)), trusting(W.root)


@scene("CHAIN_EXTRA")
def expired_twin_of_a_good_intermediate() -> tuple[PresentedChain, GatewayPolicy]:
    good = pki.intermediate(W.root, "Twin CA")
    old = pki.intermediate(W.root, "Twin CA", key=good.key, not_after=PAST)
    return chain(pki.leaf(good, NAME), old, good), trusting(W.root)


@scene("CERTIFICATE_EXPIRING")
def leaf_expiring() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME, not_after=NOW + timedelta(days=10))), trusting(W.root)


@scene("OK")
def short_lived_leaf_in_its_first_half() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(
        pki.leaf(
            W.root, NAME, not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=5)
        )
    ), trusting(W.root)


@scene("NAME_MISMATCH")
def wrong_name() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, "api.contoso.com")), trusting(W.root)


@scene("NAME_MISMATCH")
def name_only_in_cn_beside_a_san() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME, dns=("api.contoso.com",))), trusting(W.root)


@scene("OK")
def name_only_in_cn() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME, dns=())), trusting(W.root)


@scene("NAME_MISMATCH", "NO_SNI")
def asked_by_address() -> tuple[PresentedChain, GatewayPolicy]:
    leaf = pki.leaf(W.root, NAME, ips=("10.0.0.5",))
    return chain(leaf, target=Target(host="10.0.0.5")), trusting(W.root, name="10.0.0.5")


@scene("LIVE_NAME_MISMATCH")
def live_name_not_in_leaf() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME)), trusting(W.root, live_names=(OTHER_NAME,))


@scene("LIVE_NAME_MISMATCH")
def live_chain_is_refused() -> tuple[PresentedChain, GatewayPolicy]:
    live = LiveChain(name=OTHER_NAME, certificates=(pki.leaf(W.lower, OTHER_NAME).certificate,))
    return chain(pki.leaf(W.root, NAME), live=(live,)), trusting(W.root, live_names=(OTHER_NAME,))


@scene("OK")
def live_chain_is_another_good_one() -> tuple[PresentedChain, GatewayPolicy]:
    live = LiveChain(name=OTHER_NAME, certificates=(pki.leaf(W.root, OTHER_NAME).certificate,))
    return chain(pki.leaf(W.root, NAME), live=(live,)), trusting(W.root, live_names=(OTHER_NAME,))


@scene("OK", "DEFAULT_CERTIFICATE_DIFFERS")
def default_certificate_differs() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME), without_server_name=(W.leaf.certificate,)), trusting(
        W.root
    )


@scene("VALIDATION_OFF", "INTERMEDIATE_MISSING")
def validation_off_hides_a_gap() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf), trusting(W.root, validate_chain=False)


@scene("VALIDATION_OFF", "NAME_MISMATCH")
def name_check_off() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, "api.contoso.com")), trusting(W.root, validate_name=False)


@scene("NAME_MISMATCH", "VALIDATION_OFF", "INTERMEDIATE_MISSING")
def chain_check_off_name_wrong() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.lower, "api.contoso.com")), trusting(W.root, validate_chain=False)


@scene("AUTH_CERTIFICATE_MISMATCH")
def v1_renewed_leaf() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.lower, NAME)), v1(W.leaf)


@scene("AUTH_CERTIFICATE_MISMATCH")
def v1_without_certificates() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf), v1()


@scene("OK")
def v1_exact_leaf_alone() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(W.leaf), v1(W.leaf)


@scene("CLIENT_CERTIFICATE_REQUIRED")
def client_certificate_required() -> tuple[PresentedChain, GatewayPolicy]:
    error = HandshakeError(kind=HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED, detail="alert 116")
    return chain(pki.leaf(W.root, NAME), handshake_error=error), trusting(W.root)


@scene("TLS_FAILED")
def handshake_broke_after_the_list() -> tuple[PresentedChain, GatewayPolicy]:
    error = HandshakeError(kind=HandshakeErrorKind.RESET, detail="connection reset")
    return chain(pki.leaf(W.root, NAME), handshake_error=error), trusting(W.root)


@scene("CERTIFICATE_UNREADABLE")
def unreadable_entry() -> tuple[PresentedChain, GatewayPolicy]:
    sent = (
        pki.leaf(W.root, NAME).certificate,
        UnreadableCertificate(der=b"\x30\x03junk", reason="not X.509"),
    )
    error = HandshakeError(kind=HandshakeErrorKind.OTHER, detail="bad certificate")
    return chain(certificates=sent, handshake_error=error), trusting(W.root)


HTTP = HttpProbeRule(body="healthy")


@scene("HTTP_STATUS_MISMATCH")
def http_status() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(pki.leaf(W.root, NAME), http=HttpResponse(status=500)), trusting(W.root, http=HTTP)


@scene("HTTP_BODY_MISMATCH")
def http_body() -> tuple[PresentedChain, GatewayPolicy]:
    return chain(
        pki.leaf(W.root, NAME), http=HttpResponse(status=200, body_matched=False)
    ), trusting(W.root, http=HTTP)


@scene("PROBE_TIMEOUT")
def http_timeout() -> tuple[PresentedChain, GatewayPolicy]:
    failure = HttpFailure(kind=HttpFailureKind.TIMEOUT, detail="30 s")
    return chain(pki.leaf(W.root, NAME), http=failure), trusting(W.root, http=HTTP)


def test_answer_not_awaited_as_long_says_so() -> None:
    """Our own time may be shorter than the probe's.

    An answer after it would be fine for the gateway.
    """
    failure = HttpFailure(kind=HttpFailureKind.TIMEOUT, detail="", waited=9.3)
    sent = chain(pki.leaf(W.root, NAME), http=failure)
    (finding,) = judge(sent, trusting(W.root, http=HTTP), at=NOW).findings
    assert finding.summary.endswith("within 9.3 seconds; the gateway waits 30.")
    assert (finding.basis, finding.evidence["waited"]) == (Basis.INFERRED, 9.3)


@scene("HTTP_FAILED")
def http_closed() -> tuple[PresentedChain, GatewayPolicy]:
    failure = HttpFailure(kind=HttpFailureKind.CLOSED, detail="EOF")
    return chain(pki.leaf(W.root, NAME), http=failure), trusting(W.root, http=HTTP)


@scene("CLIENT_CERTIFICATE_REQUIRED", "HTTP_STATUS_MISMATCH")
def http_403_after_certificate_request() -> tuple[PresentedChain, GatewayPolicy]:
    tls = TlsSession(version="TLSv1.3", cipher="x", client_certificate_requested=True)
    return chain(pki.leaf(W.root, NAME), http=HttpResponse(status=403), tls=tls), trusting(
        W.root, http=HTTP
    )


@pytest.mark.parametrize("named", SCENES, ids=str)
def test_judge_gives_exactly_these_codes(named: str) -> None:
    build, headline, codes = SCENES[named]
    presented, policy = build()
    verdict = judge(presented, policy, at=NOW)
    assert {f.code.value for f in verdict.findings} == codes, [
        f"{f.severity}:{f.code} {f.summary}" for f in verdict.findings
    ]
    assert verdict.headline.value == headline


@pytest.mark.parametrize("named", SCENES, ids=str)
def test_judge_accepts_only_without_critical(named: str) -> None:
    build, headline, _ = SCENES[named]
    verdict = judge(*build(), at=NOW)
    warnings_only = {"OK", "VALIDATION_OFF", "CERTIFICATE_EXPIRING", "CHAIN_EXTRA"}
    expected = headline in warnings_only or named in {
        "uploaded_intermediate_beside_its_root",
        "undecodable_upload",
        "root_reissued_with_same_key",
    }
    assert verdict.accepted is expected
    assert verdict.accepted is not any(f.severity is Severity.CRITICAL for f in verdict.findings)


def test_judge_names_the_missing_issuer() -> None:
    leaf = pki.leaf(W.lower, NAME, ca_issuers=("http://ca.contoso.com/issuing3.cer",))
    found = judge(chain(leaf), trusting(W.root), at=NOW).findings[0]
    assert (found.certificate, found.evidence["missing_subject"]) == (0, "CN=Contoso Issuing CA 3")
    assert found.evidence["aia"] == ["http://ca.contoso.com/issuing3.cer"]


def test_public_ca_with_uploaded_roots_is_recognised() -> None:
    leaf = pki.leaf(W.foreign, NAME)
    policy = trusting(W.root, public_roots=(W.stranger.certificate,))
    found = judge(chain(leaf, W.foreign), policy, at=NOW).findings[0]
    assert (found.code, found.evidence["kind"]) == (
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        "public-ca-with-uploaded-roots",
    )


def test_pkcs7_order_is_not_judged() -> None:
    verdict = judge(chain(W.upper, W.leaf, W.lower, ordered=False), trusting(W.root), at=NOW)
    assert verdict.headline is Code.OK
    assert any("order" in phrase for phrase in verdict.not_checked)


def test_every_validity_edge_agrees_with_openssl() -> None:
    leaf = pki.leaf(W.root, NAME)
    certificate: Certificate = leaf.certificate
    last, first, second = certificate.not_after, certificate.not_before, timedelta(seconds=1)
    heads = [
        judge(chain(leaf), trusting(W.root), at=at).accepted
        for at in (last, last + second, first, first - second)
    ]
    assert heads == [True, False, True, False]


def test_leaf_that_names_itself_gets_possible_steps() -> None:
    namesake = pki.root(NAME)
    policy = GatewayPolicy(
        anchors=TrustAnchors(
            mode=TrustMode.UPLOADED_ROOTS, certificates=(pki.root("Contoso Root").certificate,)
        ),
        name=NAME,
    )
    chain = PresentedChain(
        target=Target(host=NAME, server_name=NAME),
        certificates=(pki.leaf(namesake, NAME).certificate,),
        tls=TlsSession(version="TLSv1.3", cipher="x"),
    )
    verdict = judge(chain, policy, at=NOW)
    (found,) = (one for one in verdict.findings if one.code is Code.INTERMEDIATE_MISSING)
    assert found.evidence["kind"] == "names-itself-as-issuer"
    assert found.summary.endswith(f"its own key did not sign it: {NAME}.")
    steps = explain(verdict).fixes[verdict.findings.index(found)].steps
    assert steps[0] == f"Ask the CA's owner which CA signed CN={NAME}: it bears the same name."

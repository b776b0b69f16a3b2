"""Repair: the file for the server, the root for the gateway, and the proof by judging again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainlib import (
    Certificate,
    Code,
    GatewayPolicy,
    HandshakeError,
    HandshakeErrorKind,
    LiveChain,
    PresentedChain,
    Repair,
    Sku,
    Target,
    TrustAnchors,
    TrustMode,
    UnreadableCertificate,
    UploadedRoot,
    load_certificates,
    repair,
)
from playground.lab import pki
from playground.lab.pki import NOW, Issued
from tests.support.sampling import of_all

NAME = "backend.contoso.com"
KEYS = [pki.root(f"key {i}").key for i in range(4)]
ROOT, STRANGER, NEW_ROOT = (
    pki.root(key=KEYS[0]),
    pki.root("Fabrikam Root", key=KEYS[1]),
    pki.root("Contoso Root G3", key=KEYS[2]),
)
UPPER = pki.intermediate(ROOT, "Contoso Policy CA")
LOWER = pki.intermediate(UPPER, "Contoso Issuing CA 3")
LEAF = pki.leaf(LOWER, NAME)
FOREIGN = pki.intermediate(STRANGER, "Fabrikam Issuing CA")
# The same CA, signed once by the old root and once by the new one.
CROSS = pki.intermediate(NEW_ROOT, "Contoso Root G2", key=KEYS[0])
COMPLETE = (LEAF.certificate, LOWER.certificate, UPPER.certificate)


def chain(*sent: Issued | Certificate | UnreadableCertificate) -> PresentedChain:
    certificates = tuple(s.certificate if isinstance(s, Issued) else s for s in sent)
    return PresentedChain(target=Target(host=NAME, server_name=NAME), certificates=certificates)


def uploaded(*roots: Issued) -> GatewayPolicy:
    return GatewayPolicy(
        anchors=TrustAnchors(
            mode=TrustMode.UPLOADED_ROOTS, certificates=tuple(r.certificate for r in roots)
        ),
        name=NAME,
    )


def well_known(*roots: Issued) -> GatewayPolicy:
    return replace(
        uploaded(*roots),
        anchors=TrustAnchors(
            mode=TrustMode.WELL_KNOWN, certificates=tuple(r.certificate for r in roots)
        ),
    )


def repaired(presented: PresentedChain, policy: GatewayPolicy, *issuers: Issued) -> Repair:
    """The repair, which must exist."""
    found = repair(presented, policy, at=NOW, issuers=[i.certificate for i in issuers])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("presented", "policy"),
    [
        pytest.param(chain(LEAF, LOWER, UPPER), uploaded(ROOT), id="complete"),
        pytest.param(chain(LEAF, LOWER, UPPER, ROOT), uploaded(ROOT), id="root-sent"),
        pytest.param(chain(LEAF, LOWER, UPPER), well_known(ROOT), id="well-known"),
        pytest.param(
            chain(LEAF, FOREIGN, LOWER, UPPER, LOWER, ROOT),
            uploaded(STRANGER, ROOT),
            id="extras-alone",
        ),
        pytest.param(
            chain(pki.leaf(LOWER, "other.contoso.com"), LOWER, UPPER),
            uploaded(ROOT),
            id="wrong-name",
        ),
        pytest.param(
            chain(pki.leaf(LOWER, NAME, not_after=NOW - timedelta(days=1)), LOWER, UPPER),
            uploaded(ROOT),
            id="leaf-expired",
        ),
        pytest.param(chain(pki.leaf(None, NAME)), uploaded(ROOT), id="self-signed-non-ca"),
    ],
)
def test_nothing_to_repair(presented: PresentedChain, policy: GatewayPolicy) -> None:
    assert repair(presented, policy, at=NOW) is None


@pytest.mark.parametrize(
    ("presented", "policy", "issuers"),
    [
        pytest.param(chain(UPPER, LOWER, LEAF), uploaded(ROOT), (), id="upside-down"),
        pytest.param(chain(LEAF, UPPER, LOWER), well_known(ROOT), (), id="swapped"),
        pytest.param(chain(LEAF), uploaded(ROOT), (LOWER, UPPER), id="leaf-only-issuers-known"),
        pytest.param(chain(LEAF, UPPER), uploaded(ROOT), (LOWER,), id="middle-missing"),
        pytest.param(
            chain(LEAF, UnreadableCertificate(der=b"0", reason="x"), LOWER, UPPER),
            uploaded(ROOT),
            (),
            id="unreadable-entry",
        ),
        pytest.param(
            chain(
                LEAF,
                pki.intermediate(
                    UPPER, "Contoso Issuing CA 3", key=LOWER.key, not_after=NOW - timedelta(days=1)
                ),
                UPPER,
            ),
            uploaded(ROOT),
            (LOWER,),
            id="expired-intermediate-renewed",
        ),
    ],
)
def test_server_file_when_certificates_are_known(
    presented: PresentedChain, policy: GatewayPolicy, issuers: tuple[Issued, ...]
) -> None:
    found = repaired(presented, policy, *issuers)
    assert found.chain == COMPLETE
    assert (found.root, found.root_name, found.missing) == (None, None, ())
    assert found.verdict_after is Code.OK
    assert found.chain_pem is not None
    assert load_certificates(found.chain_pem.encode()) == COMPLETE


def test_missing_intermediate_is_named_when_nobody_has_it() -> None:
    leaf = pki.leaf(LOWER, NAME, ca_issuers=("http://pki.contoso.com/ca3.cer",))
    found = repaired(chain(leaf), uploaded(ROOT))
    assert (found.chain, found.chain_pem, found.root_pem) == ((), None, None)
    assert found.verdict_after is Code.INTERMEDIATE_MISSING
    [missing] = found.missing
    assert missing.subject == "CN=Contoso Issuing CA 3"
    assert missing.key_id == (LOWER.certificate.subject_key_id or b"").hex()
    assert missing.ca_issuers == ("http://pki.contoso.com/ca3.cer",)


def test_gap_under_a_sent_root_builds_no_file() -> None:
    found = repaired(chain(LEAF, LOWER, ROOT), uploaded(ROOT))
    assert found.chain == ()
    assert [m.subject for m in found.missing] == ["CN=Contoso Policy CA"]


def test_self_issued_certificate_of_another_key_stays_out() -> None:
    rolled = pki.intermediate(
        ROOT, "Contoso Root G2", key=KEYS[2], key_ids=False
    )  # the new key, signed by the old one
    issuing = pki.intermediate(rolled, "Contoso Issuing CA 9", key_ids=False)
    found = repair(
        chain(pki.leaf(issuing, NAME, key_ids=False), issuing, rolled), uploaded(STRANGER), at=NOW
    )
    assert found is None or (found.root is None and found.verdict_after is not Code.OK)


def test_key_rollover_certificate_is_sent_as_an_intermediate() -> None:
    rolled = pki.intermediate(ROOT, "Contoso Root G2", key=KEYS[2])
    issuing = pki.intermediate(pki.root("Contoso Root G2", key=KEYS[2]), "Contoso Issuing CA 9")
    leaf = pki.leaf(issuing, NAME)
    found = repaired(chain(leaf, issuing), uploaded(ROOT), rolled)
    assert (found.chain, found.root) == (
        (leaf.certificate, issuing.certificate, rolled.certificate),
        None,
    )
    assert found.verdict_after is Code.OK


def test_verdict_without_a_file_stays_unchanged() -> None:
    found = repaired(chain(UPPER, LEAF), uploaded(ROOT))
    assert (found.chain, found.root, found.verdict_after) == ((), None, Code.LEAF_NOT_FIRST)


def test_unknown_root_keeps_the_sorted_file() -> None:
    found = repaired(chain(LEAF, UPPER, LOWER), uploaded(STRANGER))
    assert found.chain == COMPLETE
    assert found.root is None
    assert [m.subject for m in found.missing] == ["CN=Contoso Root G2"]
    assert found.verdict_after is Code.NO_UPLOADED_ROOT_SIGNS_CHAIN


def test_root_for_the_gateway_when_it_was_sent() -> None:
    found = repaired(chain(LEAF, LOWER, UPPER, ROOT), uploaded(STRANGER))
    assert found.unchanged
    assert (found.chain, found.root, found.root_name, found.verdict_after) == (
        (),
        ROOT.certificate,
        None,
        Code.OK,
    )
    assert found.root_pem is not None
    assert load_certificates(found.root_pem.encode()) == (ROOT.certificate,)


@pytest.mark.parametrize(("on_other_gateway", "name"), [(False, "corp-root"), (True, "corp-root")])
def test_root_that_lies_on_a_gateway_is_named(on_other_gateway: bool, name: str) -> None:  # noqa: FBT001 -- the parameter of the table
    lying = UploadedRoot(
        name=name,
        certificate=ROOT.certificate,
        gateway="prod-gw",
        on_other_gateway=on_other_gateway,
    )
    found = repaired(chain(LEAF, LOWER, UPPER), replace(uploaded(STRANGER), unattached=(lying,)))
    assert (found.root, found.root_name, found.verdict_after) == (ROOT.certificate, name, Code.OK)
    assert found.sources == ("Contoso Root G2: on the gateway prod-gw as corp-root",)


def test_own_gateway_before_another_under_two_names() -> None:
    theirs = UploadedRoot(
        name="theirs", certificate=ROOT.certificate, gateway="other-gw", on_other_gateway=True
    )
    own = UploadedRoot(name="ours", certificate=ROOT.certificate, gateway="prod-gw")
    found = repaired(
        chain(LEAF, LOWER, UPPER), replace(uploaded(STRANGER), unattached=(own, theirs))
    )
    assert found.root_name == "ours"


def test_private_root_in_well_known_mode_becomes_uploaded() -> None:
    found = repaired(chain(LEAF, LOWER, UPPER, ROOT), well_known(STRANGER))
    assert (found.chain_pem, found.root, found.verdict_after) == (None, ROOT.certificate, Code.OK)


def test_public_root_is_found_for_uploads_only_settings() -> None:
    found = repaired(
        chain(LEAF, LOWER, UPPER), replace(uploaded(STRANGER), public_roots=(ROOT.certificate,))
    )
    assert (found.root, found.verdict_after) == (ROOT.certificate, Code.OK)
    assert found.sources == ("Contoso Root G2: public root list",)


def test_uploaded_intermediate_gives_way_to_its_root() -> None:
    found = repaired(chain(LEAF, LOWER), uploaded(UPPER), ROOT)
    assert (found.chain, found.root, found.verdict_after) == (COMPLETE, ROOT.certificate, Code.OK)
    assert found.sources == (
        "Contoso Policy CA: uploaded to the gateway",
        "Contoso Root G2: known from elsewhere, its signature checked",
    )


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(uploaded(ROOT), COMPLETE, id="old-root-trusted"),
        pytest.param(uploaded(NEW_ROOT), (*COMPLETE, CROSS.certificate), id="new-root-trusted"),
        pytest.param(uploaded(NEW_ROOT, ROOT), COMPLETE, id="both-trusted-shorter-wins"),
    ],
)
def test_cross_sign_leads_to_what_the_gateway_trusts(
    policy: GatewayPolicy, expected: tuple[Certificate, ...]
) -> None:
    found = repaired(chain(LEAF, UPPER), policy, LOWER, CROSS, ROOT)
    assert (found.chain, found.root, found.verdict_after) == (expected, None, Code.OK)


def test_wrong_parent_with_right_name_is_refused() -> None:
    impostor = pki.intermediate(STRANGER, "Contoso Issuing CA 3", key_ids=False)
    found = repaired(
        chain(pki.leaf(LOWER, NAME, key_ids=False)), uploaded(ROOT, STRANGER), impostor
    )
    assert found.chain == ()
    assert impostor.certificate not in (*found.chain, found.root)


def test_reissued_root_replaces_the_one_of_its_name() -> None:
    """Without key identifiers OpenSSL would try the old one first and never the new one."""
    old, new = (pki.root("Contoso Root", key_ids=False) for _ in range(2))
    answer = repaired(chain(pki.leaf(new, NAME, key_ids=False), new), uploaded(old, ROOT))
    assert (answer.root, answer.verdict_after) == (new.certificate, Code.OK)


def test_issuer_that_is_no_ca_is_never_taken() -> None:
    fake = pki.intermediate(UPPER, "Contoso Issuing CA 3", ca=False, key=LOWER.key)
    assert repaired(chain(LEAF), uploaded(ROOT), fake).chain == ()


def test_supplied_root_is_never_trusted_by_itself() -> None:
    found = repaired(chain(pki.leaf(FOREIGN, NAME)), uploaded(ROOT), FOREIGN, STRANGER)
    assert found.root == STRANGER.certificate, (
        "it is said to belong on the gateway, not silently trusted"
    )


def test_other_faults_stay_in_the_proof() -> None:
    found = repaired(chain(LOWER, pki.leaf(LOWER, "other.contoso.com"), UPPER), uploaded(ROOT))
    assert found.verdict_after is Code.NAME_MISMATCH


def test_validation_off_still_repairs() -> None:
    found = repaired(chain(LEAF, UPPER, LOWER), replace(uploaded(ROOT), validate_chain=False))
    assert (found.chain, found.verdict_after) == (COMPLETE, Code.VALIDATION_OFF)


def test_no_leaf_builds_nothing() -> None:
    found = repaired(chain(LOWER, UPPER), uploaded(ROOT))
    assert (found.chain, found.verdict_after) == ((), Code.LEAF_MISSING)


def test_key_mismatch_ends_once_the_leaf_stands_first() -> None:
    broken = HandshakeError(kind=HandshakeErrorKind.KEY_MISMATCH, detail="key values mismatch")
    found = repaired(replace(chain(LOWER, LEAF, UPPER), handshake_error=broken), uploaded(ROOT))
    assert found.verdict_after is Code.OK


def test_live_and_default_lists_share_one_repair_file() -> None:
    presented = chain(LEAF)
    live = LiveChain(name=NAME, certificates=presented.certificates)
    presented = replace(presented, without_server_name=presented.certificates, live=(live,))
    found = repaired(presented, replace(uploaded(ROOT), live_names=(NAME,)), LOWER, UPPER)
    assert found.verdict_after is Code.OK


def test_v1_is_given_the_leaf_itself() -> None:
    anchors = TrustAnchors(mode=TrustMode.AUTH_CERTIFICATES, certificates=(STRANGER.certificate,))
    policy = GatewayPolicy(anchors=anchors, sku=Sku.V1, name=NAME)
    found = repaired(chain(LEAF, LOWER), policy)
    assert (found.root, found.verdict_after) == (LEAF.certificate, Code.OK)


def test_hundred_equal_cas_are_searched_within_bounds() -> None:
    twins = [pki.intermediate(ROOT, "Twin", key=KEYS[3], issuer_name=None) for _ in range(30)]
    loops = [pki.intermediate(twins[0], "Twin", key=KEYS[3], path_length=i) for i in range(30)]
    found = repaired(chain(LEAF, *loops, pki.leaf(twins[0], NAME)), uploaded(STRANGER), *twins)
    assert found.verdict_after is not Code.OK


@st.composite
def disorder(draw: st.DrawFn) -> Sequence[Certificate]:
    """A complete chain, shuffled, with repetitions, its root and strangers."""
    extras = draw(
        st.lists(
            st.sampled_from([*COMPLETE, ROOT.certificate, FOREIGN.certificate, CROSS.certificate]),
            max_size=4,
        )
    )
    return draw(st.permutations([*COMPLETE, *extras]))


@given(
    sent=disorder(),
    policy=st.sampled_from([uploaded(ROOT), uploaded(STRANGER, ROOT), well_known(ROOT)]),
)
@settings(max_examples=of_all(150, 40), deadline=None)
def test_disordered_complete_chain_repairs_to_the_same_file(
    sent: Sequence[Certificate], policy: GatewayPolicy
) -> None:
    found = repair(chain(*sent), policy, at=NOW)
    if found is not None:
        assert (found.chain, found.root, found.missing, found.verdict_after) == (
            COMPLETE,
            None,
            (),
            Code.OK,
        )


@given(
    sent=st.lists(
        st.sampled_from([*COMPLETE, ROOT.certificate, FOREIGN.certificate]), min_size=1, max_size=6
    ),
    wrong=st.booleans(),
)
@settings(max_examples=of_all(150, 40), deadline=None)
def test_repair_of_a_repair_changes_nothing(sent: Sequence[Certificate], wrong: bool) -> None:  # noqa: FBT001 -- drawn by hypothesis
    policy = uploaded(STRANGER) if wrong else uploaded(ROOT)
    first = repair(chain(*sent), policy, at=NOW, issuers=[ROOT.certificate])
    if first is None or not first.chain:
        return
    again = repair(chain(*first.chain), policy, at=NOW, issuers=[ROOT.certificate])
    assert again is None or (again.unchanged, again.root, again.verdict_after) == (
        True,
        first.root,
        first.verdict_after,
    )


def test_extra_root_in_the_middle_is_repaired() -> None:
    assert repaired(chain(LEAF, LOWER, ROOT, UPPER), uploaded(ROOT)).chain == COMPLETE
    expired = pki.intermediate(
        UPPER, "Contoso Issuing CA 3", key=LOWER.key, not_after=NOW - timedelta(days=1)
    )
    assert repair(chain(LEAF, expired, UPPER, ROOT), uploaded(ROOT), at=NOW) is None


@pytest.mark.parametrize(
    ("policy", "root"),
    [
        pytest.param(uploaded(STRANGER), None, id="other-root"),
        pytest.param(uploaded(UPPER), None, id="intermediate-uploaded"),
        pytest.param(well_known(ROOT), ROOT.certificate, id="root-known-elsewhere"),
    ],
)
def test_what_is_sent_already_is_no_file(policy: GatewayPolicy, root: Certificate | None) -> None:
    policy = replace(policy, public_roots=(root,) if root else ())
    found = repair(chain(LEAF, LOWER, UPPER), policy, at=NOW)
    assert found is None or (found.chain_pem, found.root, found.unchanged) == (None, None, True)

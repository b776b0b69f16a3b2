"""Our name matching against OpenSSL's X509_check_host, over names made to disagree."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from OpenSSL import crypto
from OpenSSL._util import ffi, lib

from chainlib import Certificate
from chainlib.names import identifier_matches, matches
from playground.lab import pki
from tests.support.sampling import of_all

KEY = pki.root("key holder").key
PLAIN = ("a", "ab", "contoso", "com", "www", "xn--bcher-kva", "", "-a", "a-", "foo", "my_app")
STARRED = ("*", "w*", "*w", "f*o", "_*", "a-*", "*-b", "-*", "*-", "xn--*")
LABELS = st.sampled_from(PLAIN + STARRED)
# A reference identifier is a host name: no star, and no empty label (OpenSSL reads a leading dot as
# "anything below").
NAMES = st.lists(
    LABELS.filter(lambda label: label and "*" not in label), min_size=1, max_size=4
).map(".".join)
PATTERNS = st.lists(LABELS, min_size=1, max_size=4).map(".".join).filter(bool)


def openssl_says(certificate: Certificate, name: str) -> bool:
    """X509_verify_cert with the certificate as its own anchor and a host to check."""
    store = crypto.X509Store()
    anchor = crypto.X509.from_cryptography(certificate.parsed)
    store.add_cert(anchor)
    parameter = ffi.gc(lib.X509_VERIFY_PARAM_new(), lib.X509_VERIFY_PARAM_free)
    lib.X509_VERIFY_PARAM_set_flags(parameter, lib.X509_V_FLAG_PARTIAL_CHAIN | 0x200000)
    # OpenSSL takes no malformed host name to check against; such a name never reaches the judge
    # either.
    assume(lib.X509_VERIFY_PARAM_set1_host(parameter, name.encode(), len(name)) == 1)
    lib.X509_STORE_set1_param(store._store, parameter)
    try:
        crypto.X509StoreContext(store, anchor).verify_certificate()
    except crypto.X509StoreContextError as error:
        assert error.errors[0] == 62, error.errors  # noqa: PT017 -- the host must be the only thing that can fail here
        return False
    return True


def certificate_for(*dns: str, cn: str = "cn.contoso.com") -> Certificate:
    """A self-signed certificate that names these."""
    return pki.leaf(None, cn, dns=dns, key=KEY).certificate


@settings(max_examples=of_all(300, 60), deadline=None)
@given(pattern=PATTERNS, name=NAMES)
@example(pattern="*.contoso.com", name="contoso.com")
@example(pattern="*.com", name="contoso.com")
@example(pattern="w*.contoso.com", name="www.contoso.com")
@example(pattern="*.a-", name="ab.a-")
@example(pattern="*.contoso.com", name="xn--bcher-kva.contoso.com")
@example(pattern="*.contoso.com", name="my_app.contoso.com")
@example(pattern="*.my_app.com", name="a.my_app.com")
@example(pattern="my_app.contoso.com", name="my_app.contoso.com")
@example(pattern="m*.contoso.com", name="my_app.contoso.com")
@example(pattern="my_*.contoso.com", name="my_app.contoso.com")
@example(pattern="app-*.contoso.com", name="app-1.contoso.com")
@example(pattern="*-app.contoso.com", name="my-app.contoso.com")
def test_matching_agrees_with_openssl(pattern: str, name: str) -> None:
    certificate = certificate_for(pattern)
    assert matches(certificate, name) is openssl_says(certificate, name)


@pytest.mark.parametrize(
    ("dns", "ips", "cn", "name", "fits"),
    [
        ((), (), "cn.contoso.com", "cn.contoso.com", True),
        (("other.contoso.com",), (), "cn.contoso.com", "cn.contoso.com", False),
        ((), ("10.0.0.5",), "cn.contoso.com", "cn.contoso.com", True),
        (("A.Contoso.COM",), (), "x", "a.contoso.com.", True),
        (("a.contoso.com",), (), "x", "", False),
        ((), (), "bac\u212aend.contoso.com", "backend.contoso.com", False),
    ],
    ids=[
        "cn-without-san",
        "san-wins",
        "address-san-leaves-cn",
        "case-and-final-dot",
        "empty-name",
        "kelvin-sign",
    ],
)
def test_common_name_counts_only_without_dns_names(
    dns: tuple[str, ...],
    ips: tuple[str, ...],
    cn: str,
    name: str,
    fits: bool,  # noqa: FBT001 -- a table's column
) -> None:
    certificate = pki.leaf(None, cn, dns=dns, ips=ips, key=KEY).certificate
    assert matches(certificate, name) is fits


def test_wildcard_covers_one_label_only() -> None:
    assert [
        identifier_matches("*.contoso.com", n)
        for n in ("a.contoso.com", "a.b.contoso.com", ".contoso.com")
    ] == [True, False, False]

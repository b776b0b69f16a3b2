"""Calls OpenSSL through pyOpenSSL; the only module that uses its private bindings.

`tests/chainlib/test_openssl_bindings.py` pins each of them. There are only thin calls that convert
values, no rules of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from OpenSSL import SSL, crypto
from OpenSSL._util import ffi as _ffi
from OpenSSL._util import lib as _lib

from chainlib.certificate import Certificate
from chainlib.frozen import dataclass

_NO_CHECK_TIME = (
    0x200000  # X509_V_FLAG_NO_CHECK_TIME of x509_vfy.h; pyOpenSSL exports no name for it
)
STORES, VERIFIED = 256, 1024
_INNER_CONTENT_TYPE = 257  # SSL3_RT_INNER_CONTENT_TYPE of ssl3.h: what a TLS 1.3 record holds
_UNSPECIFIED = 1  # X509_V_ERR_UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSSLResult:
    """The result of X509_verify_cert.

    Attributes:
        code: X509_V_ERR number, 0 if it accepted.
        depth: depth of the certificate at fault; 0 is the leaf.
        text: OpenSSL's error text.
        chain: the verified chain, leaf first; empty if refused.
    """

    code: int
    depth: int
    text: str
    chain: tuple[Certificate, ...]

    @property
    def accepted(self) -> bool:
        """Whether OpenSSL accepts the path."""
        return self.code == 0

    def as_evidence(self) -> dict[str, object]:
        """Number, text and depth, as the evidence of a finding."""
        return {"code": self.code, "text": self.text, "depth": self.depth}


def verify_path(
    leaf: Certificate,
    untrusted: Iterable[Certificate],
    trusted: Iterable[Certificate],
    *,
    at: datetime | None,
    server_purpose: bool = True,
    partial_chain: bool = False,
) -> OpenSSLResult:
    """Let OpenSSL build and verify a path, trusted certificates first, as a TLS client does.

    Revocation is not checked.

    Args:
        leaf: the certificate to verify.
        untrusted: the other presented certificates, in the order to be tried.
        trusted: the trust anchors.
        at: the instant, time zone aware; `None` ignores dates.
        server_purpose: require the TLS server purpose of the leaf.
        partial_chain: any trusted certificate may end the path, not only a root.
    """
    given, anchors = (leaf, *untrusted), tuple(trusted)
    if at is None:
        return _verified_undated(given, anchors, server_purpose, partial_chain)
    store = _new_store(anchors, at, server_purpose=server_purpose, partial_chain=partial_chain)
    return _verified(given, store)


# A path is right or wrong for good where dates are left out.
@lru_cache(maxsize=VERIFIED)
def _verified_undated(
    given: tuple[Certificate, ...],
    anchors: tuple[Certificate, ...],
    server_purpose: bool,  # noqa: FBT001 -- a key by position is the cheaper one
    partial_chain: bool,  # noqa: FBT001 -- as above
) -> OpenSSLResult:
    return _verified(given, _undated_store(anchors, server_purpose, partial_chain))


def _verified(given: tuple[Certificate, ...], store: _Store) -> OpenSSLResult:
    objects = [certificate.openssl for certificate in given]
    code, depth, addresses = _verify(store.openssl, objects)
    if code:
        return OpenSSLResult(code=code, depth=depth, text=_error_text(code), chain=())
    # The chain contains the same objects that were passed in, so their addresses identify them.
    known = dict(zip(map(_address, objects), given, strict=True))
    chain = tuple(known.get(one) or store.certificates[one] for one in addresses)
    return OpenSSLResult(code=0, depth=0, text="ok", chain=chain)


def _verify(
    store: crypto.X509Store, objects: Sequence[crypto.X509]
) -> tuple[int, int, tuple[int, ...]]:
    """X509_verify_cert(3): error, its depth, and the addresses of the chain's certificates.

    Like `X509StoreContext` of pyOpenSSL, but without creating an object for each certificate.
    """
    beside = _lib.sk_X509_new_null()
    context = _lib.X509_STORE_CTX_new()
    try:
        for one in objects[1:]:
            _lib.sk_X509_push(beside, one._x509)  # noqa: SLF001 -- private binding, pinned by a test
        ready = _lib.X509_STORE_CTX_init(context, store._store, objects[0]._x509, beside)  # noqa: SLF001 -- as above
        if ready == 1 and _lib.X509_verify_cert(context) == 1:
            return 0, 0, _addresses_in(_lib.X509_STORE_CTX_get1_chain(context))
        code = _lib.X509_STORE_CTX_get_error(context) or _UNSPECIFIED
        return code, _lib.X509_STORE_CTX_get_error_depth(context), ()
    finally:
        _lib.X509_STORE_CTX_free(context)
        _lib.sk_X509_free(beside)


def _addresses_in(stack: object) -> tuple[int, ...]:
    """The addresses in a stack of certificates, which is freed here."""
    members = [_lib.sk_X509_value(stack, place) for place in range(_lib.sk_X509_num(stack))]
    addresses = tuple(int(_ffi.cast("uintptr_t", one)) for one in members)
    for one in members:
        _lib.X509_free(one)
    _lib.sk_X509_free(stack)
    return addresses


def _error_text(code: int) -> str:
    words: bytes = _ffi.string(_lib.X509_verify_cert_error_string(code))
    return words.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Store:
    """A trust store of OpenSSL, and its certificates by the address of their OpenSSL object."""

    openssl: crypto.X509Store
    certificates: Mapping[int, Certificate]


@lru_cache(maxsize=STORES)
def _undated_store(
    anchors: tuple[Certificate, ...],
    server_purpose: bool,  # noqa: FBT001 -- a key by position is the cheaper one
    partial_chain: bool,  # noqa: FBT001 -- as above
) -> _Store:
    """Built once per set of anchors, and shared: it is not changed any more."""
    return _new_store(anchors, None, server_purpose=server_purpose, partial_chain=partial_chain)


def _new_store(
    anchors: tuple[Certificate, ...],
    at: datetime | None,
    *,
    server_purpose: bool,
    partial_chain: bool,
) -> _Store:
    store = crypto.X509Store()
    # Read once: where two threads parse a certificate at a time, each has an object of its own.
    objects = [anchor.openssl for anchor in anchors]
    for one in objects:
        store.add_cert(one)
    _configure(store, at, server_purpose=server_purpose, partial_chain=partial_chain)
    known = dict(zip(map(_address, objects), anchors, strict=True))
    return _Store(openssl=store, certificates=known)


def _address(certificate: crypto.X509) -> int:
    return int(_ffi.cast("uintptr_t", certificate._x509))  # noqa: SLF001 -- private binding, pinned by a test


def _configure(
    store: crypto.X509Store, at: datetime | None, *, server_purpose: bool, partial_chain: bool
) -> None:
    if at is None:
        store.set_flags(_NO_CHECK_TIME)
    else:
        store.set_time(at.astimezone(UTC).replace(tzinfo=None))
    if partial_chain:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    if server_purpose:
        # There is no public call for the purpose; without it a client-only leaf would be accepted.
        _lib.X509_STORE_set_purpose(store._store, _lib.X509_PURPOSE_SSL_SERVER)  # noqa: SLF001 -- private binding, pinned by a test


def identifier_name(dotted: str) -> str:
    """OpenSSL's name of an object identifier (OBJ_nid2sn(3)); empty if it has none."""
    number = _lib.OBJ_txt2nid(dotted.encode())
    return _ffi.string(_lib.OBJ_nid2sn(number)).decode("ascii") if number else ""


MessageObserver = Callable[[int, int, bytes], None]


def observe_messages(context: SSL.Context) -> None:
    """Report every received message to the connection's app data (SSL_CTX_set_msg_callback(3)).

    The app data is called as a `MessageObserver` and must not raise. It gets the protocol version
    (0x0303 is TLS 1.2), the content type (21 alert, 22 handshake, 256 the header of a record) and
    the whole decrypted message. This is the only way to get chain entries that cannot be parsed.
    """
    _lib.SSL_CTX_set_msg_callback(context._context, _MESSAGE_CALLBACK)  # noqa: SLF001 -- private binding, pinned by a test


def restrict_groups(context: SSL.Context, groups: str) -> None:
    """Offer only these key exchange groups (SSL_CTX_set1_groups_list(3))."""
    if _lib.SSL_CTX_set1_curves_list(context._context, groups.encode()) != 1:  # noqa: SLF001 -- private binding, pinned by a test
        raise ValueError(f"OpenSSL knows no such groups: {groups}")


def _on_message(
    sent: int,
    version: int,
    content_type: int,
    body: object,
    length: int,
    ssl: object,
    _data: object,
) -> None:
    if sent or content_type == _INNER_CONTENT_TYPE:
        return
    connection = SSL.Connection._reverse_mapping.get(ssl)  # noqa: SLF001 -- pyOpenSSL's own way from SSL* to Connection
    if connection is not None:
        connection.get_app_data()(version, content_type, _ffi.buffer(body, length)[:])


_MESSAGE_CALLBACK = _ffi.callback(
    "void (*)(int, int, int, const void *, size_t, SSL *, void *)", _on_message
)

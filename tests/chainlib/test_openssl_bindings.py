"""Each private binding that `chainlib.openssl` leans on does here what it relies on.

A new pyOpenSSL that drops one fails here first.
"""

from __future__ import annotations

import contextlib

import pytest
from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib

from chainlib.openssl import observe_messages, restrict_groups, verify_path
from playground.lab import pki
from playground.lab.pki import NOW

HANDSHAKE, SERVER_HELLO, CERTIFICATE = 22, 2, 11


def _handshake(client_context: SSL.Context, listener: object) -> tuple[SSL.Connection, pki.Issued]:
    """Two pyOpenSSL connections shake hands in memory."""
    leaf = pki.leaf(None)
    server_context = SSL.Context(SSL.TLS_SERVER_METHOD)
    server_context.use_certificate(leaf.certificate.parsed)
    server_context.use_privatekey(leaf.key)
    client, server = SSL.Connection(client_context, None), SSL.Connection(server_context, None)
    client.set_app_data(listener)
    client.set_connect_state()
    server.set_accept_state()
    for left, right in ((client, server), (server, client), (client, server)):
        _step(left)
        right.bio_write(left.bio_read(65536))
    _step(server)
    return client, leaf


def _step(connection: SSL.Connection) -> None:
    with contextlib.suppress(SSL.WantReadError):
        connection.do_handshake()


@pytest.mark.parametrize(
    "version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["tls-1.2", "tls-1.3"]
)
def test_message_callback_delivers_received_messages(version: int) -> None:
    heard: list[tuple[int, int, bytes]] = []
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(version)
    observe_messages(context)
    _, leaf = _handshake(context, lambda *message: heard.append(message))
    bodies = {body[0]: (number, body) for number, kind, body in heard if kind == HANDSHAKE}
    assert SERVER_HELLO in bodies
    number, body = bodies[CERTIFICATE]
    assert number == version
    assert leaf.certificate.der in body


def test_message_callback_finds_its_connection() -> None:
    """The map from SSL* to Connection in pyOpenSSL: each connection sees only its own messages."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    connection = SSL.Connection(context, None)
    assert SSL.Connection._reverse_mapping.get(connection._ssl) is connection


def test_groups_restricted() -> None:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    restrict_groups(context, "P-384")
    client = SSL.Connection(context, None)
    client.set_connect_state()
    _step(client)
    assert b"\x00\x0a\x00\x04\x00\x02\x00\x18" in client.bio_read(65536)


def test_groups_unknown() -> None:
    with pytest.raises(ValueError, match="no such groups: nonsense"):
        restrict_groups(SSL.Context(SSL.TLS_CLIENT_METHOD), "nonsense")


def test_purpose_restricts_the_leaf() -> None:
    root = pki.root()
    client_only = pki.leaf(root, eku=(pki.ExtendedKeyUsageOID.CLIENT_AUTH,)).certificate
    asked = verify_path(client_only, (), (root.certificate,), at=NOW)
    unasked = verify_path(client_only, (), (root.certificate,), at=NOW, server_purpose=False)
    assert (asked.code, unasked.code) == (26, 0)


def test_names_exist() -> None:
    """What the calls above go through, by name, so that a failure says which one has gone."""
    assert lib.X509_PURPOSE_SSL_SERVER == 2
    assert ffi.typeof(lib.X509_STORE_set_purpose).kind == "function"
    assert ffi.typeof(lib.SSL_CTX_set_msg_callback).kind == "function"
    assert ffi.typeof(lib.SSL_CTX_set1_sigalgs_list).kind == "function"
    assert SSL.Context(SSL.TLS_CLIENT_METHOD)._context is not None
    assert crypto.X509Store()._store is not None


def test_verified_chain_holds_the_objects_handed_in() -> None:
    root = pki.root()
    issuing = pki.intermediate(root)
    leaf = pki.leaf(issuing)
    trusted, beside, own = (
        crypto.X509.from_cryptography(one.certificate.parsed) for one in (root, issuing, leaf)
    )
    store = crypto.X509Store()
    store.add_cert(trusted)
    store.set_time(NOW.replace(tzinfo=None))
    verified = crypto.X509StoreContext(store, own, [beside]).get_verified_chain()
    assert [one._x509 for one in verified] == [own._x509, beside._x509, trusted._x509]

"""The TLS client without I/O: any bytes are an outcome, never an exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainlib.handshake import Breakage, ClientHandshake, Failure, alert_name
from chainlib.handshake.failure import from_openssl
from chainlib.handshake.messages import certificate_list
from chainlib.handshake.offer import GATEWAY_OFFER, V1_OFFER, TlsOffer, TlsVersion, context_for

TLS_1_2, TLS_1_3 = 0x0303, 0x0304
ENTRIES = st.lists(st.binary(min_size=1, max_size=40), max_size=12)


def _vector(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size) + data


def _message_1_2(entries: list[bytes]) -> bytes:
    return b"\x0b" + _vector(_vector(b"".join(_vector(entry, 3) for entry in entries), 3), 3)


def _message_1_3(entries: list[bytes], extension: bytes, context: bytes) -> bytes:
    listed = b"".join(_vector(entry, 3) + _vector(extension, 2) for entry in entries)
    return b"\x0b" + _vector(_vector(context, 1) + _vector(listed, 3), 3)


@given(ENTRIES)
def test_certificate_list_1_2(entries: list[bytes]) -> None:
    assert certificate_list(_message_1_2(entries), TLS_1_2) == tuple(entries)


@given(ENTRIES, st.binary(max_size=9), st.binary(max_size=9))
def test_certificate_list_1_3(entries: list[bytes], extension: bytes, context: bytes) -> None:
    assert certificate_list(_message_1_3(entries, extension, context), TLS_1_3) == tuple(entries)


@given(st.binary(max_size=200), st.sampled_from([TLS_1_2, TLS_1_3]))
def test_certificate_list_of_anything(message: bytes, version: int) -> None:
    assert all(certificate_list(message, version))


def test_certificate_list_cut_keeps_whole_entries() -> None:
    message = _message_1_2([b"first", b"second"])
    assert certificate_list(message[:-1], TLS_1_2) == (b"first",)


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=4))
def test_receive_anything(chunks: list[bytes]) -> None:
    client = ClientHandshake(server_name="backend.contoso.com")
    assert client.start()
    for chunk in chunks:
        client.receive(chunk)
    assert not client.finished
    assert client.certificates == ()


@given(st.binary(max_size=60), st.sampled_from([b"\x15\x03\x03", b"\x16\x03\x03"]))
def test_receive_anything_in_a_record(body: bytes, start: bytes) -> None:
    client = ClientHandshake()
    client.start()
    client.receive(start + _vector(body, 2))
    assert client.certificates == ()


@pytest.mark.parametrize(
    ("first", "broken"),
    [
        (b"\x16", False),
        (b"\x15\x03", False),
        (b"\x16\x03\x01", False),
        (b"H", True),
        (b"\x16\x02", True),
        (b"\x00\x03", True),
    ],
    ids=["handshake", "alert", "old-record-version", "text", "ssl-2", "no-record"],
)
def test_first_bytes(first: bytes, broken: bool) -> None:  # noqa: FBT001 -- a table column
    client = ClientHandshake()
    client.start()
    client.receive(first)
    assert (client.failure is not None) is broken


def test_break_off_keeps_first_failure() -> None:
    client = ClientHandshake()
    client.break_off(Breakage.TIMEOUT, "first")
    client.break_off(Breakage.CLOSED, "second")
    assert client.failure == Failure(kind=Breakage.TIMEOUT, detail="first")
    assert client.receive(b"\x16\x03\x03") == b""
    assert client.encrypt(b"GET") == b""


def test_warning_alert_is_no_failure() -> None:
    """Old servers warn with unrecognized_name and go on."""
    client = ClientHandshake(server_name="other")
    client.start()
    client.receive(b"\x15\x03\x03\x00\x02\x01\x70")
    assert client.failure is None


def test_warning_alert_is_not_the_cause() -> None:
    client = ClientHandshake(server_name="other")
    client.start()
    client.receive(b"\x15\x03\x03\x00\x02\x01\x70" + b"\x16\x03\x03\x00\x08garbage!")
    assert client.failure is not None
    assert (client.failure.kind, client.failure.alert) == (Breakage.OTHER, None)


def test_server_name_in_client_hello() -> None:
    assert b"backend.contoso.com" in ClientHandshake(server_name="backend.contoso.com").start()


@pytest.mark.parametrize(
    ("reasons", "alert", "kind"),
    [
        (["tlsv1 unrecognized name"], 112, Breakage.ALERT),
        (["tlsv1 alert protocol version"], 70, Breakage.VERSION),
        (["unsupported protocol"], None, Breakage.VERSION),
        (["excessive message size"], None, Breakage.LIST_TOO_LARGE),
        (["invalid padding", "bad signature"], None, Breakage.KEY_MISMATCH),
        (["something new"], None, Breakage.OTHER),
        ([], None, Breakage.OTHER),
    ],
    ids=["alert", "alert-version", "older", "too-large", "key", "unknown", "nothing"],
)
def test_failure_named(reasons: list[str], alert: int | None, kind: Breakage) -> None:
    assert from_openssl(reasons, alert).kind is kind


def test_alert_names() -> None:
    assert (alert_name(116), alert_name(200)) == ("certificate_required", "number 200")


def test_context_shared_per_offer() -> None:
    assert context_for(GATEWAY_OFFER) is context_for(TlsOffer())
    assert context_for(GATEWAY_OFFER) is not context_for(V1_OFFER)


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        (TlsOffer(), b"\x00\x2b\x00\x05\x04\x03\x04\x03\x03"),
        (TlsOffer(minimum=TlsVersion.TLS_1_3), b"\x00\x2b\x00\x03\x02\x03\x04"),
    ],
    ids=["gateway", "1.3-only"],
)
def test_offered_versions(offer: TlsOffer, expected: bytes) -> None:
    assert expected in ClientHandshake(offer).start()


def test_certificates_are_not_compressed() -> None:
    """A compressed Certificate message (RFC 8879) has another type; it must not be offered."""
    assert b"\x00\x1b\x00\x03\x02" not in ClientHandshake().start()
    assert b"\x00\x1b\x00\x05\x04" not in ClientHandshake().start()

"""Makes seeds for the fuzzer: one folder of small, valid inputs for each target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from OpenSSL import SSL

from chainlib.handshake import ClientHandshake
from playground.lab.pki import Issued, intermediate, leaf, root

_HTTP = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nok\r\n0\r\n\r\n"
    ),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)
_MESSAGES = (
    (
        "The root certificate of the server certificate used by the backend does not match the "
        "trusted root certificate added to the application gateway."
    ),
    (
        "Received invalid status code: 401 in the backend server's HTTP response. As per the "
        "health "
        "probe configuration, 200-399 is the acceptable status code."
    ),
)
_COMMANDS = (
    "backend.contoso.com:8443 sni=a.contoso.com path=/health watch=15m private",
    "subscribe gw:rg/prod-gw every=weekly day=mon at=08:30 tz=Europe/Berlin not=pool:test*",
    "<https://backend.contoso.com/a?b=c|backend.contoso.com>",
    "mute gw:prod-gw 2h renewal in progress",
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/prod-gw",
)
_ALERT = {
    "text": "Application Gateway prod-gw: 502",
    "attachments": [{"fields": [{"title": "backend", "value": "backend.contoso.com:8443"}]}],
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*host* 10.0.0.4"}}],
}
_PAYLOAD = {
    "type": "block_actions",
    "team": {"id": "T1"},
    "user": {"id": "U1", "team_id": "T1"},
    "channel": {"id": "C1"},
    "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1"},
    "message": {"ts": "1.2", "blocks": []},
    "actions": [{"action_id": "check_again", "value": '{"q":"backend.contoso.com"}'}],
    "view": {"private_metadata": "{}", "state": {"values": {"target": {"a": {"value": "x"}}}}},
}
_GATEWAY = {
    "id": _COMMANDS[-1],
    "name": "prod-gw",
    "properties": {
        "backendAddressPools": [{"name": "p", "properties": {"backendAddresses": [{"fqdn": "a"}]}}],
        "backendHttpSettingsCollection": [{"name": "s", "properties": {"protocol": "Https"}}],
        "backendHealth": {"backendAddressPools": []},
    },
}


def write_corpora(folder: Path) -> None:
    """Write the seeds of every target below `folder`, one folder for each target's name."""
    top = root()
    issuing = intermediate(top)
    chain = (leaf(issuing), issuing, top)
    seeds = {
        "files": list(_files(chain)),
        "server-messages": [_flight(chain, SSL.TLS1_2_VERSION), _flight(chain, SSL.TLS1_3_VERSION)],
        "http-answer": list(_HTTP),
        "arm-document": [json.dumps(_GATEWAY).encode()],
        "arm-message": [text.encode() for text in _MESSAGES],
        "command": [text.encode() for text in _COMMANDS],
        "slack-payload": [json.dumps(_PAYLOAD).encode()],
        "alert": [json.dumps(_ALERT).encode()],
    }
    for name, inputs in seeds.items():
        (folder / name).mkdir(parents=True)
        for number, data in enumerate(inputs):
            (folder / name / f"seed{number}").write_bytes(data)


def _files(chain: tuple[Issued, ...]) -> Iterator[bytes]:
    parsed = [issued.certificate.parsed for issued in chain]
    yield b"".join(issued.pem for issued in chain)
    yield b"".join(b"> " + line for line in chain[0].pem.splitlines(keepends=True))
    yield parsed[0].public_bytes(Encoding.DER)
    yield serialize_certificates(parsed, Encoding.DER)
    yield serialize_certificates(parsed, Encoding.PEM)


def _flight(chain: tuple[Issued, ...], version: int) -> bytes:
    """What an OpenSSL server answers to our ClientHello."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_max_proto_version(version)
    context.use_certificate(chain[0].certificate.parsed)
    context.use_privatekey(chain[0].key)
    for issued in chain[1:]:
        context.add_extra_chain_cert(issued.certificate.parsed)
    server = SSL.Connection(context, None)
    server.set_accept_state()
    server.bio_write(ClientHandshake().start())
    try:
        server.do_handshake()
    except SSL.WantReadError:
        return server.bio_read(1 << 16)
    raise AssertionError("the server finished before the client spoke")

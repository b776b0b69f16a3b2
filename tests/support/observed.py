"""Reads a record of `appgw observe` and judges it again.

Certificates come from the record if it contains them; otherwise new ones are made that are linked
in the same way.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.azure.messages import recognise
from bot.reports.anonymous_record import KIND, SCHEMA
from chainlib import (
    Certificate,
    GatewayPolicy,
    PresentedChain,
    Severity,
    Sku,
    Target,
    TrustAnchors,
    TrustMode,
    judge,
)
from playground.lab import pki

Json = Mapping[str, Any]
HOST = "server-1.example"
NAMES = {"fits": HOST, "wildcard": "*.example", "other": "other.example"}
TOP = {"kind", "schema", "appgw", "month", "gateway", "servers"}
SERVER = {"pool", "setting", "server", "gateway", "ours", "agrees", "chain"}


def faults(record: Json) -> Iterator[str]:
    """What is wrong with a record, or with today's verdict on it."""
    if record.get("kind") != KIND or record.get("schema") != SCHEMA or set(record) < TOP:
        yield "this is no record of appgw observe"
        return
    for place, server in enumerate(record["servers"]):
        missing = SERVER - set(server)
        if missing:
            yield f"server {place} lacks {', '.join(sorted(missing))}"
            continue
        yield from (f"server {place}: {fault}" for fault in _faults_of(server, record["gateway"]))


def _faults_of(server: Json, gateway: Json) -> Iterator[str]:
    said = server["gateway"]
    code = recognise(said["message"], said["error_name"]).code.value
    if said["code"] is not None and code != said["code"]:
        yield f"the message is read as {code}, not as {said['code']}"
    if not server["agrees"] and not server.get("explained"):
        yield "the gateway and we disagreed, and nothing explains why"
    if server["chain"] is not None:
        critical = judged(server, gateway)
        if critical != server["chain"]["critical"]:
            yield f"the chain is judged {critical}, not {server['chain']['critical']}"


def judged(server: Json, gateway: Json) -> list[str]:
    """The critical codes of the chain alone, by today's rules."""
    chain, setting = server["chain"], server["setting"]
    at = datetime.fromisoformat(chain["at"]) if chain["at"] else pki.NOW
    certificates = (
        [Certificate.from_der(base64.b64decode(der)) for der in chain["der"]]
        if chain["der"]
        else list(_made(chain["certificates"], at))
    )
    name = chain["reference"] or (HOST if chain["name"] else None)
    policy = GatewayPolicy(
        anchors=TrustAnchors(
            mode=TrustMode(chain["trust"]),
            certificates=tuple(certificates[place] for place in chain["trusted"]),
            hidden=tuple(f"root-{number}" for number in range(chain["hidden_roots"])),
        ),
        sku=Sku(gateway["sku"]),
        validate_chain=setting["validate_chain"],
        validate_name=setting["validate_name"],
        name=name,
    )
    sent = PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=tuple(certificates[place] for place in chain["sent"]),
    )
    found = judge(sent, policy, at=at).findings
    return sorted({f.code.value for f in found if f.severity is Severity.CRITICAL})


def _made(shapes: list[Json], at: datetime) -> Iterator[Certificate]:
    """New certificates of these shapes, with keys of their own."""
    numbers = {shape["key"] for shape in shapes}
    keys = {number: ec.generate_private_key(ec.SECP256R1()) for number in numbers}
    for shape in shapes:
        signer = keys.get(shape["signed_by"]) or ec.generate_private_key(ec.SECP256R1())
        spec = pki.Spec(
            cn=None,
            subject=_name(shape["subject"]),
            issuer_name=_name(shape["issuer"]),
            dns=tuple(dict.fromkeys(NAMES[one] for one in shape["names"])),
            ca=shape["ca"],
            key_usage=None if shape["signs_certificates"] is None else _usage(shape),
            not_before=at - timedelta(hours=shape["hours_old"]),
            not_after=at + timedelta(hours=shape["hours_left"]),
            key=keys[shape["key"]],
        )
        above = pki.issue(pki.Spec(cn="signer", key=signer), None)
        yield pki.issue(spec, above).certificate


def _usage(shape: Json) -> frozenset[str]:
    return pki.CA_USAGE if shape["signs_certificates"] else pki.LEAF_USAGE


def _name(number: int) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"name-{number}")])

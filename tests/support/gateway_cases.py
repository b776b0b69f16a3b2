"""Runs gateway documents that people really had, with backends made for them.

A document contains ARM's GET answer and backend health, the request, and the expected result. Its
ports and certificates belong to servers that no longer exist, so matching ones are started here and
inserted. The recorded result and the health text say what each port did.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chainlib import load_certificates
from playground.lab import pki
from playground.lab.servers import TlsBackend, TlsSettings, respond
from tests.support.odd_servers import ExpectsProxyHeader

CASES = Path(__file__).parents[3] / "shared" / "cases" / "gateways"
Json = dict[str, Any]
_DAY = timedelta(days=1)
_CLOSED = "a port that nobody listens on"
_SECOND = re.compile(r"(?:status code: |Received )(\d{3})")


def documents() -> dict[str, Json]:
    """Every document by its name; none where the folder is not beside the checkout."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(CASES.glob("*.json"))
    }


class Estate:
    """One private CA whose certificates are valid now."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        dates = {"not_before": self.now - 10 * _DAY, "not_after": self.now + 300 * _DAY}
        self.root = pki.root("Case Root", **dates)
        self.intermediate = pki.intermediate(self.root, "Case Issuing CA", **dates)
        names = ("backend.contoso.test", "webapp1.fabrikam.test", "webapp2.fabrikam.test")
        self.leaf = pki.leaf(self.intermediate, names[0], dns=names, **dates)
        gone = {"not_before": self.now - 90 * _DAY, "not_after": self.now - _DAY}
        self.expired = pki.leaf(self.intermediate, names[0], dns=names, **gone)

    def upload(self, data: str, usual: str) -> str:
        """The `data` of a document's root in the same form, with this CA's certificates in it."""
        inner = base64.b64decode(data)
        if data == usual:
            return base64.b64encode(self.root.pem).decode()
        if re.fullmatch(rb"[A-Za-z0-9+/=\s]+", inner):
            return base64.b64encode(base64.b64encode(self.root.pem)).decode()
        if inner.count(b"-----BEGIN CERTIFICATE") > 1 and len(load_certificates(inner)) > 1:
            return base64.b64encode(self.intermediate.pem + self.root.pem).decode()
        return data


def usual_upload(cases: dict[str, Json]) -> str:
    """The `data` that most documents share: the right root."""
    found = [
        root["properties"].get("data")
        for case in cases.values()
        for root in case["gateway"]["properties"].get("trustedRootCertificates", [])
    ]
    return max(filter(None, found), key=found.count)


async def start(case: Json, estate: Estate, usual: str, stack: AsyncExitStack) -> None:
    """Start a backend for each setting of a document, and insert its port and roots."""
    facts = case["gateway"]["properties"]
    for root in facts.get("trustedRootCertificates", []):
        if root["properties"].get("data"):
            root["properties"]["data"] = estate.upload(root["properties"]["data"], usual)
    for kind in ("backendHttpSettingsCollection", "backendSettingsCollection"):
        for setting in facts.get(kind, []):
            backend = _backend(case, setting, estate)
            if backend is not None:
                setting["properties"]["port"] = (await stack.enter_async_context(backend)).port


def _backend(case: Json, setting: Json, estate: Estate) -> TlsBackend | None:
    """The server for the setting's port; none if nothing listened."""
    found = {
        finding.split()[0]
        for member in _members(case)
        if member["setting"] == setting["name"]
        for finding in member["findings"]
    }
    texts = [server.get("healthProbeLog", "") for server in _servers(case, setting["name"])]
    alone = "TCP_FAILED" in found and len(_servers(case, setting["name"])) < 2
    if alone:
        setting["properties"]["port"] = 1
        return None
    wanted = set(case["expected"].get("lead", ()))
    seen = "VANTAGE_DIFFERS" not in case["expected"].get("must", ())
    gap = "INTERMEDIATE_MISSING" in (wanted if seen else set()) | found
    leaf = estate.expired if "CERTIFICATE_EXPIRED" in wanted else estate.leaf
    chain = [leaf.certificate] if gap else [leaf.certificate, estate.intermediate.certificate]
    statuses = [int(match[1]) for text in texts if (match := _SECOND.search(text))]
    proxied = setting["properties"].get("enableL4ClientIpPreservation")
    kind = ExpectsProxyHeader if proxied else TlsBackend
    return kind(
        chain=chain,
        key=leaf.key,
        tls=TlsSettings(server_name_required="SNI_REQUIRED" in wanted),
        http=respond(statuses[0] if statuses else 200),
    )


def _members(case: Json) -> list[Json]:
    members = case["got"]["members"]
    return members if isinstance(members, list) else []


def _servers(case: Json, setting: str) -> list[Json]:
    return [
        server
        for pool in case["health"].get("backendAddressPools", [])
        for one in pool["backendHttpSettingsCollection"]
        if one["backendHttpSettings"]["id"].endswith(f"/{setting}")
        for server in one["servers"]
    ]


def faults(expected: Json, status: int, document: Json, text: str) -> Iterator[str]:
    """What is wrong with an answer, in the words of the documents' README."""
    gateway = document["gateways"][0]
    members = gateway["members"]
    every = [f for holder in (gateway, *members) for f in holder.get("findings", ())]
    codes = {f["code"] for f in every}
    critical = {f["code"] for f in every if f["severity"] == "critical"}
    written = json.dumps(document)
    leads = {gateway.get("headline"), members[0]["headline"] if members else None}
    if not leads & set(expected.get("lead", leads)):
        yield f"headline {leads}, not {expected['lead']}"
    if status != expected.get("exit", status):
        yield f"exit {status}"
    yield from (f"{code} is missing" for code in set(expected.get("must", ())) - codes)
    yield from (f"{c} is not critical" for c in set(expected.get("critical", ())) - critical)
    never = set(expected.get("never", ()))
    yield from (f"{code} is critical" for code in critical if never & {code, "*"})
    by_gateway = {f["code"] for f in every if f["basis"] == "gateway"}
    yield from (f"{c} is not the gateway's" for c in set(expected.get("basis", ())) - by_gateway)
    for pattern in expected.get("facts", ()):
        if not re.search(pattern, text) and not re.search(pattern, written):
            yield f"nowhere: {pattern}"
    yield from (f"text says {p}" for p in expected.get("not_text", ()) if re.search(p, text))
    yield from (f"JSON says {p}" for p in expected.get("not_json", ()) if re.search(p, written))
    pools = sorted({member["pool"] for member in members})
    if pools != expected.get("pools", pools):
        yield f"pools {pools}"
    if members and members[0]["pool"] != expected.get("first", members[0]["pool"]):
        yield f"first {members[0]['pool']}"
    labels = [(m["pool"], m["setting"], m["member"]) for m in members]
    if expected.get("distinct") and len(set(labels)) != len(labels):
        yield f"labels {labels}"

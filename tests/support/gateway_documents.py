"""One gateway as ARM's JSON with one of each resource, for tests that change a part of it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from playground.lab.pki import Issued

Json = dict[str, Any]
GROUP = "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-edge"
SITE = "store.adatum.example"
PUBLIC_ADDRESS = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/edge-pip"
FINE = "Success. Received 200 status code"


@dataclass(slots=True)
class Document:
    """A gateway `name` whose only backend server is 127.0.0.1 on `port`.

    Attributes:
        gateway: what GET answers.
        health: what backend health answers.
    """

    name: str
    port: int
    root: Issued
    host: str
    gateway: Json = field(default_factory=dict)
    health: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill both answers."""
        data = base64.b64encode(self.root.pem).decode()
        whole = {
            "provisioningState": "Succeeded",
            "operationalState": "Running",
            "sku": {"name": "WAF_v2", "tier": "WAF_v2"},
            "trustedRootCertificates": [self.part("trustedRootCertificates", "corp", data=data)],
            "frontendIPConfigurations": [
                self.part("frontendIPConfigurations", "fe", publicIPAddress={"id": PUBLIC_ADDRESS})
            ],
            "frontendPorts": [self.part("frontendPorts", "p443", port=443)],
            "backendAddressPools": [
                self.part("backendAddressPools", "web", backendAddresses=[{"fqdn": "127.0.0.1"}])
            ],
            "backendHttpSettingsCollection": [self._setting()],
            "probes": [self._probe()],
            "httpListeners": [
                self.part(
                    "httpListeners",
                    "l1",
                    hostName=SITE,
                    frontendPort=self.to("frontendPorts", "p443"),
                    frontendIPConfiguration=self.to("frontendIPConfigurations", "fe"),
                )
            ],
            "requestRoutingRules": [
                self.part(
                    "requestRoutingRules",
                    "r1",
                    httpListener=self.to("httpListeners", "l1"),
                    backendAddressPool=self.to("backendAddressPools", "web"),
                    backendHttpSettings=self.to("backendHttpSettingsCollection", "https"),
                )
            ],
        }
        self.gateway = {"name": self.name, "id": self.id, "properties": whole}
        self.say({"address": "127.0.0.1", "health": "Healthy", "healthProbeLog": FINE})

    @property
    def id(self) -> str:
        """The gateway's ARM id."""
        return f"{GROUP}/providers/Microsoft.Network/applicationGateways/{self.name}"

    def _setting(self) -> Json:
        return self.part(
            "backendHttpSettingsCollection",
            "https",
            port=self.port,
            protocol="Https",
            hostName=self.host,
            probe=self.to("probes", "p"),
            trustedRootCertificates=[self.to("trustedRootCertificates", "corp")],
        )

    def _probe(self) -> Json:
        return self.part(
            "probes",
            "p",
            protocol="Https",
            path="/",
            timeout=5,  # time: of a probe in a document
            pickHostNameFromBackendHttpSettings=True,
        )

    def part(self, kind: str, name: str, **facts: object) -> Json:
        """A sub-resource."""
        return {"name": name, "id": f"{self.id}/{kind}/{name}", "properties": facts}

    def to(self, kind: str, name: str) -> Json:
        """A reference to a sub-resource."""
        return {"id": f"{self.id}/{kind}/{name}"}

    def of(self, kind: str) -> Json:
        """The `properties` of the first sub-resource of this kind."""
        found: Json = self.gateway["properties"][kind][0]["properties"]
        return found

    def say(self, *servers: Json) -> None:
        """Make backend health list these servers."""
        setting = {
            "backendHttpSettings": self.to("backendHttpSettingsCollection", "https"),
            "servers": list(servers),
        }
        pool = {
            "backendAddressPool": self.to("backendAddressPools", "web"),
            "backendHttpSettingsCollection": [setting],
        }
        self.health = {"backendAddressPools": [pool]}

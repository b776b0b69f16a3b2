"""Gateways in shapes that ARM may return: `appgw health` through the real SDK, never a guess."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.reports.health_json import as_document
from bot.settings import AzureSettings, load_azure_settings
from bot.terminal.health import ask, exit_status, target_of, text_lines
from bot.terminal.inputs import InputError
from playground.arm import ArmStandIn
from playground.lab import pki
from playground.lab.servers import TlsBackend, respond
from tests.support.gateway_cases import Estate
from tests.support.gateway_documents import GROUP, PUBLIC_ADDRESS, SITE, Document

ESTATE = Estate()
HOST = "backend.contoso.test"
FULL = (ESTATE.leaf.certificate, ESTATE.intermediate.certificate)
pytestmark = pytest.mark.may_block


@dataclass(frozen=True, slots=True)
class Answer:
    """What `appgw health` says."""

    text: str
    status: int
    gateway: dict[str, Any]

    @property
    def codes(self) -> list[str]:
        """Every finding of the gateway and its members."""
        holders = (self.gateway, *self.gateway["members"])
        return [finding["code"] for holder in holders for finding in holder["findings"]]


@pytest.fixture(scope="module")
def dates() -> dict[str, Any]:
    return {
        "not_before": ESTATE.root.certificate.not_before,
        "not_after": ESTATE.root.certificate.not_after,
    }


@pytest.fixture(scope="module")
def authority(dates: dict[str, Any]) -> pki.Issued:
    return pki.root("Odd ARM Root", **dates)


@pytest.fixture
async def arm(authority: pki.Issued, dates: dict[str, Any]) -> AsyncIterator[ArmStandIn]:
    identity = pki.leaf(authority, "localhost", ips=("127.0.0.1",), **dates)
    async with ArmStandIn(identity, retry_after=0, polls=0) as running:
        yield running


@pytest.fixture
def settings(arm: ArmStandIn, authority: pki.Issued, tmp_path: Path) -> AzureSettings:
    (tmp_path / "arm.pem").write_bytes(authority.pem)
    environment = {
        "APPGW_AZURE_CREDENTIAL": "static",
        "APPGW_AZURE_STATIC_TOKEN": arm.token,
        "APPGW_ARM_URL": arm.url,
        "APPGW_CA_BUNDLE": str(tmp_path / "arm.pem"),
    }
    return load_azure_settings(environment, tmp_path / "appgw.yaml")


async def answer(
    arm: ArmStandIn, settings: AzureSettings, document: Document, question: str = ""
) -> Answer:
    arm.add_recorded(document.gateway, document.health)
    target = target_of(question or f"gw:{document.name}")
    assert not isinstance(target, str), target
    answers = await ask(settings, target, 8.0)
    text = "\n".join(line.plain for line in text_lines(answers))
    return Answer(text, exit_status(answers), as_document(answers)["gateways"][0])


def _nothing_listed(one: Document) -> None:
    one.health = {"backendAddressPools": None}


def _odd_word(one: Document) -> None:
    one.say({"address": "127.0.0.1", "health": "Wobbly"})


def _no_word(one: Document) -> None:
    one.say({"address": "127.0.0.1", "health": None, "healthProbeLog": None})


def _partial(one: Document) -> None:
    one.say({"address": "127.0.0.1", "health": "Partial"})


def _nulls(one: Document) -> None:
    whole = one.gateway["properties"]
    for kind in (
        "urlPathMaps",
        "redirectConfigurations",
        "authenticationCertificates",
        "listeners",
    ):
        whole[kind] = None
    one.of("backendAddressPools")["backendIPConfigurations"] = None
    one.of("httpListeners")["hostNames"] = None
    one.of("probes")["match"] = None


def _no_rules(one: Document) -> None:
    one.gateway["properties"]["requestRoutingRules"] = None


def _being_deleted(one: Document) -> None:
    one.gateway["properties"]["provisioningState"] = "Deleting"


def _plain_http(one: Document) -> None:
    one.of("backendHttpSettingsCollection")["protocol"] = "Http"


def _interface(one: Document) -> None:
    network = f"{GROUP}/providers/Microsoft.Network"
    interface = f"{network}/networkInterfaces/vm7-nic/ipConfigurations/one"
    pool = one.of("backendAddressPools")
    pool["backendAddresses"], pool["backendIPConfigurations"] = [], [{"id": interface}]
    one.health = {"backendAddressPools": []}


def _not_retrieved(one: Document) -> None:
    text = "The backend health status could not be retrieved."
    one.say({"address": "127.0.0.1", "health": "Unhealthy", "healthProbeLog": text})


def _no_reason(one: Document) -> None:
    one.say({"address": "127.0.0.1", "health": "Unhealthy"})


def _out_of_reach(one: Document) -> None:
    one.of("backendHttpSettingsCollection")["port"] = 1  # nothing listens there


def _other_text(one: Document) -> None:
    one.of("probes")["match"] = {"statusCodes": ["200-399"], "body": "in service"}


def _root_not_listed(one: Document) -> None:
    one.gateway["properties"]["trustedRootCertificates"] = None


def _says_number(one: Document) -> None:
    text = "check OpenSSL diagnostics for the message associated with error code 10"
    one.say({"address": "127.0.0.1", "health": "Unhealthy", "healthProbeLog": text})


def _number_of_the_name(one: Document) -> None:
    one.of("backendHttpSettingsCollection")["hostName"] = "other.contoso.test"
    text = "check OpenSSL diagnostics for the message associated with error code 62"
    one.say({"address": "127.0.0.1", "health": "Unhealthy", "healthProbeLog": text})


def _text_of_version_one(one: Document) -> None:
    text = "Backend server certificate is not whitelisted with Application Gateway."
    one.say({"address": "127.0.0.1", "health": "Unhealthy", "healthProbeLog": text})


def _unknown_for_now(one: Document) -> None:
    text = "Unknown error. Please try again."
    one.say({"address": "127.0.0.1", "health": "Unknown", "healthProbeLog": text})


def _other_sni_name(one: Document) -> None:
    one.of("backendHttpSettingsCollection")["sniName"] = "sni.contoso.test"


def _no_name_for_probe(one: Document) -> None:
    one.of("backendAddressPools")["backendAddresses"] = [{"ipAddress": "127.0.0.1"}]
    one.of("backendHttpSettingsCollection")["hostName"] = None


def _name_of_pool_alone(one: Document) -> None:
    one.of("backendAddressPools")["backendAddresses"] = [{"fqdn": "localhost"}]
    one.of("backendHttpSettingsCollection")["hostName"] = None
    one.of("probes").update(pickHostNameFromBackendHttpSettings=False, host=HOST)


def _of_version_one(one: Document) -> None:
    one.gateway["properties"]["sku"] = {"name": "WAF_Large", "tier": "WAF"}
    one.of("backendAddressPools")["backendAddresses"] = [{"fqdn": "localhost"}]
    data = base64.b64encode(ESTATE.leaf.certificate.der).decode()
    kind = "authenticationCertificates"
    one.gateway["properties"][kind] = [one.part(kind, "leaf", data=data)]
    one.of("backendHttpSettingsCollection")[kind] = [one.to(kind, "leaf")]


def _shared_between_pools(one: Document) -> None:
    target = {
        "name": "t",
        "properties": {"backendAddressPool": one.to("backendAddressPools", "web")},
    }
    kind, rule = "loadDistributionPolicies", one.of("requestRoutingRules")
    one.gateway["properties"][kind] = [one.part(kind, "even", loadDistributionTargets=[target])]
    del rule["backendAddressPool"]
    rule["loadDistributionPolicy"] = one.to(kind, "even")
    one.of("probes")["match"] = {"statusCodes": ["204"]}


def _url_in_pool(one: Document) -> None:
    one.of("backendAddressPools")["backendAddresses"] = [{"fqdn": "https://a.contoso.test/"}]


SHAPES: dict[str, tuple[Callable[[Document], None], int, str, str]] = {
    "nulls": (_nulls, 0, "OK", "✔ OK gateway"),
    "nothing listed": (_nothing_listed, 0, "OK", "▲ WARN .*\n.*lists no server of web/https"),
    "odd word": (_odd_word, 0, "HEALTH_UNKNOWN", "gateway: Wobbly\n.*a word that is not known"),
    "no word": (_no_word, 0, "HEALTH_UNKNOWN", "without saying whether it is healthy"),
    "partial": (_partial, 1, "VANTAGE_DIFFERS", "calls this server partial"),
    "no rules": (_no_rules, 0, "OK", "▲ WARN gateway odd: no rule leads to a backend pool"),
    "being deleted": (_being_deleted, 0, "OK", "the gateway is being deleted"),
    "plain HTTP": (_plain_http, 0, "OK", "✔ web/https 127.0.0.1: not probed; gateway: Healthy"),
    "not retrieved": (_not_retrieved, 1, "HEALTH_UNKNOWN", "only since it could not determine"),
    "no reason": (_no_reason, 1, "VANTAGE_DIFFERS", "unhealthy and gives no reason, "),
    "out of reach": (_out_of_reach, 1, "TCP_FAILED", "fix: Read the gateway's backend health"),
    "URL": (_url_in_pool, 1, "DNS_FAILED", "fix: Write the name alone into the backend pool"),
    "other text": (_other_text, 1, "HTTP_BODY_MISMATCH", 'contain the text "in service"'),
    "shared": (_shared_between_pools, 1, "HTTP_STATUS_MISMATCH", "web/https 127.0.0.1: unexp"),
    "root not listed": (_root_not_listed, 0, "TRUST_NOT_VISIBLE", "content of .* root corp"),
    "number": (_says_number, 1, "VERIFY_FAILED", "number 10 means: A certificate in the chain has"),
    "seen number": (_number_of_the_name, 1, "NAME_MISMATCH", "fix: Set the host name of the"),
    "text of v1": (_text_of_version_one, 1, "AUTH_CERTIFICATE_MISMATCH", "fix: A v2 gateway takes"),
    "unknown for now": (_unknown_for_now, 0, "HEALTH_UNKNOWN", "try again.\n.*fix: Rely on the"),
    "other SNI name": (
        _other_sni_name,
        1,
        "NAME_MISMATCH",
        "fix: Set the SNI name .* one of: backend",
    ),
    "no name": (
        _no_name_for_probe,
        1,
        "LIVE_NAME_MISMATCH",
        "NAME_MISMATCH: The probe asks for no",
    ),
    "pool's name": (_name_of_pool_alone, 1, "LIVE_NAME_MISMATCH", "look at: .* pages differ on"),
    "version one": (
        _of_version_one,
        1,
        "NAME_MISMATCH",
        "fix: Put the server into the backend pool",
    ),
    "interface": (_interface, 0, "OK", "▲ web/https vm7-nic: not probed"),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_odd_gateway_is_reported_as_it_is(
    shape: str, arm: ArmStandIn, settings: AzureSettings
) -> None:
    change, status, headline, words = SHAPES[shape]
    async with TlsBackend(chain=FULL, key=ESTATE.leaf.key) as backend:
        document = Document("odd", backend.port, ESTATE.root, HOST)
        change(document)
        found = await answer(arm, settings, document)
    assert (found.status, found.gateway["headline"]) == (status, headline), found.text
    assert re.search(words, found.text), found.text


async def test_probe_path_is_asked_as_written(arm: ArmStandIn, settings: AzureSettings) -> None:
    async with TlsBackend(chain=FULL, key=ESTATE.leaf.key, http=respond(200)) as backend:
        document = Document("odd", backend.port, ESTATE.root, HOST)
        document.of("probes")["path"] = "/état du service?q=a b"
        await answer(arm, settings, document)
    assert [one.path for one in backend.requests] == ["/%C3%A9tat%20du%20service?q=a%20b"]


@pytest.mark.parametrize("asked", ["20.1.2.3", "edge.westeurope.cloudapp.azure.com"])
async def test_public_front_end_is_a_site(
    asked: str, arm: ArmStandIn, settings: AzureSettings
) -> None:
    arm.addresses = [
        {
            "id": PUBLIC_ADDRESS.upper(),
            "properties": {
                "ipAddress": "20.1.2.3",
                "dnsSettings": {"fqdn": "Edge.WestEurope.cloudapp.azure.com."},
            },
        }
    ]
    async with TlsBackend(chain=FULL, key=ESTATE.leaf.key) as backend:
        document = Document("odd", backend.port, ESTATE.root, HOST)
        found = await answer(arm, settings, document, f"site:{asked}")
    assert (found.gateway["site"], [m["pool"] for m in found.gateway["members"]]) == (
        asked,
        ["web"],
    )
    assert arm.calls["addresses"] == 1


async def test_unread_front_ends_are_said(arm: ArmStandIn, settings: AzureSettings) -> None:
    document = Document("odd", 1, ESTATE.root, HOST)
    document.of("httpListeners")["hostName"] = None
    with pytest.raises(InputError) as refused:
        await answer(arm, settings, document, "site:www.adatum.example")
    assert "Microsoft.Network/publicIPAddresses/read" in str(refused.value)
    assert "gw:rg-edge/odd has a listener for every name" in str(refused.value)


async def test_address_of_version_six_is_one_member(
    arm: ArmStandIn, settings: AzureSettings
) -> None:
    document = Document("odd", 1, ESTATE.root, HOST)
    document.of("backendAddressPools")["backendAddresses"] = [{"ipAddress": "0:0:0:0:0:0:0:1"}]
    document.say({"address": "[::1]", "health": "Unhealthy"})
    found = await answer(arm, settings, document)
    assert [member["member"] for member in found.gateway["members"]] == ["::1"]


async def test_site_that_only_redirects_has_no_server(
    arm: ArmStandIn, settings: AzureSettings
) -> None:
    document = Document("odd", 1, ESTATE.root, HOST)
    document.gateway["properties"]["redirectConfigurations"] = [
        document.part(
            "redirectConfigurations", "back", targetListener=document.to("httpListeners", "l1")
        )
    ]
    rule = document.of("requestRoutingRules")
    rule["redirectConfiguration"] = document.to("redirectConfigurations", "back")
    del rule["backendAddressPool"], rule["backendHttpSettings"]
    found = await answer(arm, settings, document, f"site:{SITE}")
    assert (found.status, found.codes) == (0, [])
    assert "no server stands behind it, its rules only redirect" in found.text
    assert "requests go round for ever" in found.text


async def test_refused_key_vault_root_has_its_own_steps(
    arm: ArmStandIn, settings: AzureSettings
) -> None:
    async with TlsBackend(chain=FULL, key=ESTATE.leaf.key) as backend:
        document = Document("odd", backend.port, ESTATE.root, HOST)
        root = document.of("trustedRootCertificates")
        root["keyVaultSecretId"] = f"https://edge.vault.azure.net/secrets/{root.pop('data')[:8]}"
        said = "Root certificate of the server certificate used by the backend does not match it"
        document.say({"address": "127.0.0.1", "health": "Unhealthy", "healthProbeLog": said})
        found = await answer(arm, settings, document)
    assert (found.status, found.codes) == (1, ["ROOT_MISMATCH", "TRUST_NOT_VISIBLE"])
    assert "Compare the certificate in Key Vault behind corp with the root" in found.text


async def test_v1_gateway_is_advised_what_it_can_do(
    arm: ArmStandIn, settings: AzureSettings
) -> None:
    async with TlsBackend(chain=FULL, key=ESTATE.leaf.key) as backend:
        document = Document("odd", backend.port, ESTATE.root, HOST)
        document.gateway["properties"]["sku"] = {"name": "WAF_Large", "tier": "WAF"}
        data = base64.b64encode(ESTATE.leaf.certificate.der).decode()
        kind = "authenticationCertificates"
        document.gateway["properties"][kind] = [document.part(kind, "leaf", data=data)]
        document.of("backendHttpSettingsCollection")[kind] = [document.to(kind, "leaf")]
        found = await answer(arm, settings, document)
    assert found.codes == ["SKU_RETIRED", "NO_SNI"]
    assert "Put the server into the backend pool by its FQDN" in found.text
    assert "Set a host name on the backend setting" not in found.text

"""Which requests may leave, which Azure is asked, and that the edge's pure half needs no SDK."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import HttpRequest
from azure.identity import AzureAuthorityHosts
from azure.identity.aio import AzureCliCredential, DefaultAzureCredential, ManagedIdentityCredential

from bot.azure import credentials
from bot.azure.credentials import endpoint, make_credential
from bot.azure.pipeline import ReadOnlyPolicy, RefusedToSend, open_session
from bot.azure.settings import ArmSettings

ARM = "https://management.azure.com"
GATEWAY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"


def let_out(method: str, url: str) -> tuple[str, str]:
    """What leaves."""
    request = PipelineRequest(HttpRequest(method, url), PipelineContext(None))
    ReadOnlyPolicy(ARM).on_request(request)
    return request.http_request.method, request.http_request.url


@pytest.mark.parametrize(
    ("method", "url"),
    [
        pytest.param("GET", f"{ARM}{GATEWAY}", id="read"),
        pytest.param(
            "GET", f"https://westeurope.management.azure.com{GATEWAY}", id="regional-host"
        ),
        pytest.param(
            "POST", f"{ARM}{GATEWAY}/backendhealth?api-version=2026-03-01", id="backend-health"
        ),
        pytest.param("POST", f"{ARM}{GATEWAY}/backendHealth", id="another-case"),
    ],
)
def test_reads_are_let_out_as_they_are(method: str, url: str) -> None:
    assert let_out(method, url) == (method, url)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        *(
            pytest.param(method, f"{ARM}{GATEWAY}", id=method.lower())
            for method in ("PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS")
        ),
        pytest.param("PUT", f"{ARM}{GATEWAY}/backendhealth", id="put-on-health"),
        pytest.param("POST", f"{ARM}{GATEWAY}/stop", id="stop"),
        pytest.param(
            "POST",
            f"{ARM}/subscriptions/s/providers/Microsoft.Network/register",
            id="provider-registration",
        ),
        pytest.param("POST", f"{ARM}{GATEWAY}/x/backendhealth", id="deeper-path"),
        pytest.param(
            "GET", f"https://management.azure.com.evil.example{GATEWAY}", id="look-alike-host"
        ),
        pytest.param("GET", f"https://evilmanagement.azure.com{GATEWAY}", id="look-alike-prefix"),
        pytest.param("GET", f"http://management.azure.com{GATEWAY}", id="no-tls"),
        pytest.param("GET", f"https://management.azure.com:444{GATEWAY}", id="another-port"),
    ],
)
def test_everything_else_is_kept_in(method: str, url: str) -> None:
    with pytest.raises(RefusedToSend):
        let_out(method, url)


@pytest.mark.parametrize(
    ("settings", "url", "scope"),
    [
        pytest.param(ArmSettings(), ARM, f"{ARM}/.default", id="public"),
        pytest.param(
            ArmSettings(cloud="usgov"),
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/.default",
            id="usgov-scope-is-another-host",
        ),
        pytest.param(
            ArmSettings(cloud="china"),
            "https://management.chinacloudapi.cn",
            "https://management.chinacloudapi.cn/.default",
            id="china",
        ),
        pytest.param(
            ArmSettings(arm_url="https://westeurope.management.azure.com/"),
            "https://westeurope.management.azure.com",
            f"{ARM}/.default",
            id="regional",
        ),
        pytest.param(
            ArmSettings(arm_url="https://management.local.azurestack.external"),
            "https://management.local.azurestack.external",
            "https://management.local.azurestack.external/.default",
            id="own-audience",
        ),
    ],
)
def test_endpoint_and_scope_belong_together(settings: ArmSettings, url: str, scope: str) -> None:
    assert endpoint(settings) == (url, (scope,))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        pytest.param("managed-identity", ManagedIdentityCredential, id="managed-identity"),
        pytest.param("cli", AzureCliCredential, id="cli"),
        pytest.param("default", DefaultAzureCredential, id="default"),
    ],
)
async def test_credential_by_its_setting(word: str, kind: type) -> None:
    credential = make_credential(ArmSettings(credential=word, cloud="usgov"), AioHttpTransport)
    assert isinstance(credential, kind)
    await credential.close()


def test_authorities_are_those_of_the_sdk() -> None:
    """They are written down, so that azure-identity is imported late."""
    assert dict(credentials._AUTHORITIES) == {
        "usgov": AzureAuthorityHosts.AZURE_GOVERNMENT,
        "china": AzureAuthorityHosts.AZURE_CHINA,
    }


def test_settings_show_no_token() -> None:
    assert "secret" not in repr(ArmSettings(credential="static", static_token="secret"))


def test_translators_and_policies_import_no_sdk() -> None:
    """Programs that never talk to ARM do not pay for the SDK."""
    pure = (
        "bot.azure, bot.azure.member_uses, bot.azure.health, bot.azure.lookup, bot.azure.refusals"
    )
    code = (
        f"import sys, {pure}; print([name for name in sys.modules if name.partition('.')[0] in "
        "('azure', 'aiohttp')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 -- our own interpreter
    assert done.stdout.strip() == "[]"


async def test_cancelled_answer_keeps_no_connection() -> None:
    ended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"[")
        await ended.wait()
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    async with (
        TestServer(app) as server,
        open_session(ssl.create_default_context()) as session,
        session.get(server.make_url("/")) as response,
    ):
        reading = asyncio.create_task(response.read())
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert response.connection is None
        ended.set()

"""ARM's operations over TLS on loopback: subscriptions, gateways, backend health.

Every call is counted. Any other operation, for example a write, is answered 405 and counted too.
"""

from __future__ import annotations

import re
import ssl
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Self
from uuid import uuid4

from aiohttp import web

from playground.arm.documents import Json, ServerKey, gateway_document, health_document
from playground.arm.faults import Fault, FaultKind
from playground.arm.specs import GatewaySpec
from playground.lab.pki import Issued

LOOPBACK = "127.0.0.1"
_GATEWAY = (
    r"/subscriptions/(?P<sub>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/microsoft\.network/applicationgateways/(?P<name>[^/]+)"
)
_ROUTES = (
    ("GET", "subscriptions", r"/subscriptions"),
    (
        "GET",
        "list",
        r"/subscriptions/(?P<sub>[^/]+)/providers/microsoft\.network/applicationgateways",
    ),
    (
        "GET",
        "addresses",
        r"/subscriptions/(?P<sub>[^/]+)/providers/microsoft\.network/publicipaddresses",
    ),
    ("GET", "get", _GATEWAY),
    ("POST", "health", rf"{_GATEWAY}/backendhealth"),
    (
        "GET",
        "poll",
        r"/subscriptions/[^/]+/providers/microsoft\.network/locations/[^/]+/operationresults/(?P<ticket>[^/]+)",
    ),
)


@dataclass(slots=True, kw_only=True)
class _Gateway:
    """A gateway and its answers; a recorded answer replaces that of the spec."""

    spec: GatewaySpec
    words: Mapping[ServerKey, tuple[str, str]] = field(default_factory=dict)
    fault: Fault | None = None
    recorded: Json | None = None
    recorded_health: Json | None = None

    @property
    def document(self) -> Json:
        """What a GET answers."""
        return self.recorded or gateway_document(self.spec)

    @property
    def health(self) -> Json:
        """The result of the health operation."""
        return self.recorded_health or health_document(self.spec, self.words)


@dataclass(slots=True, kw_only=True)
class _Operation:
    """A running operation: how many polls are left, and what comes then."""

    gateway: _Gateway
    result: Json
    polls: int


class ArmStandIn:
    """A simulated ARM.

    Args:
        identity: its certificate, for 127.0.0.1 or localhost.
        token: the accepted bearer token.
        polls: how often a running health operation is answered 202.
        retry_after: seconds in the Retry-After of a running operation, 10 at the real service;
            `None` for no header.
        page_size: gateways per page of a list.
        port: where to listen; 0 picks a free one.
        host: the name in its URLs.
    """

    def __init__(
        self,
        identity: Issued,
        *,
        token: str = "standin-token",
        polls: int = 1,
        retry_after: int | None = None,
        page_size: int = 100,
        port: int = 0,
        host: str = LOOPBACK,
    ) -> None:
        self.token, self.polls, self.retry_after, self.page_size = (
            token,
            polls,
            retry_after,
            page_size,
        )
        self.calls: Counter[str] = Counter()
        self.requests: list[tuple[str, str]] = []
        self.fault: Fault | None = None
        self.subscriptions: list[str] | None = None
        self.disabled: set[str] = set()
        self.addresses: list[Json] = []
        self._identity, self._port, self._host = identity, port, host
        self._gateways: dict[str, _Gateway] = {}
        self._operations: dict[str, _Operation] = {}
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://{self._host}:{self._port}"

    def add(
        self,
        spec: GatewaySpec,
        words: Mapping[ServerKey, tuple[str, str]] | None = None,
        *,
        fault: Fault | None = None,
    ) -> None:
        """Add or change a gateway.

        Args:
            spec: its configuration.
            words: its backend health, as for `documents.health_document`.
            fault: a fault of this gateway.
        """
        self._gateways[spec.id.lower()] = _Gateway(spec=spec, words=words or {}, fault=fault)

    def add_recorded(self, document: Json, health: Json, *, fault: Fault | None = None) -> None:
        """Add a gateway from recorded JSON: its GET answer and its backend health."""
        subscription, group, name = (str(document["id"]).split("/")[place] for place in (2, 4, 8))
        state = str(document["properties"].get("operationalState", "Running"))
        spec = GatewaySpec(name=name, group=group, subscription=subscription, state=state)
        self._gateways[spec.id.lower()] = _Gateway(
            spec=spec, fault=fault, recorded=document, recorded_health=health
        )

    def set_state(
        self, spec: GatewaySpec, *, state: str = "Running", provisioning: str = "Succeeded"
    ) -> None:
        """Stop a gateway, or let it be updated."""
        held = self._gateways[spec.id.lower()]
        held.spec = replace(held.spec, state=state, provisioning=provisioning)

    async def __aenter__(self) -> Self:
        """Listen."""
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        app.on_response_prepare.append(self._stamp)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, LOOPBACK, self._port, ssl_context=server_context(self._identity)
        )
        await site.start()
        self._port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # noqa: SLF001 -- aiohttp names no other way to the port
        return self

    async def __aexit__(self, *_details: object) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _stamp(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Add a request ID of its own to every answer, as ARM does."""
        response.headers["x-ms-request-id"] = str(uuid4())

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        operation, match = _route(request)
        self.calls[operation] += 1
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "AuthenticationFailed")
        if match is None:
            return _error(405, "MethodNotAllowed")
        gateway = self._gateway_of(operation, match)
        for fault in filter(None, (self.fault, gateway.fault if gateway else None)):
            wrong = await fault.answer() if fault.strikes(operation) else None
            if wrong is not None:
                return wrong
        return await self._right(operation, match, gateway, request)

    async def _right(
        self, operation: str, match: re.Match[str], gateway: _Gateway | None, request: web.Request
    ) -> web.StreamResponse:
        match operation:
            case "subscriptions":
                response = web.json_response(
                    {
                        "value": [
                            {"subscriptionId": one, "state": self._state(one)}
                            for one in self._known_subscriptions()
                        ],
                        **({"nextLink": str(request.url)} if self._loops("subscriptions") else {}),
                    }
                )
            case "list":
                response = self._list(match["sub"], int(request.query.get("$skiptoken", "0")))
            case "addresses":
                response = web.json_response({"value": self.addresses})
            case "poll":
                response = self._poll(match["ticket"])
            case _ if gateway is None:
                response = _error(404, "ResourceNotFound")
            case "get":
                response = web.json_response(gateway.document)
            case _ if gateway.spec.state != "Running":
                response = _error(
                    400, "ApplicationGatewayNotRunning"
                )  # invented: there is no recording of a stopped gateway
            case _:
                result = gateway.health
                response = self._accept(gateway, result)
        return response

    def _gateway_of(self, operation: str, match: re.Match[str]) -> _Gateway | None:
        if operation == "poll":
            running = self._operations.get(match["ticket"])
            return running.gateway if running else None
        if "name" not in match.groupdict():
            return None
        path = (
            f"/subscriptions/{match['sub']}/resourceGroups/{match['group']}"
            f"/providers/Microsoft.Network/applicationGateways/{match['name']}"
        )
        return self._gateways.get(path.lower())

    def _loops(self, operation: str) -> bool:
        fault = self.fault
        return fault is not None and fault.kind is FaultKind.LOOP and fault.strikes(operation)

    def _known_subscriptions(self) -> list[str]:
        return (
            list(dict.fromkeys(held.spec.subscription for held in self._gateways.values()))
            if self.subscriptions is None
            else self.subscriptions
        )

    def _state(self, subscription: str) -> str:
        return "Disabled" if subscription in self.disabled else "Enabled"

    def _list(self, subscription: str, start: int) -> web.Response:
        held = [
            one
            for one in self._gateways.values()
            if one.spec.subscription.lower() == subscription.lower()
        ]
        page = {"value": [one.document for one in held[start : start + self.page_size]]}
        rest = start if self._loops("list") else start + self.page_size
        path = (
            f"{self.url}/subscriptions/{subscription}"
            "/providers/Microsoft.Network/applicationGateways"
        )
        more = (
            {"nextLink": f"{path}?api-version=2026-03-01&$skiptoken={rest}"}
            if rest < len(held)
            else {}
        )
        return web.json_response({**page, **more})

    def _accept(self, gateway: _Gateway, result: Json) -> web.Response:
        ticket = str(uuid4())
        endless = gateway.fault is not None and gateway.fault.kind is FaultKind.ENDLESS
        self._operations[ticket] = _Operation(
            gateway=gateway, result=result, polls=10**9 if endless else self.polls
        )
        elsewhere = gateway.fault is not None and gateway.fault.kind is FaultKind.ELSEWHERE
        return self._running(gateway, ticket, "https://127.0.0.2:9" if elsewhere else self.url)

    def _poll(self, ticket: str) -> web.Response:
        operation = self._operations.get(ticket)
        if operation is None:
            return _error(404, "OperationNotFound")
        operation.polls -= 1
        return (
            web.json_response(operation.result)
            if operation.polls < 0
            else self._running(operation.gateway, ticket, self.url)
        )

    def _running(self, gateway: _Gateway, ticket: str, base: str) -> web.Response:
        """202 with the four bytes `null`, as recorded."""
        spec = gateway.spec
        path = (
            f"/subscriptions/{spec.subscription}/providers/Microsoft.Network"
            f"/locations/{spec.location}/operationResults/{ticket}"
        )
        headers = {"Location": f"{base}{path}?api-version=2026-03-01"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return web.Response(
            text="null", status=202, content_type="application/json", headers=headers
        )


def _route(request: web.Request) -> tuple[str, re.Match[str] | None]:
    for method, operation, pattern in _ROUTES:
        match = re.fullmatch(pattern, request.path, re.IGNORECASE)
        if match and method == request.method:
            return operation, match
    return f"{request.method} other", None


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": code}}, status=status)


def server_context(identity: Issued) -> ssl.SSLContext:
    """TLS as a server that presents this one certificate."""
    return _server_context(identity.key_pem + identity.pem)


@lru_cache(maxsize=8)
def _server_context(pem: bytes) -> ssl.SSLContext:
    """One context for all servers with the same certificate: making one takes milliseconds."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context

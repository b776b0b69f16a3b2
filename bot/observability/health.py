"""The admin port: `/healthz` (event loop runs), `/readyz` (Slack can be answered), `/metrics`."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from prometheus_client import Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.observability.listening import make_runner, open_port
from bot.observability.metrics import REGISTRY

SILENT_S = 90.0
READY = Gauge("appgw_ready", "1 while Slack can be answered", registry=REGISTRY)
SILENCE = Gauge(
    "appgw_slack_silence_seconds",
    "Seconds since the last message on the Slack socket",
    registry=REGISTRY,
)


class Readiness:
    """Collects the conditions of `/readyz`.

    Each condition returns a sentence if it fails, else `None`.
    """

    def __init__(self) -> None:
        self.probes: dict[str, Callable[[], str | None]] = {"slack": lambda: "not connected yet"}
        self.silence: Callable[[], float] = lambda: 0.0

    def troubles(self) -> dict[str, str]:
        """The conditions that fail now, name -> sentence."""
        found = {name: sentence for name, probe in self.probes.items() if (sentence := probe())}
        silent = self.silence()
        if silent > SILENT_S:
            found["socket"] = f"silent for {silent:.0f} s"
        return found


class AdminServer:
    """Serves the admin port."""

    def __init__(self, readiness: Readiness, host: str, port: int) -> None:
        self._readiness = readiness
        self._host, self._port = host, port
        application = web.Application()
        application.add_routes(
            [
                web.get("/healthz", _alive),
                web.get("/readyz", self._ready),
                web.get("/metrics", self._metrics),
            ]
        )
        self._runner = make_runner(application, 0.5)

    async def start(self) -> None:
        """Start to listen; raises `PortUnusableError`."""
        await open_port(self._runner, self._host, self._port, "APPGW_ADMIN_PORT")

    async def close(self) -> None:
        """Stop."""
        await self._runner.cleanup()

    async def _ready(self, _request: web.Request) -> web.Response:
        troubles = self._readiness.troubles()
        return web.json_response(
            {"ready": not troubles, "troubles": troubles}, status=503 if troubles else 200
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        READY.set(0 if self._readiness.troubles() else 1)
        SILENCE.set(self._readiness.silence())
        return web.Response(
            body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"alive": True})

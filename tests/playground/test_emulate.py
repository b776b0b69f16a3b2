"""A verdict read back out of another project's stand-in Slack: `emulate` from npm.

`make emulate` fetches it and runs this; skipped where it was not fetched. It keeps messages as
Slack does and knows nothing of this project, so it shows that our own stand-in did not teach the
bot habits that Slack would not take. It lacks slash commands, so one is sent as Slack sends it.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from playground.lab.catalogue import CATALOGUE
from playground.process import BotProcess, free_ports
from playground.slack.sending import SignedHttp
from playground.stage import Stage
from tests.support.waiting import until

MODULES = Path(__file__).parents[2] / "playground" / "emulate" / "node_modules"
NODE, PROGRAM = MODULES / "node" / "bin" / "node", MODULES / "emulate" / "dist" / "index.js"
pytestmark = [
    pytest.mark.may_block,
    pytest.mark.skipif(
        not (NODE.exists() and PROGRAM.exists()), reason="make emulate has not fetched it"
    ),
]
TOKEN = "xoxb-emulated"
SEED = f"""
tokens:
  {TOKEN}: {{login: developer, scopes: [chat:write, files:write, channels:history, commands]}}
slack:
  team: {{name: Contoso, domain: contoso}}
  users: [{{name: developer, real_name: Kim, email: kim@contoso.com}}]
  channels: [{{name: incident, topic: 502}}]
  bots: [{{name: appgw-check}}]
"""
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulated:
    """The foreign Slack: its Web API, and the address that the bot is given for it."""

    session: aiohttp.ClientSession
    url: str
    bridge: str

    async def call(self, method: str, **arguments: str) -> dict[str, Any]:
        """One method of the Web API."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.session.post(
            f"{self.url}/api/{method}", data=arguments, headers=headers
        ) as response:
            answer: dict[str, Any] = await response.json()
        return answer


@asynccontextmanager
async def emulated(folder: Path) -> AsyncIterator[Emulated]:
    """Start it, and a bridge before it, and stop both."""
    seed = folder / "seed.yaml"
    seed.write_text(SEED)
    port, bridge_port = free_ports(2)
    words = ("start", "-s", "slack", "-p", str(port), "--seed", str(seed))
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(PROGRAM), *words, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, cwd=folder
    )
    async with aiohttp.ClientSession() as session:
        slack = Emulated(
            session=session,
            url=f"http://127.0.0.1:{port}",
            bridge=f"http://127.0.0.1:{bridge_port}",
        )
        runner = await _bridge(slack, bridge_port)
        try:
            await until(lambda: _answers(slack, process))
            yield slack
        finally:
            await runner.cleanup()
            process.terminate()
            await process.wait()


async def _answers(slack: Emulated, process: Process) -> bool:
    assert process.returncode is None, "emulate has ended"
    try:
        return bool((await slack.call("auth.test")).get("ok"))
    except aiohttp.ClientError:
        return False


async def _bridge(slack: Emulated, port: int) -> web.AppRunner:
    """Slack takes arguments in the address as well, where its SDK puts some; emulate does not."""

    async def pass_on(request: web.Request) -> web.Response:
        body, kind = await request.read(), request.headers.get("Content-Type", FORM)
        if request.query:
            body, kind = body + b"&" + urlencode(dict(request.query)).encode(), FORM
        headers = {
            "Authorization": request.headers.get("Authorization", ""),
            "Content-Type": kind,
        }
        async with slack.session.post(
            f"{slack.url}{request.path}", data=body, headers=headers
        ) as response:
            return web.Response(
                body=await response.read(), status=response.status, content_type="application/json"
            )

    application = web.Application(client_max_size=2**24)
    application.router.add_route("*", "/{path:.*}", pass_on)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


async def test_emulate_holds_the_verdict_of_a_command(tmp_path: Path) -> None:
    broken = next(one for one in CATALOGUE if one.name == "leaf-only")
    async with emulated(tmp_path) as slack, Stage(tmp_path, recipes=(broken,)) as stage:
        me = await slack.call("auth.test")
        channel = (await slack.call("conversations.list"))["channels"][0]["id"]
        settings = {
            **stage.environment(),
            "SLACK_BOT_TOKEN": TOKEN,
            "APPGW_SLACK_API_URL": f"{slack.bridge}/api/",
        }
        async with BotProcess(settings, tmp_path) as bot:
            (backend,) = stage.lab.backends
            sending = SignedHttp(
                session=slack.session, url=bot.request_url, secret=stage.slack.signing_secret
            )
            ack = await sending.command(
                {
                    "command": "/appgw-check",
                    "text": f"{backend.address}:{backend.port}",
                    "team_id": me["team_id"],
                    "user_id": me["user_id"],
                    "channel_id": channel,
                    "trigger_id": "1.2",
                    "response_url": f"{slack.bridge}/response",
                }
            )
            assert ack.ok, ack

            async def verdicts() -> list[str]:
                history = await slack.call("conversations.history", channel=channel)
                return [one["text"] for one in history["messages"] if "FAIL " in one["text"]]

            (text,) = await until(verdicts)
    assert "intermediate missing" in text

"""Serves the page on loopback, with two calls.

`GET /state` waits for a change; `POST /do` acts as the user of the phone, or moves the clock.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from playground.alert import CHANNEL as ALERTS
from playground.alert import send_alert
from playground.clock import MovableClock
from playground.lab.peers import LOOPBACK
from playground.phone.snapshot import installable, snapshot
from playground.phone.story import Story
from playground.slack import Ack
from playground.slack.standin import CHANNEL, USER
from playground.slack.state import Json
from playground.stage import Stage

WAIT_SECONDS = 20.0
OWN_HEADER = "X-Playground"
PAGES: Final = {"/": "index.html", "/page.js": "dist/page.js", "/page.css": "dist/page.css"}


class PhoneServer:
    """Serves the page.

    Args:
        stage: the running services.
        files: the folder with the page and its bundle.
        port: where to listen.
        clock: the clock of the services and the bot, if it can be moved.
    """

    def __init__(
        self, stage: Stage, files: Path, port: int, clock: MovableClock | None = None
    ) -> None:
        self._stage = stage
        self._clock = clock
        self._files = files
        self._port = port
        self._story = Story(stage, clock)
        self._actions: Final[Mapping[str, Callable[[Json, str], Awaitable[Ack | None]]]] = {
            "command": self._command,
            "mention": self._mention,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "shortcut": self._shortcut,
            "home": self._home,
            "clock": self._move,
            "alert": self._alert,
            "switch": self._switch,
            "install": self._install,
        }

    async def __aenter__(self) -> Self:
        """Listen."""
        application = web.Application()
        pages = [web.get(path, self._page) for path in PAGES]
        application.add_routes([*pages, web.get("/state", self._state), web.post("/do", self._do)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self._port}/"

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(self._files / PAGES[request.path])

    async def _state(self, request: web.Request) -> web.Response:
        """What the phone shows; with `seen` it waits until that has changed."""
        user, seen = request.query.get("user", USER), request.query.get("seen")
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            body = json.dumps({**snapshot(self._stage, user), "story": self._story.shown})
            mark = hashlib.sha256(body.encode()).hexdigest()[:16]
            if mark != seen or time.monotonic() > deadline:
                return web.Response(
                    text=body, content_type="application/json", headers={"ETag": mark}
                )
            await self._stage.slack.workspace.changed(1.0)

    async def _do(self, request: web.Request) -> web.Response:
        """Act; a request header that other sites cannot send prevents cross-site requests."""
        if OWN_HEADER not in request.headers:
            return web.json_response(
                {"error": "only the playground's own page may act"}, status=403
            )
        wish = await request.json()
        if wish.get("do") == "story":
            return await self._tap(str(wish.get("user", USER)))
        action = self._actions.get(str(wish.get("do")))
        if action is None:
            return web.json_response({"error": "no such action"}, status=400)
        try:
            ack = await action(wish, str(wish.get("user", USER)))
        except (LookupError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=409)
        return web.json_response(_described(ack))

    async def _tap(self, user: str) -> web.Response:
        try:
            return web.json_response(await self._story.tap(user))
        except (LookupError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=409)

    async def _alert(self, _wish: Json, user: str) -> Ack:
        """Post an alert in its channel, after switching alert answers on."""
        slack = self._stage.slack
        ack = await slack.command("alerts on", channel=ALERTS, user=user)
        await slack.until(lambda: [m for m in slack.messages(ALERTS) if m.by_bot], WAIT_SECONDS)
        await send_alert(slack)
        return ack

    async def _switch(self, wish: Json, _user: str) -> None:
        """Break a server of the lab, or correct it."""
        change = self._stage.heal if wish.get("healed") else self._stage.break_again
        await change(str(wish["name"]))
        self._stage.slack.workspace.touch()

    async def _install(self, wish: Json, _user: str) -> None:
        """Install a file from a thread on the server that its card is about."""
        workspace = self._stage.slack.workspace
        message = workspace.find(str(wish["channel"]), str(wish["ts"]))
        file = workspace.files.get(str(wish["file"]))
        name = installable(self._stage, message, file) if message and file else None
        if file is None or name is None:
            raise LookupError("this file belongs to no server of the lab")
        await self._stage.install(name, file.content or b"")
        workspace.touch()

    async def _command(self, wish: Json, user: str) -> Ack:
        command, _, text = str(wish["text"]).strip().partition(" ")
        if not command.startswith("/"):
            _, ack = await self._stage.slack.mention(
                str(wish["text"]), channel=wish.get("channel", CHANNEL), user=user
            )
            return ack
        return await self._stage.slack.command(
            text, command=command, channel=wish.get("channel", CHANNEL), user=user
        )

    async def _mention(self, wish: Json, user: str) -> Ack:
        slack, channel = self._stage.slack, str(wish.get("channel", CHANNEL))
        parent = slack.workspace.find(channel, str(wish.get("thread", "")))
        _, ack = await slack.mention(str(wish["text"]), channel=channel, user=user, thread=parent)
        return ack

    async def _click(self, wish: Json, user: str) -> Ack:
        slack = self._stage.slack
        if view_id := wish.get("view"):
            view = slack.workspace.views.get(view_id) or slack.home(user)
            return await slack.click_view(view, wish["action"], option=wish.get("option"))
        message = slack.workspace.find(str(wish["channel"]), str(wish["ts"]))
        if message is None:
            raise LookupError("the message was deleted")
        return await slack.click(message, wish["action"], option=wish.get("option"), user=user)

    async def _submit(self, wish: Json, user: str) -> Ack:
        return await self._stage.slack.submit_view(wish.get("values", {}), user=user)

    async def _close(self, _wish: Json, user: str) -> Ack | None:
        slack = self._stage.slack
        ack = await slack.close_view(slack.view(user))
        slack.workspace.touch()
        return ack

    async def _shortcut(self, wish: Json, user: str) -> Ack:
        slack = self._stage.slack
        if "ts" not in wish:
            return await slack.shortcut("check_backend", user=user)
        message = slack.workspace.find(str(wish["channel"]), str(wish["ts"]))
        if message is None:
            raise LookupError("the message was deleted")
        return await slack.message_shortcut(message, "diagnose_502", user=user)

    async def _home(self, _wish: Json, user: str) -> Ack:
        return await self._stage.slack.open_home(user=user)

    async def _move(self, wish: Json, user: str) -> None:
        """Move the clock forward, by seconds or to this user's next morning.

        The bot notices within a second.
        """
        if self._clock is None:
            raise LookupError("this playground's clock cannot be moved")
        seconds = wish.get("seconds") or self._clock.until_morning(
            self._stage.slack.workspace.users[user].tz
        )
        await asyncio.to_thread(self._clock.move, float(seconds))
        self._stage.slack.workspace.touch()


def _described(ack: Ack | None) -> Json:
    if ack is None:
        return {"ok": True}
    body: Any = ack.body if isinstance(ack.body, dict) else {}
    return {
        "ok": ack.ok,
        "error": ack.error,
        "errors": body.get("errors", {}),
        "seconds": round(ack.seconds, 3),
    }

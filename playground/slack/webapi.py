"""The Web API over HTTP: arguments as the SDKs send them, tokens, scopes, faults, answers.

`methods` implements the methods.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

import playground.slack.methods  # noqa: F401 -- importing registers every method
from playground.slack.faults import Fault, Faults
from playground.slack.methods.files import MAX_FILE
from playground.slack.registry import METHODS, Call, Method, Refused, scopes
from playground.slack.state import Json, StoredFile, Workspace

MANIFEST_SCOPES: Final = scopes(
    "commands chat:write files:write app_mentions:read channels:history files:read im:history "
    "users:read reactions:write channels:read groups:read groups:history"
)
"""The scopes of manifest.yml, so that nothing works here that would not work in a real workspace.
"""
ALL_SCOPES: Final = MANIFEST_SCOPES | scopes("chat:write.public team:read channels:join")
APP_SCOPES: Final = scopes("connections:write")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The two accepted tokens, and the bot's scopes."""

    bot: str = "xoxb-standin-bot"
    app: str = "xapp-standin-app"
    scopes: frozenset[str] = MANIFEST_SCOPES


def _unknown(_call: Call) -> Json:
    raise Refused("unknown_method")


UNKNOWN: Final = Method(name="", function=_unknown, scopes=frozenset())


@dataclass(slots=True, kw_only=True)
class WebApi:
    """The HTTP server of the workspace.

    `calls` counts the calls per method, refused ones included; `log` contains the last of them with
    their arguments.
    """

    workspace: Workspace
    faults: Faults
    tokens: Tokens
    base_url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    log: deque[tuple[str, Json]] = field(default_factory=lambda: deque(maxlen=1000))

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [
            web.route("*", "/api/{method}", self._serve),
            web.route("*", "/upload/{file}", self._upload),
            web.get("/files/{file}/{name}", self._download),
        ]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        self.calls[name] += 1
        arguments = await _arguments(request)
        self.log.append((name, arguments))
        channel = str(arguments.get("channel") or arguments.get("channel_id") or "")
        fault = self.faults.take(name, channel)
        if (refusal := await _before(fault)) is not None:
            return refusal
        if name == "chat.postMessage" and self.faults.too_soon(channel, time.monotonic()):
            return _too_many(1)
        answer = self._answer(name, arguments, _token(request, arguments))
        await _after(fault, request)
        return web.json_response(
            answer, headers={"X-OAuth-Scopes": ",".join(sorted(self.tokens.scopes))}
        )

    def _answer(self, name: str, arguments: Json, token: str) -> Json:
        try:
            entry = METHODS.get(name, UNKNOWN)
            self._authorize(entry, token)
            call = Call(
                workspace=self.workspace,
                arguments=arguments,
                scopes=self.tokens.scopes,
                base_url=self.base_url,
            )
            return {"ok": True, **entry.function(call)}
        except Refused as refused:
            return {"ok": False, "error": refused.error, **refused.more}

    def _authorize(self, entry: Method, token: str) -> None:
        if not token:
            raise Refused("not_authed")
        if token not in {self.tokens.bot, self.tokens.app}:
            raise Refused("invalid_auth")
        if (token == self.tokens.app) is not entry.app_token:
            raise Refused("not_allowed_token_type")
        granted = APP_SCOPES if entry.app_token else self.tokens.scopes
        if entry.scopes and not entry.scopes & granted:
            raise Refused(
                "missing_scope", needed=min(entry.scopes), provided=",".join(sorted(granted))
            )

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        file = self.workspace.files.get(request.match_info["file"])
        fault = self.faults.take("upload", None)
        if (refusal := await _before(fault)) is not None:
            return refusal
        content = await _uploaded(request)
        if file is None or len(content) != file.length:
            return web.Response(status=400, text="the upload is not the one that was announced")
        self.workspace.files[file.id] = StoredFile(
            id=file.id, name=file.name, length=file.length, content=content
        )
        await _after(fault, request)
        return web.Response(text=f"OK - {len(content)}")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        file = self.workspace.files.get(request.match_info["file"])
        if _token(request, {}) != self.tokens.bot:
            return web.Response(status=403)
        if "files:read" not in self.tokens.scopes:
            return web.Response(
                text="<!DOCTYPE html><title>Sign in to Slack</title>", content_type="text/html"
            )
        if file is None or file.content is None:
            return web.Response(status=404)
        return web.Response(body=file.content, content_type="application/octet-stream")


async def _uploaded(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.content.read(MAX_FILE + 1)
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""


async def _arguments(request: web.Request) -> Json:
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        body: Any = json.loads(await request.text() or "{}")
        return {**found, **body} if isinstance(body, dict) else found
    return {
        **found,
        **{key: value for key, value in (await request.post()).items() if isinstance(value, str)},
    }


def _token(request: web.Request, arguments: Json) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or str(
        arguments.get("token", "")
    )


async def _before(fault: Fault | None) -> web.Response | None:
    if fault is None:
        return None
    await asyncio.sleep(fault.before)
    if fault.status == 429:  # noqa: PLR2004 -- the status has a body and a header of its own
        return _too_many(fault.retry_after)
    if fault.status is not None and fault.body is not None:
        return web.Response(status=fault.status, body=fault.body, content_type="application/json")
    if fault.status is not None:
        return web.Response(status=fault.status, text="the stand-in was told to fail")
    return web.json_response({"ok": False, "error": fault.error}) if fault.error else None


async def _after(fault: Fault | None, request: web.Request) -> None:
    if fault is None:
        return
    await asyncio.sleep(fault.after)
    if fault.cut and request.transport is not None:
        request.transport.abort()


def _too_many(seconds: int | str) -> web.Response:
    return web.json_response(
        {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(seconds)}
    )

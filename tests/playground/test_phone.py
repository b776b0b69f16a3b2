"""The phone page's two calls, with the real bot behind them.

The bundle itself is npm's business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from playground.alert import CHANNEL as ALERTS
from playground.alert import SITE
from playground.lab.catalogue import CATALOGUE
from playground.phone.build import WEB, CannotBuild, build
from playground.phone.server import PhoneServer
from playground.process import BotProcess
from playground.slack.standin import CHANNEL
from playground.stage import Stage
from tests.support.waiting import until
from tests.support.warm import appgw

pytestmark = [pytest.mark.may_block, pytest.mark.asyncio(loop_scope="module")]
OWN = {"X-Playground": "1"}


class Phone:
    """A browser's side of the two calls."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def state(self) -> dict[str, Any]:
        """What the phone shows."""
        async with self._session.get(self._url + "state") as answer:
            return dict(await answer.json())

    async def do(
        self, headers: dict[str, str] | None = None, **wish: object
    ) -> tuple[int, dict[str, Any]]:
        """Act; the status and what was told."""
        async with self._session.post(
            self._url + "do", json=wish, headers=OWN if headers is None else headers
        ) as answer:
            return answer.status, await answer.json()

    async def card(self) -> dict[str, Any]:
        """The last card of the incident channel that holds a verdict.

        Other tests leave their messages there too.
        """

        async def cards() -> list[dict[str, Any]]:
            posts = (await self.state())["messages"][CHANNEL]
            return [post for post in posts if post["text"].startswith(("FAIL", "OK"))]

        return dict((await until(cards))[-1])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Phone]:
    folder = tmp_path_factory.mktemp("playground")
    async with (
        Stage(folder, recipes=CATALOGUE[:2]) as stage,
        BotProcess(stage.environment(socket_mode=True), folder, appgw("serve")),
        PhoneServer(stage, WEB, 0) as server,
        aiohttp.ClientSession() as session,
    ):
        yield Phone(session, server.url)


async def test_typed_command_ends_in_a_card_with_buttons(phone: Phone) -> None:
    target = (await phone.state())["lab"][1]["target"]
    status, shown = await phone.do(do="command", text=f"/appgw-check {target}")
    assert (status, shown["ok"]) == (200, True)
    card = await phone.card()
    assert card["text"].startswith("FAIL")
    buttons = next(block for block in card["blocks"] if block["type"] == "actions")
    status, shown = await phone.do(
        do="click", channel=CHANNEL, ts=card["ts"], action=buttons["elements"][0]["action_id"]
    )
    assert (status, shown["ok"]) == (200, True)


async def test_thread_holds_what_only_its_reader_may_see(phone: Phone) -> None:
    await phone.do(do="mention", text="good morning", channel=CHANNEL)
    parent = next(
        post
        for post in (await phone.state())["messages"][CHANNEL]
        if "good morning" in post["text"]
    )
    await phone.do(do="mention", text="frobnicate", channel=CHANNEL, thread=parent["ts"])

    async def private() -> list[dict[str, Any]]:
        posts = (await phone.state())["messages"][CHANNEL]
        thread = next(post["thread"] for post in posts if post["ts"] == parent["ts"])
        return [post for post in thread if post["private"]]

    (answer,) = await until(private)
    assert answer["bot"]


async def test_alert_answers_itself(phone: Phone) -> None:
    status, shown = await phone.do(do="alert")
    assert (status, shown["ok"]) == (200, True)

    async def answered() -> list[dict[str, Any]]:
        posts = (await phone.state())["messages"][ALERTS]
        alerts = [post for post in posts if post["author"] == "Monitoring"]
        return [alert for alert in alerts[:1] if any(post["bot"] for post in alert["thread"])]

    (alert,) = await until(answered)
    assert alert["thread"][0]["text"].startswith("FAIL")
    assert SITE in str(alert["thread"][0]["blocks"])


async def test_form_is_shown_and_closed(phone: Phone) -> None:
    await phone.do(do="shortcut")

    async def view() -> Any:  # noqa: ANN401 -- as the page tells it
        return (await phone.state())["view"]

    assert (await until(view))["type"] == "modal"
    await phone.do(do="close")
    assert (await phone.state())["view"] is None


@pytest.mark.parametrize(
    ("wish", "headers", "status"),
    [
        ({"do": "command", "text": "x"}, {}, 403),
        ({"do": "dance"}, None, 400),
        ({"do": "click", "channel": CHANNEL, "ts": "1.0", "action": "x"}, None, 409),
        ({"do": "switch", "name": "nope", "healed": True}, None, 409),
        ({"do": "install", "channel": CHANNEL, "ts": "1.0", "file": "F1"}, None, 409),
    ],
    ids=["another site", "unknown", "no such message", "no such server", "no such file"],
)
async def test_wish_that_cannot_be_granted(
    phone: Phone, wish: dict[str, str], headers: dict[str, str] | None, status: int
) -> None:
    assert (await phone.do(headers, **wish))[0] == status


async def test_page_is_served(phone: Phone) -> None:
    async with aiohttp.ClientSession() as session, session.get(phone._url) as answer:
        assert "appgw-check playground" in await answer.text()


async def test_missing_node_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("package.json", "page.jsx", "blocks.jsx", "page.css"):
        (tmp_path / name).touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotBuild, match="needs Node 20 or newer"):
        build(tmp_path)

"""Where the bot listens, and what it takes from whom, as seen from outside the process."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from yarl import URL

from tests.support.slackbot import RunningBot, running_bot
from tests.support.waiting import until
from tests.support.wholebot import World, read, whole_bot

pytestmark = pytest.mark.may_block
LISTENING = "0A"


def listened(port: int) -> set[str]:
    """The addresses on which some process listens at this port (proc(5), net/tcp)."""
    rows = [
        line.split()[1:4]
        for file in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(file).exists()
        for line in Path(file).read_text(encoding="ascii").splitlines()[1:]
    ]
    here = [local for local, _, state in rows if state == LISTENING]
    return {
        socket.inet_ntoa(bytes.fromhex(one.split(":")[0])[::-1])
        if len(one.split(":")[0]) == 8
        else "version 6"
        for one in here
        if int(one.split(":")[1], 16) == port
    }


def ports(bot: RunningBot) -> tuple[int, int]:
    request_url = bot.slack.request_url
    assert request_url is not None
    return URL(request_url).port or 0, URL(bot.admin_url).port or 0


async def test_both_ports_listen_on_loopback_by_default() -> None:
    async with running_bot() as bot:
        assert [listened(port) for port in ports(bot)] == [{"127.0.0.1"}, {"127.0.0.1"}]


async def test_each_port_listens_where_its_setting_says() -> None:
    hosts = {"APPGW_HTTP_HOST": "127.0.0.1", "APPGW_ADMIN_HOST": "127.0.0.2"}
    async with running_bot(more=hosts, ready=False) as bot:
        http, admin = ports(bot)
        await until(lambda: listened(http))
        assert (listened(http), listened(admin)) == ({"127.0.0.1"}, {"127.0.0.2"})


class Asked:
    """A resolver that knows no name and remembers who was asked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        """Nothing."""
        self.names.append(host)
        return ()


@pytest.fixture
async def resolver() -> Asked:
    return Asked()


@pytest.fixture
async def bot(resolver: Asked, tmp_path: Path) -> AsyncIterator[RunningBot]:
    async with whole_bot(World(resolver=resolver.resolve, digests=True), tmp_path) as running:
        yield running


def told(bot: RunningBot, words: str) -> list[str]:
    return [one for one in map(read, bot.slack.ephemerals()) if words in one]


async def test_subscriptions_off_the_list_are_refused(bot: RunningBot, resolver: Asked) -> None:
    names = [f"off-{number}.contoso.com" for number in range(6)]
    for name in names:
        await bot.slack.command(f"subscribe {name} every=15m tz=UTC")
    for name in names:
        await bot.slack.until(lambda name=name: told(bot, f"{name} is in no backend pool"))
    await bot.slack.command("list")
    await bot.slack.until(lambda: told(bot, "no subscriptions"))
    assert [one for one in bot.slack.messages() if one.by_bot] == []
    assert resolver.names == []

"""Talk around one target in a mention: the line that is meant, or the thread that is spoken of."""

from __future__ import annotations

import pytest

from bot.commands.mention import read_mention
from bot.commands.parse import parse
from bot.domain.request import Request

MEANT = {
    "a version of software": (
        "version 1.2.3.4 of nginx on backend.contoso.com answers 502",
        "backend.contoso.com",
    ),
    "a verb that begins a sentence": ("list of hosts: a.contoso.com fails", "a.contoso.com"),
    "help with one": ("help, a.contoso.com is down", "a.contoso.com"),
    "history of one": ("history of a.contoso.com", "history a.contoso.com"),
    "help about a verb": ("help subscribe", "help subscribe"),
    "plain": ("shop.contoso.com:8443 sni=a.contoso.com", "shop.contoso.com:8443 sni=a.contoso.com"),
    "please": ("please check shop.contoso.com", "check shop.contoso.com"),
    "a request": ("could you have a look at shop.contoso.com", "shop.contoso.com"),
    "a question": ("why is shop.contoso.com down?", "shop.contoso.com"),
    "thanks": ("shop.contoso.com thanks!", "shop.contoso.com"),
    "a gateway": ("gw:prod-gw is red again", "gw:prod-gw"),
    "an address with a port": ("is 10.0.0.5:8443 up", "10.0.0.5:8443"),
    "a link": (
        "is <http://shop.contoso.com|shop.contoso.com> ok",
        "shop.contoso.com",
    ),
    "options stay": ("what about shop.contoso.com sni=a.b.io", "shop.contoso.com sni=a.b.io"),
    "watch stays": ("can you watch shop.contoso.com please", "watch shop.contoso.com"),
    "other dotted words": ("does node.js on web.corp.internal fail", "web.corp.internal"),
    "a version and a file": ("v1.2 of main.go broke shop.contoso.com", "shop.contoso.com"),
    "a line of a file": ("main.go:141 broke shop.contoso.com", "shop.contoso.com"),
    "possessive": ("is shop.contoso.com\u2019s certificate ok", "shop.contoso.com"),
    "a port in words": ("is shop.contoso.com on port 8443 ok", "shop.contoso.com port=8443"),
    "a port with a label": ("host: web.contoso.com, port: 8443", "web.contoso.com port=8443"),
    "misspelt check": ("chekc shop.contoso.com", "shop.contoso.com"),
    "another verb": ("please mute gw:prod-gw 2h patching", "mute gw:prod-gw 2h patching"),
    "misspelt other verb": ("mut gw:prod-gw 2h", "mut gw:prod-gw 2h"),
    "two targets": ("a.contoso.com or b.contoso.com?", "a.contoso.com b.contoso.com"),
    "a dotless host": ("check intranet", "check intranet"),
    "help": ("help please", "help"),
    "Japanese around a host": (
        "shop.contoso.com\u3092\u78ba\u8a8d\u3057\u3066",
        "shop.contoso.com",
    ),
    "Korean suffix": ("shop.contoso.com\uc744 \ud655\uc778", "shop.contoso.com"),
}


@pytest.mark.parametrize(("text", "line"), MEANT.values(), ids=MEANT.keys())
def test_talk_around_one_target_is_forgiven(text: str, line: str) -> None:
    assert read_mention(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "check this",
        "diagnose this",
        "what is wrong here?",
        "is it up?",
        "check it",
        "e.g. node.js?",
    ],
)
def test_pointing_words_are_never_hosts(text: str) -> None:
    assert read_mention(text) is None


@pytest.mark.parametrize("text", ["", "please", "thanks!", "ok great, thanks"])
def test_courtesy_alone_names_nothing(text: str) -> None:
    assert read_mention(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "version gw:prod-gw",
        "mut gw:prod-gw 2h",
        "shop.contoso.com prot=1",
        "a.contoso.com b.contoso.com",
    ],
)
def test_mistakes_keep_their_own_answer(text: str) -> None:
    assert not isinstance(parse(read_mention(text) or ""), Request)

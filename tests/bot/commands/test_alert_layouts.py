"""The host among the labels, headlines, rows and signs with which tools lay out their alerts."""

from __future__ import annotations

from typing import Any

import pytest

from bot.commands.alerts import AlertTarget, read_alert

HOST, GATEWAY = "till5.adatum.org", "agw-till"
STARTED = "*New incident started*\n"


def _table(*rows: tuple[str, str]) -> dict[str, Any]:
    cells = [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]
    return {"blocks": [{"type": "table", "rows": cells}]}


def _text(text: str) -> dict[str, Any]:
    return {"text": text}


HOSTS = {
    "colon in the bold": _text(f"*Monitor URL:* <https://{HOST}/a>\nCause: 502"),
    "headline": _text(f"{STARTED}*Monitor:* {HOST}\n*Cause:* Status 504"),
    "headline and no status": _text(f"{STARTED}*Monitor:* {HOST}\n*Cause:* no headers received"),
    "page": _text(f"Page: <https://{HOST}/a>\nCause: 502"),
    "page in bold": _text(f"{STARTED}*Page:* {HOST}\n*Status:* HTTP 502"),
    "rows": _text(f"check | result\nwww.adatum.org | UP 200\n{HOST} | DOWN 502"),
    "rows of three": _text(f"a.adatum.org: OK\n{HOST}: FAILED\nb.adatum.org: OK\ncertificates"),
    "table": _table(("Check", "State"), (HOST, "502"), ("www.adatum.org", "OK")),
    "table without headings": _table((HOST, "502"), ("www.adatum.org", "up")),
    "probe": _text(f"app gateway: probe of {HOST} fails"),
    "rejects": _text(f"the gateway rejects {HOST}: root not trusted"),
}
BOTH = {
    "arrow": f"{HOST} \u2192 502, via {GATEWAY}",
    "typed arrow": f"{HOST} -> 504, behind {GATEWAY}",
    "parentheses": f"{HOST} => 502 (gateway {GATEWAY})",
    "colon": f"{HOST}: unhealthy via {GATEWAY}",
}
NONE = {
    "page of a tool": "502 again\nPage: https://wiki.adatum.org/x\nStatus: 502",
    "page without a cause": "502 since noon\nPage: https://team.adatum.org/abc",
    "two rows fail": "a.adatum.org | DOWN 502\nb.adatum.org | DOWN 504\nc.adatum.org | UP 200",
}


def _target(message: dict[str, Any]) -> AlertTarget:
    target = read_alert(message).target
    assert target is not None
    return target


@pytest.mark.parametrize("message", HOSTS.values(), ids=HOSTS)
def test_layout_of_a_tool_gives_the_host(message: dict[str, Any]) -> None:
    assert _target(message).host == HOST


@pytest.mark.parametrize("text", BOTH.values(), ids=BOTH)
def test_state_behind_a_sign_keeps_the_host(text: str) -> None:
    target = _target(_text(text))
    assert target.gateway is not None
    assert (target.host, target.gateway.name) == (HOST, GATEWAY)


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_layout_that_decides_nothing_has_no_target(text: str) -> None:
    assert read_alert(_text(text)).target is None

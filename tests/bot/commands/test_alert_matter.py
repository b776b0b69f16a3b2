"""Alerts about a machine's disk, mail or queue name no backend, though they name a host."""

from __future__ import annotations

from typing import Any

import pytest

from bot.commands.alerts import read_alert

OTHER = {
    "disk": "Disk 91 % on fs1.adatum.org",
    "clock": "NTP offset on 10.66.9.3 is 3 s",
    "login": "ssh brute force on jump1.adatum.org",
    "page": "Memory high on app3.adatum.org https://grafana.adatum.org/d/7",
    "queue port": "mq1.adatum.org:5672 has 900 messages",
    "queue of azure": "sb-adatum.servicebus.windows.net has dead letters",
    "registrar": "the name expires soon (registrar: names.adatum.org)",
    "build agent": "shop-build #4 failed on agent build3.adatum.org",
}
OURS = {
    "status beside memory": "502 on app3.adatum.org, memory is fine",
    "certificate after backup": "since the backup the certificate of app3.adatum.org is refused",
    "down beside disk": "app3.adatum.org is down, disk full",
    "no matter": "look at app3.adatum.org",
}


def _message(text: str) -> dict[str, Any]:
    return {"text": text}


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_read_alert_about_another_matter(text: str) -> None:
    assert read_alert(_message(text)).target is None


@pytest.mark.parametrize("text", OURS.values(), ids=OURS)
def test_read_alert_beside_another_matter(text: str) -> None:
    target = read_alert(_message(text)).target
    assert target is not None
    assert target.host == "app3.adatum.org"


def test_reason_names_the_other_matter() -> None:
    assert "about disk" in read_alert(_message(OTHER["disk"])).reason

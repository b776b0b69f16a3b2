"""An alert that says that it is over, and words that merely look like it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.commands.alerts import is_resolved

OVER: dict[str, dict[str, Any]] = {
    "brackets": {"text": "[RESOLVED] prod-gw unhealthy"},
    "counted": {"attachments": [{"title": "[RESOLVED:2] Backend 502"}]},
    "emoji first": {"text": ":white_check_mark: Recovered: 502 on api.contoso.com"},
    "plain": {"text": "Resolved: api.contoso.com answers"},
    "status line": {"text": "prod-gw unhealthy hosts\nStatus: Resolved"},
    "azure": {"text": '{"data": {"essentials": {"monitorCondition": "Resolved"}}}'},
    "second line": {"text": "Alertmanager\nRESOLVED: BackendDown"},
}
STANDS: dict[str, dict[str, Any]] = {
    "firing": {"text": "[FIRING:1] prod-gw unhealthy"},
    "both": {"text": "Resolved: 1 alert\nFiring: prod-gw unhealthy"},
    "a name": {"text": "502: api.contoso.com could not be resolved"},
    "a host": {"text": "resolved-api.contoso.com answers 502"},
    "nothing": {"text": ""},
}


@pytest.mark.parametrize("message", OVER.values(), ids=OVER)
def test_alert_says_that_it_is_over(message: dict[str, Any]) -> None:
    assert is_resolved(message)


@pytest.mark.parametrize("message", STANDS.values(), ids=STANDS)
def test_alert_that_stands_is_not_over(message: dict[str, Any]) -> None:
    assert not is_resolved(message)

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
    "azure in the usual order": {
        "text": '{"data": {"essentials": {"alertId": "/a", "alertRule": "r", "severity": "Sev1", '
        '"signalType": "Metric", "monitorCondition": "Resolved"}}}'
    },
    "field": {"attachments": [{"fields": [{"title": "State", "value": "OK"}]}]},
    "earlier state": {
        "attachments": [
            {
                "fields": [
                    {"title": "Previous state", "value": "CRITICAL"},
                    {"title": "State", "value": "OK"},
                ]
            }
        ]
    },
    "forwarded mail": {"text": "Fwd: Resolved:Sev1 Azure Monitor Alert on prod-gw"},
    "ok in brackets": {"text": "[OK] 502 on api.contoso.com"},
    "monitor is up": {"text": "*Monitor is UP:* api.contoso.com. It was down for 3 minutes"},
    "up in brackets": {"text": "[api][\u2705 Up] https://api.contoso.com 200 - OK"},
    "came back": {"text": "api.contoso.com came back up"},
    "recovered further on": {"text": "[Elastic] Rule 'uptime' is recovered for api.contoso.com"},
    "recovery as a type": {"text": "Notification Type: RECOVERY\nHost: api.contoso.com"},
    "incident closed": {"text": "Incident 77 closed - 502 on api.contoso.com"},
    "alert cleared": {"text": "Alert cleared: api.contoso.com unreachable"},
    "closed by a person": {"text": '"#7: 502 on api.contoso.com" closed by kim'},
    "no longer firing": {"text": "[No longer firing] 502 on api.contoso.com"},
    "by itself": {"text": ":large_green_circle: Automatically resolved: api.contoso.com"},
    "german": {"text": "Problem behoben: api.contoso.com"},
    "french": {"text": "R\u00e9solu : 502 sur api.contoso.com"},
    "spanish": {"text": "Resuelto: 502 en api.contoso.com"},
    "japanese": {"text": "\u89e3\u6c7a\u3057\u307e\u3057\u305f: api.contoso.com"},
    "second line": {"text": "Alertmanager\nRESOLVED: BackendDown"},
}
STANDS: dict[str, dict[str, Any]] = {
    "firing": {"text": "[FIRING:1] prod-gw unhealthy"},
    "both": {"text": "Resolved: 1 alert\nFiring: prod-gw unhealthy"},
    "a name": {"text": "502: api.contoso.com could not be resolved"},
    "a host": {"text": "resolved-api.contoso.com answers 502"},
    "nothing": {"text": ""},
    "azure": {"text": '{"data": {"essentials": {"monitorCondition": "Fired"}}}'},
    "earlier state": {"text": "Previous state: OK\nState: CRITICAL\nHost: api.contoso.com"},
    "down": {"text": "Monitor is DOWN: api.contoso.com"},
    "down again": {"text": "api.contoso.com is up but slow, 502 now and then"},
    "another is down": {"text": "a.contoso.com is OK, api.contoso.com is down"},
    "not ok": {"text": "api.contoso.com is not OK"},
    "closed by a peer": {"text": "connection closed by peer: api.contoso.com"},
    "closed port": {"text": "api.contoso.com: port 443 is closed"},
    "question": {"text": "Is the incident closed?"},
    "not closed": {"text": "Incident not closed: 502 on api.contoso.com"},
    "not yet": {"text": "502 on api.contoso.com, alert resolved? still 502"},
    "words of people": {"text": "OK, api.contoso.com is down again"},
    "up to": {"text": "up to 30% of requests to api.contoso.com fail"},
    "unresolved": {"text": "Unresolved: 502 on api.contoso.com"},
    "reopened": {"text": "Reopened: 502 on api.contoso.com (was resolved)"},
}


@pytest.mark.parametrize("message", OVER.values(), ids=OVER)
def test_alert_says_that_it_is_over(message: dict[str, Any]) -> None:
    assert is_resolved(message)


@pytest.mark.parametrize("message", STANDS.values(), ids=STANDS)
def test_alert_that_stands_is_not_over(message: dict[str, Any]) -> None:
    assert not is_resolved(message)

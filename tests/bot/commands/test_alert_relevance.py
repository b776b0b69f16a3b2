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
    "database as a service": "PROBLEM: app3.adatum.org / MySQL is CRITICAL",
    "mail that is refused": "Service: SMTP\nAddress: mta4.adatum.org\nInfo: Connection refused",
    "agent of a tool": "Host: core1 [10.66.2.254]\nSNMP timeout",
    "queue by the host's name": "consumers of kafka-3.adatum.org time out",
    "database by the host's name": "Host lx-db3.adatum.org is unreachable",
    "fault of a program": "TypeError: x is undefined\nurl: https://shop.adatum.org/list",
    "database client": 'OperationalError: is the server running on host "pg2.adatum.org"?',
    "deployment": "Deploy of shop to prod finished: https://shop.adatum.org",
    "maintenance": "Maintenance window for shop.adatum.org tonight",
    "login to a portal": "New login for kim on portal.adatum.org",
    "sender": "Sender domain news.adatum.org fails DMARC alignment",
    "secrets store": "Vault sealed: https://vault.adatum.org:8200/ui",
    "address of a device": "Port utilisation over threshold\nhostname: 10.66.1.147\ntype: switch",
    "agent of a network tool": "Agent offline\nipAddress: 172.17.3.2\nhostname: probe-7",
    "domain of an attack": "Action: Deny\nRule: threat intelligence list\nHost: bad.example.org",
    "worker of a job": "DAG nightly: extract failed, see the last run\nHost: work-12.adatum.org",
    "file transfer": "SFTP transfer to drop.adatum.org failed: permission denied",
    "telephone": "SIP trunk voice.adatum.org unreachable since 04:10",
    "renewed": "Certbot: renewed certificate for shop.adatum.org, expires 2027-02-18",
    "plan": "Heads up: shop.adatum.org moves to the new data centre on Saturday",
    "report": "Lighthouse report for shop.adatum.org: performance 71, contrast 96",
    "page behind a general label": (
        '{"title": "CPU alert", "url": "https://tool.adatum.org/incidents/7", "status": "open"}'
    ),
    "subscription of a sender": '{"UnsubscribeURL": "https://sns.adatum.org/?x=1", "x": "ALARM"}',
    "product that is slow": (
        "[FIRING:1] JaegerSlowTraceRetrieval (srv7.adatum.org:9104 warning)\n"
        "Description: the retrieval of single traces takes longer than it should\n"
        "instance: `srv7.adatum.org:9104`"
    ),
    "node of a product": (
        "[FIRING:1] PveNodeDown (srv7.adatum.org:9104)\n"
        "Description: one of the nodes of the cluster left it\ninstance: srv7.adatum.org"
    ),
    "part of a product": (
        "a distributor is unhealthy (instance srv7.adatum.org:9104), see the members of the ring"
    ),
    "protocol before TLS": "LDAP handshake errors on srv7.adatum.org",
    "order of a shop": "Order 77 paid on shop.adatum.org",
    "page behind a word": "Reminder: timesheets https://time.adatum.org",
    "asker that cannot": "sssd on lin8.adatum.org cannot resolve group",
    "camera": "Camera yard7.adatum.org offline",
    "node of a cluster": "Node pool-3.adatum.org NotReady",
    "loss of packets": "Ping loss 30 % to 10.66.0.1",
    "job that failed": "the last of 30 copies failed on vb1.adatum.org tonight",
    "mentioned in passing": (
        "Lovely weather in town again, the team lunch moved to noon, the menu stands on "
        "https://shop.adatum.org this week"
    ),
}
OURS = {
    "status beside memory": "502 on app3.adatum.org, memory is fine",
    "certificate after backup": "since the backup the certificate of app3.adatum.org is refused",
    "down beside disk": "app3.adatum.org is down, disk full",
    "no matter": "look at app3.adatum.org",
    "status beside database": "502 from app3.adatum.org, the database is fine",
    "certificate before mail": "TLS handshake with app3.adatum.org fails since the SMTP change",
    "fault of a program with a status": "AxiosError: status code 502, url: https://app3.adatum.org",
    "name of an alert in one word": "[FIRING:1] HttpProbeFailed app3.adatum.org, replicas 3",
    "verb of reaching": "proxy9.adatum.org: 502 connecting to app3.adatum.org",
    "number of a status in JSON": (
        '{"url": "https://app3.adatum.org/x", "http": {"response": {"status_code": 502}}, "n": 9}'
    ),
    "watched address": "*Endpoint:* GET https://app3.adatum.org/a\nmore erroneous calls of users",
    "ticket that tells a fault": "customer ticket 9: https://app3.adatum.org/a shows an error 502",
    "card of the bot": "FAIL app3.adatum.org port 8443: root not trusted. Fix: at the gateway.",
    "sentence about a host": "app3.adatum.org gives a blank page",
    "incident": "Incident on app3.adatum.org",
    "users": "half of the users of app3.adatum.org cannot log in any more",
    "question": "does somebody know what happened to app3.adatum.org",
    "mark": "\U0001f534 shop - https://app3.adatum.org",
    "refuses": "app3.adatum.org (port 8443) refuses all connections since noon today",
    "no live upstreams": 'no live upstreams while connecting to upstream, host: "app3.adatum.org"',
    "label and a failure": "Service degraded\nHost: app3.adatum.org\nSince: about an hour or two",
    "failed checks": "*app3.adatum.org* failed 3 checks in a row, says the monitoring of the shop",
    "link to the root that fails": "Check <https://app3.adatum.org/|shop> returned *502*",
    "sentence before a colon": "tickets are broken again: https://app3.adatum.org",
    "health page": "connect error, retried three times then gave up https://app3.adatum.org/ready",
    "availability": "availability of app3.adatum.org fell to 82 % during the last hour",
    "browser": "customers get 'connection not private' when they go to app3.adatum.org",
    "where it happens": "see https://wiki.adatum.org/x - happens on app3.adatum.org now",
    "page of its own health": "health: app3.adatum.org/healthz => 502 (5 of 5), ok at 02:11",
    "checked at a page": "Certificate of `app3.adatum.org` ends. Checked at https://ct.adatum.org/a",
    "none of another": "2 x 502 at app3.adatum.org, 0 x 502 at www.adatum.org",
    "run by another": "Checks run by pinger.adatum.org failed for app3.adatum.org: SSL",
    "name of a class": "org.adatum.shop.Client: app3.adatum.org returned 502",
    "page that nobody opens": (
        "since the change of last night our customers cannot open https://app3.adatum.org/login"
    ),
    "new certificate that is broken": "certificate renewed on app3.adatum.org, the chain is broken",
    "checked from elsewhere": "Probing app3.adatum.org from monitor-2.adatum.org: TLS fails",
    "page of an error": "Our services aren't available right now app3.adatum.org",
    "watched in a sentence": "*Condition:* Monitor failed on `https://app3.adatum.org`",
    "output of a command": "openssl says depth=0 CN = app3.adatum.org verify error:num=20",
    "name of a metric": "probe_success of app3.adatum.org is 0, queue 7",
    "short text": "app3.adatum.org build 7",
    "label says backend": "backend: app3.adatum.org, memory 91 %",
    "job with a fault": (
        "Job smoke: curl: (60) SSL certificate problem: no issuer https://app3.adatum.org/ready"
    ),
    "address without a scheme": "//app3.adatum.org/ is slow",
}
LEVEL = {
    "behind a sentence": "502 on one.adatum.org, two.adatum.org, three.adatum.org",
    "as items of a list": "Members:\n- one.adatum.org\n- two.adatum.org\n- three.adatum.org",
    "with blanks only": "down: one.adatum.org two.adatum.org three.adatum.org",
    "behind a verb": "one.adatum.org and two.adatum.org are unreachable",
}
NAMED_LIKE_TOOLS = {
    "502": ("502 on tickets.adatum.org since noon", "tickets.adatum.org"),
    "certificate": ("certificate of docs.adatum.org expired", "docs.adatum.org"),
    "slow": ("support.adatum.org is slow", "support.adatum.org"),
    "beside another host": ("502 on app3.adatum.org, page tickets.adatum.org", "app3.adatum.org"),
    "page of a ticket": ("502 again https://tickets.adatum.org/browse/OPS-7", None),
    "tool": ("certificate alert on grafana.adatum.org", None),
    "tool that fails": ("grafana.adatum.org returned 502 for an hour", "grafana.adatum.org"),
    "tool that tells": ("grafana.adatum.org shows 502 on checkout", None),
    "tool of a vendor": ("adatum.grafana.net returned 502", None),
    "alone": ("tickets.adatum.org", None),
}
GATEWAYS = {
    "group beside the gateway": (
        "fired for resource shop-gw in rg-shop (Microsoft.Network/applicationGateways)",
        "shop-gw",
    ),
    "short label": ("gw: shop-gw pool web is red", "shop-gw"),
    "target of an alert about gateways": (
        "Target: agw-shop\nTarget type: Microsoft.Network/applicationGateways",
        "agw-shop",
    ),
    "name before the type": ("shop-gw | Application Gateway | healthy hosts 0", "shop-gw"),
    "name at the head": ("agw-shop: pool web has no healthy host", "agw-shop"),
    "rule at the head": ("agw-backends is unhealthy", None),
    "tag of a metric": ("azure.network_applicationgateways over name:shop-gw,x:y", "shop-gw"),
    "rule of an alert": ("Rule: agw-unhealthy about Application Gateways\ninstance: agw", None),
    "command line": (
        "az network application-gateway show-backend-health -g rg-shop -n shop-gw is Unhealthy",
        "shop-gw",
    ),
    "PowerShell": ("Get-AzApplicationGatewayBackendHealth -Name shop-gw -Debug", "shop-gw"),
    "router": ("default gw: rt-core-1 does not answer", None),
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


@pytest.mark.parametrize("text", LEVEL.values(), ids=LEVEL)
def test_read_alert_with_a_list_of_hosts(text: str) -> None:
    reading = read_alert(_message(text))
    assert reading.target is None
    assert [one.host for one in reading.choices] == ["one.adatum.org", "two.adatum.org"]


@pytest.mark.parametrize(("text", "host"), NAMED_LIKE_TOOLS.values(), ids=NAMED_LIKE_TOOLS)
def test_alert_about_a_site_named_like_tools(text: str, host: str | None) -> None:
    target = read_alert(_message(text)).target
    assert (target.host if target else None) == host


@pytest.mark.parametrize(("text", "name"), GATEWAYS.values(), ids=GATEWAYS)
def test_read_alert_with_a_gateway_beside_others(text: str, name: str | None) -> None:
    target = read_alert(_message(text)).target
    assert (target.gateway.name if target and target.gateway else None) == name


def test_read_alert_with_a_member_behind_a_path() -> None:
    text = "pool member /Common/10.66.7.8:443 monitor status down [ x ] lb2.adatum.org"
    target = read_alert(_message(text)).target
    assert target is not None
    assert target.host == "10.66.7.8"


def test_reason_names_the_other_matter() -> None:
    assert "about disk" in read_alert(_message(OTHER["disk"])).reason

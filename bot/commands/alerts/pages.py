"""Recognises hosts and paths in alerts that belong to pages of tools and vendors. Pure."""

from __future__ import annotations

import re

from bot.commands.alerts.words import PAGE_HOSTS, SITE_HOSTS, VENDORS

_SCRIPT = re.compile(r"(?i)\.(?:py|aspx?|cgi|php|html?|jsp|do)\?")
_PAGE_PATH = re.compile(
    r"(?i)(?:/(?:incidents?|alerts?|alerting|issues?|browse|tickets?|dashboards?|d|d-solo|monitors?"
    r"|runbooks?|wiki|docs?|confluence|actions/runs|commit|pull|merge_requests|pipelines?|jobs?"
    r"|builds?|explore|graph|silences?|archives|meet|j|checks|check-sessions|problems?|services?"
    r"|icingaweb2|cgi-bin|nagios\w*|zabbix|notebooks?|reports?|events?|kb|app/(?:client|discover|"
    r"apm|observability|reports|alerts|kibana|o11y)|search|trace|logs|runbook|display|spaces?|"
    r"playbooks?|sessions?|uptime|console|project|organizations|blob|tree|history)"
    r"(?:[/?#.;,]|$)|[?#&;](?:triggerid|eventid|id|panelid|orgid|incident|alert|receiver|"
    r"g0\.expr|silenceid|sensor|monitor|problem)\w*=|#/|#!|#(?:alerts?|incident|problem|check|"
    r"home)\b|[?&](?:url|host(?:name)?|domain|site)=(?:https?(?:%3a|:)|[\w-]+\.)|sensor\.htm|tr_events|/status\.cgi|/extinfo)"
)
_TOOL_PATH = re.compile(
    r"(?i)/(?:incidents?|alerting|issues|browse|dashboards?|d|d-solo|runbooks?|wiki|actions/runs"
    r"|merge_requests|pipelines|silences?|icingaweb2|nagios\w*|zabbix)/"
    r"|[?&](?:panelid|orgid|g0\.expr|triggerid|eventid|silenceid)=|#/?(?:alerts?|incidents?|silences?)\b"
)
_HEALTH_PATH = re.compile(
    r"(?i)/(?:_?health\w*|_?ready\w*|_?live\w*|alive|ping|probe|up|heartbeat)/?(?:[?#]|$)"
)
_ON_VENDORS = (".cloudapp.azure.com", ".cloudapp.azure.cn", ".cloudapp.usgovcloudapi.net")
"""Names that customers get below a domain of the table."""
_NO_BACKENDS = (
    *(".servicebus.windows.net", ".servicebus.chinacloudapi.cn"),
    *(".scm.azurewebsites.net", ".scm.azurewebsites.us", ".scm.chinacloudsites.cn"),
)
"""Azure's queues and App Service's consoles, which no gateway has as backends."""


def is_page_path(path: str) -> bool:
    """Whether a URL's path or query is that of a page of a tool."""
    return bool(_PAGE_PATH.search(path))


def is_tool_path(path: str) -> bool:
    """Whether a URL's path is of a tool: incidents, dashboards, queries."""
    return bool(_TOOL_PATH.search(path))


def is_root_or_health(path: str) -> bool:
    """Whether a URL's path is the root or one that monitors ask: `/healthz`, `/ready`."""
    return path in {"", "/"} or bool(_HEALTH_PATH.search(path))


def is_script(path: str) -> bool:
    """Whether a path is that of a script with parameters, as in old consoles."""
    return bool(_SCRIPT.search(path))


def is_page_host(host: str, registered: str | None) -> bool:
    """Whether a host belongs to a vendor, or has the name of a tool."""
    if registered in VENDORS or host in VENDORS:
        return not host.endswith(_ON_VENDORS)
    return host.endswith(_NO_BACKENDS) or bool(_tool_labels(host))


def may_be_site(host: str, registered: str | None, *, fails: bool) -> bool:
    """Whether a host with the name of a tool may be a monitored site: `tickets`, `docs`.

    One of any tool may be, if the alert says that it is what `fails`.
    """
    is_vendor = registered in VENDORS or host in VENDORS or host.endswith(_NO_BACKENDS)
    return not is_vendor and (fails or _tool_labels(host) <= SITE_HOSTS)


def _tool_labels(host: str) -> frozenset[str]:
    labels = {label.rstrip("-0123456789") for label in host.split(".")[:-1]}
    return PAGE_HOSTS & labels

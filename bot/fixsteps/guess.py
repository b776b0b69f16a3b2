"""Guesses what software the backend runs from its host name, Server header and ARM data."""

from __future__ import annotations

from bot.fixsteps.values import ServerKind

# Domains that Azure services hand out, sovereign clouds included.
_SUFFIXES: tuple[tuple[str, ServerKind], ...] = (
    (".azurewebsites.net", ServerKind.APP_SERVICE),
    (".azurewebsites.us", ServerKind.APP_SERVICE),
    (".chinacloudsites.cn", ServerKind.APP_SERVICE),
    (".appserviceenvironment.net", ServerKind.APP_SERVICE),
    (".azure-api.net", ServerKind.API_MANAGEMENT),
    (".azure-api.us", ServerKind.API_MANAGEMENT),
    (".azure-api.cn", ServerKind.API_MANAGEMENT),
    (".azurecontainerapps.io", ServerKind.CONTAINER_APPS),
    (".svc.cluster.local", ServerKind.KUBERNETES),
)
# The first match wins, so the more specific word comes first: Tomcat before Apache.
_HEADERS: tuple[tuple[str, ServerKind], ...] = (
    ("coyote", ServerKind.TOMCAT),
    ("tomcat", ServerKind.TOMCAT),
    ("jetty", ServerKind.TOMCAT),
    ("wildfly", ServerKind.TOMCAT),
    ("jboss", ServerKind.TOMCAT),
    ("ingress-nginx", ServerKind.KUBERNETES),
    ("traefik", ServerKind.KUBERNETES),
    ("kestrel", ServerKind.KESTREL),
    ("envoy", ServerKind.ENVOY),
    ("microsoft-iis", ServerKind.IIS),
    ("microsoft-httpapi", ServerKind.IIS),
    ("openresty", ServerKind.NGINX),
    ("nginx", ServerKind.NGINX),
    ("haproxy", ServerKind.HAPROXY),
    ("apache", ServerKind.APACHE),
    ("node", ServerKind.NODE),
    ("express", ServerKind.NODE),
)


def guess_server_kind(
    server_header: str, host: str, *, network_interface: bool = False
) -> ServerKind:
    """The likeliest kind of server; `OTHER` when nothing indicates one.

    Args:
        server_header: the Server header of the response, hostile text, empty if there was none.
        host: the host name or address that was checked.
        network_interface: ARM says that the pool member is a network interface of a VM or scale
            set.
    """
    name, header = host.lower().rstrip("."), server_header.lower()
    by_host = (kind for suffix, kind in _SUFFIXES if name.endswith(suffix))
    by_header = (kind for word, kind in _HEADERS if word in header)
    fallback = ServerKind.VIRTUAL_MACHINE if network_interface else ServerKind.OTHER
    return next(by_host, None) or next(by_header, fallback)

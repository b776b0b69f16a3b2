"""Recipes for one server setting besides the chain.

These are TLS version, client certificates and the PROXY protocol, with one line for each kind of
server.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.fixsteps.tasks import ServerTask
from bot.fixsteps.values import Language, Recipe, ServerKind, Template

_CONFIG = Language.CONFIG
# The test comes first because New-Item -Force empties an existing key.
_ENABLE_SCHANNEL = (
    r"$k = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders"
    r"\SCHANNEL\Protocols\TLS 1.2\Server'"
    r"""
if (!(Test-Path $k)) { New-Item $k -Force }
Set-ItemProperty $k Enabled 1 -Type DWord
Set-ItemProperty $k DisabledByDefault 0 -Type DWord"""
)
_RELOAD: Mapping[ServerKind, Template] = MappingProxyType(
    {
        ServerKind.NGINX: Template(text="Test and reload.", command="nginx -t && nginx -s reload"),
        ServerKind.APACHE: Template(
            text="Test and reload.", command="apachectl configtest && apachectl graceful"
        ),
        ServerKind.HAPROXY: Template(
            text="Test and reload.",
            command="haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy",
        ),
        ServerKind.TOMCAT: Template(text="Restart.", command="systemctl restart tomcat"),
        ServerKind.IIS: Template(
            text="Restart; sites pause for seconds.",
            command="iisreset",
            language=Language.POWERSHELL,
        ),
    }
)
_CARE = Template(
    text=(
        "Callers without a certificate then get in: let the application refuse them, all but the "
        "gateway's subnet."
    )
)
_RESTART = Template(text="Reload or restart the server.")
_LINES: Mapping[ServerTask, Mapping[ServerKind, Template]] = MappingProxyType(
    {
        ServerTask.TLS_VERSION: {
            ServerKind.NGINX: Template(
                text="In the server block:",
                command="ssl_protocols TLSv1.2 TLSv1.3;",
                language=_CONFIG,
            ),
            ServerKind.APACHE: Template(
                text="In the virtual host:",
                command="SSLProtocol -all +TLSv1.2 +TLSv1.3",
                language=_CONFIG,
            ),
            ServerKind.HAPROXY: Template(
                text="In global:",
                command="ssl-default-bind-options ssl-min-ver TLSv1.2",
                language=_CONFIG,
            ),
            ServerKind.TOMCAT: Template(
                text="In SSLHostConfig:", command='protocols="TLSv1.2+TLSv1.3"', language=_CONFIG
            ),
            ServerKind.NODE: Template(
                text="In the options of createServer:",
                command="minVersion: 'TLSv1.2'",
                language=_CONFIG,
            ),
            ServerKind.ENVOY: Template(
                text="In tls_params:",
                command="tls_minimum_protocol_version: TLSv1_2",
                language=_CONFIG,
            ),
            ServerKind.KESTREL: Template(
                text="In the https options:",
                command="options.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;",
                language=_CONFIG,
            ),
            ServerKind.IIS: Template(
                text="In PowerShell as administrator; then restart Windows.",
                command=_ENABLE_SCHANNEL,
                language=Language.POWERSHELL,
            ),
            ServerKind.KUBERNETES: Template(
                text="In the ingress-nginx controller's ConfigMap:",
                command='ssl-protocols: "TLSv1.2 TLSv1.3"',
                language=_CONFIG,
            ),
            ServerKind.APP_SERVICE: Template(
                text="Set RG and APP to the app, then:",
                command='az webapp config set -g "$RG" -n "$APP" --min-tls-version 1.2',
            ),
        },
        ServerTask.CLIENT_CERTIFICATE: {
            ServerKind.NGINX: Template(
                text="In the server block:", command="ssl_verify_client optional;", language=_CONFIG
            ),
            ServerKind.APACHE: Template(
                text="In the virtual host:", command="SSLVerifyClient optional", language=_CONFIG
            ),
            ServerKind.HAPROXY: Template(
                text="On the bind line, in place of required:",
                command="verify optional",
                language=_CONFIG,
            ),
            ServerKind.TOMCAT: Template(
                text="In SSLHostConfig:",
                command='certificateVerification="optional"',
                language=_CONFIG,
            ),
            ServerKind.NODE: Template(
                text="In the options of createServer:",
                command="rejectUnauthorized: false",
                language=_CONFIG,
            ),
            ServerKind.ENVOY: Template(
                text="In the downstream TLS context (Istio: tls.mode OPTIONAL_MUTUAL):",
                command="require_client_certificate: false",
                language=_CONFIG,
            ),
            ServerKind.KESTREL: Template(
                text="In the https options:",
                command="options.ClientCertificateMode = ClientCertificateMode.AllowCertificate;",
                language=_CONFIG,
            ),
            ServerKind.IIS: Template(
                text=(
                    "In IIS Manager, SSL Settings of the site: client certificates Accept instead "
                    "of Require."
                )
            ),
            ServerKind.KUBERNETES: Template(
                text="As an annotation of the ingress:",
                command='nginx.ingress.kubernetes.io/auth-tls-verify-client: "optional"',
                language=_CONFIG,
            ),
            ServerKind.APP_SERVICE: Template(
                text="Set RG and APP to the app, then:",
                command=(
                    'az webapp update -g "$RG" -n "$APP" --set '
                    "clientCertMode=OptionalInteractiveUser"
                ),
            ),
            ServerKind.API_MANAGEMENT: Template(
                text=(
                    "In Custom domains, clear Negotiate client certificate for the gateway's name."
                )
            ),
            ServerKind.CONTAINER_APPS: Template(
                text="Set RG and APP to the app, then:",
                command=(
                    'az containerapp ingress update -g "$RG" -n "$APP" --client-certificate-mode '
                    "accept"
                ),
            ),
        },
        ServerTask.PROXY_PROTOCOL: {
            ServerKind.NGINX: Template(
                text="In the server block:",
                command="listen 443 ssl proxy_protocol;",
                language=_CONFIG,
            ),
            ServerKind.APACHE: Template(
                text="In the virtual host:", command="RemoteIPProxyProtocol On", language=_CONFIG
            ),
            ServerKind.HAPROXY: Template(
                text="On the bind line, add:", command="accept-proxy", language=_CONFIG
            ),
            ServerKind.ENVOY: Template(
                text="As the first listener filter:",
                command="name: envoy.filters.listener.proxy_protocol",
                language=_CONFIG,
            ),
            ServerKind.KUBERNETES: Template(
                text="In the ingress-nginx controller's ConfigMap:",
                command='use-proxy-protocol: "true"',
                language=_CONFIG,
            ),
        },
    }
)
_ELSEWHERE: Mapping[ServerTask, str] = MappingProxyType(
    {
        ServerTask.TLS_VERSION: "Enable TLS 1.2 (and 1.3 where it is known) on the server.",
        ServerTask.CLIENT_CERTIFICATE: (
            "Make the client certificate optional on the server, at least for the gateway's subnet."
        ),
        ServerTask.PROXY_PROTOCOL: (
            "Enable the PROXY protocol on this port, or switch off client address preservation on "
            "the setting."
        ),
    }
)
_TITLES: Mapping[ServerTask, str] = MappingProxyType(
    {
        ServerTask.TLS_VERSION: "Enable TLS 1.2 on the server",
        ServerTask.CLIENT_CERTIFICATE: "Make the client certificate optional",
        ServerTask.PROXY_PROTOCOL: "Accept the PROXY protocol",
    }
)


def setting_recipe(task: ServerTask, kind: ServerKind) -> Recipe:
    """The recipe for one setting on one kind of server.

    A kind without a line of its own gets the general sentence alone.
    """
    line = _LINES[task].get(kind, Template(text=_ELSEWHERE[task]))
    reload = _RELOAD.get(kind, _RESTART)
    keep = Template(text="Note the present value.")
    care = (_CARE,) if task is ServerTask.CLIENT_CERTIFICATE else ()
    return Recipe(
        title=_TITLES[task],
        steps=(keep, *care, line, reload),
        undo=(Template(text="Write back what stood there."), reload),
    )

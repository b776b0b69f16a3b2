"""Certificates that products send until somebody gives them one for the name asked for.

A table of what is publicly known: what such a certificate says about itself, which product makes
it, and where that can be read. Nothing is decided here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

from chainlib.certificate import Certificate
from chainlib.names import presented_identifiers


class DefaultKind(StrEnum):
    """What kind of product sends it, which decides the steps."""

    ROUTER = "router"
    DEVELOPMENT = "development"
    APPLIANCE = "appliance"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultCertificate:
    """One row of the table.

    Attributes:
        product: as it stands in "the default certificate of ...".
        kind: what sends it.
        says: field of the certificate -> pattern (`*`), lower case; all of them must hold.
            `names` holds when every name of the certificate fits one of the patterns, which are
            separated by blanks.
        source: where it can be read.
    """

    product: str
    kind: DefaultKind
    says: Mapping[str, str]
    source: str


_MOST_NAMES = 20  # a default certificate names its product's own few hosts
_OIDS = MappingProxyType(
    {"cn": "2.5.4.3", "o": "2.5.4.10", "ou": "2.5.4.11", "email": "1.2.840.113549.1.9.1"}
)


@lru_cache(maxsize=1024)
def default_of(certificate: Certificate) -> DefaultCertificate | None:
    """The row that this certificate fits, `None` for any other certificate."""
    values = _values_of(certificate)
    rows = (TABLE[position] for position in _INDEX.candidates(values))
    return next(
        (row for row in rows if all(_holds(values, *one) for one in row.says.items())), None
    )


def _values_of(certificate: Certificate) -> Mapping[str, frozenset[str]]:
    """What the certificate says, by the names of the fields in the table, in lower case."""
    found: dict[str, frozenset[str]] = {}
    for prefix, name in (("", certificate.subject_key), ("issuer_", certificate.issuer_key)):
        pairs = [pair for rdn in name for pair in rdn]
        for field, oid in _OIDS.items():
            found[prefix + field] = frozenset(value for kind, value in pairs if kind == oid)
    names = presented_identifiers(certificate)
    few = names if len(names) <= _MOST_NAMES else ()
    return found | {"names": frozenset(one.lower() for one in few)}


def _holds(values: Mapping[str, frozenset[str]], field: str, pattern: str) -> bool:
    found = values[field]
    if field == "names":
        patterns = pattern.split()
        return bool(found) and all(any(map(_fitting(one), patterns)) for one in found)
    return pattern in found or ("*" in pattern and any(fnmatchcase(v, pattern) for v in found))


def _fitting(name: str) -> Callable[[str], bool]:
    return lambda pattern: fnmatchcase(name, pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """Where in the table a certificate can fit, by one field of each row.

    Attributes:
        exact: field and value -> positions of the rows that ask for that value.
        patterned: field -> one expression for all its patterns, and the positions of their rows.
    """

    exact: Mapping[tuple[str, str], tuple[int, ...]]
    patterned: Mapping[str, tuple[re.Pattern[str], tuple[int, ...]]]

    @classmethod
    def of(cls, table: Sequence[DefaultCertificate]) -> _Index:
        """One field of each row: an exact one where the row has such."""
        exact: dict[tuple[str, str], list[int]] = defaultdict(list)
        patterned: dict[str, dict[int, str]] = defaultdict(dict)
        for position, row in enumerate(table):
            field, value = min(row.says.items(), key=_is_patterned)
            if _is_patterned((field, value)):
                patterned[field][position] = value
            else:
                exact[field, value].append(position)
        return cls(
            exact={key: tuple(rows) for key, rows in exact.items()},
            patterned={
                field: (_one_expression(field, rows.values()), tuple(rows))
                for field, rows in patterned.items()
            },
        )

    def candidates(self, values: Mapping[str, frozenset[str]]) -> list[int]:
        """Positions of the rows that may fit, in the table's order."""
        found: set[int] = set()
        for field, said in values.items():
            for value in said:
                found.update(self.exact.get((field, value), ()))
            expression, rows = self.patterned.get(field, (None, ()))
            if expression and any(map(expression.match, said)):
                found.update(rows)
        return sorted(found)


def _is_patterned(asked: tuple[str, str]) -> bool:
    field, value = asked
    return field == "names" or "*" in value


def _one_expression(field: str, values: Iterable[str]) -> re.Pattern[str]:
    patterns = chain.from_iterable(one.split() if field == "names" else [one] for one in values)
    return re.compile("|".join(map(translate, patterns)))


def _rows(kind: DefaultKind) -> Callable[..., DefaultCertificate]:
    def row(product: str, source: str, **says: str) -> DefaultCertificate:
        return DefaultCertificate(
            product=product, kind=kind, says=MappingProxyType(says), source=source
        )

    return row


_router, _development = _rows(DefaultKind.ROUTER), _rows(DefaultKind.DEVELOPMENT)
_appliance, _platform = _rows(DefaultKind.APPLIANCE), _rows(DefaultKind.PLATFORM)
_GITHUB = "https://github.com"
_LOCAL_NAMES = (
    "localhost *.localhost localhost.localdomain localhost4 localhost6 *.dev.internal "
    "host.docker.internal host.containers.internal"
)

TABLE: tuple[DefaultCertificate, ...] = (
    _router(
        "ingress-nginx (Kubernetes)",
        f"{_GITHUB}/kubernetes/ingress-nginx/blob/main/internal/net/ssl/ssl.go",
        cn="kubernetes ingress controller fake certificate",
    ),
    _router(
        "Traefik",
        f"{_GITHUB}/traefik/traefik/blob/master/pkg/tls/generate/generate.go",
        cn="traefik default cert",
    ),
    _router(
        "Caddy (its internal CA)",
        f"{_GITHUB}/caddyserver/caddy/blob/master/modules/caddypki/ca.go",
        issuer_cn="caddy local authority*",
    ),
    _router(
        "the NGINX Ingress Controller",
        f"{_GITHUB}/nginx/kubernetes-ingress/blob/main/docs",
        cn="nginxingresscontroller",
    ),
    _router(
        "Nginx Proxy Manager", f"{_GITHUB}/NginxProxyManager/nginx-proxy-manager", o="nginx proxy *"
    ),
    _router(
        "an ingress controller",
        "https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
        cn="*fake certificate*",
    ),
    _router("HAProxy Ingress", f"{_GITHUB}/jcmoraisjr/haproxy-ingress", cn="haproxy ingress*"),
    _router(
        "Kong",
        f"{_GITHUB}/Kong/kong/blob/master/kong/cmd/utils/prefix_handler.lua",
        o="kong",
        cn="localhost",
    ),
    _router(
        "the OpenShift router",
        f"{_GITHUB}/openshift/cluster-ingress-operator",
        issuer_cn="ingress-operator@*",
    ),
    _router("k3s or Rancher", f"{_GITHUB}/rancher/dynamiclistener", o="dynamiclistener-org*"),
    _router(
        "k3s or Rancher", f"{_GITHUB}/rancher/dynamiclistener", issuer_o="dynamiclistener-org*"
    ),
    _router(
        "cert-manager (a temporary one until the real one is issued)",
        "https://cert-manager.io/docs/usage/certificate/",
        issuer_cn="cert-manager.local",
    ),
    _router(
        "Emissary-ingress (Ambassador)",
        "https://www.getambassador.io/docs/emissary",
        cn="ambassador-selfsigned",
    ),
    _router(
        "F5 BIG-IP",
        "https://my.f5.com/manage/s/article/K15664",
        cn="localhost.localdomain",
        o="mycompany",
    ),
    _router(
        "Citrix NetScaler",
        "https://docs.netscaler.com/en-us/citrix-adc/current-release/ssl.html",
        ou="ns internal",
    ),
    _router("Plesk", "https://docs.plesk.com/en-US/obsidian/", cn="plesk"),
    _router("Plesk", "https://docs.plesk.com/en-US/obsidian/", o="parallels*", cn="*panel*"),
    _router("cPanel", "https://docs.cpanel.net/whm/service-configuration/", email="ssl@*"),
    _router("cPanel", "https://docs.cpanel.net/whm/service-configuration/", o="cpanel*"),
    _router("DirectAdmin", "https://docs.directadmin.com/", o="directadmin*"),
    _router("Webmin", "https://webmin.com/docs/modules/webmin-configuration/", o="webmin*"),
    _router(
        "Apache mod_ssl (Red Hat)",
        "https://docs.redhat.com/en/documentation/red_hat_enterprise_linux",
        o="someorganization",
    ),
    _router(
        "Apache mod_ssl (Snake Oil)",
        "https://httpd.apache.org/docs/2.4/ssl/ssl_faq.html",
        o="snake oil*",
    ),
    _router(
        "Debian's ssl-cert (snakeoil)",
        "https://packages.debian.org/stable/ssl-cert",
        cn="*snakeoil*",
    ),
    _router(
        "Debian's ssl-cert (snakeoil)",
        "https://packages.debian.org/stable/ssl-cert",
        names="ubuntu debian",
    ),
    _router(
        "Red Hat's sscg",
        f"{_GITHUB}/sgallagher/sscg",
        o="unspecified",
    ),
    _development(
        "mkcert (a developer's own CA)",
        f"{_GITHUB}/FiloSottile/mkcert",
        o="mkcert development certificate",
    ),
    _development(
        "WebLogic's demonstration keystore",
        "https://docs.oracle.com/en/middleware/fusion-middleware/weblogic-server/",
        ou="for testing only",
    ),
    _development(
        "Java's keytool, made without answers (Tomcat and others)",
        "https://docs.oracle.com/en/java/javase/21/docs/specs/man/keytool.html",
        cn="unknown",
    ),
    _development(
        "OpenSSL's example values (openssl req)",
        f"{_GITHUB}/openssl/openssl/blob/master/apps/openssl.cnf",
        o="internet widgits pty ltd",
    ),
    _development(
        "OpenSSL's example values (openssl req)",
        "https://docs.redhat.com/en/documentation/red_hat_enterprise_linux",
        o="default company ltd",
    ),
    _development(
        "Jenkins (Winstone's own certificate)",
        f"{_GITHUB}/jenkinsci/winstone",
        cn="test site",
        o="unknown",
    ),
    _development(
        "Splunk", "https://docs.splunk.com/Documentation/Splunk", cn="splunkserverdefaultcert"
    ),
    _development(
        "Elasticsearch's automatic set-up",
        "https://www.elastic.co/docs/deploy-manage/security",
        issuer_cn="elasticsearch security auto-configuration*",
    ),
    _appliance("Synology DSM", "https://kb.synology.com/", issuer_cn="synology*", o="synology*"),
    _appliance("Synology DSM", "https://kb.synology.com/", issuer_cn="synology inc. ca"),
    _appliance("Synology DSM", "https://kb.synology.com/", cn="synology*", o="synology*"),
    _appliance("a QNAP NAS", "https://docs.qnap.com/", o="qnap*"),
    _appliance("a QNAP NAS", "https://docs.qnap.com/", cn="qnap nas"),
    _appliance("UniFi", "https://help.ui.com/hc/en-us", cn="unifi"),
    _appliance("UniFi", "https://help.ui.com/hc/en-us", cn="unifi.local"),
    _appliance("UniFi", "https://help.ui.com/hc/en-us", ou="unifi"),
    _appliance("a Ubiquiti router", "https://help.ui.com/hc/en-us", o="ubiquiti*"),
    _appliance(
        "Proxmox VE", "https://pve.proxmox.com/wiki/Certificate_Management", ou="pve cluster node"
    ),
    _appliance(
        "Proxmox VE",
        "https://pve.proxmox.com/wiki/Certificate_Management",
        issuer_o="pve cluster manager ca",
    ),
    _appliance(
        "Proxmox Backup Server",
        "https://pbs.proxmox.com/docs/certificate-management.html",
        o="proxmox backup server*",
    ),
    _appliance(
        "VMware ESXi",
        "https://techdocs.broadcom.com/us/en/vmware-cis/vsphere.html",
        ou="vmware es* default certificate",
    ),
    _appliance(
        "VMware",
        "https://techdocs.broadcom.com/us/en/vmware-cis/vsphere.html",
        cn="vmware default certificate",
    ),
    _appliance(
        "VMware ESXi",
        "https://techdocs.broadcom.com/us/en/vmware-cis/vsphere.html",
        issuer_o="vmware installer",
    ),
    _appliance(
        "VMware",
        "https://techdocs.broadcom.com/us/en/vmware-cis/vsphere.html",
        ou="vmware engineering",
    ),
    _appliance(
        "VMware",
        "https://techdocs.broadcom.com/us/en/vmware-cis/vsphere.html",
        email="*certificates@vmware.com",
    ),
    _appliance("HPE iLO", "https://support.hpe.com/", issuer_cn="*ilo default issuer*"),
    _appliance("Dell iDRAC", "https://www.dell.com/support/", ou="remote access group"),
    _appliance("Dell iDRAC", "https://www.dell.com/support/", cn="idrac*", o="dell*"),
    _appliance("FortiGate", "https://docs.fortinet.com/", o="fortinet*"),
    _appliance("pfSense", "https://docs.netgate.com/pfsense/en/latest/certificates/", o="pfsense*"),
    _appliance("OPNsense", "https://docs.opnsense.org/manual/certificates.html", o="opnsense*"),
    _appliance(
        "OPNsense",
        "https://docs.opnsense.org/manual/certificates.html",
        names="opnsense.localdomain opnsense.internal",
    ),
    _appliance(
        "SonicWall", "https://www.sonicwall.com/support/", ou="https management certificate for *"
    ),
    _appliance(
        "Cisco IOS", "https://www.cisco.com/c/en/us/support/", cn="ios-self-signed-certificate*"
    ),
    _appliance(
        "Cisco ASA", "https://www.cisco.com/c/en/us/support/", cn="asa temporary self signed*"
    ),
    _appliance("TrueNAS", "https://www.truenas.com/docs/", o="ixsystems*"),
    _appliance("a FRITZ!Box", "https://en.fritz.com/service/", cn="*fritz.box"),
    _appliance("Supermicro IPMI", "https://www.supermicro.com/support/", o="super micro*"),
    _appliance(
        "the IIS management service (WMSvc)",
        "https://learn.microsoft.com/iis/manage/remote-administration/"
        "remote-administration-for-iis-manager",
        cn="wmsvc*",
    ),
    _appliance("Zimbra", "https://wiki.zimbra.com/", ou="zimbra collaboration*"),
    _development(
        "a development server (Kestrel of ASP.NET Core, IIS Express and others)",
        "https://learn.microsoft.com/dotnet/core/additional-tools/self-signed-certificates-guide",
        names=_LOCAL_NAMES,
    ),
    _platform(
        "Azure App Service",
        "https://learn.microsoft.com/azure/app-service/overview-hosting-plans",
        names="*.azurewebsites.net azurewebsites.net *.azure-mobile.net *.scm.azure-mobile.net",
    ),
    _platform(
        "Azure Container Apps",
        "https://learn.microsoft.com/azure/container-apps/custom-domains-certificates",
        names="*.azurecontainerapps.io",
    ),
)

_INDEX = _Index.of(TABLE)

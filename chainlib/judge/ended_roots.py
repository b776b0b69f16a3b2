"""Table of public roots that expired without a newer edition, and the roots that replaced them.

Facts that the CAs published; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chainlib.certificate import Certificate
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRoot:
    """The replacement of a root.

    Attributes:
        successor: common name of the root to trust instead.
        source: URL of the CA's statement.
    """

    successor: str
    source: str


_DIGICERT = "https://knowledge.digicert.com/general-information/digicert-root-compatibility"
_SECTIGO = (
    "https://www.sectigo.com/knowledge-base/detail/"
    "Sectigo-AddTrust-External-CA-Root-Expiring-May-30-2020"
)
_GLOBALSIGN = "https://support.globalsign.com/ca-certificates/root-certificates"
_GOOGLE = "https://pki.goog/faq/"
_LETS_ENCRYPT = "https://letsencrypt.org/docs/dst-root-ca-x3-expiration-september-2021/"
_AZURE = "https://learn.microsoft.com/azure/security/fundamentals/tls-certificate-changes"
_GODADDY = "https://certs.godaddy.com/repository"
_ENTRUST = (
    "https://www.entrust.com/resources/certificate-solutions/tools/root-certificate-downloads"
)

# Common name or unit in lower case -> successor and source.
_ROOTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "dst root ca x3": ("ISRG Root X1", _LETS_ENCRYPT),
        "addtrust external ca root": ("USERTrust RSA Certification Authority", _SECTIGO),
        "addtrust class 1 ca root": ("USERTrust RSA Certification Authority", _SECTIGO),
        "addtrust public ca root": ("USERTrust RSA Certification Authority", _SECTIGO),
        "addtrust qualified ca root": ("USERTrust RSA Certification Authority", _SECTIGO),
        "utn-userfirst-hardware": ("USERTrust RSA Certification Authority", _SECTIGO),
        "utn - datacorp sgc": ("USERTrust RSA Certification Authority", _SECTIGO),
        "baltimore cybertrust root": ("DigiCert Global Root G2", _AZURE),
        "gte cybertrust global root": (
            "Baltimore CyberTrust Root, and after it DigiCert Global Root G2",
            _DIGICERT,
        ),
        "cybertrust global root": ("DigiCert Global Root G2", _DIGICERT),
        "geotrust global ca": ("DigiCert Global Root G2", _DIGICERT),
        "geotrust primary certification authority": ("DigiCert Global Root G2", _DIGICERT),
        "equifax secure certificate authority": ("DigiCert Global Root G2", _DIGICERT),
        "thawte primary root ca": ("DigiCert Global Root G2", _DIGICERT),
        "thawte premium server ca": ("DigiCert Global Root G2", _DIGICERT),
        "verisign class 3 public primary certification authority - g5": (
            "DigiCert Global Root G2",
            _DIGICERT,
        ),
        "globalsign root ca - r2": ("GlobalSign Root CA - R3", _GLOBALSIGN),
        "gts root r2": ("GTS Root R1", _GOOGLE),
        "globalsign root ca": ("GlobalSign Root R46 or R6", _GLOBALSIGN),
        "quovadis root certification authority": ("QuoVadis Root CA 2 G3", _DIGICERT),
        "sonera class2 ca": ("TeliaSonera Root CA v1", "https://cps.trust.telia.com/"),
        "entrust.net secure server certification authority": (
            "Entrust Root Certification Authority - G2",
            _ENTRUST,
        ),
        "entrust root certification authority": (
            "Entrust Root Certification Authority - G2",
            _ENTRUST,
        ),
        "valicert class 2 policy validation authority": (
            "Go Daddy Root Certificate Authority - G2",
            _GODADDY,
        ),
        "aaa certificate services": ("USERTrust RSA Certification Authority", _SECTIGO),
    }
)


def ended_root(certificate: Certificate) -> EndedRoot | None:
    """The replacement of this root; `None` if unknown."""
    values = (value for rdn in certificate.subject_key for _, value in rdn)
    row = next((_ROOTS[value] for value in values if value in _ROOTS), None)
    return EndedRoot(successor=row[0], source=row[1]) if row else None

"""Whether a certificate contains a name, and if not, why.

The rules of OpenSSL's X509_check_host as nginx calls it (flags 0): if there are dNSName entries in
the subjectAltName, only they count, otherwise the common name. Pure: no chain, no clock. Source:
X509_check_host(3); RFC 9525 forbids the common name, but the gateway is not known to follow it.
"""

from __future__ import annotations

import re
from enum import StrEnum

from chainlib.certificate import Certificate
from chainlib.model import is_ip_literal

_MIN_DOTS_BELOW_STAR = 2
_IDNA_PREFIX = "xn--"
# OpenSSL allows no underscore next to a star or in its place, and no hyphen right before it, so
# `app-*` matches nothing.
_MAX_NAME = 253
_HOST_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_COVERED = re.compile(r"[a-z0-9-]*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_STARRED = re.compile(rf"(?!{_IDNA_PREFIX})(?:(?:{_LABEL.pattern})?\*|\*[a-z0-9-]*[a-z0-9])")


def presented_identifiers(certificate: Certificate) -> tuple[str, ...]:
    """The names that count for matching: dNSName entries, else common names."""
    return certificate.dns_names or certificate.common_names


def matches(certificate: Certificate, reference: str) -> bool:
    """Whether the certificate contains a reference identifier (a host name).

    Case and a trailing dot are ignored.
    """
    wanted = reference.removesuffix(".").lower()
    return bool(wanted) and any(
        identifier_matches(name, wanted) for name in presented_identifiers(certificate)
    )


def identifier_matches(presented: str, reference: str) -> bool:
    """Whether a presented identifier, perhaps a wildcard, matches a lower-case reference."""
    if not presented.isascii():
        return (
            False  # Unicode folds signs such as the Kelvin sign to plain letters, OpenSSL does not
        )
    pattern = presented.lower()
    if "*" not in pattern or not _is_wildcard(pattern):
        return pattern == reference
    return _wildcard_covers(pattern, reference)


def _is_wildcard(pattern: str) -> bool:
    """OpenSSL's valid_star.

    One star, in the leftmost label, at its start or end, at least two labels below it.
    """
    first, dot, rest = pattern.partition(".")
    return bool(dot) and _STARRED.fullmatch(first) is not None and _labels_ok(rest)


def _labels_ok(rest: str) -> bool:
    labels = rest.split(".")
    return len(labels) >= _MIN_DOTS_BELOW_STAR and all(map(_LABEL.fullmatch, labels))


def _wildcard_covers(pattern: str, reference: str) -> bool:
    star, _, below = pattern.partition(".")
    label, dot, rest = reference.partition(".")
    if not dot or rest != below:
        return False
    if star == "*":
        return bool(label) and _COVERED.fullmatch(label) is not None
    head, tail = star.split("*")
    fits = len(label) >= len(head) + len(tail) and label.startswith(head) and label.endswith(tail)
    return (
        fits
        and not label.startswith(_IDNA_PREFIX)
        and _COVERED.fullmatch(label[len(head) : len(label) - len(tail)]) is not None
    )


class NameReason(StrEnum):
    """Why a certificate does not contain the requested name, if there is a specific reason."""

    IP_ADDRESS = "ip-address"
    NO_NAME = "no-name"
    ONE_LABEL = "wildcard-one-label"
    BARE_DOMAIN = "wildcard-bare-domain"
    UNDERSCORE = "underscore"
    TRAILING_DOT = "trailing-dot"
    URL = "url"
    EMAIL = "email"
    ODD_CHARACTER = "odd-character"
    UNICODE = "unicode"
    PATTERN = "pattern"
    COMMON_NAME = "common-name-ignored"


def is_dns_name(name: str) -> bool:
    """Whether this may be a name in a certificate: no wildcard, URL, address or blank."""
    labels = name.lower().split(".")
    return (
        len(name) <= _MAX_NAME
        and all(map(_HOST_LABEL.fullmatch, labels))
        and not labels[-1].isdecimal()
    )


def is_host_name(name: str) -> bool:
    """Whether this can be configured as the host name of a backend.

    It is a DNS name that a certificate can match and that does not mean the machine itself.
    """
    last = name.lower().rpartition(".")[2]
    return is_dns_name(name) and "." in name and last not in {"localhost", "localdomain"}


def why_not(certificate: Certificate, reference: str) -> tuple[NameReason, str] | None:
    """The likeliest reason why this certificate is not for that name, and the name that shows it.

    `None` if its names are simply different.
    """
    wanted = reference.removesuffix(".").lower()
    if is_ip_literal(wanted):
        return NameReason.IP_ADDRESS, reference
    names = presented_identifiers(certificate)
    if not names:
        return NameReason.NO_NAME, ""
    for name in names:
        if reason := _reason(name, wanted):
            return reason, name
    ignored = (cn for cn in certificate.common_names if identifier_matches(cn, wanted))
    if (common_name := next(ignored, None)) is not None:
        return NameReason.COMMON_NAME, common_name
    odd = ((reason, name) for name in names if (reason := _oddity(name)))
    return next(odd, None)


def _reason(name: str, wanted: str) -> NameReason | None:
    """Why a name that was meant to be the requested one does not match it."""
    pattern = name.lower()
    if pattern.rstrip(".") == wanted:
        return NameReason.TRAILING_DOT
    if not name.isascii():
        return NameReason.UNICODE if _as_a_label(pattern) == wanted else None
    star, _, below = pattern.partition(".")
    if "*" not in star or not below:
        return _oddity(name) if wanted in pattern else None
    label, _, rest = wanted.partition(".")
    if wanted == below:
        return NameReason.BARE_DOMAIN
    if star == "*" and _is_wildcard(pattern) and wanted.endswith(f".{below}"):
        return NameReason.UNDERSCORE if rest == below and "_" in label else NameReason.ONE_LABEL
    return NameReason.PATTERN if rest == below else None


def _oddity(name: str) -> NameReason | None:
    """Why a name in a certificate is no valid host name."""
    if "/" in name:
        return NameReason.URL
    if "@" in name:
        return NameReason.EMAIL
    if any(not one.isprintable() or one.isspace() or one == ":" for one in name):
        return NameReason.ODD_CHARACTER
    if name.endswith("."):
        return NameReason.TRAILING_DOT
    if name.startswith("."):
        return NameReason.PATTERN
    return NameReason.PATTERN if "*" in name and not _is_wildcard(name.lower()) else None


def _as_a_label(name: str) -> str:
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""

"""Does a certificate carry the name asked for? The rules of OpenSSL's X509_check_host as nginx calls it (flags 0).

subjectAltName dNSName entries decide when there is one; only without any does the common name count. Pure: no chain, no clock.
Source: OpenSSL's X509_check_host(3); RFC 9525 forbids the common name, but the gateway is not known to follow it.
"""

from __future__ import annotations

import re

from chainlib.certificate import Certificate

_MIN_DOTS_BELOW_STAR = 2
_IDNA_PREFIX = "xn--"
# OpenSSL knows no underscore beside a star or in place of one, and no hyphen right before it, so
# `app-*` covers nothing.
_COVERED = re.compile(r"[a-z0-9-]*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_STARRED = re.compile(rf"(?!{_IDNA_PREFIX})(?:(?:{_LABEL.pattern})?\*|\*[a-z0-9-]*[a-z0-9])")


def presented_identifiers(certificate: Certificate) -> tuple[str, ...]:
    """The names that count for matching: dNSName entries, else common names."""
    return certificate.dns_names or certificate.common_names


def matches(certificate: Certificate, reference: str) -> bool:
    """Whether a reference identifier (a host name; a trailing dot is dropped) is among the presented ones."""
    wanted = reference.removesuffix(".").lower()
    return bool(wanted) and any(
        identifier_matches(name, wanted) for name in presented_identifiers(certificate)
    )


def identifier_matches(presented: str, reference: str) -> bool:
    """Whether one presented identifier, perhaps a wildcard, covers a lower-case reference identifier."""
    if not presented.isascii():
        return (
            False  # Unicode folds signs such as the Kelvin sign to plain letters, OpenSSL does not
        )
    pattern = presented.lower()
    if not _is_wildcard(pattern):
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

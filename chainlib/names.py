"""Does a certificate carry the name asked for? The rules of OpenSSL's X509_check_host as nginx calls it (flags 0).

subjectAltName dNSName entries decide when there is one; only without any does the common name count. Pure: no chain, no clock.
Source: OpenSSL's X509_check_host(3); RFC 9525 forbids the common name, but the gateway is not known to follow it.
"""

from __future__ import annotations

from chainlib.certificate import Certificate

_MIN_DOTS_BELOW_STAR = 2
_IDNA_PREFIX = "xn--"


def presented_identifiers(certificate: Certificate) -> tuple[str, ...]:
    """The names that count for matching: dNSName entries, else common names."""
    return certificate.dns_names or certificate.common_names


def matches(certificate: Certificate, reference: str) -> bool:
    """Whether a reference identifier (a host name; a trailing dot is dropped) is among the presented ones."""
    wanted = reference.removesuffix(".").lower()
    return bool(wanted) and any(identifier_matches(name, wanted) for name in presented_identifiers(certificate))


def identifier_matches(presented: str, reference: str) -> bool:
    """Whether one presented identifier, perhaps a wildcard, covers a lower-case reference identifier."""
    pattern = presented.lower()
    if not _is_wildcard(pattern):
        return pattern == reference
    return _wildcard_covers(pattern, reference)


def _is_wildcard(pattern: str) -> bool:
    """OpenSSL's valid_star: one star, in the leftmost label, at its start or end, at least two labels below it."""
    first, dot, rest = pattern.partition(".")
    usable = first.count("*") == 1 and "*" not in rest and (first.startswith("*") or first.endswith("*"))
    return bool(dot) and usable and not first.startswith(_IDNA_PREFIX) and _labels_ok(rest)


def _labels_ok(rest: str) -> bool:
    labels = rest.split(".")
    return len(labels) >= _MIN_DOTS_BELOW_STAR and all(label and not label.startswith("-") and not label.endswith("-") for label in labels)


def _wildcard_covers(pattern: str, reference: str) -> bool:
    star, _, below = pattern.partition(".")
    label, dot, rest = reference.partition(".")
    if not dot or rest != below:
        return False
    if star == "*":
        return bool(label)
    head, tail = star.split("*")
    return len(label) >= len(head) + len(tail) and label.startswith(head) and label.endswith(tail) and not label.startswith(_IDNA_PREFIX)

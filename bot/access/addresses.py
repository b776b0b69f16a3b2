"""Addresses that a command from Slack can never reach, whatever the settings say.

Every form that embeds such an address is included. Private addresses are allowed, because backends
have them. Sources: IANA's special-purpose registries (RFC 6890), Microsoft's page on 168.63.129.16,
the metadata addresses of the clouds, and for IPv4 inside IPv6 RFC 4291, 6052, 8215, 3056, 4380,
2765 and 5214.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

REMEMBERED = 4096

LOOPBACK = "a loopback address"
_METADATA = "a cloud's metadata service"
_NEVER: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("127.0.0.0/8", LOOPBACK),
        ("::1/128", LOOPBACK),
        ("169.254.169.254/32", _METADATA),
        ("100.100.100.200/32", _METADATA),
        ("192.0.0.192/32", _METADATA),
        ("fd00:ec2::/32", _METADATA),
        ("fd20:ce::254/128", _METADATA),
        ("fd00:c1::a9fe:a9fe/128", _METADATA),
        ("fd00:42::42/128", _METADATA),
        ("168.63.129.16/32", "Azure's wire server"),
        ("169.254.0.0/16", "a link-local address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("0.0.0.0/8", "an unspecified address"),
        ("::/128", "an unspecified address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("100::/64", "a discard address"),
    )
)
_LAST_32 = tuple(
    IPv6Network(network)
    for network in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_ISATAP = {0x00005EFE, 0x02005EFE}


def why_never_probed(address: str, *, allow_loopback: bool = False) -> str | None:
    """Why this address is never probed, as the end of a sentence; `None` if it may be probed.

    Args:
        address: an IP address as a resolver returns it.
        allow_loopback: permits loopback addresses, and nothing else.
    """
    if "%" in address:
        return "an address with a zone, which is valid on one machine only"
    try:
        parsed = ip_address(address)
    except ValueError:
        return "no address"
    reasons = [_reason(form) for form in (parsed, *embedded_addresses(parsed))]
    return next(
        (reason for reason in reasons if reason and not (allow_loopback and reason == LOOPBACK)),
        None,
    )


def effective_address(address: Address) -> Address:
    """The address that the operating system connects to: IPv4 for an IPv4-mapped IPv6 address."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


@lru_cache(maxsize=REMEMBERED)
def canonical_host(host: str) -> str:
    """One spelling for equal hosts and addresses.

    Cached, because it is called for every member of every gateway for each probed target.
    """
    try:
        return str(effective_address(ip_address(host.strip("[]"))))
    except ValueError:
        return host.lower().removesuffix(".")


def embedded_addresses(address: Address) -> Iterator[IPv4Address]:
    """Every IPv4 address that a translator, a tunnel or the system reads out of an IPv6 address."""
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    if any(address in network for network in _LAST_32) and number > 1:
        yield IPv4Address(number & 0xFFFFFFFF)
    if address in _LOCAL_NAT64:
        yield IPv4Address(((number >> 64) & 0xFFFF) << 16 | (number >> 40) & 0xFFFF)
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo


def _reason(address: Address) -> str | None:
    return next(
        (
            reason
            for network, reason in _NEVER
            if address.version == network.version and address in network
        ),
        None,
    )

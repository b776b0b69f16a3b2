"""Which URLs and addresses an issuer download may use.

The URLs are in certificates, so the owner of a backend chooses them. The address ranges here are
refused whatever the caller's `admit` says: no CA publishes there, and one of them hands out the
machine's own cloud credentials.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from chainlib.aio.resolve import Resolver
from chainlib.errors import FetchError
from chainlib.frozen import dataclass
from chainlib.model import is_ip_literal

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MAX_URL = 2048
_PRINTABLE = re.compile(
    r"[\x21-\x5b\x5d-\x7e]+"
)  # no space, no control, no backslash, ASCII only (RFC 3986 section 2)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "168.63.129.16/32",  # Azure's platform address: DHCP, DNS, agent, health probes
        "255.255.255.255/32",
        "fec0::/10",
        # Address forms that contain an IPv4 address, by which a refused one could be reached.
        "::ffff:0:0/96",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
    )
)


class AddressRefused(FetchError):
    """The rules of this caller forbid this URL.

    It is not a fact about the URL, so it is not cached for other callers.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadRules:
    """The rules for downloads.

    Attributes:
        admit: called for every address; false refuses.
        resolver: resolves names; `None` for the system's.
        admit_loopback: allows loopback on any port, for test servers.
    """

    admit: Callable[[str], bool]
    resolver: Resolver | None = None
    admit_loopback: bool = False

    def check(self, parts: SplitResult, addresses: Iterable[str]) -> None:
        """Refuse the download if an address or the port is not allowed.

        Raises:
            AddressRefused: with the reason.
        """
        checked = [self._checked(text) for text in addresses]
        usual = (parts.port or DEFAULT_PORTS[parts.scheme]) in DEFAULT_PORTS.values()
        if not usual and not (
            self.admit_loopback and all(address.is_loopback for address in checked)
        ):
            raise AddressRefused(f"port {parts.port} is not asked, only 80 and 443")

    def _checked(self, text: str) -> IPv4Address | IPv6Address:
        address = _parsed(text)
        excused = self.admit_loopback and address.is_loopback
        if not excused and _is_never(address):
            raise AddressRefused(f"{address} is an address that is never asked for certificates")
        if not self.admit(text):
            raise AddressRefused(f"{address} is not among the addresses that may be asked")
        return address


def parse_url(text: str) -> SplitResult:
    """Parse a caIssuers URL.

    Raises:
        AddressRefused: it is not plain http or https, or its host is disguised.
    """
    if len(text) > _MAX_URL or not _PRINTABLE.fullmatch(text):
        raise AddressRefused("it is no plain URL of at most 2,048 printable characters")
    parts = _split(text)
    if parts is None or parts.scheme not in DEFAULT_PORTS:
        raise AddressRefused("only http and https are asked")
    if "@" in parts.netloc:
        raise AddressRefused("it holds user information")
    host = parts.hostname or ""
    if not host or (
        _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) and not is_ip_literal(host)
    ):
        raise AddressRefused("it names no host, or an address in a disguised form")
    return parts


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    return parts if port != 0 else None


def _parsed(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError:
        pass
    raise AddressRefused("its name resolved to something that is no address")


def _is_never(address: IPv4Address | IPv6Address) -> bool:
    special = (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    )
    return special or any(
        address in network for network in _NEVER if network.version == address.version
    )

"""An index of the known gateways, members and sites by name. Pure."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from bot.domain.gateway_ref import GatewayRef
from chainlib.frozen import dataclass

_WILDCARDS = "*?"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGateway:
    """One gateway of the inventory; all names in lower case.

    Attributes:
        members: addresses of its pool members.
        sites: host names of its listeners, wildcards included, and its public names and addresses.
    """

    ref: GatewayRef
    members: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """The inventory by name; each question is one dictionary look-up."""

    names: Mapping[str, tuple[KnownGateway, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    members: Mapping[str, tuple[KnownGateway, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    sites: Mapping[str, tuple[KnownGateway, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    wildcards: Mapping[str, tuple[KnownGateway, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    @classmethod
    def of(cls, gateways: Iterable[KnownGateway]) -> KnownNames:
        """Build the index of these gateways."""
        names, members, sites, wild = {}, {}, {}, {}  # type: ignore[var-annotated]
        for gateway in gateways:
            _add(names, gateway.ref.name, gateway)
            for member in gateway.members:
                _add(members, member, gateway)
            for site in gateway.sites:
                _add(wild if _is_wildcard(site) else sites, site, gateway)
        return cls(names=names, members=members, sites=sites, wildcards=wild)

    def __bool__(self) -> bool:
        """Whether any gateway is known."""
        return bool(self.names)

    def serving(self, host: str) -> tuple[KnownGateway, ...]:
        """The gateways that have this host as a site, exactly or by a wildcard."""
        found = dict.fromkeys(self.sites.get(host, ()))
        for pattern, gateways in self.wildcards.items():
            if host_fits(pattern, host):
                found |= dict.fromkeys(gateways)
        return tuple(found)

    def holding(self, host: str) -> tuple[KnownGateway, ...]:
        """The gateways that have this host in a pool."""
        return self.members.get(host, ())


def host_fits(pattern: str, host: str) -> bool:
    """Whether a listener's host name, which may contain `*` and `?`, matches; both lower case."""
    if not _is_wildcard(pattern):
        return pattern == host
    return bool(_compiled(pattern).match(host))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


def known_names(document: object) -> KnownNames:
    """Read the `inventory` of `appgw read-alert`, a list of objects; invalid ones are left out."""
    rows = document if isinstance(document, list) else []
    return KnownNames.of(_known(row) for row in rows if isinstance(row, dict) and row.get("name"))


def _known(row: Mapping[str, Any]) -> KnownGateway:
    return KnownGateway(
        ref=GatewayRef(
            subscription=_lower(row.get("subscription")) or None,
            group=_lower(row.get("group")) or None,
            name=_lower(row.get("name")),
        ),
        members=_lowered(row.get("members")),
        sites=_lowered(row.get("sites")),
    )


def _lowered(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_lower, value))) if isinstance(value, list) else ()


def _lower(value: object) -> str:
    return value.strip().lower().rstrip(".") if isinstance(value, str) else ""


def _is_wildcard(site: str) -> bool:
    return any(mark in site for mark in _WILDCARDS)


def _add(index: dict[str, tuple[KnownGateway, ...]], name: str, gateway: KnownGateway) -> None:
    held = index.get(name, ())
    if gateway not in held:
        index[name] = (*held, gateway)

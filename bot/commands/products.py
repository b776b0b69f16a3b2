"""Azure products in front of servers other than Application Gateway. Pure."""

from __future__ import annotations

import re

_TYPES = {
    "microsoft.servicenetworking/trafficcontrollers": "an Application Gateway for Containers",
    "microsoft.cdn/profiles": "a Front Door or CDN profile",
    "microsoft.network/frontdoors": "a Front Door",
    "microsoft.network/loadbalancers": "a Load Balancer",
    "microsoft.network/trafficmanagerprofiles": "a Traffic Manager profile",
    "microsoft.apimanagement/service": "an API Management service",
}
_NAMES = (
    (
        r"application gateway for containers|\bagc\b|traffic ?controller",
        "an Application Gateway for Containers",
    ),
    (r"\bfront ?door\b|\bazurefd\b", "a Front Door"),
    (r"\bapi management\b|\bapim\b", "an API Management service"),
    (r"\btraffic manager\b", "a Traffic Manager profile"),
    (r"\bload ?balancer\b", "a Load Balancer"),
)
_READ = tuple((re.compile(pattern, re.IGNORECASE), said) for pattern, said in _NAMES)
_LONGEST = 2_000


def product_of_id(text: str) -> str | None:
    """The other product to which an ARM ID in a text belongs."""
    plain = text[:_LONGEST].lower()
    return next((said for kind, said in _TYPES.items() if f"/providers/{kind}/" in plain), None)


def product_named(text: str) -> str | None:
    """The other product that a text names, by an ARM ID or in words."""
    plain = text[:_LONGEST]
    named = (said for pattern, said in _READ if pattern.search(plain))
    return product_of_id(plain) or next(named, None)


def another_product(said: str) -> str:
    """What users can do about a product that the bot cannot check, in one sentence."""
    return (
        f"That is {said}, another product than Application Gateway, and cannot be asked; its "
        "backends can be checked one by one, for example backend.contoso.com."
    )

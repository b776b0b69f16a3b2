"""One word -> one gateway: `gw:...`, an ARM id, or a portal address that holds one.

Names are folded to lower case, since ARM compares them without case.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from bot.commands.products import another_product, product_of_id
from bot.commands.values import TargetError, brief, shown
from bot.domain.request import GatewayTarget

PREFIX = re.compile(r"gw:(.*)", re.IGNORECASE | re.DOTALL)
_MAX_PARTS = 4
_NAME = re.compile(r"[\w(][\w.()-]{0,89}")
_ARM_WORD = re.compile(r"/?subscriptions/", re.IGNORECASE)
_PORTAL = re.compile(
    r"https://(?:[a-z0-9-]+\.){0,3}(?:portal|management)\.(?:azure\.(?:com|us|cn)|chinacloudapi\.cn|usgovcloudapi\.net)[:/?#]",
    re.IGNORECASE,
)
_GATEWAY_ID = re.compile(
    r"/?subscriptions/(?P<subscription>[\w-]+)/resourceGroups/(?P<group>[^/?#]+)/providers/Microsoft\.Network/applicationGateways/(?P<name>[^/?#]+)"
    r"(?:/(?P<kind>backendAddressPools|backendHttpSettingsCollection|backendSettingsCollection)/(?P<child>[^/?#]+))?",
    re.IGNORECASE,
)
EXAMPLE = "write for example gw:prod-gw or gw:rg-prod/prod-gw"


def read_gateway(word: str) -> GatewayTarget | None:
    """A gateway, or `None` when the word does not speak of one.

    Raises:
        TargetError: it speaks of a gateway and names none.
    """
    prefixed = PREFIX.fullmatch(word)
    if prefixed:
        return named_gateway(prefixed[1])
    if _ARM_WORD.match(word) or _PORTAL.match(word):
        return _from_id(word)
    return None


def named_gateway(text: str) -> GatewayTarget:
    """`name`, `group/name`, `group/name/pool` or `group/name/pool/setting`.

    Raises:
        TargetError: no gateway is named like this.
    """
    parts = text.strip("/").lower().split("/")
    if len(parts) > _MAX_PARTS:
        raise TargetError(
            f"{shown(text)} has more parts than gw:group/name/pool/setting; write for example "
            "gw:rg-prod/prod-gw/shop/https-be."
        )
    for part in parts:
        _resource_name(part, text)
    if len(parts) == 1:
        return GatewayTarget(name=parts[0])
    group, name, pool, setting = (*parts, None, None)[:_MAX_PARTS]
    return GatewayTarget(group=group, name=str(name), pool=pool, setting=setting)


def _resource_name(part: str, text: str) -> str:
    """Azure's alphabet for names of groups, gateways, pools and settings."""
    if not part:
        raise TargetError(f"gw:{brief(text)} lacks a name; {EXAMPLE}.")
    if not _NAME.fullmatch(part):
        raise TargetError(
            f"{shown(part)} is not a valid name of an Azure resource (letters, digits, '-', '_', "
            f"'.'); {EXAMPLE}."
        )
    return part


def _from_id(word: str) -> GatewayTarget:
    found = _GATEWAY_ID.search(unquote(word))
    if found is None and (product := product_of_id(unquote(word))):
        raise TargetError(another_product(product))
    if found is None:
        raise TargetError(
            f"{shown(word)} contains no Application Gateway id; copy it from the gateway's own "
            f"page, or {EXAMPLE}."
        )
    subscription, group, name = (
        _resource_name(found[key].lower(), word) for key in ("subscription", "group", "name")
    )
    child = _resource_name(found["child"].lower(), word) if found["child"] else None
    is_pool = bool(child) and found["kind"].lower() == "backendaddresspools"
    return GatewayTarget(
        subscription=subscription,
        group=group,
        name=name,
        pool=child if is_pool else None,
        setting=None if is_pool else child,
    )

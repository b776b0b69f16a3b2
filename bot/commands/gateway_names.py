"""Parses one word as a gateway: `gw:...`, an ARM ID, or a portal URL that contains one.

Names become lower case, because ARM compares them without case.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from bot.commands.products import another_product, product_of_id
from bot.commands.usage import TargetError, brief, shown
from bot.domain.gateway_ref import GatewayNameError, GatewayRef

PREFIX = re.compile(r"gw:(.*)", re.IGNORECASE | re.DOTALL)
_ARM_WORD = re.compile(r"/?subscriptions/", re.IGNORECASE)
_PORTAL = re.compile(
    r"https://(?:[a-z0-9-]+\.){0,3}(?:portal|management)\.(?:azure\.(?:com|us|cn)|chinacloudapi\.cn|usgovcloudapi\.net)[:/?#]",
    re.IGNORECASE,
)
EXAMPLE = "write for example gw:prod-gw or gw:rg-prod/prod-gw"


def read_gateway(word: str) -> GatewayRef | None:
    """The gateway; `None` if the word is no gateway reference.

    Raises:
        TargetError: it is a gateway reference without a valid name.
    """
    prefixed = PREFIX.fullmatch(word)
    if prefixed:
        return named_gateway(prefixed[1])
    if _ARM_WORD.match(word) or _PORTAL.match(word):
        return _from_id(word)
    return None


def named_gateway(text: str) -> GatewayRef:
    """Parse `name`, `group/name`, `group/name/pool` or `group/name/pool/setting`.

    Raises:
        TargetError: the names are not valid.
    """
    try:
        return GatewayRef.of_parts(text.strip("/").lower().split("/"))
    except GatewayNameError as error:
        raise _misnamed(error, text) from None


def _from_id(word: str) -> GatewayRef:
    try:
        found = GatewayRef.read(word)
    except GatewayNameError as error:
        raise _misnamed(error, word) from None
    if found is not None:
        return found
    if product := product_of_id(unquote(word)):
        raise TargetError(another_product(product))
    raise TargetError(
        f"{shown(word)} contains no Application Gateway id; copy it from the gateway's own "
        f"page, or {EXAMPLE}."
    )


def _misnamed(error: GatewayNameError, text: str) -> TargetError:
    if error.too_many:
        return TargetError(
            f"{shown(text)} has more parts than gw:group/name/pool/setting; write for example "
            "gw:rg-prod/prod-gw/shop/https-be."
        )
    if not error.part:
        return TargetError(f"gw:{brief(text)} lacks a name; {EXAMPLE}.")
    return TargetError(
        f"{shown(error.part)} is not a valid name of an Azure resource (letters, digits, '-', "
        f"'_', '.'); {EXAMPLE}."
    )

"""Target names that are refused before anything is resolved.

These are unusual spellings of addresses, and names of this machine or of the cloud platform. The
parser refuses most of them too, but values of buttons, modals and stored subscriptions do not pass
through the parser.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

from bot.access.addresses import LOOPBACK, why_never_probed
from bot.domain.refusal import Refusal, RefusalKind

_ALPHABET = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")
_LOCAL = frozenset(
    {
        "localhost",
        "localhost.localdomain",
        "localhost4",
        "localhost4.localdomain4",
        "localhost6",
        "localhost6.localdomain6",
        "ip6-localhost",
        "ip6-loopback",
        "loopback",
        "broadcasthost",
    }
)
_PLATFORM = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.azure.internal",
        "metadata.platformequinix.com",
        "metadata.packet.net",
        "metadata.tencentyun.com",
        "metadata.ec2.internal",
        "instance-data",
        "instance-data.ec2.internal",
        "rancher-metadata",
        "ip6-allnodes",
        "ip6-allrouters",
        "ip6-mcastprefix",
        "ip6-localnet",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "host.docker.internal",
        "gateway.docker.internal",
        "host.containers.internal",
    }
)


def refuse_spelling(host: str, *, allow_loopback: bool = False) -> Refusal | None:
    """Refuse a host by its text alone, including addresses that are never probed.

    Args:
        host: A-label in lower case or IP address without brackets, as the parser returns it.
        allow_loopback: permits loopback addresses and their names.
    """
    return _refused(host, allow_loopback)


# Cached: one check asks four times about the same host, and parses it as an address each time.
@lru_cache(maxsize=1024)
def _refused(host: str, allow_loopback: bool) -> Refusal | None:  # noqa: FBT001 -- a key by position is the cheaper one
    name = host.lower().removesuffix(".")
    if _is_address(name):
        reason = why_never_probed(name, allow_loopback=allow_loopback)
        return (
            Refusal(
                kind=RefusalKind.NEVER,
                sentence=f"{host[:60]} is {reason}, which is never probed.",
            )
            if reason
            else None
        )
    if not _ALPHABET.fullmatch(name) or _ENDS_IN_NUMBER.fullmatch(name):
        return Refusal(
            kind=RefusalKind.SPELLING,
            sentence=(
                "That is not a host name or address in its usual form; write for example "
                "backend.contoso.com."
            ),
        )
    reason = None if allow_loopback and is_local(name) else _name_reason(name)
    return (
        Refusal(
            kind=RefusalKind.NEVER,
            sentence=f"{name[:60]} means {reason}, which is never probed.",
        )
        if reason
        else None
    )


def _name_reason(name: str) -> str | None:
    if is_local(name):
        return LOOPBACK
    return "a service of the platform" if name in _PLATFORM else None


def is_local(name: str) -> bool:
    """Whether a name in lower case denotes this machine (RFC 6761 section 6.3)."""
    return name in _LOCAL or name.endswith((".localhost", ".localhost.localdomain"))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True

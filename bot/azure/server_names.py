"""The names that the gateway sends to a backend server, and the name it requires. Pure.

This is the table of azure-rules section 2.3, one function per column. Rows without a documented
source are marked; each is in one place so that it can be changed.
"""

from __future__ import annotations

from bot.domain.azure import BackendMember, BackendSetting, MemberKind
from chainlib import Sku, counted, is_ip_literal
from chainlib.frozen import dataclass

# The default probe is documented only with this Host. That a setting's host name replaces it is an
# inference without a source, so the code does not do it.
DEFAULT_PROBE_HOST = "127.0.0.1"
MAX_LIVE_NAMES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeNames:
    """The names that the health probe sends and requires.

    Attributes:
        server_name: SNI; `None` sends none, as for an IP address.
        host_header: the Host header of the GET.
        reference: the name that the certificate must contain; `None` when the gateway has none.
    """

    server_name: str | None
    host_header: str
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNames:
    """The names that live traffic sends.

    Attributes:
        names: at most `MAX_LIVE_NAMES` host names without wildcards.
        untested: names that are not tested, one sentence each with the reason.
    """

    names: tuple[str, ...] = ()
    untested: tuple[str, ...] = ()


def probe_names(setting: BackendSetting, member: BackendMember, sku: Sku) -> ProbeNames:
    """The names that the health probe uses.

    A v1 gateway sends the pool's FQDN whatever the probe says (section 2.1).
    """
    custom = _custom_host(setting, member)
    header = custom or DEFAULT_PROBE_HOST
    chosen = "" if sku is Sku.V1 else setting.sni_name or custom or _settings_host(setting, member)
    named = chosen or _fqdn(member)
    return ProbeNames(
        server_name=None if is_ip_literal(named) else named or None,
        host_header=header,
        reference=named or None,
    )


def live_names(
    setting: BackendSetting, member: BackendMember, client_hosts: tuple[str, ...], sku: Sku
) -> LiveNames:
    """The names that live traffic uses on v2 with layer 7; otherwise the probe's own name.

    When neither the setting nor the probe gives a host name and the pool holds an FQDN, Microsoft's
    page contradicts itself, so the pool's name and the client's name are both returned.
    """
    if sku is Sku.V1 or setting.layer4 or setting.sni_name:
        return LiveNames()
    fixed = _settings_host(setting, member)
    if fixed:
        return _literal(fixed) if is_ip_literal(fixed) else LiveNames(names=(fixed,))
    exact = tuple(
        dict.fromkeys(name for name in client_hosts if "*" not in name and not is_ip_literal(name))
    )
    names = tuple(dict.fromkeys(filter(None, (_fqdn(member), *exact))))
    return LiveNames(
        names=names[:MAX_LIVE_NAMES], untested=_untested(client_hosts, names[MAX_LIVE_NAMES:])
    )


def _custom_host(setting: BackendSetting, member: BackendMember) -> str:
    if setting.probe is None:
        return ""
    return (
        _settings_host(setting, member)
        if setting.probe.pick_host_from_settings
        else setting.probe.host
    )


def _settings_host(setting: BackendSetting, member: BackendMember) -> str:
    """The host name that the setting sends.

    Picked from an IP member it is an IP literal, which the documentation calls unsupported.
    """
    return member.address if setting.pick_host_from_address else setting.host_name


def _fqdn(member: BackendMember) -> str:
    return member.address if member.kind is MemberKind.FQDN else ""


def _literal(name: str) -> LiveNames:
    return LiveNames(
        untested=(f"live traffic's name: it is the address {name}, so no server name is sent",)
    )


def _untested(client_hosts: tuple[str, ...], left_out: tuple[str, ...]) -> tuple[str, ...]:
    wildcards = [name for name in client_hosts if "*" in name]
    open_names = (
        f"anything under {wildcards[0]}" if wildcards else "any name" if not client_hosts else ""
    )
    sentences = (
        [
            (
                "live traffic's name: it is what the client asks for, and the listener takes "
                f"{open_names}"
            )
        ]
        if open_names
        else []
    )
    return (
        *sentences,
        *([f"{counted(len(left_out), 'more host name')} of the listeners"] if left_out else []),
    )

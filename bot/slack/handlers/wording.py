"""A request in words, for a card. Pure."""

from __future__ import annotations

from bot.commands.command_text import command_text, option_words
from bot.domain.gateway_ref import GatewayRef
from bot.domain.report import CheckReport, GatewayReport
from bot.domain.request import HostTarget, ProbeRequest, Via


def understood(request: ProbeRequest) -> str:
    """The whole request, so that the user sees which port and names are used."""
    target, options = request.target, request.options
    if not isinstance(target, HostTarget):
        return command_text(request)
    sent = (
        []
        if options.via is Via.GATEWAY
        else [f"server name {options.sni or ('none' if target.is_ip else 'the same')}"]
    )
    return ", ".join((f"{target.host}:{target.port}", *sent, *_without_sni(request)))


def understood_of(request: ProbeRequest, gateway: GatewayRef) -> str:
    """The whole request to a gateway; for a typed host, also its pool."""
    place = "/".join(filter(None, (gateway.name, gateway.part)))
    return (
        f"{understood(request)}, in {place}"
        if isinstance(request.target, HostTarget)
        else understood(request)
    )


def judged_as(request: ProbeRequest, report: CheckReport, gateway: GatewayReport | None) -> str:
    """The request as it was judged: with which name, and by whose settings."""
    target = report.request.target
    said = [f"{target.host}:{target.port}", f"server name {target.server_name or 'none'}"]
    said += _without_sni(request)
    if gateway is not None:
        settings = (f"/{m.pool}/{m.setting}" for m in gateway.members if m.report is report)
        said.append(f"as {gateway.gateway.id.name}{next(settings, '')}")
    return "; ".join((", ".join(said), *report.request.assumed[:1]))


def _without_sni(request: ProbeRequest) -> list[str]:
    return [f"{key} {value}" for key, value in option_words(request).items() if key != "sni"]

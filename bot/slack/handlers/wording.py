"""A question back in words: the command that asks it again, and what was understood. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.commands import GatewayTarget, HostTarget, LastTarget, OptionValue, Request, SiteTarget
from bot.domain.report import CheckReport, GatewayReport, Via

HTTPS_PORT = 443


def command_of(request: Request) -> str:
    """What to type to ask the same again.

    `watch` and `private` belong to the asking, not to the question.
    """
    words = [
        target_of(request),
        *(
            f"{key}={_quoted(value)}"
            for key, value in request.options.items()
            if key not in {"watch", "private"}
        ),
    ]
    return " ".join(filter(None, words))


def target_of(request: Request) -> str:
    """The target as it is typed."""
    target = request.target
    if isinstance(target, HostTarget):
        shown = f"[{target.host}]" if ":" in target.host else target.host
        return shown if target.port == HTTPS_PORT else f"{shown}:{target.port}"
    if isinstance(target, GatewayTarget):
        parts = (target.group or "", target.name, target.pool or "", target.setting or "")
        return (
            "gw:" + "/".join(parts).strip("/") if target.group else _gateway_without_group(target)
        )
    if isinstance(target, SiteTarget):
        return f"site:[{target.host}]" if ":" in target.host else f"site:{target.host}"
    return "last" if isinstance(target, LastTarget) else ""


def _gateway_without_group(target: GatewayTarget) -> str:
    return " ".join(
        filter(
            None,
            (
                f"gw:{target.name}",
                target.pool and f"pool={target.pool}",
                target.setting and f"setting={target.setting}",
            ),
        )
    )


def narrowed(target: GatewayTarget, options: Mapping[str, OptionValue]) -> GatewayTarget:
    """`gw:x pool=y setting=z` is `gw:group/x/y/z` without the group."""
    pool, setting = options.get("pool"), options.get("setting")
    return replace(
        target,
        pool=target.pool or (str(pool) if pool else None),
        setting=target.setting or (str(setting) if setting else None),
    )


def understood(request: Request) -> str:
    """The question in full, so that nobody wonders which port or name was used."""
    target, options = request.target, request.options
    if not isinstance(target, HostTarget):
        return command_of(request)
    sent = (
        []
        if options.get("via") == Via.GATEWAY
        else [f"server name {options.get('sni') or ('none' if target.is_ip else 'the same')}"]
    )
    others = [
        f"{key} {value}" for key, value in options.items() if key not in {"sni", "watch", "private"}
    ]
    return ", ".join((f"{target.host}:{target.port}", *sent, *others))


def understood_of(request: Request, admitted: GatewayTarget) -> str:
    """The question to a gateway in full; where a host was typed, also where it stands."""
    stands = "/".join(filter(None, (admitted.name, admitted.pool, admitted.setting)))
    return (
        f"{understood(request)}, in {stands}"
        if isinstance(request.target, HostTarget)
        else understood(request)
    )


def judged_as(request: Request, report: CheckReport, gateway: GatewayReport | None) -> str:
    """The question as it was finally put: with which name, and by whose settings it was judged."""
    target = report.request.target
    said = [f"{target.host}:{target.port}", f"server name {target.server_name or 'none'}"]
    said += [
        f"{key} {value}"
        for key, value in request.options.items()
        if key not in {"sni", "watch", "private"}
    ]
    if gateway is not None:
        settings = (f"/{m.pool}/{m.setting}" for m in gateway.members if m.report is report)
        said.append(f"as {gateway.gateway.id.name}{next(settings, '')}")
    return "; ".join((", ".join(said), *report.request.assumed[:1]))


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text

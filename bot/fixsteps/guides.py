"""The two guides of a finding: one for the server's administrator, one for the gateway's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.fixsteps import gateway_az, gateway_powershell
from bot.fixsteps.fill import Filler
from bot.fixsteps.gateway_code import BICEP, TERRAFORM
from bot.fixsteps.servers_platform import PLATFORM
from bot.fixsteps.servers_settings import setting_recipe
from bot.fixsteps.servers_web import WEB
from bot.fixsteps.tasks import (
    CHAIN_STOPGAP_CODES,
    FIRST,
    GATEWAY_TASKS,
    MAKE,
    NAME_STOPGAP_CODES,
    SAVE,
    SERVER_TASKS,
    WRITE,
    GatewayTask,
    ServerTask,
)
from bot.fixsteps.values import FixContext, FixGuide, Recipe, ServerKind, Template, Tool
from chainlib import CATALOGUE, Code

_SERVERS: Mapping[ServerKind, Recipe] = MappingProxyType({**WEB, **PLATFORM})
_GATEWAYS: Mapping[Tool, Mapping[GatewayTask, Recipe]] = MappingProxyType(
    {
        Tool.AZ: gateway_az.AZ,
        Tool.POWERSHELL: gateway_powershell.POWERSHELL,
        Tool.BICEP: BICEP,
        Tool.TERRAFORM: TERRAFORM,
    }
)
# A setting of the TLS proxy (layer 4): its command of azure-cli, its cmdlet of Az.Network, and its
# block of the azurerm provider, which always takes the setting's own name.
# https://learn.microsoft.com/cli/azure/network/application-gateway/settings
# https://learn.microsoft.com/powershell/module/az.network/set-azapplicationgatewaybackendsetting
# https://github.com/hashicorp/terraform-provider-azurerm/pull/30376
_LAYER_4_WORDS = {
    "application-gateway http-settings ": "application-gateway settings ",
    "--host-name-from-backend-pool ": "--backend-pool-host-name ",
    "Get-AzApplicationGatewayBackendHttpSetting ": "Get-AzApplicationGatewayBackendSetting ",
    "backend_http_settings block": "backend block",
    "pick_host_name_from_backend_address = false\n": "",
}
_ROOT_TASKS = frozenset({GatewayTask.UPLOAD_ROOT, GatewayTask.ATTACH_ROOT})
_CHAIN_PROOF = (
    Template(
        text=(
            "See what the server sends: the first certificate is its own, and each is followed by "
            "its issuer."
        ),
        command="openssl s_client -connect <connect> -servername <name> -showcerts </dev/null",
        when="named",
    ),
    Template(
        text=(
            "See what the server sends: the first certificate is its own, and each is followed by "
            "its issuer."
        ),
        command="openssl s_client -connect <connect> -noservername -showcerts </dev/null",
        when="!named",
    ),
)
_CHECK_AGAIN = Template(
    text=(
        "Tap Check again: the card should say OK. Backend health follows within one probe interval."
    )
)


def guide(code: Code, context: FixContext, kind: ServerKind) -> FixGuide:
    """The steps on the server, with the real names.

    A code without a recipe gets the steps of the findings catalogue.
    """
    task = SERVER_TASKS.get(code)
    if task is None:
        recipe = _from_catalogue(code)
    elif task is ServerTask.CHAIN:
        recipe = _chain_recipe(code, kind)
    else:
        recipe = setting_recipe(task, kind)
    return _filled(replace(recipe, proof=(*recipe.proof, _CHECK_AGAIN)), context, kind)


def gateway_guide(code: Code, context: FixContext, tool: Tool) -> FixGuide:
    """The steps on the gateway, with the real names.

    The temporary workaround, where there is one, comes last and begins with its risk.
    """
    task = _gateway_task(code, context)
    recipe = _GATEWAYS[tool][task] if task else _from_catalogue(code)
    powershell = tool is Tool.POWERSHELL
    proof = gateway_powershell.PROOF if powershell else gateway_az.PROOF
    stopgap = () if context.no_switches else _stopgap(code)
    return _filled(
        replace(recipe, proof=proof),
        context,
        tool,
        gateway_powershell.in_powershell(stopgap) if powershell else stopgap,
    )


def has_gateway_guide(code: Code) -> bool:
    """Whether a change on the gateway helps with this code."""
    return code in GATEWAY_TASKS


def has_server_guide(code: Code) -> bool:
    """Whether a change on the server helps with this code."""
    return code in SERVER_TASKS


def _gateway_task(code: Code, context: FixContext) -> GatewayTask | None:
    task = GATEWAY_TASKS.get(code)
    if task is GatewayTask.HOST_NAME and code is not Code.LIVE_NAME_MISMATCH:
        if context.v1:
            return GatewayTask.POOL_NAME
        return GatewayTask.SNI_NAME if context.sni_name else task
    # Azure's text of v1 may come of a v2 gateway. Cards from before `v1` have `no_switches` alone.
    if task is GatewayTask.AUTH_CERTIFICATE and not (context.v1 or context.no_switches):
        task = GatewayTask.UPLOAD_ROOT
    if task not in _ROOT_TASKS:
        return task
    if context.public_ca:
        return GatewayTask.DETACH_ROOTS
    return GatewayTask.ATTACH_ROOT if context.root_here else task


def _chain_recipe(code: Code, kind: ServerKind) -> Recipe:
    recipe = _SERVERS[kind]
    usual = (
        Template(text=SAVE, when="chain_file_made"),
        Template(text=MAKE, when="gap"),
        Template(text=WRITE, when="no_chain_file"),
    )
    first = (Template(text=FIRST[code]),) if code in FIRST else usual
    return replace(recipe, steps=(*first, *recipe.steps), proof=(*recipe.proof, *_CHAIN_PROOF))


def _from_catalogue(code: Code) -> Recipe:
    entry = CATALOGUE[code]
    return Recipe(title=entry.title, steps=tuple(Template(text=step) for step in entry.steps))


def _stopgap(code: Code) -> tuple[Template, ...]:
    if code in CHAIN_STOPGAP_CODES:
        return gateway_az.CHAIN_STOPGAP
    return gateway_az.NAME_STOPGAP if code in NAME_STOPGAP_CODES else ()


def _filled(
    recipe: Recipe, context: FixContext, kind: ServerKind | Tool, stopgap: tuple[Template, ...] = ()
) -> FixGuide:
    filler = Filler(context)
    if context.layer4:
        steps, undo = (tuple(map(_on_layer_4, part)) for part in (recipe.steps, recipe.undo))
        recipe = replace(recipe, steps=steps, undo=undo)
    return FixGuide(
        title=recipe.title,
        kind=kind,
        steps=filler.steps(recipe.steps),
        undo=filler.steps(recipe.undo),
        proof=filler.steps(recipe.proof),
        stopgap=filler.steps(stopgap),
        blanks=filler.blanks,
    )


def _on_layer_4(template: Template) -> Template:
    text, command = template.text, template.command or ""
    for layer_7, layer_4 in _LAYER_4_WORDS.items():
        text, command = text.replace(layer_7, layer_4), command.replace(layer_7, layer_4)
    return replace(template, text=text, command=command or None)

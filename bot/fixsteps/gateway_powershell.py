"""Recipes for the gateway with Az PowerShell.

The commands read the gateway, change it in memory, and write the whole of it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.fixsteps import gateway_az
from bot.fixsteps.gateway_az import MINUTES
from bot.fixsteps.tasks import GatewayTask
from bot.fixsteps.values import Language, Recipe, Template


def _ps(text: str, command: str, when: str = "") -> Template:
    return Template(text=text, command=command, language=Language.POWERSHELL, when=when)


_READ = _ps(
    "Read the gateway.", "$gw = Get-AzApplicationGateway -Name <gateway> -ResourceGroupName <group>"
)
_SETTING = _ps(
    "Take the backend setting.",
    "$s = Get-AzApplicationGatewayBackendHttpSetting -ApplicationGateway $gw -Name <setting>",
)
_WRITE = _ps(MINUTES, "Set-AzApplicationGateway -ApplicationGateway $gw")
_ADD = (
    _SETTING,
    _ps(
        "Take the root.",
        "$r = Get-AzApplicationGatewayTrustedRootCertificate -ApplicationGateway $gw -Name <root>",
    ),
    _ps(
        "Attach it beside those that are attached.",
        "$id = New-Object Microsoft.Azure.Commands.Network.Models.PSResourceId -Property @{ "
        "Id = $r.Id }\n"
        "$s.TrustedRootCertificates = @($s.TrustedRootCertificates | Where-Object { $_ }) + $id",
    ),
    _WRITE,
)
_TAKE_AWAY = (
    _READ,
    _SETTING,
    _ps(
        "Take the root out of the setting's list.",
        (
            "$s.TrustedRootCertificates = @($s.TrustedRootCertificates | Where-Object { ($_.Id "
            "-split '/')[-1] -ne <root> })"
        ),
    ),
)
PROOF = (
    _ps(
        "After one probe interval every server should be Healthy.",
        (
            "Get-AzApplicationGatewayBackendHealth -Name <gateway> -ResourceGroupName <group> | "
            "ConvertTo-Json -Depth 9"
        ),
    ),
)


def _through_az(recipe: Recipe) -> Recipe:
    """The Azure CLI recipe with PowerShell quoting, for switches that older Az.Network lacks."""
    first = Template(
        text=(
            "Az.Network does not have this switch in every version; az does, and runs in "
            "PowerShell too."
        )
    )
    return Recipe(
        title=recipe.title,
        steps=(first, *in_powershell(recipe.steps)),
        undo=in_powershell(recipe.undo),
    )


def in_powershell(templates: tuple[Template, ...]) -> tuple[Template, ...]:
    """The same commands with names quoted for PowerShell."""
    return tuple(
        Template(text=t.text, command=t.command, language=Language.POWERSHELL, when=t.when)
        for t in templates
    )


POWERSHELL: Mapping[GatewayTask, Recipe] = MappingProxyType(
    {
        GatewayTask.UPLOAD_ROOT: Recipe(
            title="Upload and attach the root",
            steps=(
                *gateway_az.SAVE_ROOT,
                _READ,
                _ps(
                    "Upload the root.",
                    "$gw = Add-AzApplicationGatewayTrustedRootCertificate -ApplicationGateway "
                    "$gw -Name <root> "
                    "-CertificateFile <rootfile>\n"
                    "$gw = Set-AzApplicationGateway -ApplicationGateway $gw",
                ),
                *_ADD,
            ),
            undo=(
                *_TAKE_AWAY,
                _ps(
                    "Delete the root and write the gateway back.",
                    (
                        "$gw = Remove-AzApplicationGatewayTrustedRootCertificate "
                        "-ApplicationGateway $gw -Name <root>"
                    ),
                ),
                _WRITE,
            ),
        ),
        GatewayTask.ATTACH_ROOT: Recipe(
            title="Attach the root that is there", steps=(_READ, *_ADD), undo=(*_TAKE_AWAY, _WRITE)
        ),
        GatewayTask.DETACH_ROOTS: Recipe(
            title="Trust the well-known CAs again",
            steps=(
                _READ,
                _SETTING,
                _ps("Save the list, for the undo.", "$before = $s.TrustedRootCertificates"),
                _ps(
                    "Empty it; the well-known CAs count again.",
                    "$s.TrustedRootCertificates = $null",
                ),
                _WRITE,
            ),
            undo=(
                _READ,
                _SETTING,
                _ps(
                    "In the same window, put the list back.", "$s.TrustedRootCertificates = $before"
                ),
                _WRITE,
            ),
        ),
        GatewayTask.AUTH_CERTIFICATE: Recipe(
            title="Upload the server's certificate (v1)",
            steps=(
                *gateway_az.SAVE_LEAF,
                _READ,
                _ps(
                    "Upload it.",
                    "$gw = Add-AzApplicationGatewayAuthenticationCertificate "
                    "-ApplicationGateway $gw -Name <root> "
                    "-CertificateFile <rootfile>\n"
                    "$gw = Set-AzApplicationGateway -ApplicationGateway $gw",
                ),
                _SETTING,
                _ps(
                    "Take it.",
                    (
                        "$c = Get-AzApplicationGatewayAuthenticationCertificate "
                        "-ApplicationGateway $gw -Name <root>"
                    ),
                ),
                _ps(
                    "Attach it beside those that are attached.",
                    "$id = New-Object Microsoft.Azure.Commands.Network.Models.PSResourceId "
                    "-Property @{ Id = $c.Id }\n"
                    "$s.AuthenticationCertificates = @($s.AuthenticationCertificates | "
                    "Where-Object { $_ }) + $id",
                ),
                _WRITE,
            ),
            undo=(
                _READ,
                _SETTING,
                _ps(
                    "Take it out of the setting's list.",
                    (
                        "$s.AuthenticationCertificates = @($s.AuthenticationCertificates | "
                        "Where-Object { ($_.Id -split '/')[-1] -ne <root> })"
                    ),
                ),
                _ps(
                    "Delete it and write the gateway back.",
                    (
                        "$gw = Remove-AzApplicationGatewayAuthenticationCertificate "
                        "-ApplicationGateway $gw -Name <root>"
                    ),
                ),
                _WRITE,
            ),
        ),
        GatewayTask.HOST_NAME: Recipe(
            title="Set the host name on the backend setting",
            steps=(
                _READ,
                _SETTING,
                _ps(
                    "Keep the name from before.",
                    "$before = $s.HostName; $picked = $s.PickHostNameFromBackendAddress",
                ),
                _ps(
                    "Give the setting a name that the certificate carries.",
                    "$s.PickHostNameFromBackendAddress = $false\n$s.HostName = <carried>",
                ),
                _ps(
                    "Let the probe use the same name.",
                    "$p = Get-AzApplicationGatewayProbeConfig -ApplicationGateway $gw -Name "
                    "<probe>\n"
                    "$host0 = $p.Host; $pick0 = $p.PickHostNameFromBackendHttpSettings\n"
                    "$p.Host = $null; $p.PickHostNameFromBackendHttpSettings = $true",
                    when="probe",
                ),
                _WRITE,
                Template(
                    text=(
                        "The server now sees this name in every request: its application must "
                        "know it."
                    ),
                    when="!layer4",
                ),
            ),
            undo=(
                _READ,
                _SETTING,
                _ps(
                    "In the same window, set the name from before.",
                    "$s.HostName = $before; $s.PickHostNameFromBackendAddress = $picked",
                ),
                _ps(
                    "The probe's too.",
                    "$p = Get-AzApplicationGatewayProbeConfig -ApplicationGateway $gw -Name "
                    "<probe>\n"
                    "$p.Host = $host0; $p.PickHostNameFromBackendHttpSettings = $pick0",
                    when="probe",
                ),
                _WRITE,
            ),
        ),
        GatewayTask.POOL_NAME: Recipe(
            title="Name the server in the backend pool",
            steps=in_powershell(gateway_az.POOL_NAME),
            undo=in_powershell(gateway_az.AZ[GatewayTask.POOL_NAME].undo),
        ),
        GatewayTask.SNI_NAME: _through_az(gateway_az.AZ[GatewayTask.SNI_NAME]),
        GatewayTask.VALIDATION: _through_az(gateway_az.AZ[GatewayTask.VALIDATION]),
        GatewayTask.PROBE: Recipe(
            title="Change the health probe",
            steps=(
                Template(
                    text=(
                        "Fix the server's answer first; change the probe only where its "
                        "path, codes or text are wrong."
                    )
                ),
                _READ,
                _ps(
                    "Take the probe.",
                    "$p = Get-AzApplicationGatewayProbeConfig "
                    "-ApplicationGateway $gw -Name <probe>",
                ),
                _ps("Note what is set.", "$p | ConvertTo-Json"),
                _ps("Change the path, for example.", "$p.Path = '/healthz'"),
                _WRITE,
            ),
            undo=(_ps("Set back what was noted, in the same way.", "$p.Path = '/'"), _WRITE),
        ),
    }
)

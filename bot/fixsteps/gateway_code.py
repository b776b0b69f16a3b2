"""Recipes for a gateway that is deployed from code: Bicep and Terraform.

The change is a commit in the user's repository; undo is its revert.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.fixsteps import gateway_az
from bot.fixsteps.gateway_az import MINUTES
from bot.fixsteps.tasks import GatewayTask
from bot.fixsteps.values import Language, Recipe, Template

_IN_SETTING = "In the properties of <setting>:"
_IN_BLOCK = "In the backend_http_settings block of <setting>:"
_FILE = (*gateway_az.SAVE_ROOT, Template(text="Put <rootfile> beside the code."))
_LEAF_FILE = (*gateway_az.SAVE_LEAF, Template(text="Put <rootfile> beside the code."))


def _bicep(text: str, command: str, when: str = "") -> Template:
    return Template(text=text, command=command, language=Language.BICEP, when=when)


def _hcl(text: str, command: str, when: str = "") -> Template:
    return Template(text=text, command=command, language=Language.HCL, when=when)


_DEPLOY = (
    Template(
        text="Preview the change.",
        command="az deployment group what-if -g <group> -f main.bicep",
    ),
    Template(
        text=f"Deploy. {MINUTES}", command="az deployment group create -g <group> -f main.bicep"
    ),
)
_APPLY = (
    Template(text="Preview the change.", command="terraform plan -out fix.tfplan"),
    Template(text=f"Apply. {MINUTES}", command="terraform apply fix.tfplan"),
)
_BICEP_UNDO = (
    Template(
        text="Revert the change in the code and deploy again.",
        command="az deployment group create -g <group> -f main.bicep",
    ),
)
_HCL_UNDO = (
    Template(text="Revert the change in the code and apply again.", command="terraform apply"),
)

_BICEP_ATTACH = _bicep(
    "In the properties of <setting>, with every root to keep:",
    "trustedRootCertificates: [\n<roots>\n]",
)
_HCL_ATTACH = _hcl(
    "In the backend_http_settings block of <setting>, with every root to keep:",
    "trusted_root_certificate_names = [<roots>]",
)
_BICEP_STEPS: Mapping[GatewayTask, tuple[Template, ...]] = MappingProxyType(
    {
        GatewayTask.UPLOAD_ROOT: (
            *_FILE,
            _bicep(
                "In trustedRootCertificates of the gateway, add:",
                "{ name: <root>, properties: { data: loadFileAsBase64(<rootfile>) } }",
            ),
            _BICEP_ATTACH,
        ),
        GatewayTask.ATTACH_ROOT: (_BICEP_ATTACH,),
        GatewayTask.DETACH_ROOTS: (
            _bicep(
                "In the properties of <setting>; with an empty list the well-known CAs count:",
                "trustedRootCertificates: []",
            ),
        ),
        GatewayTask.AUTH_CERTIFICATE: (
            *_LEAF_FILE,
            _bicep(
                "In authenticationCertificates of the gateway, add:",
                "{ name: <root>, properties: { data: loadFileAsBase64(<rootfile>) } }",
            ),
            _bicep(
                "In the properties of <setting>, with every one to keep:",
                "authenticationCertificates: [\n<auths>\n]",
            ),
        ),
        GatewayTask.HOST_NAME: (
            _bicep(_IN_SETTING, "pickHostNameFromBackendAddress: false\nhostName: <carried>"),
            _bicep(
                "In the properties of <probe>, and no host there:",
                "pickHostNameFromBackendHttpSettings: true",
                when="probe",
            ),
        ),
        GatewayTask.POOL_NAME: (
            _bicep(
                "In the backendAddresses of the server's pool, in the place of <host>:",
                "{ fqdn: <carried> }",
            ),
        ),
        GatewayTask.SNI_NAME: (_bicep(_IN_SETTING, "sniName: <carried>"),),
        GatewayTask.VALIDATION: (
            _bicep(
                "In the properties of <setting>, with api-version 2024-10-01 or later:",
                "validateCertChainAndExpiry: true\nvalidateSNI: true",
            ),
        ),
        GatewayTask.PROBE: (
            _bicep(
                "In the properties of <probe>, for example:",
                "path: '/healthz'\nmatch: { statusCodes: [ '200-399' ] }\ntimeout: 60",
            ),
        ),
    }
)
_HCL_STEPS: Mapping[GatewayTask, tuple[Template, ...]] = MappingProxyType(
    {
        GatewayTask.UPLOAD_ROOT: (
            *_FILE,
            _hcl(
                (
                    "In the gateway's resource; check in the plan that data is encoded once, "
                    "providers differ in this:"
                ),
                "trusted_root_certificate {\n  name = <root>\n  data = filebase64(<rootfile>)\n}",
            ),
            _HCL_ATTACH,
        ),
        GatewayTask.ATTACH_ROOT: (_HCL_ATTACH,),
        GatewayTask.DETACH_ROOTS: (
            _hcl(
                (
                    "In the backend_http_settings block of <setting>; with an empty list the "
                    "well-known CAs count:"
                ),
                "trusted_root_certificate_names = []",
            ),
        ),
        GatewayTask.AUTH_CERTIFICATE: (
            *_LEAF_FILE,
            _hcl(
                "In the gateway's resource:",
                "authentication_certificate {\n  name = <root>\n  data = filebase64(<rootfile>)\n}",
            ),
            _hcl(
                "In the backend_http_settings block of <setting>, beside those that must stay:",
                "authentication_certificate {\n  name = <root>\n}",
            ),
        ),
        GatewayTask.HOST_NAME: (
            _hcl(_IN_BLOCK, "pick_host_name_from_backend_address = false\nhost_name = <carried>"),
            _hcl(
                "In the block of <probe>, and no host there:",
                "pick_host_name_from_backend_http_settings = true",
                when="probe",
            ),
        ),
        GatewayTask.POOL_NAME: (
            _hcl(
                "In the backend_address_pool block of the server, in the place of <host>, beside "
                "those that must stay:",
                "fqdns = [<carried>]",
            ),
        ),
        GatewayTask.SNI_NAME: (_hcl(_IN_BLOCK, "sni_name = <carried>"),),
        GatewayTask.VALIDATION: (
            _hcl(
                "In the backend_http_settings block of <setting>, with a recent azurerm provider:",
                "certificate_chain_validation_enabled = true\nsni_validation_enabled = true",
            ),
        ),
        GatewayTask.PROBE: (
            _hcl(
                "In the block of <probe>, for example:",
                'path = "/healthz"\ntimeout = 60\nmatch {\n  status_code = ["200-399"]\n}',
            ),
        ),
    }
)


def _recipes(
    steps: Mapping[GatewayTask, tuple[Template, ...]],
    then: tuple[Template, ...],
    undo: tuple[Template, ...],
) -> Mapping[GatewayTask, Recipe]:
    return MappingProxyType(
        {
            task: Recipe(title=_title(task), steps=(*own, *then), undo=undo)
            for task, own in steps.items()
        }
    )


def _title(task: GatewayTask) -> str:
    return task.value[0].upper() + task.value[1:]


BICEP = _recipes(_BICEP_STEPS, _DEPLOY, _BICEP_UNDO)
TERRAFORM = _recipes(_HCL_STEPS, _APPLY, _HCL_UNDO)

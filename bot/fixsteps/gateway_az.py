"""Recipes for the gateway with the Azure CLI (options as printed by `az --help` of 2.84)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.fixsteps.tasks import GatewayTask
from bot.fixsteps.values import Recipe, Template

_AZ = "az network application-gateway"
_AT = "-g <group> --gateway-name <gateway>"
_SETTING = f"{_AZ} http-settings update {_AT} -n <setting>"
MINUTES = (
    "Every change of the gateway takes minutes and empties its DNS cache: check that the pool's "
    "names resolve before it."
)
PORTAL_WELL_KNOWN = (
    "In the portal, open <setting> under Backend settings, say that the backend's certificate is "
    "issued by a well-known CA, and save."
)
SAVE_ROOT = (
    Template(
        text=(
            "Save <rootfile> from this thread, the public part only. Compare its SHA-256 with "
            "what the CA itself publishes."
        ),
        when="!no_root_file",
    ),
    Template(
        text=(
            "Ask the CA for its root certificate, the one that signed itself, and save it as "
            "<rootfile>; its public part only."
        ),
        when="no_root_file",
    ),
)
SAVE_LEAF = (
    Template(
        text="Save <rootfile> from this thread: the server's own certificate, without its key.",
        when="!no_root_file",
    ),
    Template(
        text="Save the server's own certificate, without its key, as <rootfile>.",
        when="no_root_file",
    ),
)
_AS_BEFORE = (
    "Attach the roots that before.json lists for <setting>; if it lists none, say well-known CA "
    "in the portal."
)

_RISK = (
    "RISK: anybody between gateway and server can then pretend to be the server, and nobody "
    "notices. Use it for minutes, until the fix works."
)
_BEFORE = Template(
    text="Save the current settings, for the undo.",
    command=f"{_AZ} show -g <group> -n <gateway> > before.json",
)
_WAIT = Template(text=MINUTES)
_ATTACHED_NOW = Template(
    text=(
        "The list of roots is replaced as a whole: see which are attached now, and name those "
        "to keep as well."
    ),
    command=(
        f"{_AZ} http-settings show {_AT} -n <setting> --query 'trustedRootCertificates[].id' -o tsv"
    ),
    when="!kept_known",
)
_ATTACH = (
    _ATTACHED_NOW,
    Template(
        text="Attach the root to <setting>; the list names every root to keep.",
        command=f"{_SETTING} --root-certs <roots>",
    ),
)
_DETACH = (
    Template(
        text="Attach only the roots from before.",
        command=f"{_SETTING} --root-certs <kept>",
        when="kept",
    ),
    Template(text=PORTAL_WELL_KNOWN, when="kept_empty"),
    Template(text=_AS_BEFORE, when="!kept_known"),
)
POOL_NAME = (
    _BEFORE,
    _WAIT,
    Template(
        text=(
            "In the portal, open the server's pool under Backend pools, and put <carried> in the "
            "place of <host>: a v1 gateway asks for the name in the pool."
        )
    ),
    Template(text="Check first that this name leads to the server inside the virtual network."),
)
PROOF = (
    Template(
        text="After one probe interval every server should be Healthy.",
        command=(
            f"{_AZ} show-backend-health -g <group> -n <gateway> -o json | grep -E 'address|health'"
        ),
    ),
)

AZ: Mapping[GatewayTask, Recipe] = MappingProxyType(
    {
        GatewayTask.UPLOAD_ROOT: Recipe(
            title="Upload and attach the root",
            steps=(
                *SAVE_ROOT,
                _BEFORE,
                _WAIT,
                Template(
                    text="Upload the root.",
                    command=f"{_AZ} root-cert create {_AT} -n <root> --cert-file <rootfile>",
                ),
                *_ATTACH,
            ),
            undo=(
                *_DETACH,
                Template(
                    text="Delete the root again.", command=f"{_AZ} root-cert delete {_AT} -n <root>"
                ),
            ),
        ),
        GatewayTask.ATTACH_ROOT: Recipe(
            title="Attach the root that is there", steps=(_BEFORE, _WAIT, *_ATTACH), undo=_DETACH
        ),
        GatewayTask.DETACH_ROOTS: Recipe(
            title="Trust the well-known CAs again",
            steps=(_BEFORE, _WAIT, Template(text=PORTAL_WELL_KNOWN)),
            undo=(
                Template(
                    text="Attach the roots from before.",
                    command=f"{_SETTING} --root-certs <kept>",
                    when="kept",
                ),
                Template(text=_AS_BEFORE, when="!kept"),
            ),
        ),
        GatewayTask.AUTH_CERTIFICATE: Recipe(
            title="Upload the server's certificate (v1)",
            steps=(
                *SAVE_LEAF,
                _BEFORE,
                _WAIT,
                Template(
                    text="Upload it.",
                    command=f"{_AZ} auth-cert create {_AT} -n <root> --cert-file <rootfile>",
                ),
                Template(
                    text=(
                        "The list is replaced as a whole: see which are attached now, and name "
                        "those to keep as well."
                    ),
                    command=(
                        f"{_AZ} http-settings show {_AT} -n <setting> --query "
                        "'authenticationCertificates[].id' -o tsv"
                    ),
                    when="!kept_known",
                ),
                Template(
                    text="Attach it; the list names every one to keep.",
                    command=f"{_SETTING} --auth-certs <auths>",
                ),
            ),
            undo=(
                Template(
                    text="Attach only those from before.",
                    command=f"{_SETTING} --auth-certs <kept>",
                    when="kept",
                ),
                Template(
                    text=(
                        "Attach the certificates that before.json lists for <setting>, with "
                        "--auth-certs."
                    ),
                    when="!kept",
                ),
                Template(
                    text="Delete the new one.", command=f"{_AZ} auth-cert delete {_AT} -n <root>"
                ),
            ),
        ),
        GatewayTask.HOST_NAME: Recipe(
            title="Set the host name on the backend setting",
            steps=(
                _BEFORE,
                _WAIT,
                Template(
                    text="Give the setting a name that the certificate carries.",
                    command=f"{_SETTING} --host-name <carried>",
                    when="!picked",
                ),
                Template(
                    text=(
                        "Give the setting a name that the certificate carries, in place of the "
                        "pool's."
                    ),
                    command=f"{_SETTING} --host-name <carried> --host-name-from-backend-pool false",
                    when="picked",
                ),
                Template(
                    text=(
                        'Let the probe use the same name; add --host "" where it has a host of '
                        "its own."
                    ),
                    command=(
                        f"{_AZ} probe update {_AT} -n <probe> --host-name-from-http-settings true"
                    ),
                    when="probe",
                ),
                Template(
                    text=(
                        "The server now sees this name in every request: its application must "
                        "know it."
                    ),
                    when="!layer4",
                ),
            ),
            undo=(
                Template(
                    text=(
                        "Set back the hostName that before.json holds for <setting>, with "
                        "--host-name."
                    ),
                    when="!picked",
                ),
                Template(
                    text="Let the pool name the host again.",
                    command=f'{_SETTING} --host-name-from-backend-pool true --host-name ""',
                    when="picked",
                ),
                Template(
                    text=(
                        "The probe as before.json shows it; with a host of its own, where it had "
                        "one."
                    ),
                    command=(
                        f"{_AZ} probe update {_AT} -n <probe> --host-name-from-http-settings "
                        "false --host <name>"
                    ),
                    when="probe",
                ),
            ),
        ),
        GatewayTask.POOL_NAME: Recipe(
            title="Name the server in the backend pool",
            steps=POOL_NAME,
            undo=(Template(text="Put the server back into the pool as before.json shows it."),),
        ),
        GatewayTask.SNI_NAME: Recipe(
            title="Set the SNI name on the backend setting",
            steps=(
                _BEFORE,
                _WAIT,
                Template(
                    text="Give the setting an SNI name that the certificate carries.",
                    command=f"{_SETTING} --sni-name <carried>",
                ),
            ),
            undo=(
                Template(
                    text="Set back the sniName that before.json holds for <setting>, likewise."
                ),
            ),
        ),
        GatewayTask.VALIDATION: Recipe(
            title="Switch validation on again",
            steps=(
                Template(text="Fix what it hides first, or users get 502 at once."),
                _BEFORE,
                _WAIT,
                Template(
                    text="Switch both checks on.",
                    command=f"{_SETTING} --validate-cert-chain-and-expiry true --validate-sni true",
                ),
            ),
            undo=(
                Template(text=_RISK),
                Template(
                    text="Set only the switch back that before.json shows as false.",
                    command=(
                        f"{_SETTING} --validate-cert-chain-and-expiry false\n{_SETTING} "
                        "--validate-sni false"
                    ),
                ),
            ),
        ),
        GatewayTask.PROBE: Recipe(
            title="Change the health probe",
            steps=(
                Template(
                    text=(
                        "Fix the server's answer first; change the probe only where its "
                        "path, codes or text are wrong."
                    )
                ),
                _BEFORE,
                _WAIT,
                Template(
                    text="Another path, where the site has one for it.",
                    command=f"{_AZ} probe update {_AT} -n <probe> --path /healthz",
                ),
                Template(
                    text="Other codes, where these are right.",
                    command=f"{_AZ} probe update {_AT} -n <probe> --match-status-codes 200-399",
                ),
                Template(
                    text="More time, as a stopgap.",
                    command=f"{_AZ} probe update {_AT} -n <probe> --timeout 60",
                ),
            ),
            undo=(
                Template(
                    text="Set back what before.json holds for <probe>, with the same options."
                ),
            ),
        ),
    }
)

CHAIN_STOPGAP = (
    Template(text=_RISK),
    Template(
        text="Switch off the check of chain and dates.",
        command=f"{_SETTING} --validate-cert-chain-and-expiry false",
    ),
    Template(
        text="Undo it as soon as the fix works.",
        command=f"{_SETTING} --validate-cert-chain-and-expiry true",
    ),
)
NAME_STOPGAP = (
    Template(text=_RISK),
    Template(text="Switch off the check of the name.", command=f"{_SETTING} --validate-sni false"),
    Template(text="Undo it as soon as the fix works.", command=f"{_SETTING} --validate-sni true"),
)

"""Recipes for platforms that hold the server's certificate: cluster proxies, Azure services."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.fixsteps.servers_web import PFX
from bot.fixsteps.values import Language, Recipe, ServerKind, Template

_PICK_HOST = Template(
    text=(
        "Let the backend setting take its host name from the pool: the platform's own name always "
        "has a complete chain."
    ),
    command="az network application-gateway http-settings update "
    "-g <group> --gateway-name <gateway> -n <setting> --host-name-from-backend-pool true",
    when="!picked",
)
_HOST_AS_BEFORE = Template(
    text=(
        "Where the setting's host name was changed, set it back; it then goes to the app in every "
        "request again."
    ),
    command="az network application-gateway http-settings update "
    "-g <group> --gateway-name <gateway> -n <setting> --host-name-from-backend-pool false "
    "--host-name <name>",
    when="!picked",
)
_SECRET_VARIABLES = Template(
    text="Set NS and S to the namespace and the TLS secret.", command="NS=default; S=site-tls"
)
_SAVE_SECRET = Template(
    text="Keep the old chain.",
    command='kubectl -n "$NS" get secret "$S" -o jsonpath=\'{.data.tls\\.crt}\' > old.b64',
)
_PATCH = (
    'kubectl -n "$NS" patch secret "$S" --type=merge -p "{\\"data\\":{\\"tls.crt\\":\\"$C\\"}}"'
)
_SECRET_STEPS = (
    _SECRET_VARIABLES,
    _SAVE_SECRET,
    Template(text="Read the new chain.", command="C=$(base64 < <chainfile> | tr -d '\\n')"),
    Template(text="Put it into the secret; the key stays as it is.", command=_PATCH),
)
_SECRET_UNDO = (Template(text="Put the old chain back.", command=f"C=$(cat old.b64)\n{_PATCH}"),)

_KUBERNETES = Recipe(
    title="Install the chain in a Kubernetes ingress",
    steps=(
        Template(
            text="Find the ingress and its TLS secret.",
            command="kubectl get ingress -A | grep <host>",
        ),
        *_SECRET_STEPS,
        Template(
            text=(
                "With cert-manager change the issuer instead: its secret must hold the issuing CA "
                "and every CA above it but the root."
            )
        ),
        Template(
            text="Then let it reissue; its Certificate usually has the secret's name.",
            command='cmctl renew -n "$NS" "$S"',
        ),
        Template(
            text=(
                "Where AGIC writes the gateway, set backend-hostname and "
                "appgw-trusted-root-certificate as annotations of the ingress."
            )
        ),
    ),
    undo=_SECRET_UNDO,
)
_ENVOY = Recipe(
    title="Install the chain in Envoy / Istio",
    steps=(
        Template(
            text="Envoy: tls_certificates takes the whole chain.",
            command="certificate_chain: { filename: <chainfile> }",
            language=Language.CONFIG,
        ),
        Template(
            text="Istio: the gateway's credentialName is a secret, by default in istio-system."
        ),
        *_SECRET_STEPS,
    ),
    undo=_SECRET_UNDO,
)
_APP_SERVICE = Recipe(
    title="Fix the certificate of an App Service",
    steps=(
        _PICK_HOST,
        Template(text="For a custom domain, the certificate itself must hold the chain."),
        PFX,
        Template(
            text="Set APP to the app and RG to its resource group.",
            command="RG=app-rg; APP=app-name",
        ),
        Template(
            text="Upload it; az asks for the PFX's password. The answer names its thumbprint.",
            command=(
                'read -rs P; az webapp config ssl upload -g "$RG" -n "$APP" --certificate-file '
                'site.pfx --certificate-password "$P"'
            ),
        ),
        Template(
            text="Bind it; put the thumbprint in T.",
            command=(
                'az webapp config ssl bind -g "$RG" -n "$APP" --certificate-thumbprint "$T" '
                "--ssl-type SNI"
            ),
        ),
    ),
    undo=(
        _HOST_AS_BEFORE,
        Template(text="Bind the old thumbprint again; the app keeps both certificates."),
    ),
)
_API_MANAGEMENT = Recipe(
    title="Fix the certificate of API Management",
    steps=(
        PFX,
        Template(
            text=(
                "In the portal, API Management > Custom domains, upload site.pfx for the "
                "gateway's host name; that takes up to 45 minutes."
            )
        ),
        Template(
            text=(
                "Give the gateway's probe the path that API Management keeps for it: "
                "/status-0123456789abcdef."
            )
        ),
        Template(text="For a private CA, upload its root to the Application Gateway too."),
    ),
    undo=(Template(text="Upload the old PFX for the same host name."),),
)
_VIRTUAL_MACHINE = Recipe(
    title="Install the chain through Key Vault",
    steps=(
        PFX,
        Template(
            text="Set V to the key vault and N to the certificate's name in it.",
            command="V=vault-name; N=site",
        ),
        Template(
            text="Import it as a new version; you are asked for the PFX's password.",
            command=(
                'read -rs P; az keyvault certificate import --vault-name "$V" -n "$N" -f site.pfx '
                '--password "$P"'
            ),
        ),
        Template(
            text=(
                "The Key Vault extension of the VM or scale set fetches it at its next polling "
                "interval."
            )
        ),
        Template(text="Reload the web server on each machine; the extension does not."),
    ),
    undo=(
        Template(
            text=(
                "Import the PFX from before once more in the same way: the newest version is the "
                "one that counts."
            )
        ),
    ),
)
_CONTAINER_APPS = Recipe(
    title="Fix the certificate of a Container App",
    steps=(
        Template(text="Use the app's own FQDN in the pool where you can."),
        _PICK_HOST,
        Template(
            text=(
                "For an internal environment, link a private DNS zone for that FQDN to the "
                "gateway's virtual network."
            )
        ),
        Template(text="For a custom domain, the certificate itself must hold the chain."),
        PFX,
        Template(text="Set RG and ENV to the environment.", command="RG=apps-rg; ENV=apps-env"),
        Template(
            text="Upload it; you are asked for the PFX's password.",
            command=(
                'read -rs P; az containerapp env certificate upload -g "$RG" -n "$ENV" '
                '--certificate-file site.pfx --password "$P"'
            ),
        ),
        Template(
            text=(
                "In the portal, under the app's Custom domains, choose the new certificate for "
                "<host>."
            )
        ),
    ),
    undo=(
        _HOST_AS_BEFORE,
        Template(
            text="Choose the old certificate for the domain again; the environment keeps both."
        ),
    ),
)

PLATFORM: Mapping[ServerKind, Recipe] = MappingProxyType(
    {
        ServerKind.ENVOY: _ENVOY,
        ServerKind.KUBERNETES: _KUBERNETES,
        ServerKind.APP_SERVICE: _APP_SERVICE,
        ServerKind.API_MANAGEMENT: _API_MANAGEMENT,
        ServerKind.VIRTUAL_MACHINE: _VIRTUAL_MACHINE,
        ServerKind.CONTAINER_APPS: _CONTAINER_APPS,
    }
)

"""The values of fix guides: kinds of server, tools, names of the case, steps and guides."""

from __future__ import annotations

from enum import StrEnum

from chainlib.frozen import dataclass


class ServerKind(StrEnum):
    """What the backend runs; the value is shown to users."""

    IIS = "IIS / Windows"
    NGINX = "nginx"
    APACHE = "Apache"
    HAPROXY = "HAProxy"
    TOMCAT = "Tomcat / Java"
    KESTREL = "Kestrel (.NET)"
    NODE = "Node.js"
    ENVOY = "Envoy / Istio"
    KUBERNETES = "Kubernetes ingress"
    APP_SERVICE = "App Service"
    API_MANAGEMENT = "API Management"
    VIRTUAL_MACHINE = "VM with Key Vault"
    CONTAINER_APPS = "Container Apps"
    OTHER = "another server"


class Tool(StrEnum):
    """The tool that changes the gateway."""

    AZ = "az CLI"
    POWERSHELL = "PowerShell"
    BICEP = "Bicep"
    TERRAFORM = "Terraform"


class Language(StrEnum):
    """How names are quoted in a command; `CONFIG` is a server's configuration file."""

    SH = "sh"
    POWERSHELL = "powershell"
    BICEP = "bicep"
    HCL = "hcl"
    CONFIG = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixContext:
    """The real names of the case; each may be hostile text, and `fill.py` quotes them.

    Attributes:
        host: the backend's host name or IP address.
        port: the backend's port.
        name: a host name of the certificate that the gateway should send; `None` takes `host` if
            that is a name.
        group, gateway, setting, probe: names of the Azure resources; `None` leaves a blank in
            capitals.
        pick_host: the setting takes its host name from the backend address.
        root_name: the name that the root has or will have on the gateway.
        kept_roots: names of the roots (v1: authentication certificates) attached now; `None` if
            unknown.
        public_ca: the chain is from a public CA while roots are uploaded, so these should be
            detached.
        chain_file, root_file: names of the files in the thread.
        carried: a host name of the certificate; `None` takes `name`, empty if the certificate has
            none.
        root_here: the root is on this gateway already and only needs to be attached.
        no_chain_file, no_root_file: that file could not be made, so it is not in the thread.
        missing: display name of the issuer that could not be found.
        no_switches: the setting has no switches for validation (v1, or layer 4).
        layer4: the setting is one of the TLS proxy, which has commands and arguments of its own.
        v1: a v1 gateway, which sends and requires the pool's name.
        sni_name: the setting has a name for SNI, which goes before its host name.
    """

    host: str
    port: int = 443
    name: str | None = None
    group: str | None = None
    gateway: str | None = None
    setting: str | None = None
    probe: str | None = None
    pick_host: bool = False
    root_name: str | None = None
    kept_roots: tuple[str, ...] | None = None
    public_ca: bool = False
    chain_file: str = "fullchain.pem"
    root_file: str = "root.cer"
    carried: str | None = None
    root_here: bool = False
    no_chain_file: bool = False
    no_root_file: bool = False
    missing: str | None = None
    no_switches: bool = False
    layer4: bool = False
    v1: bool = False
    sni_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FixStep:
    """One step; `text` may contain hostile names, `command` can be copied unchanged.

    Attributes:
        text: one or two short sentences.
        command: one command per line; `None` for a step without commands.
        language: the language of the command.
    """

    text: str
    command: str | None = None
    language: Language = Language.SH


@dataclass(frozen=True, slots=True, kw_only=True)
class FixGuide:
    """A whole guide, in reading order.

    Attributes:
        title: at most 60 characters.
        kind: the kind of server or the tool.
        steps: what to do.
        undo: how to revert it.
        proof: how to verify that it worked.
        stopgap: how to disable validation temporarily, with its risk first; shown last, empty if it
            would not help.
        blanks: the words in capitals that the reader must replace, in the order of their first use.
    """

    title: str
    kind: ServerKind | Tool
    steps: tuple[FixStep, ...]
    undo: tuple[FixStep, ...]
    proof: tuple[FixStep, ...]
    stopgap: tuple[FixStep, ...] = ()
    blanks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A step before the names are filled in: `<host>` and the like, see `fill.py`.

    Attributes:
        when: the fact that must be known for the step to be shown; with `!` before it, that must be
            unknown.
    """

    text: str
    command: str | None = None
    language: Language = Language.SH
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A guide before the names are filled in."""

    title: str
    steps: tuple[Template, ...]
    undo: tuple[Template, ...] = ()
    proof: tuple[Template, ...] = ()

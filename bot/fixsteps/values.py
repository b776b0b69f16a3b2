"""What a fix guide is made of.

For whom it is written, its steps, how to undo it, how to see that it worked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ServerKind(StrEnum):
    """What the backend runs on; the value is what people call it."""

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
    """With what the gateway is changed."""

    AZ = "az CLI"
    POWERSHELL = "PowerShell"
    BICEP = "Bicep"
    TERRAFORM = "Terraform"


class Language(StrEnum):
    """How names are quoted in a command; `CONFIG` is a server's own file."""

    SH = "sh"
    POWERSHELL = "powershell"
    BICEP = "bicep"
    HCL = "hcl"
    CONFIG = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixContext:
    """The real names; every one may be hostile text, quoting is done here and nowhere else.

    Attributes:
        host: the backend's host name or IP literal.
        port: the backend's port.
        name: the host name that the gateway should send, one that the certificate carries; `None`
            takes `host` where that is a name.
        group, gateway, setting, probe: where the gateway's part lies; `None` leaves a blank in
        capitals.
        pick_host: the setting takes its host name from the backend address.
        root_name: the name under which the root lies, or shall lie, on the gateway.
        kept_roots: names of the roots (v1: authentication certificates) attached now; `None` when
            not known.
        public_ca: the chain is from a public CA while roots are uploaded, so these should be
            detached.
        chain_file, root_file: names of the files in the thread.
        carried: a host name that the certificate carries; `None` takes `name`, empty when it
            carries none.
        root_here: the root lies on this gateway already and has only to be attached.
        no_chain_file, no_root_file: that file could not be made, so it is not in the thread.
        missing: the issuer that nobody could supply, as people call it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FixStep:
    """One step; `text` may hold hostile names, `command` is safe to copy as it stands.

    Attributes:
        text: one or two short sentences.
        command: one command to a line, `None` for a step without one.
        language: in what it is written.
    """

    text: str
    command: str | None = None
    language: Language = Language.SH


@dataclass(frozen=True, slots=True, kw_only=True)
class FixGuide:
    """A whole guide, in the order in which it is read.

    Attributes:
        title: at most 60 characters.
        kind: for which server, or with which tool.
        steps: what to do.
        undo: how to go back.
        proof: how to see that it worked.
        stopgap: validation off for the time being, its risk first; shown last, and empty where it
            would not help.
        blanks: the words in capitals that the reader has to replace, in the order met.
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
        when: name of a fact that must be known for the step to be shown, `!` before it for one that
            must not.
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

"""Fills the names of a case into the templates of fix steps.

`<host>` becomes the name itself in a text, and the quoted name in a command. A template is scanned
once from left to right, so a name that looks like a placeholder is not replaced again. A name that
is unknown, or that cannot be quoted safely, becomes a blank in capitals; the guide lists the
blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from bot.fixsteps.quoting import QUOTE, is_plain_name, is_safe_host, is_safe_name
from bot.fixsteps.values import FixContext, FixStep, Language, Template
from chainlib import is_ip_literal

_PLACEHOLDER = re.compile(r"<([a-z_]+)>")
_BLANKS = {
    "host": "BACKEND_HOST",
    "name": "HOST_NAME",
    "carried": "HOST_NAME",
    "missing": "the missing issuer",
    "group": "RESOURCE_GROUP",
    "gateway": "GATEWAY_NAME",
    "setting": "BACKEND_SETTING",
    "probe": "PROBE_NAME",
    "root": "ROOT_NAME",
    "roots": "ROOT_NAMES",
    "kept": "ROOT_NAMES",
    "auths": "CERTIFICATE_NAMES",
    "chainfile": "CHAIN_FILE",
    "rootfile": "ROOT_FILE",
    "connect": "BACKEND_HOST:PORT",
}
# `connect` is built from a host that was checked already; with its brackets it would not pass as a
# name.
_SAFE: Mapping[str, Callable[[str], bool]] = {
    "host": is_safe_host,
    "name": is_safe_host,
    "carried": is_safe_host,
    "connect": bool,
}
_ARM_KINDS = {
    "roots": "trustedRootCertificates",
    "kept": "trustedRootCertificates",
    "auths": "authenticationCertificates",
}
_ARM_ID = "{{ id: resourceId('Microsoft.Network/applicationGateways/{kind}', {gateway}, {name}) }}"
_ALWAYS_QUOTED = frozenset({Language.POWERSHELL, Language.BICEP, Language.HCL})
_JOINED = {
    Language.SH: " ",
    Language.POWERSHELL: ", ",
    Language.HCL: ", ",
    Language.BICEP: "\n",
    Language.CONFIG: " ",
}


class Filler:
    """Fills templates for one case and collects the blanks that remain."""

    def __init__(self, context: FixContext) -> None:
        """Compute the values of all placeholders."""
        self._facts = _facts(context)
        self._blanks: dict[str, None] = {}

    @property
    def blanks(self) -> tuple[str, ...]:
        """The blanks that remain so far, in the order of their first use."""
        return tuple(self._blanks)

    def steps(self, templates: Iterable[Template]) -> tuple[FixStep, ...]:
        """The steps that apply to the case, filled in."""
        return tuple(self._step(template) for template in templates if self._applies(template))

    def _applies(self, template: Template) -> bool:
        wanted = not template.when.startswith("!")
        return (
            not template.when or (self._facts.get(template.when.lstrip("!")) is not None) is wanted
        )

    def _step(self, template: Template) -> FixStep:
        text = _PLACEHOLDER.sub(lambda m: self._plain(m[1]), template.text)
        quoted = self._quoted_for_a_program if _runs_a_program(template) else self._quoted
        command = template.command and _PLACEHOLDER.sub(
            lambda m: quoted(m[1], template.language), template.command
        )
        return FixStep(text=text, command=command, language=template.language)

    def _plain(self, key: str) -> str:
        names = self._facts.get(key)
        if not names:
            self._blanks[_BLANKS[key]] = None
        return ", ".join(names) if names else _BLANKS[key]

    def _quoted(self, key: str, language: Language) -> str:
        return self._joined(key, self._facts.get(key) or ("",), language)

    def _quoted_for_a_program(self, key: str, language: Language) -> str:
        return self._joined(
            key,
            [name if is_plain_name(name) else "" for name in self._facts.get(key) or ("",)],
            language,
        )

    def _joined(self, key: str, names: Iterable[str], language: Language) -> str:
        words = [self._word(key, name, language) for name in names]
        if language is Language.BICEP and key in _ARM_KINDS:
            gateway = self._quoted("gateway", language)
            words = [
                _ARM_ID.format(kind=_ARM_KINDS[key], gateway=gateway, name=word) for word in words
            ]
        return _JOINED[language].join(words)

    def _word(self, key: str, name: str, language: Language) -> str:
        if name == _BLANKS["root"]:
            self._blanks[name] = None
        if _SAFE.get(key, is_safe_name)(name):
            with suppress(ValueError):
                return QUOTE[language](name)
        blank = _BLANKS[key]
        self._blanks[blank] = None
        return QUOTE[language](blank) if language in _ALWAYS_QUOTED else blank


def _runs_a_program(template: Template) -> bool:
    """Whether this is an `az` command in PowerShell.

    Windows PowerShell starts `az` through cmd.exe, which interprets `&`, `%` and quotes in the
    arguments even where PowerShell quoted them.
    """
    return template.language is Language.POWERSHELL and (template.command or "").startswith("az ")


def _facts(context: FixContext) -> Mapping[str, tuple[str, ...] | None]:
    """The values by placeholder.

    `None` for an unknown value, an empty tuple for a list known to be empty.
    """
    kept = context.kept_roots
    roots = _whole_list(kept, context.root_name)
    name = context.name or (None if is_ip_literal(context.host.strip("[]")) else context.host)
    carried = name if context.carried is None else context.carried
    bracketed = f"[{context.host}]" if ":" in context.host else context.host
    return {
        "host": (context.host,),
        "connect": (f"{bracketed}:{context.port}",) if is_safe_host(context.host) else None,
        "name": (name,) if name else None,
        "named": ("yes",) if name else None,
        "carried": _one(carried),
        "missing": _one(context.missing),
        "chain_file_made": None if context.no_chain_file else ("yes",),
        "gap": ("yes",) if context.no_chain_file and context.missing else None,
        "no_chain_file": ("yes",) if context.no_chain_file and not context.missing else None,
        "no_root_file": ("yes",) if context.no_root_file else None,
        "group": _one(context.group),
        "gateway": _one(context.gateway),
        "setting": _one(context.setting),
        # Azure allows a probe of the TLS proxy neither a host nor the choice of one.
        "probe": None if context.layer4 else _one(context.probe),
        "layer4": ("yes",) if context.layer4 else None,
        "root": _one(context.root_name),
        "roots": roots,
        "auths": roots,
        "kept": kept or None,
        "kept_known": kept,
        "kept_empty": ("yes",) if kept == () else None,
        "picked": ("yes",) if context.pick_host else None,
        "chainfile": (context.chain_file,),
        "rootfile": (context.root_file,),
    }


def _whole_list(kept: tuple[str, ...] | None, root: str | None) -> tuple[str, ...] | None:
    """The names of all roots to attach.

    Blanks stand for unknown names of the attached roots and of the new one, so that the command
    neither detaches a root nor omits the uploaded one.
    """
    if kept is None and not root:
        return None
    return tuple(dict.fromkeys((*(("",) if kept is None else kept), root or _BLANKS["root"])))


def _one(name: str | None) -> tuple[str, ...] | None:
    return (name,) if name else None

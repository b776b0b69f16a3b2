"""One word of a command, quoted so that it stays one word whatever it holds.

What no quoting makes safe becomes a blank.

A pasted command runs on a production machine, so a name must neither end its quotes, nor be read as
an option (`-x`), nor as a
file to load (az reads `@file`), nor carry control characters that a terminal obeys inside quotes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.fixsteps.values import Language

_MAX_LENGTH = 300
_PLAIN = re.compile(r"[\w*][\w.()*-]*\Z")
_CONFIG_WORD = re.compile(r"[A-Za-z0-9_./:\[\]-]+\Z")
_HOST = re.compile(r"[A-Za-z0-9_*]([A-Za-z0-9._-]*[A-Za-z0-9])?\Z|[0-9A-Fa-f:.]+\Z")
# PowerShell ends a single-quoted string at any of these, and takes two of them for one
# (about_Quoting_Rules).
_POWERSHELL_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def is_safe_name(text: str) -> bool:
    """Whether a resource or file name may stand in a command.

    Printable, and its first character starts no option and no file.
    """
    return (
        0 < len(text) <= _MAX_LENGTH
        and text.isprintable()
        and (text[0].isalnum() or text[0] in "_(")
    )


def is_plain_name(text: str) -> bool:
    """Whether the text is made of the alphabet of Azure's resource names.

    What no shell, and no shell behind it, reads as anything else.
    """
    return _PLAIN.match(text) is not None


def is_safe_host(text: str) -> bool:
    """Whether the text is made of the host alphabet only.

    Letters, digits, dots, hyphens, or an IP literal.
    """
    return len(text) <= _MAX_LENGTH and _HOST.match(text) is not None


def quote_sh(text: str) -> str:
    """One word for sh; `shlex.split` gives back exactly the text."""
    return shlex.quote(text)


def sh_word(text: str, blank: str) -> str:
    """A name as one word for sh, or the blank where no quoting makes it safe.

    Args:
        text: a name from outside.
        blank: capitals that the reader replaces, for example `RESOURCE_GROUP`.
    """
    return quote_sh(text) if is_safe_name(text) else blank


def quote_powershell(text: str) -> str:
    """A verbatim string of PowerShell.

    Every kind of single quote is doubled, nothing else is read.
    """
    return "'" + _POWERSHELL_QUOTES.sub(r"\1\1", text) + "'"


def quote_bicep(text: str) -> str:
    """A Bicep string: backslash, quote and interpolation are escaped."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${") + "'"


def quote_hcl(text: str) -> str:
    """A Terraform string: backslash, quote, interpolation and directives are escaped."""
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    )
    return f'"{escaped}"'


def quote_config(text: str) -> str:
    """A word of a server's configuration file.

    Those differ too much in quoting, so only plain words pass.

    Raises:
        ValueError: the text holds anything but letters, digits and `_ . / : [ ] -`.
    """
    if not _CONFIG_WORD.match(text):
        raise ValueError(f"{text!r} is no plain word; a plain word is for example fullchain.pem")
    return shlex.quote(text)


QUOTE: Mapping[Language, Callable[[str], str]] = MappingProxyType(
    {
        Language.SH: quote_sh,
        Language.POWERSHELL: quote_powershell,
        Language.BICEP: quote_bicep,
        Language.HCL: quote_hcl,
        Language.CONFIG: quote_config,
    }
)

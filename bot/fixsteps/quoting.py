"""Quotes one word of a command so that it stays one word, whatever it contains.

A pasted command runs on a production machine. A name must not end its quotes, must not be read as
an option (`-x`) or as a file to load (az reads `@file`), and must not contain control characters
that a terminal obeys inside quotes. A name that cannot be quoted safely becomes a blank.
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
# PowerShell accepts each of these as the end of a single-quoted string; doubled, it is a character
# of the string (about_Quoting_Rules).
_POWERSHELL_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def is_safe_name(text: str) -> bool:
    """Whether a resource or file name may be used in a command.

    It must be printable, and its first character must not begin an option or a file reference.
    """
    return (
        0 < len(text) <= _MAX_LENGTH
        and text.isprintable()
        and (text[0].isalnum() or text[0] in "_(")
    )


def is_plain_name(text: str) -> bool:
    """Whether the text contains only characters that Azure allows in resource names.

    No shell gives them a special meaning, also not a shell started by the first one.
    """
    return _PLAIN.match(text) is not None


def is_safe_host(text: str) -> bool:
    """Whether the text is an IP address or contains only letters, digits, dots and hyphens."""
    return len(text) <= _MAX_LENGTH and _HOST.match(text) is not None


def quote_sh(text: str) -> str:
    """Quote one word for sh; `shlex.split` returns exactly the text."""
    return shlex.quote(text)


def sh_word(text: str, blank: str) -> str:
    """A name quoted for sh, or the blank if it cannot be quoted safely.

    Args:
        text: a name from outside.
        blank: capitals that the reader replaces, for example `RESOURCE_GROUP`.
    """
    return quote_sh(text) if is_safe_name(text) else blank


def quote_powershell(text: str) -> str:
    """A verbatim string of PowerShell; every kind of single quote is doubled."""
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

    Quoting differs too much between servers, so only plain words are accepted.

    Raises:
        ValueError: the text contains anything but letters, digits and `_ . / : [ ] -`.
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

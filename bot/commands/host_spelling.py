"""Which text is a host name or an address, and its canonical spelling. Pure.

Host names follow RFC 1123 with the usual extensions: letters, digits, hyphens inside a label, and
underscores (used by Active Directory); 63 characters per label, 253 in all. Addresses are accepted
in their usual spelling only; other spellings that a C library would accept are refused.
"""

from __future__ import annotations

import ipaddress
import re

from bot.commands.usage import TargetError, shown

MAX_NAME = 253
MAX_LABEL = 63
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FULL_STOPS = "\u3002\uff0e\uff61"
EXAMPLE = "write for example backend.contoso.com"


def host_name(text: str) -> tuple[str, bool]:
    """The canonical spelling of a host, and whether it is an address.

    A name becomes an A-label in lower case.

    Raises:
        TargetError: it is neither a name nor an address.
    """
    name = a_label(text).removesuffix(".")
    address = ip_literal(name)
    if address and text.isascii():
        return address, True
    _refuse_numeric(name, text)
    _refuse_malformed(name, text)
    return name, False


def ip_literal(text: str) -> str | None:
    """An address in its usual spelling.

    `None` for anything else, including octal, hexadecimal and short forms and zone IDs.
    """
    if "%" in text:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def a_label(text: str) -> str:
    """Convert to lower case and to A-labels (UTS 46, then IDNA 2008).

    Raises:
        TargetError: the name cannot be written as A-labels.
    """
    if text.isascii():
        return text.lower()
    import idna  # noqa: PLC0415 -- nearly every name is ASCII

    try:
        return idna.encode(
            text.translate(dict.fromkeys(map(ord, _FULL_STOPS), ".")), uts46=True, std3_rules=True
        ).decode()
    except (idna.IDNAError, UnicodeError):
        raise TargetError(
            f"{shown(text)} is not a host name, not even an internationalised one; {EXAMPLE} or "
            "xn--bcher-kva.example."
        ) from None


def _refuse_numeric(name: str, text: str) -> None:
    """Refuse a name that ends in a number, which C libraries and browsers read as an address.

    Source: WHATWG URL, 'ends in a number'.
    """
    if _NUMERIC.fullmatch(name.rpartition(".")[2]):
        raise TargetError(
            f"{shown(text)} is an unusual spelling of an address; write four plain decimal "
            "numbers, for example 10.0.0.5."
        )


def _refuse_malformed(name: str, text: str) -> None:
    if "*" in name:
        raise TargetError(f"{shown(text)} holds a wildcard, and a probe needs one host; {EXAMPLE}.")
    if len(name) > MAX_NAME:
        raise TargetError(
            f"The host name has {len(name)} characters, and the DNS allows {MAX_NAME}; {EXAMPLE}."
        )
    for label in name.split("."):
        if len(label) > MAX_LABEL:
            raise TargetError(
                f"{shown(label)} has {len(label)} characters, and a part of a host name has "
                f"at most {MAX_LABEL}; {EXAMPLE}."
            )
        if not _LABEL.fullmatch(label):
            raise TargetError(
                f"{shown(text)} is not a host name (letters, digits, hyphens and dots); {EXAMPLE}."
            )

"""Reads distinguished names from DER and normalises them for comparison, both like OpenSSL."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from chainlib import der
from chainlib.lenient import identifier

CanonicalName = tuple[frozenset[tuple[str, str]], ...]
_MAX_RDNS, _MAX_ATTRIBUTES = 200, 50
_TEXT: Final = {12: "utf-8", 28: "utf-32-be", 30: "utf-16-be"} | dict.fromkeys(
    (18, 19, 20, 22, 26), "latin-1"
)


def name_of(raw: bytes) -> x509.Name:
    """A name, with each value read like OpenSSL's ASN1_STRING_to_UTF8.

    Empty relative names and repeated attributes in one are left out: OpenSSL ignores the former in
    comparisons, and the latter cannot be displayed.
    """
    rdns = []
    for rdn in der.children(raw, at_most=_MAX_RDNS):
        found = der.elements(rdn.content, at_most=_MAX_ATTRIBUTES)
        attributes = dict.fromkeys(filter(None, map(_attribute, found)))
        if attributes:
            rdns.append(x509.RelativeDistinguishedName(attributes))
    return x509.Name(rdns)


def _attribute(pair: der.Element) -> x509.NameAttribute[str] | None:
    parts = der.elements(pair.content, at_most=2)
    if len(parts) < 2 or parts[0].tag != der.OBJECT_ID:  # noqa: PLR2004 -- type and value
        return None
    kind, value = parts
    codec = _TEXT.get(value.tag)
    text = (
        bytes(value.content).decode(codec, "backslashreplace")
        if codec
        else f"#{bytes(value.encoded).hex()}"
    )
    # The library's rules for new names (two letters for a country) do not apply to existing ones.
    try:
        return x509.NameAttribute(identifier(bytes(kind.content)), text, _validate=False)
    except (TypeError, ValueError):  # a kind whose values are no text
        return x509.NameAttribute(x509.ObjectIdentifier("0.0"), text, _validate=False)


def common_names(name: x509.Name) -> tuple[str, ...]:
    """Every CN of a name, in order."""
    return tuple(
        _text(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)
    )


def canonical_name(name: x509.Name) -> CanonicalName:
    """Normalise a name like OpenSSL's X509_NAME_cmp: ASCII case and runs of white space."""
    return tuple(
        frozenset((a.oid.dotted_string, _fold(_text(a.value))) for a in rdn) for rdn in name.rdns
    )


def _fold(value: str) -> str:
    lowered = (
        value.lower()
        if value.isascii()
        else "".join(c.lower() if c.isascii() else c for c in value)
    )
    return " ".join(lowered.split())


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()

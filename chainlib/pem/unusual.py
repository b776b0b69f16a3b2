"""Reads certificate files that are not ordinary PEM, or says in one sentence what they contain."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from typing import Final

from chainlib import der
from chainlib.certificate import Certificate, UnreadableCertificate, parse_entry
from chainlib.errors import PrivateKeyFound, UnusableFile
from chainlib.pem import kinds, loose, private_keys
from chainlib.pem.bag import MAX_CERTIFICATES, CertificateBag, too_many
from chainlib.pem.blocks import Block, bare_base64, blocks, without_repeat
from chainlib.pem.ordinary import EXAMPLE, check_size, from_ordinary_pem, shows_key
from chainlib.pem.signed_data import from_pkcs7
from chainlib.pem.text import decoded, text_of
from chainlib.pem.text_encodings import forms
from chainlib.wording import counted

_LONGEST_SEARCHED = 300_000
_KEY_FOUND = (
    "the input holds a private key; nothing of it was kept or repeated. Send the certificates "
    "only, "
    "and treat a key that others may have seen as lost: make a new one"
)
_DEEPEST: Final = 3
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1b\ufffd]")


def load_unusual(data: bytes) -> CertificateBag:
    """Read every certificate of a file that is not ordinary PEM.

    Raises `PrivateKeyFound` and `UnusableFile` as `load_certificates`.
    """
    return _load(data, 0)


def _load(data: bytes, depth: int) -> CertificateBag:
    """`load_certificates` for a value that was found inside `depth` other values."""
    check_size(data)
    ordinary = from_ordinary_pem(data)
    if ordinary is not None:
        return ordinary
    binary = _trimmed(data)
    if der.spans_all(binary):
        return _from_binary(binary)
    text = without_repeat(text_of(data))
    every = tuple(forms(text))
    found = [list(blocks(form)) for form in every]
    values = tuple(dict.fromkeys(value for form in every for value in loose.values(form)))
    contents = dict.fromkeys(block.content for one in found for block in one)
    encoded = filter(None, (*contents, *values))
    if private_keys.in_bytes(data) or any(map(shows_key, encoded)):
        raise PrivateKeyFound(_KEY_FOUND)
    if depth == 0 and _text_holds_key(data, every):
        raise PrivateKeyFound(_KEY_FOUND)
    read = _from_forms(found) or _from_loose(every, values, data, depth)
    if read is None:
        raise UnusableFile(f"the file is {kinds.of_text(text)}; {EXAMPLE}")
    return read


def _from_forms(found: Sequence[list[Block]]) -> CertificateBag | None:
    """The certificates of the decoding with most of them; an error is that of the last one.

    A partial decoding may show only some of them.
    """
    read = [_tried(one) for one in found if one]
    bags = [one for one in read if isinstance(one, CertificateBag)]
    if bags:
        return max(bags, key=len)
    if read and isinstance(read[-1], UnusableFile):
        raise read[-1]
    return None


def _tried(found: list[Block]) -> CertificateBag | UnusableFile:
    try:
        return _from_blocks(found)
    except UnusableFile as error:
        return UnusableFile(str(error))


def _from_loose(
    every: tuple[str, ...], values: tuple[bytes, ...], data: bytes, depth: int
) -> CertificateBag | None:
    """Values without a BEGIN line: the text is only base64, or contains some.

    Each value is read once, and nesting is limited, because a hostile file multiplies the work with
    every level.
    """
    if depth >= _DEEPEST:
        return None
    whole = bare_base64(every[-1])
    if whole is not None and _is_pem(whole):
        return _load(whole, depth + 1)
    if _is_binary(every[0]):
        return _from_binary(data)
    read = [_part(value, depth + 1) for value in values]
    certificates = dict.fromkeys(certificate for bag in read for certificate in bag)
    if certificates:
        return _checked(certificates, ordered=all(bag.ordered for bag in read))
    return _from_binary(_trimmed(whole)) if whole is not None else None


def _part(value: bytes, depth: int) -> CertificateBag:
    """The certificates of one value; none if it is something else."""
    try:
        return _load(value, depth)
    except PrivateKeyFound:
        raise
    except UnusableFile:
        return CertificateBag()


def _trimmed(data: bytes) -> bytes:
    """Binary data without an editor's byte order mark and a shell's line end."""
    marked = data.removeprefix(codecs.BOM_UTF8)
    outer = der.element(marked)
    return (
        marked[: outer.end]
        if outer and outer.tag == der.SEQUENCE and not marked[outer.end :].strip()
        else marked
    )


def _is_pem(data: bytes) -> bool:
    return not der.spans_all(data) and next(blocks(text_of(data)), None) is not None


def _is_binary(text: str) -> bool:
    return _NO_TEXT.search(text) is not None


def _text_holds_key(data: bytes, every: tuple[str, ...]) -> bool:
    """Whether a file contains a private key; also a bare key by its length."""
    if len(data) <= _LONGEST_SEARCHED:
        return private_keys.holds_private_key(decoded(data))
    return any(map(private_keys.in_text, every))


def _from_binary(data: bytes) -> CertificateBag:
    if kinds.is_pfx(data):
        raise UnusableFile(f"the file is {kinds.PFX}")
    if shows_key(data):
        raise PrivateKeyFound(_KEY_FOUND)
    if kinds.is_pkcs7(data):
        return _checked(from_pkcs7(data, what="the file"), ordered=False)
    outer = der.element(data)
    first = (
        parse_entry(data[: outer.end])
        if outer
        else UnreadableCertificate(der=data, reason="no DER")
    )
    if isinstance(first, UnreadableCertificate):
        raise UnusableFile(f"the file is {kinds.of_bytes(data, first.reason)}; {EXAMPLE}")
    if outer and outer.end < len(data):
        extra = len(data) - outer.end
        raise UnusableFile(
            f"a DER certificate is followed by {counted(extra, 'more byte')}; a DER file "
            "holds exactly one: use PEM for several"
        )
    return CertificateBag((first,))


def _from_blocks(found: list[Block]) -> CertificateBag:
    # A hundred blocks may each contain a bag of a hundred, so the count is checked before and after
    # parsing.
    if len(found) > MAX_CERTIFICATES:
        raise UnusableFile(too_many(len(found)))
    wanted = [block for block in found if block.label in kinds.CERTIFICATE_LABELS]
    # Beside certificates, parameters, revocation lists and requests are harmless, and servers
    # ignore them.
    strange = [block for block in found if not (wanted and kinds.is_harmless(block.label))]
    certificates: list[Certificate] = []
    for block in strange:
        certificates.extend(_from_block(block))
        if len(certificates) > MAX_CERTIFICATES:
            break
    return _checked(
        certificates,
        ordered=not any(block.content and kinds.is_pkcs7(block.content) for block in found),
    )


def _from_block(block: Block) -> Iterable[Certificate]:
    if block.label not in kinds.CERTIFICATE_LABELS:
        raise UnusableFile(
            f"block {block.number} is {kinds.of_label(block.label)} (line {block.line}); {EXAMPLE}"
        )
    if block.content is None:
        raise UnusableFile(
            f"block {block.number} is damaged: {block.fault}; copy it again from its BEGIN to "
            "its END line"
        )
    if kinds.is_pkcs7(block.content):
        return from_pkcs7(block.content, what=f"block {block.number}")
    return (_one(block, block.content),)


def _one(block: Block, content: bytes) -> Certificate:
    outer = der.element(content)
    # OpenSSL ignores what follows a certificate, for example its own trust settings.
    exact = content[: outer.end] if outer else content
    entry = parse_entry(exact)
    if isinstance(entry, UnreadableCertificate):
        raise UnusableFile(
            f"block {block.number} cannot be read (line {block.line}): {entry.reason}; copy it "
            "again from its BEGIN to its END line"
        )
    return entry


def _checked(certificates: Iterable[Certificate], *, ordered: bool) -> CertificateBag:
    bag = CertificateBag(certificates, ordered=ordered)
    if len(bag) > MAX_CERTIFICATES:
        raise UnusableFile(too_many(len(bag)))
    return bag
